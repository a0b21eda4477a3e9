"""Writes a .hwh in Vivado's form: bus interfaces with their buses and ports, pins with their nets, address ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tilewright.boards.board import board_of
from tilewright.boards.clocks import pl_clock
from tilewright.boards.hwh import clock_parameters

AXI_LITE = (
    *("AWADDR", "AWVALID", "AWREADY", "WDATA", "WSTRB", "WVALID", "WREADY", "BRESP", "BVALID", "BREADY"),
    *("ARADDR", "ARVALID", "ARREADY", "RDATA", "RRESP", "RVALID", "RREADY"),
)
AXI_READ = ("ARADDR", "ARLEN", "ARSIZE", "ARBURST", "ARVALID", "ARREADY", "RDATA", "RRESP", "RLAST", "RVALID", "RREADY")
AXI_WRITE = (
    *("AWADDR", "AWLEN", "AWSIZE", "AWBURST", "AWVALID", "AWREADY", "WDATA", "WSTRB", "WLAST", "WVALID", "WREADY"),
    *("BRESP", "BVALID", "BREADY"),
)
STREAM = ("TDATA", "TKEEP", "TLAST", "TREADY", "TVALID")
# Signals that the slave of a bus drives
BACKWARD = (
    *("AWREADY", "WREADY", "BRESP", "BVALID", "BID", "ARREADY", "RDATA", "RRESP", "RLAST", "RVALID", "RID", "TREADY"),
)
BOARDS = {"processing_system7": board_of("pynq_z2"), "zynq_ultra_ps_e": board_of("aup_zu3")}
# Clock, reset, interrupt, master towards registers and slave towards the DDR
PS_PINS = {
    "processing_system7": ("FCLK_CLK0", "IRQ_F2P", "M_AXI_GP0", "S_AXI_HP0"),
    "zynq_ultra_ps_e": ("pl_clk0", "pl_ps_irq0", "M_AXI_HPM0_FPD", "S_AXI_HP0_FPD"),
}


@dataclass
class _Pin:
    direction: str
    use: str = "undef"
    width: int = 1
    connections: list[tuple[str, str]] = field(default_factory=list)
    signal: str = ""


@dataclass
class _Bus:
    kind: str
    role: str
    signals: dict[str, str]
    bus: str = "__NOC__"


@dataclass
class _Ip:
    vlnv: str
    module: str
    path: str
    parameters: dict[str, object]
    registers: dict[str, dict[str, int]] = field(default_factory=dict)
    pins: dict[str, _Pin] = field(default_factory=dict)
    buses: dict[str, _Bus] = field(default_factory=dict)
    ranges: list[dict[str, str]] = field(default_factory=list)


class VivadoDesign:
    """A block design that grows by method calls; :meth:`hwh` is what Vivado would write.

    Args:
        system: processing system; it comes with a clock, a reset block, and an interconnect each way.
    """

    def __init__(self, system: str = "processing_system7") -> None:
        self.system = system
        self.ips: dict[str, _Ip] = {}
        self.clock, self.irq, self.master, self.memory = PS_PINS[system]
        board = BOARDS[system]
        version = {"processing_system7": "5.5", "zynq_ultra_ps_e": "3.5"}[system]
        self.ip("ps", f"xilinx.com:ip:{system}:{version}", **clock_parameters(board, (pl_clock(board, 100.0),)))
        self.pin("ps", self.clock, "O", "clk")
        self.pin("ps", self.irq, "I", "INTERRUPT")
        self.bus("ps", self.master, "aximm", "MASTER", "M_", ())
        self.bus("ps", self.memory, "aximm", "SLAVE", "S_", ())
        self.ip("rst_ps", "xilinx.com:ip:proc_sys_reset:5.0")
        self.pin("rst_ps", "peripheral_aresetn", "O", "rst")
        self.pin("rst_ps", "peripheral_reset", "O", "rst")
        self.ip("axi_smc", "xilinx.com:ip:smartconnect:1.0", NUM_SI=1)

    def ip(
        self, name: str, vlnv: str, module: str | None = None, path: str | None = None, **parameters: object
    ) -> None:
        """Add an IP."""
        self.ips[name] = _Ip(vlnv, module or vlnv.split(":")[2], path or name, parameters)

    def pin(self, ip: str, name: str, direction: str, use: str = "undef", width: int = 1) -> None:
        """Add a pin."""
        self.ips[ip].pins[name] = _Pin(direction, use, width)

    def clocked(self, ip: str, clock: str = "aclk", reset: str = "aresetn", source: str = "peripheral_aresetn") -> None:
        """Add clock and reset, connected."""
        self.pin(ip, clock, "I", "clk")
        self.pin(ip, reset, "I", "rst")
        self.wire("ps", self.clock, ip, clock)
        self.wire("rst_ps", source, ip, reset)

    def bus(self, ip: str, name: str, kind: str, role: str, prefix: str, signals: Iterable[str]) -> None:
        """Add a bus interface with pins PREFIXSIGNAL."""
        logical = {each: f"{prefix}{each}" for each in signals}
        self.ips[ip].buses[name] = _Bus(kind, role, logical)
        for each, pin in logical.items():
            driven = (each in BACKWARD) == (role in ("SLAVE", "TARGET"))
            self.pin(ip, pin, "O" if driven else "I")

    def stream(self, ip: str, name: str, role: str, *, upper: bool = False, signals: Iterable[str] = STREAM) -> None:
        """Add a stream: role INITIATOR or TARGET."""
        names = signals if upper else [each.lower() for each in signals]
        self.bus(ip, name, "axis", role, f"{name if upper else name.lower()}_", names)

    def registers(
        self, ip: str, interface: str, base: int, prefix: str | None = None, named: dict[str, int] | None = None
    ) -> None:
        """Add 64 KiB of registers that the CPU reaches, some by name."""
        prefix = f"{interface.lower()}_" if prefix is None else prefix
        names = AXI_LITE if prefix.endswith(("control_", "control_0_")) else [each.lower() for each in AXI_LITE]
        self.bus(ip, interface, "aximm", "SLAVE", prefix, names)
        self.ips[ip].registers[interface] = named or {}
        self.ips[ip].buses[interface].bus = f"axi_smc_{ip}_{interface}"
        self.ips["ps"].ranges.append(_range(base, 0x1_0000, ip, interface, self.master, "REGISTER"))

    def ddr(self, ip: str, interface: str, prefix: str, signals: Iterable[str], target: str = "ps") -> None:
        """Add a master that reaches the DDR, or another slave."""
        self.bus(ip, interface, "aximm", "MASTER", prefix, signals)
        self.ips[ip].buses[interface].bus = f"{ip}_{interface}"
        slave = self.memory if target == "ps" else "S_AXI"
        self.ips[ip].ranges.append(_range(0, 0x2000_0000, target, slave, interface, "MEMORY"))

    def join(self, source: str, output: str, sink: str, input_: str) -> None:
        """Connect a stream."""
        for ip, name in ((source, output), (sink, input_)):
            self.ips[ip].buses[name].bus = f"{source}_{output}"

    def wire(self, source: str, output: str, sink: str, input_: str) -> None:
        """Connect pins."""
        one, other = self.ips[source].pins[output], self.ips[sink].pins[input_]
        one.signal = one.signal or f"{source}_{output}"
        other.signal = one.signal
        one.connections.append((sink, input_))
        other.connections.append((source, output))

    def dma(self, name: str, base: int, *, mm2s: bool = True, s2mm: bool = True, **parameters: object) -> None:
        """Add an axi_dma with its masters towards the DDR."""
        settings: dict[str, object] = {"c_include_sg": 0, "c_sg_length_width": 20, "c_addr_width": 32, "c_micro_dma": 0}
        for channel, included, stream in (("mm2s", mm2s, "m_axis_mm2s"), ("s2mm", s2mm, "s_axis_s2mm")):
            settings |= {
                f"c_include_{channel}": int(included),
                f"c_include_{channel}_dre": 0,
                f"c_m_axi_{channel}_data_width": 32,
                f"c_{stream}_tdata_width": 32,
            }
        settings |= parameters
        self.ip(name, "xilinx.com:ip:axi_dma:7.1", **settings)
        self.clocked(name, "s_axi_lite_aclk", "axi_resetn")
        self.registers(name, "S_AXI_LITE", base)
        if mm2s:
            self.stream(name, "M_AXIS_MM2S", "INITIATOR")
            self.ddr(name, "M_AXI_MM2S", "m_axi_mm2s_", [each.lower() for each in AXI_READ])
            self.pin(name, "mm2s_introut", "O", "INTERRUPT")
        if s2mm:
            self.stream(name, "S_AXIS_S2MM", "TARGET")
            self.ddr(name, "M_AXI_S2MM", "m_axi_s2mm_", [each.lower() for each in AXI_WRITE])
            self.pin(name, "s2mm_introut", "O", "INTERRUPT")

    def interrupts(self, base: int, *pins: tuple[str, str]) -> None:
        """Add an axi_intc, and the pins in the order of its inputs."""
        self.ip("concat", "xilinx.com:ip:xlconcat:2.1", NUM_PORTS=len(pins))
        for index, pin in enumerate(pins):
            self.pin("concat", f"In{index}", "I")
            self.wire(*pin, "concat", f"In{index}")
        self.pin("concat", "dout", "O", width=len(pins))
        self.ip("intc", "xilinx.com:ip:axi_intc:4.1", C_NUM_INTR_INPUTS=len(pins))
        self.clocked("intc", "s_axi_aclk", "s_axi_aresetn")
        self.registers("intc", "s_axi", base)
        self.pin("intc", "intr", "I", "INTERRUPT", width=len(pins))
        self.pin("intc", "irq", "O", "INTERRUPT")
        self.wire("concat", "dout", "intc", "intr")
        self.wire("intc", "irq", "ps", self.irq)

    def hwh(self) -> str:
        """Return the file's contents."""
        root = ElementTree.Element("EDKSYSTEM", EDWVERSION="1.2", VIVADOVERSION="2022.1")
        arch = {"processing_system7": "zynq", "zynq_ultra_ps_e": "zynquplus"}[self.system]
        ElementTree.SubElement(root, "SYSTEMINFO", ARCH=arch, NAME="design_1")
        ElementTree.SubElement(root, "EXTERNALPORTS")
        modules = ElementTree.SubElement(root, "MODULES")
        for name, ip in self.ips.items():
            _write(modules, name, ip)
        return ElementTree.tostring(root, encoding="unicode")


