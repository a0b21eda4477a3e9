"""The pins of a block design's cells as a .hwh has them: direction, kind, net, both ends of each connection."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.boards.design import CONCAT, DMA, INTC, INTERRUPTS, BlockDesign, Net
from tilewright.boards.interface_signals import Interface, connections

CLOCK, RESET, INTERRUPT, DATA = "clk", "rst", "INTERRUPT", "undef"


@dataclass(frozen=True)
class Pin:
    """A pin.

    Attributes:
        attributes: of its PORT element.
        connections: cell and pin at the other ends.
    """

    attributes: dict[str, str]
    connections: list[tuple[str, str]]


def pins(design: BlockDesign, ends: list[Interface]) -> dict[str, dict[str, Pin]]:
    """All pins that are connected, by cell and name.

    Args:
        design: whose they are.
        ends: its interfaces.
    """
    found: dict[str, dict[str, Pin]] = {cell.name: {} for cell in design.cells}
    for net in design.nets:
        _add_net(found, design, net)
    for source, output, sink, input_ in connections(ends):
        signal = f"{source.cell}_{output.pin}"
        for (end, one), (other, another) in (((source, output), (sink, input_)), ((sink, input_), (source, output))):
            attributes = _attributes(one.pin, one.output, DATA, one.bits if one.bits > 1 else None)
            found[end.cell][one.pin] = Pin({**attributes, "SIGNAME": signal}, [(other.cell, another.pin)])
    return found


def _add_net(found: dict[str, dict[str, Pin]], design: BlockDesign, net: Net) -> None:
    signal = net.driver.replace("/", "_")
    frequency = _frequency(design, net)
    for full in (net.driver, *net.sinks):
        cell, name = full.split("/")
        output = full == net.driver
        kind = _kind(design, net, cell)
        attributes = _attributes(name, output, kind, _bits(design, cell, name))
        said = {
            CLOCK: ("CLKFREQUENCY", frequency),
            RESET: ("POLARITY", "ACTIVE_LOW"),
            INTERRUPT: ("SENSITIVITY", "LEVEL_HIGH"),
        }
        # Of an axi_interconnect, which is a hierarchy, Vivado says neither; nor of the DMA's resets
        silent = _kind_of_cell(design, cell) == "axi_interconnect" or (cell, kind) == (DMA, RESET)
        if kind in said and not silent:
            attributes |= [said[kind]]
        others = net.sinks if output else (net.driver,)
        ends = [(end.split("/")[0], end.split("/")[1]) for end in others]
        found[cell][name] = Pin({**attributes, "SIGNAME": signal}, ends)


def _kind_of_cell(design: BlockDesign, name: str) -> str:
    return next(cell.ip.split(":")[-1] for cell in design.cells if cell.name == name)


def _frequency(design: BlockDesign, net: Net) -> str:
    """Of a clock's net in Hz."""
    mhz = {f"{design.ps}/{design.board.kind.clock_pin.format(clock.index)}": clock.mhz for clock in design.clocks}
    return str(round(mhz[net.driver] * 1e6)) if net.driver in mhz else ""


def _kind(design: BlockDesign, net: Net, cell: str) -> str:
    if _frequency(design, net):
        return CLOCK
    if net.driver in INTERRUPTS or net.driver in (f"{CONCAT}/dout", f"{INTC}/irq"):
        # A concatenation does not know what it carries
        return DATA if cell == CONCAT else INTERRUPT
    return RESET


def _bits(design: BlockDesign, cell: str, name: str) -> int | None:
    """Bits of a vector; None where the pin is none."""
    if name in ("dout", "intr"):
        return len(INTERRUPTS)
    if (cell, name) == (design.ps, design.board.interrupt_pin) or name.startswith(("peripheral_", "interconnect_")):
        return 1
    return None


def _attributes(name: str, output: bool, kind: str, bits: int | None) -> dict[str, str]:
    vector = {} if bits is None else {"LEFT": str(bits - 1), "RIGHT": "0"}
    return {"DIR": "O" if output else "I", "NAME": name, "SIGIS": kind, **vector}
