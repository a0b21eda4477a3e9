"""What drives the pins that belong to no bus: other IPs, constants, concatenations and slices, clock and reset."""

from __future__ import annotations

import re

from tilewright.sim.guest.catalogue import INLINE
from tilewright.sim.guest.hwh_graph import Instance
from tilewright.sim.guest.netlist import Netlist, Part, safe_name
from tilewright.sim.guest.ports import ACTIVE_LOW, CLOCK, RESET
from tilewright.sim.guest.sources import Port
from tilewright.sim.guest.top_lines import Lines, fitted
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

PS_CLOCK = re.compile(r"(FCLK_CLK|pl_clk)\d", re.IGNORECASE)
PS_RESET = re.compile(r"(FCLK_RESET\d_N|pl_resetn\d)", re.IGNORECASE)
CLOCK_SOURCES = ("clk_wiz", "util_ds_buf")
RESET_LOW = re.compile(r"aresetn", re.IGNORECASE)


class Nets:
    """Verilog of what drives pins that belong to no bus.

    Args:
        netlist: with the parts.
        lines: to write to.
    """

    def __init__(self, netlist: Netlist, lines: Lines) -> None:
        self._parts, self._design, self._lines = netlist.parts, netlist.design, lines
        self._wires: dict[tuple[str, str], tuple[str, int]] = {}
        self._clocks: set[str] = set()

    def wire(self, instance: str, pin: str) -> str:
        """Return the wire of a part's output."""
        return self._wire(instance, pin)[0]

    def input(self, part: Part, port: Port) -> str:
        """Return what a part's input takes."""
        for other, pin in self._design.drivers(part.instance.name, self._pin(part.instance, port.name)):
            expression = self._driver(part, port, other, pin)
            if expression is not None:
                return expression
        return _unconnected(port)

    def _pin(self, instance: Instance, name: str) -> str:
        """The name that the .hwh has for a port, whatever its case."""
        return next((pin for pin in instance.pins if pin.lower() == name.lower()), name)

    def _driver(self, part: Part, port: Port, other: str, pin: str) -> str | None:
        if other not in self._design.instances:
            return _unconnected(port)
        source = self._design.instances[other]
        where = f"{part.instance.path}/{port.name} is driven by {source.path}/{pin}"
        if self._has(other, pin):
            return fitted(*self._wire(other, pin), port.width)
        if source.kind in PROCESSING_SYSTEMS:
            return self._of_system(where, source, pin)
        if source.kind == "proc_sys_reset":
            return self._reset(part, port, bool(RESET_LOW.search(pin)), f"{source.path}/{pin}")
        if source.kind in CLOCK_SOURCES:
            self._remark_clock(f"{source.path}/{pin}")
            return "1'b1" if pin == "locked" else "aclk"
        self._lines.refusals.append(f"{where} ({source.vlnv}), which is not simulated")
        return "1'b0"

    def _reset(self, part: Part, port: Port, low: bool, source: str) -> str:
        if RESET.search(port.name) and low != bool(ACTIVE_LOW.search(port.name)):
            self._lines.remarks.append(
                f"{part.instance.path}/{port.name} is driven by {source}, which is active {'low' if low else 'high'}; "
                "its name says the opposite: on a board too it may never leave its reset"
            )
        return "aresetn" if low else "!aresetn"

    def _has(self, instance: str, pin: str) -> bool:
        """Whether an output is one of a part or of an inline IP."""
        if instance in self._parts:
            return any(port.name.lower() == pin.lower() for port in self._parts[instance].pins)
        source = self._design.instances.get(instance)
        return source is not None and source.is_xilinx and source.kind in INLINE

    def _of_system(self, where: str, source: Instance, pin: str) -> str:
        if PS_CLOCK.fullmatch(pin):
            if not pin.endswith("0"):
                self._remark_clock(f"{source.path}/{pin}")
            return "aclk"
        if PS_RESET.fullmatch(pin):
            return "aresetn"
        self._lines.refusals.append(f"{where}, which is not simulated")
        return "1'b0"

    def _remark_clock(self, clock: str) -> None:
        if clock not in self._clocks:
            self._clocks.add(clock)
            self._lines.remarks.append(f"{clock}: here PL clock 0 drives everything, also what this clock does")

    def _wire(self, instance: str, pin: str) -> tuple[str, int]:
        """Return wire and width of an output, which is declared, and of an inline IP written, where it is new."""
        if (instance, pin) not in self._wires:
            name = f"n{len(self._wires)}_{safe_name(instance)}_{safe_name(pin)}"
            if instance in self._parts:
                width = next(p.width for p in self._parts[instance].pins if p.name.lower() == pin.lower())
                self._wires[instance, pin] = (self._lines.wire(name, width), width)
            else:
                self._inline(self._design.instances[instance], pin, name)
        return self._wires[instance, pin]

    def _inline(self, source: Instance, pin: str, name: str) -> None:
        kind, key = INLINE[source.kind], (source.name, pin)
        if kind == "xlconstant":
            width = int(source.parameter("const_width", "1"), 0)
            value = int(source.parameter("const_val", "1"), 0) % (1 << width)
            self._declare(key, name, width, f"{width}'d{value}")
        elif kind == "xlconcat":
            self._concat(source, key, name)
        elif kind == "xlslice":
            low, high = (int(source.parameter(each, "0"), 0) for each in ("din_to", "din_from"))
            din, width = self._any(source, "Din", int(source.parameter("din_width", "32"), 0))
            whole = self._lines.wire(f"{name}_din", width)
            self._lines.body.append(f"assign {whole} = {din};")
            self._declare(key, name, high - low + 1, f"{whole}[{high}:{low}]")
        else:
            self._logic(source, key, name)

    def _concat(self, source: Instance, key: tuple[str, str], name: str) -> None:
        inputs = sorted((pin for pin in source.pins if re.fullmatch(r"In\d+", pin)), key=lambda pin: int(pin[2:]))
        widths = [int(source.parameter(f"{pin}_width", str(source.pins[pin].width)), 0) for pin in inputs]
        values = [self._any(source, pin, width)[0] for pin, width in zip(inputs, widths, strict=True)]
        self._declare(key, name, sum(widths), f"{{{', '.join(reversed(values))}}}")

    def _logic(self, source: Instance, key: tuple[str, str], name: str) -> None:
        width, operation = int(source.parameter("c_size", "8"), 0), source.parameter("c_operation", "and").lower()
        one, two = (self._any(source, pin, width)[0] for pin in ("Op1", "Op2"))
        operators = {"and": "&", "or": "|", "xor": "^"}
        value = f"~{one}" if operation == "not" else f"{one} {operators.get(operation, '&')} {two}"
        self._declare(key, name, width, value)

    def _declare(self, key: tuple[str, str], name: str, width: int, value: str) -> None:
        self._wires[key] = (self._lines.wire(name, width), width)
        self._lines.body.append(f"assign {name} = {value};")

    def _any(self, source: Instance, pin: str, width: int) -> tuple[str, int]:
        """What an input of an inline IP takes."""
        for other, output in self._design.drivers(source.name, pin):
            if self._has(other, output):
                return fitted(*self._wire(other, output), width), width
            if other in self._parts:
                driver = f"{self._design.instances[other].path}/{output}"
                self._lines.refusals.append(f"{source.path}/{pin} is driven by {driver}, which is not simulated")
        return f"{width}'d0", width


def _unconnected(port: Port) -> str:
    """What an input takes that the .hwh says nothing of: clock and reset go by their names."""
    if port.width == 1 and RESET.search(port.name):
        return "aresetn" if ACTIVE_LOW.search(port.name) else "!aresetn"
    if port.width == 1 and CLOCK.search(port.name):
        return "aclk"
    return f"{port.width}'d0"
