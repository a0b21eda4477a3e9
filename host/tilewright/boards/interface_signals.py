"""The signals of the interfaces of a block design, and the pins that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.boards.design import ACCELERATOR, DMA, INTC, BlockDesign
from tilewright.boards.families import ZYNQ_7000

LITE_ADDRESS = {DMA: 10, ACCELERATOR: 12, INTC: 9}
STREAM, AXI = "axis", "aximm"
# What AXI4-Lite has not, or these slaves leave open
_BURST = {f"A{way}{name}" for way in "RW" for name in ("BURST", "CACHE", "LEN", "PROT", "SIZE")} | {"RLAST", "WLAST"}


@dataclass(frozen=True)
class Interface:
    """An interface at one end of a bus.

    Attributes:
        cell: whose it is.
        name: of it.
        master: whether it drives addresses, or the stream.
        kind: aximm or axis.
        bus: name of the connection.
        width: bits of its data.
        signals: pins, in the order of the channels.
    """

    cell: str
    name: str
    master: bool
    kind: str
    bus: str
    width: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Signal:
    """A signal of an interface: its name on the bus, the pin, whether the pin is an output, bits (1: no vector)."""

    logical: str
    pin: str
    output: bool
    bits: int


def interfaces(design: BlockDesign) -> list[Interface]:
    """Both ends of every bus, the master first, with the signals that both have; no IDs, locks or QoS."""
    found = []
    for bus in design.buses:
        ends = bus.master.split("/"), bus.slave.split("/")
        bits = _bus_bits(design, bus.master, bus.slave)
        name = "_".join(ends[0])
        width = bits.get("RDATA") or bits.get("WDATA") or bits["TDATA"]
        kind = STREAM if "TDATA" in bits else AXI
        for end, master in ((ends[0], True), (ends[1], False)):
            cell, interface = end
            prefix, upper = _pins(design, cell, interface)
            signals = tuple(
                Signal(each, prefix + (each if upper else each.lower()), master != _from_slave(each), count)
                for each, count in bits.items()
            )
            found.append(Interface(cell, interface, master, kind, name, width, signals))
    return found


def connections(ends: list[Interface]) -> Iterator[tuple[Interface, Signal, Interface, Signal]]:
    """Every signal between two ends, from the driver on.

    Args:
        ends: of :func:`interfaces`.
    """
    for master, slave in zip(ends[::2], ends[1::2], strict=True):
        for one, other in zip(master.signals, slave.signals, strict=True):
            yield (master, one, slave, other) if one.output else (slave, other, master, one)


def _bus_bits(design: BlockDesign, master: str, slave: str) -> dict[str, int]:
    """Signals of a bus by their bits."""
    cell, interface = master.split("/")
    target = slave.split("/")[0]
    stream = design.parameters.stream_w
    if "AXIS" in interface.upper().split("_"):
        keep = {"TKEEP": stream // 8} if target == DMA else {}
        return {"TDATA": stream, **keep, "TLAST": 1, "TREADY": 1, "TVALID": 1}
    if target in LITE_ADDRESS:
        signals = {**_read_bits(32, LITE_ADDRESS[target]), **_write_bits(32, LITE_ADDRESS[target])}
        absent = {"WSTRB"} if target == DMA else set()
        return {name: bits for name, bits in signals.items() if name not in _BURST | absent}
    address = design.board.kind.addr_width
    if cell == DMA:
        return _read_bits(stream, address) if interface.endswith("MM2S") else _write_bits(stream, address)
    board = design.board
    control = cell == design.ps
    width = board.control.width if control else board.memory.width
    signals = {**_read_bits(width, address), **_write_bits(width, address)}
    if board.kind is ZYNQ_7000:
        # AXI3: bursts of 16 at most
        signals |= {"ARLEN": 4, "AWLEN": 4}
    return signals


def _read_bits(width: int, address: int) -> dict[str, int]:
    control = {"ARADDR": address, "ARBURST": 2, "ARCACHE": 4, "ARLEN": 8, "ARPROT": 3, "ARSIZE": 3}
    data = {"RDATA": width, "RLAST": 1, "RREADY": 1, "RRESP": 2, "RVALID": 1}
    return {**control, "ARREADY": 1, "ARVALID": 1, **data}


def _write_bits(width: int, address: int) -> dict[str, int]:
    control = {"AWADDR": address, "AWBURST": 2, "AWCACHE": 4, "AWLEN": 8, "AWPROT": 3, "AWSIZE": 3}
    response = {"BREADY": 1, "BRESP": 2, "BVALID": 1}
    data = {"WDATA": width, "WLAST": 1, "WREADY": 1, "WSTRB": width // 8, "WVALID": 1}
    return {**control, "AWREADY": 1, "AWVALID": 1, **response, **data}


def _from_slave(signal: str) -> bool:
    """Whether a slave drives a signal."""
    if signal in ("TREADY", "AWREADY", "ARREADY", "WREADY"):
        return True
    return signal[0] in "RB" and not signal.endswith("READY")


def _pins(design: BlockDesign, cell: str, interface: str) -> tuple[str, bool]:
    """What the names of an interface's pins begin with, and whether they are written in capitals."""
    if cell == design.ps:
        if design.board.kind is ZYNQ_7000:
            return f"{interface}_", True
        # maxigp0_, saxigp2_: by the number of the port's setting
        side, number = design.board.kind.ports[interface].enable.removeprefix("PSU__USE__").split("_AXI_GP")
        return f"{side.lower()}axigp{number}_", False
    named = cell in (DMA, ACCELERATOR, INTC)
    return f"{interface.lower() if named else interface}_", False
