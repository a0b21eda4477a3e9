"""Verilog of the module ``soc`` for a block design, and what it shows to the outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from tilewright.hardware import pg021
from tilewright.sim.guest.catalogue import converter
from tilewright.sim.guest.hwh_graph import BlockDesign
from tilewright.sim.guest.netlist import INTC, Link, Netlist, Part, refuse, safe_name
from tilewright.sim.guest.nets import Nets
from tilewright.sim.guest.ports import Bus, Role
from tilewright.sim.guest.sources import Port
from tilewright.sim.guest.stream_wires import Stream, declare
from tilewright.sim.guest.top_lines import Lines, fitted, instance
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


class _Writer:
    def __init__(self, netlist: Netlist) -> None:
        self.netlist, self.design = netlist, netlist.design
        self.lines = Lines()
        self.lines.declared += ["    input  wire aclk", "    input  wire aresetn"]
        # Verilog of each port's connection, by INSTANCE and port
        self.connections: dict[str, dict[str, str]] = {name: {} for name in netlist.parts}
        self.nets = Nets(netlist, self.lines)

    def write(self) -> Top:
        ranges = _cpu_ranges(self.design)
        for name, part in self.netlist.parts.items():
            self.lines.cores |= {part.core} if part.core is not None else set()
            for bus in part.buses.values():
                self._bus(part, bus, ranges)
            self._pins(name, part)
        linked = {end for link in self.netlist.links for end in (link.source, link.sink)}
        for number, link in enumerate(self.netlist.links):
            self._stream(number, link)
        for name, part in self.netlist.parts.items():
            for bus in part.buses.values():
                if bus.role in (Role.SINK, Role.SOURCE) and (name, bus.name) not in linked:
                    self._idle(part, bus)
                    self._remark_idle(part, bus, "the .hwh connects it to nothing: no beat moves there")
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
        text = [
            *head,
            ",\n".join(lines.declared),
            ");",
            "",
            *lines.body,
            "",
            *instances,
            "endmodule",
            "",
            "`resetall",
            "",
        ]
        return Top("\n".join(text), ports, tuple(sorted(lines.cores)), (*self.netlist.remarks, *lines.remarks))

    def _instance(self, part: Part) -> str:
        name = part.instance.name
        return instance(part.module, part.parameters, f"u_{safe_name(name)}", self.connections[name])

    def _connect(self, part: Part, port: Port, expression: str) -> None:
        self.connections[part.instance.name][port.name] = expression

    def _bus(self, part: Part, bus: Bus, ranges: set[tuple[str, str]]) -> None:
        if bus.role is Role.SLAVE:
            self._slave(part, bus, ranges)
        elif bus.role is Role.MASTER:
            self._master(part, bus)

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
        if part.core is None and part.buses and "aclk" not in self.connections[name].values():
            self.lines.refusals.append(
                f"{part.instance.path}: module '{part.module}': no clock among its ports; one of 1 bit must end in clk "
                "or clock, or the .hwh connect one"
            )

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
            self._remark_idle(part, bus, "the .hwh gives it no address")
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
        if "araddr" in bus.signals:
            seed = _seed(f"{name} read")
            self.lines.readers.append(ReaderPort(prefix, label, "arid" in bus.signals, part.is_dma, seed))
            self._half(part, bus, prefix, READ_OUTPUTS, READ_INPUTS, ("arid", "rid"))
        if "awaddr" in bus.signals:
            seed = _seed(f"{name} write")
            self.lines.writers.append(WriterPort(prefix, label, "awid" in bus.signals, part.is_dma, seed))
            self._half(part, bus, prefix, WRITE_OUTPUTS, WRITE_INPUTS, ("awid", "bid"))
        for port in bus.signals.values():
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
                width, value = _absent(signal, bus)
                self.lines.output(f"{prefix}_{signal}", width)
                self.lines.body.append(f"assign {prefix}_{signal} = {value};")
        for signal in (*inputs, *(ids[1:] if ids[0] in bus.signals else ())):
            width = bus.width(ids[0]) if signal == ids[1] else widths.get(signal, 1)
            self.lines.input(f"{prefix}_{signal}", width)
            if signal in bus.signals:
                self._connect(part, bus.signals[signal], fitted(f"{prefix}_{signal}", width, bus.width(signal)))

    def _idle(self, part: Part, bus: Bus) -> None:
        """A bus interface that nothing is connected to: its inputs are 0."""
        for port in bus.signals.values():
            self._connect(part, port, f"{port.width}'d0" if port.is_input else "")

    def _remark_idle(self, part: Part, bus: Bus, what: str) -> None:
        if part.core is None:
            self.lines.remarks.append(f"{part.bus_name(bus)}: {what}")

    def _stream(self, number: int, link: Link) -> None:
        source, sink = (self.netlist.parts[name] for name, _ in (link.source, link.sink))
        out, into = source.buses[link.source[1]], sink.buses[link.sink[1]]
        given = declare(f"t{number}a", out.width("tdata"), self.lines)
        for signal, port in out.signals.items():
            self._connect(source, port, given.take(signal, port))
        given.default(out)
        taken = given
        if out.width("tdata") != into.width("tdata"):
            taken = self._convert(number, given, into.width("tdata"))
        for signal, port in into.signals.items():
            self._connect(sink, port, taken.give(signal, port))
        self._observe(number, link, taken if sink.is_dma else given)

    def _convert(self, number: int, given: Stream, width: int) -> Stream:
        taken = declare(f"t{number}b", width, self.lines)
        found = converter(given.width // 8, width // 8)
        self.lines.cores.add(found.core)
        ports = {"aclk": "aclk", "aresetn": "aresetn"}
        for side, stream in (("s_axis", given), ("m_axis", taken)):
            ports |= {f"{side}_{n}": f"{stream.name}_{n}" for n in ("tdata", "tkeep", "tlast", "tvalid", "tready")}
        self.lines.body.append(instance(found.module, found.parameters, f"u_t{number}_width", ports))
        self.lines.body += [f"assign {taken.name}_tstrb = {taken.name}_tkeep;"]
        return taken

    def _observe(self, number: int, link: Link, stream: Stream) -> None:
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


def _absent(signal: str, bus: Bus) -> tuple[int, str]:
    """Width and value of what a master without bursts does not have."""
    nbytes = max(1, max(bus.width("rdata"), bus.width("wdata")) // 8)
    values = {"len": (8, "0"), "size": (3, str(nbytes.bit_length() - 1)), "burst": (2, "1"), "last": (1, "1")}
    if signal == "wstrb":
        return nbytes, f"{{{nbytes}{{1'b1}}}}"
    return values.get(signal.removeprefix("aw").removeprefix("ar").removeprefix("w"), (1, "0"))


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
