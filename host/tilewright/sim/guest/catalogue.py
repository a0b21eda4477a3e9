"""The IPs of Vivado's catalogue that are simulated, and those that need no simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tilewright.hardware import pg021
from tilewright.sim.dma_width import dma_width
from tilewright.sim.guest.hwh_graph import STREAM, Instance

# They pass on what the address map, the clock or the reset stand for, or only look on
TRANSPARENT = {
    "axi_interconnect",
    "axi_crossbar",
    "smartconnect",
    "axi_protocol_converter",
    "axi_protocol_convert",
    "axi_dwidth_converter",
    "axi_register_slice",
    "axi_data_fifo",
    "axi_clock_converter",
    "proc_sys_reset",
    "clk_wiz",
    "util_ds_buf",
    "ila",
    "system_ila",
    "axi_protocol_checker",
    "axis_protocol_checker",
    "debug_bridge",
}
# Verilog expressions take their place
INLINE = {
    "xlconcat": "xlconcat",
    "xlconstant": "xlconstant",
    "xlslice": "xlslice",
    "util_vector_logic": "util_vector_logic",
    "ilconcat": "xlconcat",
    "ilconstant": "xlconstant",
    "ilslice": "xlslice",
}
MOST_INTERRUPTS = 32
AXIS_CORE = "tilewright:ip:axis:0.1.0"


class NotSimulated(Exception):
    """Settings of an IP that are not simulated; says which."""


@dataclass(frozen=True)
class Simulated:
    """A module of ours that stands for an IP.

    Attributes:
        module: its name; its ports are named as the IP's.
        core: FuseSoC's name of what holds it.
        parameters: of the module.
        absent: signals of its streams that the IP does not have.
    """

    module: str
    core: str
    parameters: Mapping[str, int]
    absent: tuple[str, ...] = ()


def simulated(instance: Instance) -> Simulated | None:
    """Return what stands for an IP of Vivado's; None for one that is not simulated. Raises NotSimulated."""
    if not instance.is_xilinx or instance.kind not in _SIMULATED:
        return None
    return _SIMULATED[instance.kind](instance)


def converter(from_bytes: int, to_bytes: int) -> Simulated:
    """Return a width converter of streams."""
    wide = math.lcm(from_bytes, to_bytes)
    settings = {"S_BYTES": from_bytes, "M_BYTES": to_bytes, "WIDE_BYTES": wide}
    return Simulated("axis_dwidth_converter", AXIS_CORE, settings)


def _number(instance: Instance, name: str, default: int) -> int:
    text = instance.parameter(name, str(default)).strip() or str(default)
    return {"true": 1, "false": 0}[text.lower()] if text.lower() in ("true", "false") else int(text, 0)


def _dma(instance: Instance) -> Simulated:
    if _number(instance, "c_enable_multi_channel", 0):
        raise NotSimulated("its multichannel mode is not simulated")
    for bus in instance.buses:
        if bus.kind == STREAM and bus.bus and bus.name.upper() in ("M_AXIS_CNTRL", "S_AXIS_STS"):
            raise NotSimulated(f"its stream {bus.name} is connected, and control and status streams are not simulated")
    bits = _number(instance, "c_sg_length_width", 14)
    if not 8 <= bits <= pg021.LENGTH_FIELD.width:
        raise NotSimulated(f"its length registers have {bits} bits; 8 to {pg021.LENGTH_FIELD.width} are simulated")
    settings = {"DATA_W": dma_width(instance.parameters), "LENGTH_W": bits}
    settings["INCLUDE_SG"] = _number(instance, "c_include_sg", 1)
    return Simulated("axi_dma", "tilewright:ip:axi_dma:0.2.0", settings)


def _intc(instance: Instance) -> Simulated:
    inputs = _number(instance, "c_num_intr_inputs", MOST_INTERRUPTS)
    return Simulated("axi_intc", "tilewright:ip:axi_intc:0.1.0", {"INPUTS": inputs})


def _gpio(instance: Instance) -> Simulated:
    settings = {"WIDTH": _number(instance, "c_gpio_width", 32), "WIDTH2": _number(instance, "c_gpio2_width", 32)}
    settings |= {"DUAL": _number(instance, "c_is_dual", 0), "INTERRUPT": _number(instance, "c_interrupt_present", 0)}
    for channel, suffix in (("", ""), ("2", "_2")):
        settings |= {
            f"ALL_INPUTS{channel}": _number(instance, f"c_all_inputs{suffix}", 0),
            f"ALL_OUTPUTS{channel}": _number(instance, f"c_all_outputs{suffix}", 0),
            f"DOUT{channel}": _number(instance, f"c_dout_default{suffix}", 0),
            f"TRI{channel}": _number(instance, f"c_tri_default{suffix}", 0xFFFF_FFFF),
        }
    return Simulated("axi_gpio", "tilewright:ip:axi_gpio:0.1.0", settings)


def _side_bands(instance: Instance) -> dict[str, int]:
    return {f"{name}_W": max(1, _number(instance, f"{name}_width", 0)) for name in ("TID", "TDEST", "TUSER")}


def _absent(instance: Instance) -> tuple[str, ...]:
    return () if _number(instance, "has_tlast", 1) else ("tlast",)


def _bytes(instance: Instance, name: str) -> int:
    count = _number(instance, name, 0)
    if count < 1:
        raise NotSimulated(f"the .hwh does not say its {name}, the bytes of a beat")
    return count


def _fifo(instance: Instance) -> Simulated:
    depth = _number(instance, "fifo_depth", 512)
    if depth & (depth - 1) or depth < 2:
        raise NotSimulated(f"its depth {depth} is no power of two")
    settings = {"BYTES": _bytes(instance, "tdata_num_bytes"), "DEPTH": depth}
    settings["PACKET"] = int(_number(instance, "fifo_mode", 1) == 2)
    return Simulated("axis_data_fifo", AXIS_CORE, settings | _side_bands(instance), _absent(instance))


def _register_slice(instance: Instance) -> Simulated:
    settings = {"BYTES": _bytes(instance, "tdata_num_bytes"), **_side_bands(instance)}
    return Simulated("axis_register_slice", AXIS_CORE, settings, _absent(instance))


def _dwidth_converter(instance: Instance) -> Simulated:
    wide = [name for name, bits in _side_bands(instance).items() if bits > 1]
    used = [name for name in ("TID", "TDEST", "TUSER") if _number(instance, f"{name}_width", 0)]
    if wide or used:
        raise NotSimulated(f"its {', '.join(used or wide)} is not simulated")
    found = converter(_bytes(instance, "s_tdata_num_bytes"), _bytes(instance, "m_tdata_num_bytes"))
    return replace(found, absent=_absent(instance))


_SIMULATED: dict[str, Callable[[Instance], Simulated]] = {
    "axi_dma": _dma,
    "axi_intc": _intc,
    "axi_gpio": _gpio,
    "axis_data_fifo": _fifo,
    "axis_register_slice": _register_slice,
    "axis_clock_converter": _register_slice,
    "axis_dwidth_converter": _dwidth_converter,
}