def _range(base: int, size: int, ip: str, interface: str, master: str, kind: str) -> dict[str, str]:
    return {
        "ADDRESSBLOCK": "Reg",
        "BASEVALUE": f"0x{base:08X}",
        "HIGHVALUE": f"0x{base + size - 1:08X}",
        "INSTANCE": ip,
        "MASTERBUSINTERFACE": master,
        "MEMTYPE": kind,
        "SLAVEBUSINTERFACE": interface,
    }


def _write(modules: ElementTree.Element, name: str, ip: _Ip) -> None:
    pl = "FALSE" if name == "ps" else "TRUE"
    module = ElementTree.SubElement(
        modules, "MODULE", FULLNAME=f"/{ip.path}", INSTANCE=name, IS_PL=pl, MODTYPE=ip.module, VLNV=ip.vlnv
    )
    blocks = ElementTree.SubElement(module, "ADDRESSBLOCKS")
    for interface, registers in ip.registers.items():
        block = ElementTree.SubElement(blocks, "ADDRESSBLOCK", INTERFACE=interface, NAME="Reg", USAGE="register")
        holder = ElementTree.SubElement(block, "REGISTERS")
        for register, offset in registers.items():
            element = ElementTree.SubElement(holder, "REGISTER", NAME=register)
            for key, value in (("ADDRESS_OFFSET", hex(offset)), ("SIZE", "32"), ("ACCESS", "read-write")):
                ElementTree.SubElement(element, "PROPERTY", NAME=key, VALUE=value)
    holder = ElementTree.SubElement(module, "PARAMETERS")
    for key, setting in ip.parameters.items():
        ElementTree.SubElement(holder, "PARAMETER", NAME=key, VALUE=str(setting))
    ports = ElementTree.SubElement(module, "PORTS")
    for pin, each in ip.pins.items():
        _write_pin(ports, pin, each)
    interfaces = ElementTree.SubElement(module, "BUSINTERFACES")
    for interface, bus in ip.buses.items():
        vlnv = f"xilinx.com:interface:{bus.kind}:1.0"
        attributes = {"BUSNAME": bus.bus, "NAME": interface, "TYPE": bus.role, "VLNV": vlnv}
        element = ElementTree.SubElement(interfaces, "BUSINTERFACE", attributes)
        maps = ElementTree.SubElement(element, "PORTMAPS")
        for signal, physical in bus.signals.items():
            ElementTree.SubElement(maps, "PORTMAP", LOGICAL=signal.upper(), PHYSICAL=physical)
    memory = ElementTree.SubElement(module, "MEMORYMAP")
    for each_range in ip.ranges:
        ElementTree.SubElement(memory, "MEMRANGE", each_range)


def _write_pin(ports: ElementTree.Element, name: str, pin: _Pin) -> None:
    attributes = {"DIR": pin.direction, "NAME": name, "SIGIS": pin.use}
    if pin.width > 1:
        attributes |= {"LEFT": str(pin.width - 1), "RIGHT": "0"}
    if pin.signal:
        attributes["SIGNAME"] = pin.signal
    port = ElementTree.SubElement(ports, "PORT", attributes)
    connections = ElementTree.SubElement(port, "CONNECTIONS")
    for instance, other in pin.connections:
        ElementTree.SubElement(connections, "CONNECTION", INSTANCE=instance, PORT=other)
