"""A flat netlist that Yosys wrote as JSON: cells, drivers, readers, and what its nets are called and by whom."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


@dataclass(frozen=True)
class Driver:
    """The cell's output bit that drives a net."""

    cell: str
    port: str
    index: int


@dataclass
class Netlist:
    """The top module of a netlist.

    Attributes:
        cells: by name, as Yosys writes them: `type`, `connections`, `port_directions`, `parameters`.
        drivers: net (Yosys numbers them) -> what drives it; input ports have none.
        readers: net -> the cells and pins that read it.
        names: net -> `instance.register[bit]`, in the instance that drives it as far as that can be told.
        outputs: net -> output port, where no output buffer is between.
    """

    cells: dict[str, Cell]
    drivers: dict[int, Driver] = field(default_factory=dict)
    readers: defaultdict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    names: dict[int, str] = field(default_factory=dict)
    outputs: dict[int, str] = field(default_factory=dict)

    def pins(self, name: str, direction: str) -> Iterator[tuple[str, int, int]]:
        """Yield port, index and net of a cell's connected bits of one direction, `input` or `output`."""
        cell = self.cells[name]
        for port, bits in cell["connections"].items():
            if cell["port_directions"].get(port) == direction:
                yield from ((port, index, bit) for index, bit in enumerate(bits) if isinstance(bit, int))

    def type_of(self, net: int) -> str:
        """The type of the cell that drives a net; empty for an input port."""
        driver = self.drivers.get(net)
        return self.cells[driver.cell]["type"] if driver else ""


def top_module(netlist: Path) -> dict[str, Any]:
    """Return the top module of a netlist file. Raises SystemExit unless there is exactly one."""
    modules = json.loads(netlist.read_text(encoding="utf-8")).get("modules", {})
    tops = [module for module in modules.values() if int(module.get("attributes", {}).get("top", "0"), 2)]
    if len(tops) != 1:
        sys.exit(f"{netlist}: {len(tops)} top modules, expected 1")
    return dict(tops[0])


def netlist_of(module: dict[str, Any], sources: Path | None = None) -> Netlist:
    """Return a module of Yosys' JSON as a netlist.

    Args:
        module: a flat module.
        sources: the folder that `src` attributes are relative to; with it a port that is an input of an instance is
            not taken for the register's name. Raises SystemExit if a file is not there.
    """
    found = Netlist(module["cells"])
    for name in found.cells:
        found.drivers |= {net: Driver(name, port, index) for port, index, net in found.pins(name, "output")}
        for port, _, net in found.pins(name, "input"):
            found.readers[net].append((name, port))
    for name, port in module.get("ports", {}).items():
        if port["direction"] == "output":
            found.outputs |= {net: name for net in port["bits"] if found.type_of(net) not in ("", "OBUF")}
    declarations = Declarations(sources)
    best: dict[int, tuple[Any, ...]] = {}
    for name, net_name in module.get("netnames", {}).items():
        rank = (*rank_of(name, declarations.is_input(name, net_name.get("attributes", {}))), name)
        for index, net in enumerate(net_name["bits"]):
            if isinstance(net, int) and (net not in best or rank < best[net]):
                best[net] = rank
                found.names[net] = f"{name}[{index}]" if len(net_name["bits"]) > 1 else name
    return found


def rank_of(name: str, is_input: bool) -> tuple[bool, bool, bool, int, int]:
    """The lowest of a net's names names its register: a public one, no input, by our names a register, the deepest."""
    return "$" in name, is_input, not name.endswith("_reg"), -name.count("."), len(name)


class Declarations:
    """The lines of Verilog that declare nets, read once a file."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str:
        """A line of a source file, empty where there is none. Raises SystemExit without a source of ours.

        A tool's own library may lie where only the tool sees it: its paths are absolute.
        """
        if file not in self.files:
            path = (self.folder or Path()) / file
            if not path.is_file() and not Path(file).is_absolute():
                sys.exit(f"{self.folder}: no {file}, a source of the netlist: is this its FuseSoC work root?")
            self.files[file] = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return self.files[file][number - 1] if 1 <= number <= len(self.files[file]) else ""

    def is_input(self, name: str, attributes: dict[str, str]) -> bool:
        """Whether a net's own declaration, of the places in `src`, is an input port."""
        if self.folder is None:
            return False
        own = name.rpartition(".")[2]
        for place in re.finditer(r"([^|]+):(\d+)\.(\d+)-\d+\.(\d+)", attributes.get("src", "")):
            text = self.line(place[1], int(place[2]))
            if text[int(place[3]) - 1 : int(place[4]) - 1] == own:
                return text.lstrip().startswith("input")
        return False


def instance_of(name: str) -> str:
    """The instance that a name belongs to, generate blocks' numbers left out; `top` for the top module's own."""
    path = re.sub(r"\[\d+\]", "[]", name.rpartition(".")[0])
    return re.sub(r"\.?\bwords\b.*", "", path) or "top"


def register_of(name: str) -> str:
    """A register without its bit, and without the numbers of generate blocks and of RAM blocks."""
    return re.sub(r"\bwords\..*", "words", re.sub(r"\[\d+\]", "[]", re.sub(r"\[\d+\]$", "", name)))
