"""What a board is: one file of ``data``, whose schema is :class:`Board` and ``board.schema.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tilewright.boards.families import FAMILIES, Family
from tilewright.errors import ParameterError

BOARDS = Path(__file__).with_name("data")
SCHEMA = Path(__file__).with_name("board.schema.json")
T = TypeVar("T")


@dataclass(frozen=True)
class SystemInfo:
    """A device as the .hwh's SYSTEMINFO names it."""

    arch: str
    device: str
    package: str
    speedgrade: str


@dataclass(frozen=True)
class ProcessingSystem:
    """How the processing system gets the board's settings.

    Attributes:
        preset: whether Vivado's board file sets them.
        install: Tcl that installs that file, "" where none is needed.
        settings: what the board's own design sets, without ports, clocks and interrupts of the PL.
    """

    preset: bool
    install: str
    settings: dict[str, str]


@dataclass(frozen=True)
class Pll:
    """A PLL as the board's image leaves it: the crystal's clock times multiplier, halved or not."""

    multiplier: int
    halved: bool


@dataclass(frozen=True)
class Clock:
    """The clock of the design.

    Attributes:
        mhz: asked for unless another is.
        pin, reset_pin: of the processing system.
        crystal_mhz: of the board.
        pll: that PL clock 0 comes from.
        plls: by name.
        set_divisors: whether the design must set the divisors, since Vivado computes none.
        cpu_mhz: of the CPU.
    """

    mhz: float
    pin: str
    reset_pin: str
    crystal_mhz: float
    pll: str
    plls: dict[str, Pll]
    set_divisors: bool
    cpu_mhz: float


@dataclass(frozen=True)
class Control:
    """The port through which the CPU reaches registers."""

    port: str
    width: int


@dataclass(frozen=True)
class Segment:
    """A piece of memory behind a port: name, first address, bytes (null: what Vivado says)."""

    name: str
    base: str
    bytes: str | None


@dataclass(frozen=True)
class Memory:
    """The memory and the ports to it.

    Attributes:
        ports: in the order in which a design takes them.
        width: bits of each.
        kind: DDR3, DDR4, LPDDR4.
        mib: how much.
        segments: what the DMA reaches.
        excluded: segments that it shall not reach.
    """

    ports: list[str]
    width: int
    kind: str
    mib: int
    segments: list[Segment]
    excluded: list[str]


@dataclass(frozen=True)
class Pynq:
    """What a user must know: images of PYNQ, network, power."""

    images: str
    network: str
    power: str


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        name: of its file and of its FuseSoC target.
        title: as people write it.
        family: zynq-7000 or zynq-ultrascale+.
        part: whole part number.
        device: its entry in ``silicon/parts.json``.
        board_parts: Vivado's names of the board, newest first.
        system_info: the device as a .hwh names it.
        processing_system: its settings.
        clock: of the design.
        control: port to the registers.
        memory: memory and the ports to it.
        interrupt_pin: of the processing system.
        addresses: of the registers, by cell.
        accelerator: parameters of the Verilog module, every one but BUILD_HASH.
        pynq: images, network, power.
        notes: what else is known.
        sources: where each fact is from.
    """

    name: str
    title: str
    family: str
    part: str
    device: str
    board_parts: list[str]
    system_info: SystemInfo
    processing_system: ProcessingSystem
    clock: Clock
    control: Control
    memory: Memory
    interrupt_pin: str
    addresses: dict[str, str]
    accelerator: dict[str, int]
    pynq: Pynq
    notes: list[str]
    sources: dict[str, str]

    @property
    def kind(self) -> Family:
        """The family of its processing system."""
        return FAMILIES[self.family]

    def address(self, cell: str) -> int:
        """The first address of a cell's registers."""
        return int(self.addresses[cell], 16)


def load_board(file: str | Path) -> Board:
    """Read a board's file.

    Raises:
        ParameterError: it cannot be read, a key is missing or unknown, a value is of another kind, or a name in it
            leads nowhere; says which.
    """
    file = Path(file)
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ParameterError(f"{file}: {error}") from error
    board = _read(Board, entry, file.name)
    known = {
        "name": (board.name, [file.stem]),
        "family": (board.family, list(FAMILIES)),
        "clock/pll": (board.clock.pll, list(board.clock.plls)),
    }
    if board.family in FAMILIES:
        for port in (board.control.port, *board.memory.ports):
            known[f"port {port}"] = (port, list(board.kind.ports))
    for place, (value, names) in known.items():
        if value not in names:
            raise ParameterError(f"{file.name}: {place} {value!r} is none of {', '.join(names)}")
    return board


def all_boards(folder: str | Path = BOARDS) -> dict[str, Board]:
    """The boards of a folder by name. Raises ParameterError for a file that is none."""
    folder = Path(folder)
    return {file.stem: load_board(file) for file in sorted(folder.glob("*.json"))}


def board_of(name: str, folder: str | Path = BOARDS) -> Board:
    """The board of a name. Raises ParameterError where there is none; names those that there are."""
    folder = Path(folder)
    names = sorted(file.stem for file in folder.glob("*.json"))
    if name not in names:
        raise ParameterError(f"no board {name!r}; there are {', '.join(names)}")
    return load_board(folder / f"{name}.json")


def _read(kind: type[T], value: Any, place: str) -> T:
    """A value of a dataclass from its JSON."""
    if not isinstance(value, dict):
        raise ParameterError(f"{place}: {value!r} is no object")
    if wrong := {field.name for field in fields(kind)} ^ value.keys():  # type: ignore[arg-type]
        raise ParameterError(f"{place}: {', '.join(sorted(wrong))} missing or unknown")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value[name], f"{place}, {name}") for name in hints})


def _value(hint: Any, value: Any, place: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return None if value is None else _value(inner[0], value, place)
    if is_dataclass(hint):
        return _read(hint, value, place)  # type: ignore[arg-type]
    if origin is list and isinstance(value, list):
        return [_value(inner[0], each, f"{place}[{index}]") for index, each in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {key: _value(inner[1], each, f"{place}, {key}") for key, each in value.items()}
    right = (int, float) if hint is float else hint
    if origin is not None or not isinstance(value, right) or (isinstance(value, bool) and hint is not bool):
        raise ParameterError(f"{place}: {value!r} is no {getattr(hint, '__name__', hint)}")
    return value
