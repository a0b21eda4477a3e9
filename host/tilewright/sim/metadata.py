"""The .hwh and .bit of the simulated hardware.

The .hwh has what Vivado would write for the block design: a Zynq UltraScale+ with one 100 MHz clock, the DMA and the
accelerator with their addresses, parameters and registers. The .bit has the header of a real one; in place of a
bitstream it carries the parameters, from which :class:`tilewright.sim.device.SimDevice` builds what it "loads".
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

from pynq.pl_server.embedded_device import parse_bit_header

from tilewright import registers as register_map
from tilewright.sim.errors import OverlayFileError
from tilewright.sim.parameters import SocParameters

DMA_NAME = "axi_dma_0"
DMA_BASE = 0xA000_0000
ACCELERATOR_NAME = "accelerator_0"
ACCELERATOR_BASE = 0xA001_0000
WINDOW_BYTES = 0x1_0000
PART = b"xczu7ev-ffvc1156-2-e"
SIGNATURE = "tilewright-simulated-hardware"
PL_CLOCKS = 4

Fields = dict[str, tuple[int, int]]
WRITABLE = frozenset({"CONTROL", "IRQ_STATUS"})

# PG021, direct register mode: field -> (lowest bit, bits)
DMACR_FIELDS: Fields = {
    "RS": (0, 1),
    "Reset": (2, 1),
    "Keyhole": (3, 1),
    "IOC_IrqEn": (12, 1),
    "Dly_IrqEn": (13, 1),
    "Err_IrqEn": (14, 1),
    "IRQThreshold": (16, 8),
    "IRQDelay": (24, 8),
}
DMASR_FIELDS: Fields = {
    "Halted": (0, 1),
    "Idle": (1, 1),
    "SGIncld": (3, 1),
    "DMAIntErr": (4, 1),
    "DMASlvErr": (5, 1),
    "DMADecErr": (6, 1),
    "IOC_Irq": (12, 1),
    "Dly_Irq": (13, 1),
    "Err_Irq": (14, 1),
}
LENGTH_BITS = 26
DMA_REGISTERS: dict[str, tuple[int, Fields]] = {
    "MM2S_DMACR": (0x00, DMACR_FIELDS),
    "MM2S_DMASR": (0x04, DMASR_FIELDS),
    "MM2S_SA": (0x18, {"Source_Address": (0, 32)}),
    "MM2S_SA_MSB": (0x1C, {"Source_Address": (0, 32)}),
    "MM2S_LENGTH": (0x28, {"Length": (0, LENGTH_BITS)}),
    "S2MM_DMACR": (0x30, DMACR_FIELDS),
    "S2MM_DMASR": (0x34, DMASR_FIELDS),
    "S2MM_DA": (0x48, {"Destination_Address": (0, 32)}),
    "S2MM_DA_MSB": (0x4C, {"Destination_Address": (0, 32)}),
    "S2MM_LENGTH": (0x58, {"Length": (0, LENGTH_BITS)}),
}
DMA_PARAMETERS = {
    "c_include_sg": 0,
    "c_sg_length_width": LENGTH_BITS,
    "c_micro_dma": 0,
    "c_addr_width": 40,
    "c_include_mm2s": 1,
    "c_include_mm2s_dre": 0,
    "c_m_axi_mm2s_data_width": 64,
    "c_m_axis_mm2s_tdata_width": 64,
    "c_mm2s_burst_size": 16,
    "c_include_s2mm": 1,
    "c_include_s2mm_dre": 0,
    "c_m_axi_s2mm_data_width": 64,
    "c_s_axis_s2mm_tdata_width": 64,
    "c_s2mm_burst_size": 16,
}


def write_overlay(parameters: SocParameters, folder: Path) -> Path:
    """Write NAME.bit and NAME.hwh for these parameters, and return the path of the .bit."""
    folder.mkdir(parents=True, exist_ok=True)
    bit = folder / f"tilewright_sim_{parameters.n}x{parameters.n}.bit"
    hwh = ElementTree.tostring(_design(parameters), encoding="utf-8", xml_declaration=True)
    _write(bit.with_suffix(".hwh"), hwh)
    _write(bit, _bit_file(parameters, hwh))
    return bit


def read_overlay(bit: Path) -> SocParameters:
    """Return the parameters in a .bit from :func:`write_overlay`. Raises OverlayFileError for any other file."""
    advice = "the simulated device loads only files from tilewright.sim.open_overlay"
    try:
        payload = bytes(parse_bit_header(bit.read_bytes())["data"])
        contents = json.loads(payload.rstrip(b"\0"))
        if contents["signature"] == SIGNATURE:
            return SocParameters(**contents["parameters"])
    except Exception as error:  # pynq's parser raises whatever a file that is no .bit leads it to
        raise OverlayFileError(f"{bit} is no simulated bitstream ({error!r}); {advice}") from error
    raise OverlayFileError(f"{bit} is no simulated bitstream; {advice}")


def _write(path: Path, contents: bytes) -> None:
    """Replace a file in one step, unless it has these contents already."""
    if path.is_file() and path.read_bytes() == contents:
        return
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(contents)
    Path(part).replace(path)


def _bit_file(parameters: SocParameters, hwh: bytes) -> bytes:
    """Header as Xilinx tools write it: magic, then key, length and text for design, part, date and time, then data.

    The hash of the .hwh makes .bit files differ where .hwh files do: PYNQ.remote caches metadata by the .bit's hash.
    """
    contents = {
        "signature": SIGNATURE,
        "parameters": asdict(parameters),
        "hwh_sha256": hashlib.sha256(hwh).hexdigest(),
    }
    payload = json.dumps(contents, sort_keys=True).encode()
    payload += bytes(-len(payload) % 4)
    header = struct.pack(">h", 9) + bytes.fromhex("0ff00ff00ff00ff000") + struct.pack(">h", 1)
    for key, text in ((b"a", b"tilewright_sim"), (b"b", PART), (b"c", b"2026/01/01"), (b"d", b"00:00:00")):
        header += key + struct.pack(">h", len(text) + 1) + text + b"\0"
    return header + b"e" + struct.pack(">i", len(payload)) + payload


def _design(parameters: SocParameters) -> ElementTree.Element:
    root = ElementTree.Element("EDKSYSTEM")
    ElementTree.SubElement(root, "SYSTEMINFO", NAME="tilewright_sim", ARCH="zynquplus")
    ElementTree.SubElement(root, "EXTERNALPORTS")
    modules = ElementTree.SubElement(root, "MODULES")
    _processing_system(modules)
    _ip(modules, DMA_NAME, "xilinx.com:ip:axi_dma:7.1", "S_AXI_LITE", DMA_PARAMETERS, _dma_registers())
    names = {**parameters.verilog, "ACT_W": parameters.array.act_w, "WGT_W": parameters.array.wgt_w}
    _ip(modules, ACCELERATOR_NAME, "tilewright:ip:accelerator:0.2", "s_axil", names, _accelerator_registers())
    return root


def _processing_system(modules: ElementTree.Element) -> None:
    module = _module(modules, "zynq_ultra_ps_e_0", "xilinx.com:ip:zynq_ultra_ps_e:3.5", is_pl=False)
    settings = ElementTree.SubElement(module, "PARAMETERS")
    for clock in range(PL_CLOCKS):
        control = f"PSU__CRL_APB__PL{clock}_REF_CTRL"
        _parameter(settings, f"PSU__FPGA_PL{clock}_ENABLE", int(clock == 0))
        _parameter(settings, f"{control}__DIVISOR0", 15)
        _parameter(settings, f"{control}__DIVISOR1", 1)
        _parameter(settings, f"{control}__SRCSEL", "IOPLL")
    _parameter(settings, "PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ", "100.000000")
    _interface(module, "M_AXI_HPM0_FPD", "MASTER")
    memory_map = ElementTree.SubElement(module, "MEMORYMAP")
    slaves = ((DMA_NAME, DMA_BASE, "S_AXI_LITE"), (ACCELERATOR_NAME, ACCELERATOR_BASE, "s_axil"))
    for instance, base, interface in slaves:
        ElementTree.SubElement(
            memory_map,
            "MEMRANGE",
            ADDRESSBLOCK="Reg",
            BASEVALUE=f"0x{base:08X}",
            HIGHVALUE=f"0x{base + WINDOW_BYTES - 1:08X}",
            INSTANCE=instance,
            MASTERBUSINTERFACE="M_AXI_HPM0_FPD",
            MEMTYPE="REGISTER",
            SLAVEBUSINTERFACE=interface,
        )


def _ip(
    modules: ElementTree.Element,
    name: str,
    vlnv: str,
    interface: str,
    parameters: dict[str, int],
    registers: ElementTree.Element,
) -> None:
    module = _module(modules, name, vlnv, is_pl=True)
    blocks = ElementTree.SubElement(module, "ADDRESSBLOCKS")
    block = ElementTree.SubElement(blocks, "ADDRESSBLOCK", INTERFACE=interface, NAME="Reg", USAGE="register")
    block.append(registers)
    settings = ElementTree.SubElement(module, "PARAMETERS")
    for key, value in parameters.items():
        _parameter(settings, key, value)
    _interface(module, interface, "SLAVE")


def _module(modules: ElementTree.Element, name: str, vlnv: str, *, is_pl: bool) -> ElementTree.Element:
    kind = vlnv.split(":")[2]
    attributes = {"FULLNAME": f"/{name}", "INSTANCE": name, "IS_PL": str(is_pl).upper(), "MODTYPE": kind, "VLNV": vlnv}
    return ElementTree.SubElement(modules, "MODULE", attributes)


def _interface(module: ElementTree.Element, name: str, kind: str) -> None:
    interfaces = ElementTree.SubElement(module, "BUSINTERFACES")
    ElementTree.SubElement(interfaces, "BUSINTERFACE", NAME=name, TYPE=kind, VLNV="xilinx.com:interface:aximm:1.0")


def _parameter(parent: ElementTree.Element, name: str, value: int | str) -> None:
    ElementTree.SubElement(parent, "PARAMETER", NAME=name, VALUE=str(value))


def _dma_registers() -> ElementTree.Element:
    element = ElementTree.Element("REGISTERS")
    for name, (offset, fields) in DMA_REGISTERS.items():
        _register(element, name, offset, 32, fields, "read-write")
    return element


def _accelerator_registers() -> ElementTree.Element:
    element = ElementTree.Element("REGISTERS")
    for name, offset in _offsets().items():
        width = 64 if name in register_map.COUNTERS else 32
        access = "read-write" if name in WRITABLE else "read-only"
        _register(element, name, offset, width, _fields(name), access)
    return element


def _offsets() -> dict[str, int]:
    """Return offsets by register name, from :mod:`tilewright.registers`."""
    return {
        name.removeprefix("REG_"): value
        for name, value in vars(register_map).items()
        if name.startswith("REG_") and not name.endswith("_RESET")
    }


def _fields(register: str) -> Fields:
    """Return a register's fields; a constant belongs to the register with the longest name that it starts with."""
    offsets = _offsets()
    found: Fields = {}
    for name, value in vars(register_map).items():
        if isinstance(value, register_map.Field):
            owner = max((each for each in offsets if name.startswith(f"{each}_")), key=len)
            if owner == register:
                found[name.removeprefix(f"{owner}_")] = (value.low, value.width)
    return found


def _register(parent: ElementTree.Element, name: str, offset: int, width: int, fields: Fields, access: str) -> None:
    register = ElementTree.SubElement(parent, "REGISTER", NAME=name)
    _property(register, "ADDRESS_OFFSET", f"0x{offset:X}")
    _property(register, "SIZE", str(width))
    _property(register, "ACCESS", access)
    holder = ElementTree.SubElement(register, "FIELDS")
    for field, (low, bits) in fields.items():
        element = ElementTree.SubElement(holder, "FIELD", NAME=field)
        _property(element, "BIT_OFFSET", str(low))
        _property(element, "BIT_WIDTH", str(bits))
        _property(element, "ACCESS", access)


def _property(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, "PROPERTY", NAME=name, VALUE=value)
