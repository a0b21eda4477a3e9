"""Verilog of a stream between two parts: what one end does not have gets its default."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.sim.guest.ports import Bus
from tilewright.sim.guest.sources import Port
from tilewright.sim.guest.top_lines import Lines, fitted

SIDE_BANDS = ("tid", "tdest", "tuser")


@dataclass(frozen=True)
class Stream:
    """Wires of one stream.

    Attributes:
        name: what their names begin with.
        width: bits of a beat.
        lines: to write to.
        extra: widths of the side bands that the source has.
    """

    name: str
    width: int
    lines: Lines
    extra: dict[str, int]

    def take(self, signal: str, port: Port) -> str:
        """Connect a port of the source."""
        if signal in SIDE_BANDS:
            self.extra[signal] = port.width
            return self.lines.wire(f"{self.name}_{signal}", port.width)
        return f"{self.name}_{signal}"

    def default(self, bus: Bus) -> None:
        """Drive what the source does not have: all bytes count, no packet ends."""
        bytes_ = max(1, self.width // 8)
        values = {
            "tdata": f"{self.width}'d0",
            "tkeep": f"{{{bytes_}{{1'b1}}}}",
            "tlast": "1'b0",
            "tstrb": f"{self.name}_tkeep",
        }
        for signal, value in values.items():
            if signal not in bus.signals:
                self.lines.body.append(f"assign {self.name}_{signal} = {value};")

    def give(self, signal: str, port: Port) -> str:
        """Connect a port of the sink."""
        if signal in SIDE_BANDS:
            if signal not in self.extra:
                return f"{port.width}'d0"
            return fitted(f"{self.name}_{signal}", self.extra[signal], port.width)
        return f"{self.name}_{signal}"


def declare(name: str, width: int, lines: Lines) -> Stream:
    """Declare the wires of a stream.

    Args:
        name: what their names begin with.
        width: bits of a beat.
        lines: to write to.
    """
    for signal, size in (("tdata", max(1, width)), ("tkeep", max(1, width // 8)), ("tstrb", max(1, width // 8))):
        lines.wire(f"{name}_{signal}", size)
    for signal in ("tlast", "tvalid", "tready"):
        lines.wire(f"{name}_{signal}", 1)
    return Stream(name, width, lines, {})
