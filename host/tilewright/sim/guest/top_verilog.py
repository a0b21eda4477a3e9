"""Verilog of the module ``soc`` for a block design, and what it shows to the outside."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tilewright.hardware import pg021
from tilewright.sim.guest.catalogue import INLINE, converter
from tilewright.sim.guest.elaboration import ParameterValue, verilog
from tilewright.sim.guest.hwh_graph import BlockDesign, Instance
from tilewright.sim.guest.netlist import INTC, Link, Netlist, Part, refuse, safe_name
from tilewright.sim.guest.ports import ACTIVE_LOW, CLOCK, RESET, Bus, Role
from tilewright.sim.guest.sources import Port
from tilewright.sim.ports import InterruptPort, ReaderPort, SlavePort, SocPorts, StreamPort, WriterPort
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

# What the CPU's single words are for an AXI4 slave that takes bursts; everything else of its inputs is 0
SLAVE_CONSTANTS = {"awsize": "3'd2", "arsize": "3'd2", "awburst": "2'd1", "arburst": "2'd1", "wlast": "1'b1"}
SLAVE_OUTPUTS = {"awready": 1, "wready": 1, "bresp": 2, "bvalid": 1, "arready": 1, "rdata": 32, "rresp": 2, "rvalid": 1}
SLAVE_INPUTS = ("awvalid", "wdata", "wvalid", "bready", "arvalid", "rready")
READ_OUTPUTS = ("araddr", "arlen", "arsize", "arburst", "arvalid", "rready")
WRITE_OUTPUTS = ("awaddr", "awlen", "awsize", "awburst", "awvalid", "wdata", "wstrb", "wlast", "wvalid", "bready")
READ_INPUTS = ("arready", "rdata", "rresp", "rlast", "rvalid")
WRITE_INPUTS = ("awready", "wready", "bresp", "bvalid")
# Of an AXI4-Lite master
MASTER_WIDTHS = {"len": 8, "size": 3, "burst": 2, "last": 1}
ONE_BIT = "1'b0"
PS_CLOCK = re.compile(r"(FCLK_CLK|pl_clk)\d", re.IGNORECASE)
PS_RESET = re.compile(r"(FCLK_RESET\d_N|pl_resetn\d)", re.IGNORECASE)
RESET_LOW = re.compile(r"aresetn", re.IGNORECASE)
MOST_INTERRUPTS = 64


@dataclass(frozen=True)
class Top:
    """The module ``soc`` of a block design.

    Attributes:
        verilog: its text.
        ports: what it shows to the outside.
        cores: of ours that it needs, as FuseSoC names them.
        remarks: what the user is told.
    """

    verilog: str
    ports: SocPorts
    cores: tuple[str, ...]
    remarks: tuple[str, ...]


def write_top(netlist: Netlist) -> Top:
    """Return the module of a block design. Raises ThirdPartyError where pins of it are not simulated."""
    return _Writer(netlist).write()


@dataclass
class _Lines:
    """Parts of the text, and the ports, while they are written."""

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
        self.declared.append(f"    input  wire {_range(width)}{name}")

    def output(self, name: str, width: int) -> None:
        self.declared.append(f"    output wire {_range(width)}{name}")

    def wire(self, name: str, width: int) -> str:
        self.body.append(f"wire {_range(width)}{name};")
        return name


class _Writer:
    def __init__(self, netlist: Netlist) -> None:
        self.netlist, self.design = netlist, netlist.design
        self.lines = _Lines()
        self.lines.declared += ["    input  wire aclk", "    input  wire aresetn"]
        # Verilog of each port's connection, by INSTANCE and port
        self.connections: dict[str, dict[str, str]] = {name: {} for name in netlist.parts}
        self.nets = _Nets(netlist, self.lines)

    def write(self) -> Top:
        for part in self.netlist.parts.values():
            if part.core is not None:
                self.lines.cores.add(part.core)
        ranges = _cpu_ranges(self.design)
        for name, part in self.netlist.parts.items():
            for bus in part.buses.values():
                if bus.role is Role.SLAVE:
                    self._slave(part, bus, ranges)
                elif bus.role is Role.MASTER:
                    self._master(part, bus)
            self._pins(name, part)
            if part.core is None and part.buses and "aclk" not in self.connections[name].values():
                self.lines.refusals.append(
                    f"{part.instance.path}: module '{part.module}': no clock among its ports; one of 1 bit must end in clk "
                    "or clock, or the .hwh connect one"
                )
        linked = {end for link in self.netlist.links for end in (link.source, link.sink)}
        for number, link in enumerate(self.netlist.links):
            self._stream(number, link)
        for name, part in self.netlist.parts.items():
            for bus in part.buses.values():
                if bus.role in (Role.SINK, Role.SOURCE) and (name, bus.name) not in linked:
                    self._idle(part, bus)
        refuse(self.lines.refusals)
        instances = [self._instance(part) for part in self.netlist.parts.values()]
        return self._top(instances)

    def _top(self, instances: list[str]) -> Top:
        lines = self.lines
        ports = SocPorts(
            tuple(lines.slaves),
            tuple(lines.readers),
            tuple(lines.writers),
            tuple(lines.streams),
            tuple(lines.interrupts),
            begins=f"top.{lines.streams[0].signal}_beat" if lines.streams else "true",
        )
        head = ["`resetall", "`default_nettype none", "", "// Generated from a .hwh.", "module soc ("]
        text = [*head, ",\n".join(lines.declared), ");", "", *lines.body, "", *instances, "endmodule", "", "`resetall", ""]
        return Top("\n".join(text), ports, tuple(sorted(lines.cores)), tuple(lines.remarks))

    def _instance(self, part: Part) -> str:
        name = part.instance.name
        return _module(part.module, part.parameters, f"u_{safe_name(name)}", self.connections[name])

    def _connect(self, part: Part, port: Port, expression: str) -> None:
        self.connections[part.instance.name][port.name] = expression

    def _pins(self, name: str, part: Part) -> None:
        for port in part.pins:
            if port.is_input:
                self._connect(part, port, self.nets.input(part, port))
                continue
            wire = self.nets.wire(name, port.name)
            self._connect(part, port, wire)
            pin = part.instance.pins.get(port.name)
            if port.width == 1 and ((pin is not None and pin.use == "INTERRUPT") or _is_interrupt(part, port)):
                self._interrupt(part, port, wire)

    def _interrupt(self, part: Part, port: Port, wire: str) -> None:
        number = len(self.lines.interrupts)
        if number < MOST_INTERRUPTS:
            controller = part.instance.path if part.core and part.module == INTC else None
            path = f"{part.instance.path}/{port.name}"
            self.lines.interrupts.append(InterruptPort(f"irq{number}", path, controller))
            self.lines.output(f"irq{number}", 1)
            self.lines.body.append(f"assign irq{number} = {wire};")

    def _slave(self, part: Part, bus: Bus, ranges: set[tuple[str, str]]) -> None:
        if not _is_reached(part, bus, ranges):
            self._idle(part, bus)
            return
        number = len(self.lines.slaves)
        prefix, bits = f"s{number}", min(32, bus.width("araddr"))
        self.lines.slaves.append(
            SlavePort(prefix, part.instance.path, _range_name(part, bus, ranges), _kind(part), bits)
        )
        for signal, width in SLAVE_OUTPUTS.items():
            self.lines.output(f"{prefix}_{signal}", width)
        for signal in ("awaddr", "araddr"):
            self.lines.input(f"{prefix}_{signal}", bits)
        for signal in SLAVE_INPUTS:
            self.lines.input(f"{prefix}_{signal}", 32 if signal == "wdata" else 1)
        for signal, port in bus.signals.items():
            self._connect(part, port, self._slave_wire(prefix, signal, port, bits))
        for signal in SLAVE_OUTPUTS:
            if signal not in bus.signals:
                self.lines.body.append(f"assign {prefix}_{signal} = 0;")

    def _slave_wire(self, prefix: str, signal: str, port: Port, bits: int) -> str:
        if not port.is_input:
            return f"{prefix}_{signal}" if signal in SLAVE_OUTPUTS else ""
        if signal in ("awaddr", "araddr"):
            return fitted(f"{prefix}_{signal}", bits, port.width)
        if signal in SLAVE_INPUTS:
            return f"{prefix}_{signal}"
        if signal == "wstrb":
            return f"{{{port.width}{{1'b1}}}}"
        return SLAVE_CONSTANTS.get(signal, f"{port.width}'d0")

    def _master(self, part: Part, bus: Bus) -> None:
        name = part.bus_name(bus)
        ranges = [each for each in part.instance.ranges if each.master == bus.name]
        systems = [each for each in ranges if self.design.instances[each.instance].kind in PROCESSING_SYSTEMS]
        if ranges and not systems:
            reached = ", ".join(self.design.instances[each.instance].path for each in ranges)
            self.lines.refusals.append(f"{name} reaches {reached}, and a master is simulated that reaches the DDR")
            return
        if part.is_dma and not _has_channel(part, bus):
            self._idle(part, bus)
            return
        prefix = f"m{len({port.signal for port in (*self.lines.readers, *self.lines.writers)})}"
        label = f"{part.instance.path}/{bus.name} "
        nbytes = (bus.width("rdata") or bus.width("wdata")) // 8
        if "araddr" in bus.signals:
            seed = _seed(f"{name} read")
            self.lines.readers.append(ReaderPort(prefix, label, nbytes, "arid" in bus.signals, part.is_dma, seed))
            self._half(part, bus, prefix, READ_OUTPUTS, READ_INPUTS, ("arid", "rid"))
        if "awaddr" in bus.signals:
            seed = _seed(f"{name} write")
            self.lines.writers.append(WriterPort(prefix, label, nbytes, "awid" in bus.signals, part.is_dma, seed))
            self._half(part, bus, prefix, WRITE_OUTPUTS, WRITE_INPUTS, ("awid", "bid"))
        for signal, port in bus.signals.items():
            if port.name not in self.connections[part.instance.name]:
                self._connect(part, port, f"{port.width}'d0" if port.is_input else "")

    def _half(
        self, part: Part, bus: Bus, prefix: str, outputs: Iterable[str], inputs: Iterable[str], ids: tuple[str, str]
    ) -> None:
        """Connect the channels of a master that read, or those that write."""
        widths = {"rdata": bus.width("rdata"), "rresp": 2, "bresp": 2}
        for signal in (*outputs, *(ids[:1] if ids[0] in bus.signals else ())):
            if signal in bus.signals:
                self.lines.output(f"{prefix}_{signal}", bus.width(signal))
                self._connect(part, bus.signals[signal], f"{prefix}_{signal}")
            else:
                self.lines.output(f"{prefix}_{signal}", _absent_width(signal, bus))
                self.lines.body.append(f"assign {prefix}_{signal} = {_absent_value(signal, bus)};")
        for signal in (*inputs, *(ids[1:] if ids[0] in bus.signals else ())):
            width = bus.width(ids[0]) if signal == ids[1] else widths.get(signal, 1)
            self.lines.input(f"{prefix}_{signal}", width)
            if signal in bus.signals:
                self._connect(part, bus.signals[signal], fitted(f"{prefix}_{signal}", width, bus.width(signal)))

    def _idle(self, part: Part, bus: Bus) -> None:
        """A bus interface that nothing is connected to: its inputs are 0."""
        for port in bus.signals.values():
            self._connect(part, port, f"{port.width}'d0" if port.is_input else "")

    def _stream(self, number: int, link: Link) -> None:
        source, sink = (self.netlist.parts[name] for name, _ in (link.source, link.sink))
        out, into = source.buses[link.source[1]], sink.buses[link.sink[1]]
        wires = _StreamWires(f"t{number}", self.lines)
        given = wires.declare("a", out.width("tdata"))
        for signal, port in out.signals.items():
            self._connect(source, port, given.take(signal, port))
        given.default(out)
        taken = given
        if out.width("tdata") != into.width("tdata"):
            taken = self._convert(number, wires, given, into.width("tdata"))
        for signal, port in into.signals.items():
            self._connect(sink, port, taken.give(signal, port))
        at_sink = sink.is_dma
        observed = taken if at_sink else given
        self._observe(number, link, observed)

    def _convert(self, number: int, wires: _StreamWires, given: _Stream, width: int) -> _Stream:
        taken = wires.declare("b", width)
        found = converter(given.width // 8, width // 8)
        self.lines.cores.add(found.core)
        ports = {"aclk": "aclk", "aresetn": "aresetn"}
        for side, stream in (("s_axis", given), ("m_axis", taken)):
            ports |= {f"{side}_{n}": f"{stream.name}_{n}" for n in ("tdata", "tkeep", "tlast", "tvalid", "tready")}
        self.lines.body.append(_module(found.module, found.parameters, f"u_t{number}_width", ports))
        self.lines.body += [f"assign {taken.name}_tstrb = {taken.name}_tkeep;"]
        return taken

    def _observe(self, number: int, link: Link, stream: _Stream) -> None:
        source, sink = (self.netlist.parts[name] for name, _ in (link.source, link.sink))
        ends = [part.bus_name(part.buses[end[1]]) for part, end in ((source, link.source), (sink, link.sink))]
        dma = source if source.is_dma else sink if sink.is_dma else None
        slave = None if dma is None else self._slave_number(dma)
        channel = pg021.MM2S if source.is_dma else pg021.S2MM
        signal = f"t{number}"
        self.lines.streams.append(StreamPort(signal, " to ".join(ends), slave, channel if slave is not None else 0))
        self.lines.output(f"{signal}_beat", 1)
        self.lines.output(f"{signal}_last", 1)
        self.lines.body.append(f"assign {signal}_beat = {stream.name}_tvalid && {stream.name}_tready;")
        self.lines.body.append(f"assign {signal}_last = {stream.name}_tlast;")

    def _slave_number(self, part: Part) -> int | None:
        numbers = [n for n, slave in enumerate(self.lines.slaves) if slave.instance == part.instance.path]
        return numbers[0] if numbers else None


@dataclass(frozen=True)
class _Stream:
    """Wires of one stream.

    Attributes:
        name: what their names begin with.
        width: bits of a beat.
        lines: to write to.
        extra: widths of the side bands that the source has.
    """

    name: str
    width: int
    lines: _Lines
    extra: dict[str, int]

    def take(self, signal: str, port: Port) -> str:
        """Connect a port of the source."""
        if signal in ("tid", "tdest", "tuser"):
            self.extra[signal] = port.width
            return self.lines.wire(f"{self.name}_{signal}", port.width)
        return f"{self.name}_{signal}"

    def default(self, bus: Bus) -> None:
        """Drive what the source does not have: all bytes count, no packet ends."""
        bytes_ = max(1, self.width // 8)
        values = {
            "tdata": f"{self.width}'d0",
            "tkeep": f"{{{bytes_}{{1'b1}}}}",
            "tlast": ONE_BIT,
            "tstrb": f"{self.name}_tkeep",
        }
        for signal, value in values.items():
            if signal not in bus.signals:
                self.lines.body.append(f"assign {self.name}_{signal} = {value};")

    def give(self, signal: str, port: Port) -> str:
        """Connect a port of the sink."""
        if signal in ("tid", "tdest", "tuser"):
            if signal not in self.extra:
                return f"{port.width}'d0"
            return fitted(f"{self.name}_{signal}", self.extra[signal], port.width)
        return f"{self.name}_{signal}"


@dataclass(frozen=True)
class _StreamWires:
    prefix: str
    lines: _Lines

    def declare(self, suffix: str, width: int) -> _Stream:
        name = f"{self.prefix}{suffix}"
        for signal, bits in (("tdata", max(1, width)), ("tkeep", max(1, width // 8)), ("tstrb", max(1, width // 8))):
            self.lines.wire(f"{name}_{signal}", bits)
        for signal in ("tlast", "tvalid", "tready"):
            self.lines.wire(f"{name}_{signal}", 1)
        return _Stream(name, width, self.lines, {})


class _Nets:
    """Verilog of what drives pins that belong to no bus."""

    def __init__(self, netlist: Netlist, lines: _Lines) -> None:
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
        if other in self._parts or (source.is_xilinx and source.kind in INLINE):
            return fitted(*self._wire(other, pin), port.width)
        where = f"{part.instance.path}/{port.name} is driven by {source.path}/{pin}"
        if source.kind in PROCESSING_SYSTEMS:
            return self._of_system(where, source, pin)
        if source.kind == "proc_sys_reset":
            return self._reset(part, port, bool(RESET_LOW.search(pin)), f"{source.path}/{pin}")
        if source.kind == "clk_wiz":
            self._remark_clock(f"{source.path}/{pin}")
            return "1'b1" if pin == "locked" else "aclk"
        self._lines.refusals.append(f"{where} ({source.vlnv}), which is not simulated")
        return ONE_BIT

    def _reset(self, part: Part, port: Port, low: bool, source: str) -> str:
        if RESET.search(port.name) and low != bool(ACTIVE_LOW.search(port.name)):
            self._lines.remarks.append(
                f"{part.instance.path}/{port.name} is driven by {source}, which is active {'low' if low else 'high'}; its "
                "name says the opposite: on a board too it may never leave its reset"
            )
        return "aresetn" if low else "!aresetn"

    def _of_system(self, where: str, source: Instance, pin: str) -> str:
        if PS_CLOCK.fullmatch(pin):
            if not pin.endswith("0"):
                self._remark_clock(f"{source.path}/{pin}")
            return "aclk"
        if PS_RESET.fullmatch(pin):
            return "aresetn"
        self._lines.refusals.append(f"{where}, which is not simulated")
        return ONE_BIT

    def _remark_clock(self, clock: str) -> None:
        if clock not in self._clocks:
            self._clocks.add(clock)
            self._lines.remarks.append(f"{clock}: here PL clock 0 drives everything, also what this clock does")

    def _wire(self, instance: str, pin: str) -> tuple[str, int]:
        """Return wire and width of an output, which is declared, and of an inline IP written, where it is new."""
        if (instance, pin) not in self._wires:
            name = f"n{len(self._wires)}_{safe_name(instance)}_{safe_name(pin)}"
            if instance in self._parts:
                width = next((p.width for p in self._parts[instance].pins if p.name.lower() == pin.lower()), 1)
                self._wires[instance, pin] = (self._lines.wire(name, width), width)
            else:
                self._inline(self._design.instances[instance], pin, name)
        return self._wires[instance, pin]

    def _inline(self, source: Instance, pin: str, name: str) -> None:
        kind, key = INLINE[source.kind], (source.name, pin)
        if kind == "xlconstant":
            width = int(source.parameter("const_width", "1"), 0)
            value, parts = int(source.parameter("const_val", "1"), 0), ""
            self._declare(key, name, width, f"{width}'d{value % (1 << width)}" + parts)
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
            if other in self._parts or (
                other in self._design.instances and self._design.instances[other].kind in INLINE
            ):
                return fitted(*self._wire(other, output), width), width
        return f"{width}'d0", width


def fitted(wire: str, width: int, wanted: int) -> str:
    """Return a wire with as many bits as wanted: the lowest, or zeros above."""
    if width == wanted:
        return wire
    return f"{wire}[{wanted - 1}:0]" if width > wanted else f"{{{wanted - width}'d0, {wire}}}"


def _unconnected(port: Port) -> str:
    """What an input takes that the .hwh says nothing of: clock and reset go by their names."""
    if port.width == 1 and RESET.search(port.name):
        return "aresetn" if ACTIVE_LOW.search(port.name) else "!aresetn"
    if port.width == 1 and CLOCK.search(port.name):
        return "aclk"
    return f"{port.width}'d0"


def _range(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def _module(module: str, parameters: Mapping[str, ParameterValue], name: str, connections: Mapping[str, str]) -> str:
    settings = ", ".join(f".{key}({verilog(value)})" for key, value in parameters.items())
    wiring = ",\n".join(f"    .{port}({wire})" for port, wire in connections.items())
    return f"{module} {f'#({settings}) ' if settings else ''}{name} (\n{wiring}\n);\n"


def _kind(part: Part) -> str:
    return part.module if part.core is not None else part.instance.kind


def _is_interrupt(part: Part, port: Port) -> bool:
    return part.core is not None and port.name in ("mm2s_introut", "s2mm_introut", "irq", "ip2intc_irpt")


def _has_channel(part: Part, bus: Bus) -> bool:
    """Whether a DMA has what a master of it serves."""
    for channel in ("mm2s", "s2mm"):
        if channel in bus.name.lower():
            return part.instance.parameter(f"c_include_{channel}", "1") != "0"
    return bool(part.parameters.get("INCLUDE_SG"))


def _cpu_ranges(design: BlockDesign) -> set[tuple[str, str]]:
    """The interfaces that the CPU reaches."""
    return {
        (each.instance, each.interface)
        for instance in design.instances.values()
        if instance.kind in PROCESSING_SYSTEMS
        for each in instance.ranges
    }


def _is_reached(part: Part, bus: Bus, ranges: set[tuple[str, str]]) -> bool:
    return bool(_range_name(part, bus, ranges))


def _range_name(part: Part, bus: Bus, ranges: set[tuple[str, str]]) -> str:
    """The name by which the address map knows a slave: its own, or the only one of an IP with one slave."""
    names = [interface for instance, interface in ranges if instance == part.instance.name]
    slaves = [each for each in part.buses.values() if each.role is Role.SLAVE]
    alike = [each for each in names if each.lower() == bus.name.lower()]
    if not alike and len(slaves) == len(names) == 1:
        return names[0]
    return alike[0] if alike else ""


def _absent_width(signal: str, bus: Bus) -> int:
    if signal == "wstrb":
        return max(1, bus.width("wdata") // 8)
    return next((width for end, width in MASTER_WIDTHS.items() if signal.endswith(end)), 1)


def _absent_value(signal: str, bus: Bus) -> str:
    """What a master without bursts means."""
    if signal == "wstrb":
        return f"{{{max(1, bus.width('wdata') // 8)}{{1'b1}}}}"
    if signal.endswith("size"):
        return str(((bus.width("rdata") or bus.width("wdata")) // 8).bit_length() - 1)
    return {"burst": "1", "last": "1"}.get(signal[2:] if signal != "wlast" else "last", "0")


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
