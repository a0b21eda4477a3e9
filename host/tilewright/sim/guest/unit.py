"""Verilog of the module ``unit`` around a third party's IP: it stands in cores/soc/rtl/soc.v for the accelerator."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.sim.guest.elaboration import ParameterValue, verilog
from tilewright.sim.guest.ports import AXI_LITE_SIGNALS, Interface, Interfaces
from tilewright.sim.guest.sources import Port

HEADER = """\
`resetall
`default_nettype none

// Generated: the third party's module {top} behind the ports that soc.v gives to its unit.
module unit #(
{parameters}
) (
    input  wire        aclk,
    input  wire        aresetn,
    input  wire [15:0] s_axil_awaddr,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [15:0] s_axil_araddr,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,
    input  wire [63:0] s_axis_tdata,
    input  wire [7:0]  s_axis_tkeep,
    input  wire        s_axis_tlast,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    output wire [63:0] m_axis_tdata,
    output wire [7:0]  m_axis_tkeep,
    output wire        m_axis_tlast,
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire        irq,
    output wire        moved
);

assign moved = 1'b0;
"""
# Of soc.v: the accelerator's, of no meaning here
SOC_PARAMETERS = [
    "N",
    "ACC_W",
    "ACT_DEPTH",
    "ACC_DEPTH",
    "WGT_DEPTH",
    "THR_DEPTH",
    "OUT_DEPTH",
    "LOG_DEPTH",
    "SRAM_LATENCY",
    "BUILD_HASH",
]
# Side bands of a stream, which no DMA of ours has
SIDE_BANDS = ("tid", "tdest", "tuser")
CONSTANT_INPUTS = {"awprot": "3'b000", "arprot": "3'b000", "wstrb": "4'b1111"}


def unit_verilog(
    top: str, interfaces: Interfaces, interrupt: str | None, parameters: Mapping[str, ParameterValue]
) -> str:
    """Return the module ``unit``.

    Args:
        top: name of the IP's module.
        interfaces: of its ports.
        interrupt: its output for interrupts, or None.
        parameters: of the module.
    """
    connections = [(clock, "aclk") for clock in interfaces.clocks]
    connections += [(reset, "aresetn" if low else "!aresetn") for reset, low in interfaces.resets.items()]
    connections += [(port.name, f"{port.width}'d0") for port in interfaces.inputs]
    connections += [(name, "") for name in interfaces.outputs if name != interrupt]
    parts = [HEADER.format(top=top, parameters=",\n".join(f"    parameter {name} = 0" for name in SOC_PARAMETERS))]
    for text, wires in (
        _axi_lite(interfaces.axi_lite),
        _stream_in(interfaces.stream_in),
        _stream_out(interfaces.stream_out),
    ):
        parts.append(text)
        connections += wires
    parts.append(f"assign irq = {'third_party_irq' if interrupt else chr(49) + chr(39) + 'b0'};\n")
    if interrupt:
        parts.insert(1, "wire third_party_irq;\n")
        connections.append((interrupt, "third_party_irq"))
    settings = ", ".join(f".{name}({verilog(value)})" for name, value in parameters.items())
    wiring = ",\n".join(f"    .{port}({wire})" for port, wire in connections)
    parts.append(
        f"{top} {f'#({settings}) ' if settings else ''}third_party (\n{wiring}\n);\n\nendmodule\n\n`resetall\n"
    )
    return "\n".join(parts)


def _axi_lite(bus: Interface | None) -> tuple[str, list[tuple[str, str]]]:
    if bus is None:
        outputs = ["awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid"]
        return "\n".join(f"assign s_axil_{name} = 0;" for name in outputs) + "\n", []
    wires = []
    for signal in AXI_LITE_SIGNALS:
        if signal not in bus.signals:
            continue
        port, wire = bus.signals[signal], CONSTANT_INPUTS.get(signal, f"s_axil_{signal}")
        if signal in ("awaddr", "araddr"):
            wire = f"{wire}[{port.width - 1}:0]" if port.width <= 16 else f"{{{port.width - 16}'d0, {wire}}}"
        wires.append((port.name, wire))
    return "", wires


def _stream_in(bus: Interface | None) -> tuple[str, list[tuple[str, str]]]:
    if bus is None:
        return "assign s_axis_tready = 1'b0;\n", []
    wires = [(port.name, _in_wire(signal, port)) for signal, port in bus.signals.items()]
    return _declare("in", bus.stream_width) + _converter("stream_narrow", bus.stream_width, "s_axis", "in"), wires


def _in_wire(signal: str, port: Port) -> str:
    """What a signal of the IP's input takes: a DMA's beats have no position bytes, and no side band but TKEEP."""
    if signal in SIDE_BANDS:
        return f"{port.width}'d0"
    return "in_tkeep" if signal == "tstrb" else f"in_{signal}"


def _stream_out(bus: Interface | None) -> tuple[str, list[tuple[str, str]]]:
    if bus is None:
        return "assign {m_axis_tdata, m_axis_tkeep, m_axis_tlast, m_axis_tvalid} = 0;\n", []
    open_ = ("tstrb", *SIDE_BANDS)
    wires = [(port.name, "" if signal in open_ else f"out_{signal}") for signal, port in bus.signals.items()]
    text = _declare("out", bus.stream_width) + _converter("stream_widen", bus.stream_width, "out", "m_axis")
    if "tkeep" not in bus.signals:
        text += f"assign out_tkeep = {{{bus.stream_width // 8}{{1'b1}}}};\n"
    if "tlast" not in bus.signals:
        text += "assign out_tlast = 1'b0;\n"
    return text, wires


def _declare(name: str, width: int) -> str:
    return (
        f"wire [{width - 1}:0] {name}_tdata;\nwire [{width // 8 - 1}:0] {name}_tkeep;\n"
        f"wire {name}_tlast, {name}_tvalid, {name}_tready;\n"
    )


def _converter(module: str, width: int, source: str, sink: str) -> str:
    """Connects two streams, through a width converter where the IP's beats are narrower than the DMA's."""
    if width == 64:
        names = ("tdata", "tkeep", "tlast", "tvalid")
        forward = "\n".join(f"assign {sink}_{name} = {source}_{name};" for name in names)
        return f"{forward}\nassign {source}_tready = {sink}_tready;\n"
    ports = [
        (f"{side}_{signal}", f"{bus}_{signal}")
        for side, bus in (("s", source), ("m", sink))
        for signal in ("tdata", "tkeep", "tlast", "tvalid", "tready")
    ]
    wiring = ",\n".join(f"    .{port}({wire})" for port, wire in [("clk", "aclk"), ("rst", "!aresetn"), *ports])
    return f"{module} #(.WIDTH({width})) {module}_0 (\n{wiring}\n);\n"
