"""The text of the module ``soc`` while it is written, and the Verilog that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tilewright.sim.guest.elaboration import ParameterValue, verilog
from tilewright.sim.ports import InterruptPort, ReaderPort, SlavePort, StreamPort, WriterPort


@dataclass
class Lines:
    """Parts of the text, and the ports, while they are written.

    Attributes:
        declared: ports of the module.
        body: wires and assignments.
        slaves, readers, writers, streams, interrupts: what the ports are.
        cores: of ours that are needed.
        remarks: what the user is told.
        refusals: what is not simulated.
    """

    declared: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    slaves: list[SlavePort] = field(default_factory=list)
    readers: list[ReaderPort] = field(default_factory=list)
    writers: list[WriterPort] = field(default_factory=list)
    streams: list[StreamPort] = field(default_factory=list)
    interrupts: list[InterruptPort] = field(default_factory=list)
    cores: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def input(self, name: str, width: int) -> None:
        """Declare an input of the module."""
        self.declared.append(f"    input  wire {bits(width)}{name}")

    def output(self, name: str, width: int) -> None:
        """Declare an output of the module."""
        self.declared.append(f"    output wire {bits(width)}{name}")

    def wire(self, name: str, width: int) -> str:
        """Declare a wire; return its name."""
        self.body.append(f"wire {bits(width)}{name};")
        return name


def fitted(wire: str, width: int, wanted: int) -> str:
    """Return a wire with as many bits as wanted: the lowest, or zeros above."""
    if width == wanted:
        return wire
    return f"{wire}[{wanted - 1}:0]" if width > wanted else f"{{{wanted - width}'d0, {wire}}}"


def bits(width: int) -> str:
    """Return the range of a port or a wire."""
    return f"[{width - 1}:0] " if width > 1 else ""


def instance(module: str, parameters: Mapping[str, ParameterValue], name: str, connections: Mapping[str, str]) -> str:
    """Return an instance of a module."""
    settings = ", ".join(f".{key}({verilog(value)})" for key, value in parameters.items())
    wiring = ",\n".join(f"    .{port}({wire})" for port, wire in connections.items())
    return f"{module} {f'#({settings}) ' if settings else ''}{name} (\n{wiring}\n);\n"
