"""The .hwh of the simulated hardware: what Vivado would write for the block design.

A processing system with one 100 MHz clock, the DMA, the accelerator and an interrupt controller with their addresses,
parameters, registers and interrupts, and the reset that goes from the DMA to the accelerator's results.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from tilewright.hardware import pg021
from tilewright.hardware import registers as register_map
from tilewright.hardware.fields import Field
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import PL_CLOCKS, ZYNQ_ULTRASCALE, ProcessingSystem

DMA_NAME = "axi_dma_0"
ACCELERATOR_NAME = "accelerator_0"
INTC_NAME = "axi_intc_0"
CONCAT_NAME = "xlconcat_0"
WINDOW_BYTES = 0x1_0000

# By name: lowest bit, bits
Fields = Mapping[str, tuple[int, int]]
Registers = dict[str, tuple[int, Fields]]
WRITABLE = frozenset({"CONTROL", "IRQ_STATUS"})

# In the order of the interrupt controller's inputs
INTERRUPT_PINS = ((DMA_NAME, "mm2s_introut"), (DMA_NAME, "s2mm_introut"), (ACCELERATOR_NAME, "irq"))

DMA_DIRECT_REGISTERS: Registers = {
    f"{channel}_{name}": (base + offset, fields)
    for channel, base, address, field in (
        ("MM2S", pg021.MM2S, "SA", "Source_Address"),
        ("S2MM", pg021.S2MM, "DA", "Destination_Address"),
    )
    for name, offset, fields in (
        ("DMACR", pg021.DMACR, pg021.DMACR_FIELDS),
        ("DMASR", pg021.DMASR, pg021.DMASR_FIELDS),
        (address, pg021.ADDRESS, {field: (0, 32)}),
        (f"{address}_MSB", pg021.ADDRESS_MSB, {field: (0, 32)}),
        ("LENGTH", pg021.LENGTH, {"Length": pg021.LENGTH_FIELD}),
    )
}
DMA_SG_REGISTERS: Registers = {
    f"{channel}_{name}": (base + offset, fields)
    for channel, base in (("MM2S", pg021.MM2S), ("S2MM", pg021.S2MM))
    for name, offset, fields in (
        ("DMACR", pg021.DMACR, pg021.DMACR_FIELDS),
        ("DMASR", pg021.DMASR, pg021.DMASR_FIELDS),
        ("CURDESC", pg021.CURDESC, {"Current_Descriptor_Pointer": pg021.POINTER_FIELD}),
        ("CURDESC_MSB", pg021.CURDESC_MSB, {"Current_Descriptor_Pointer": (0, 32)}),
        ("TAILDESC", pg021.TAILDESC, {"Tail_Descriptor_Pointer": pg021.POINTER_FIELD}),
        ("TAILDESC_MSB", pg021.TAILDESC_MSB, {"Tail_Descriptor_Pointer": (0, 32)}),
    )
}
# PG099
INTC_REGISTERS: Registers = {
    name: (offset, {})
    for name, offset in (
        ("ISR", 0x00),
        ("IPR", 0x04),
        ("IER", 0x08),
        ("IAR", 0x0C),
        ("SIE", 0x10),
        ("CIE", 0x14),
        ("IVR", 0x18),
        ("MER", 0x1C),
    )
}


def dma_registers(scatter_gather: bool) -> Registers:
    """Registers of the DMA in one of its modes, by name: offset and fields."""
    return DMA_SG_REGISTERS if scatter_gather else DMA_DIRECT_REGISTERS


def write_hwh(parameters: SocParameters, system: ProcessingSystem = ZYNQ_ULTRASCALE) -> bytes:
    """Return the .hwh of the simulated design on a processing system."""
    root = ElementTree.Element("EDKSYSTEM")
    ElementTree.SubElement(root, "SYSTEMINFO", NAME="tilewright_sim", ARCH=system.system)
    ElementTree.SubElement(root, "EXTERNALPORTS")
    modules = ElementTree.SubElement(root, "MODULES")
    _processing_system(modules, system)
    _dma(modules, parameters, system)
    names = {**parameters.verilog, "ACT_W": parameters.array.act_w, "WGT_W": parameters.array.wgt_w}
    accelerator = _module(modules, ACCELERATOR_NAME, "tilewright:ip:accelerator:0.2", is_pl=True)
    _slave(accelerator, "s_axil", names, _accelerator_registers())
    _interrupts(modules, system)
    _result_reset(modules)
    hwh: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return hwh


def _processing_system(modules: ElementTree.Element, system: ProcessingSystem) -> None:
    module = _module(modules, system.instance, system.vlnv, is_pl=False)
    settings = ElementTree.SubElement(module, "PARAMETERS")
    for clock in range(PL_CLOCKS):
        for name, value in _clock_parameters(system, clock).items():
            _parameter(settings, name, value)
    _ports(module, {system.irq_pin: ("I", INTC_NAME, "irq")})
    _interface(module, system.master, "MASTER")
    memory_map = ElementTree.SubElement(module, "MEMORYMAP")
    slaves = (
        (DMA_NAME, system.dma_base, "S_AXI_LITE"),
        (ACCELERATOR_NAME, system.accelerator_base, "s_axil"),
        (INTC_NAME, system.intc_base, "s_axi"),
    )
    for instance, base, interface in slaves:
        ElementTree.SubElement(
            memory_map,
            "MEMRANGE",
            ADDRESSBLOCK="Reg",
            BASEVALUE=f"0x{base:08X}",
            HIGHVALUE=f"0x{base + WINDOW_BYTES - 1:08X}",
            INSTANCE=instance,
            MASTERBUSINTERFACE=system.master,
            MEMTYPE="REGISTER",
            SLAVEBUSINTERFACE=interface,
        )


def _clock_parameters(system: ProcessingSystem, clock: int) -> dict[str, int | str]:
    """Return what Vivado writes of a PL clock: clock 0 runs at 100 MHz, the others are off."""
    if system is ZYNQ_ULTRASCALE:
        control = f"PSU__CRL_APB__PL{clock}_REF_CTRL"
        return {
            f"PSU__FPGA_PL{clock}_ENABLE": int(clock == 0),
            f"{control}__DIVISOR0": 15,
            f"{control}__DIVISOR1": 1,
            f"{control}__SRCSEL": "IOPLL",
            **({f"{control}__ACT_FREQMHZ": "100.000000"} if clock == 0 else {}),
        }
    return {
        f"PCW_FPGA_FCLK{clock}_ENABLE": int(clock == 0),
        f"PCW_FCLK{clock}_PERIPHERAL_DIVISOR0": 5,
        f"PCW_FCLK{clock}_PERIPHERAL_DIVISOR1": 2,
        f"PCW_FCLK{clock}_PERIPHERAL_CLKSRC": "IO PLL",
        f"PCW_FPGA{clock}_PERIPHERAL_FREQMHZ": "100",
    }


def _dma(modules: ElementTree.Element, parameters: SocParameters, system: ProcessingSystem) -> None:
    module = _module(modules, DMA_NAME, "xilinx.com:ip:axi_dma:7.1", is_pl=True)
    settings: dict[str, int] = {
        "c_include_sg": int(parameters.scatter_gather),
        "c_sg_length_width": pg021.LENGTH_FIELD.width,
        "c_micro_dma": 0,
        "c_addr_width": system.addr_width,
    }
    for channel, stream in (("mm2s", "m_axis_mm2s"), ("s2mm", "s_axis_s2mm")):
        settings |= {
            f"c_include_{channel}": 1,
            f"c_include_{channel}_dre": 0,
            f"c_m_axi_{channel}_data_width": parameters.stream_w,
            f"c_{stream}_tdata_width": parameters.stream_w,
            f"c_{channel}_burst_size": 16,
        }
    _slave(module, "S_AXI_LITE", settings, _registers(dma_registers(parameters.scatter_gather)))


def _interrupts(modules: ElementTree.Element, system: ProcessingSystem) -> None:
    """Interrupt outputs, concatenated, to the interrupt controller, to the processing system: both ends are named."""
    pins = {f"In{index}": ("I", *pin) for index, pin in enumerate(INTERRUPT_PINS)}
    concat = _module(modules, CONCAT_NAME, "xilinx.com:ip:xlconcat:2.1", is_pl=True)
    _ports(concat, {**pins, "dout": ("O", INTC_NAME, "intr")})
    controller = _module(modules, INTC_NAME, "xilinx.com:ip:axi_intc:4.1", is_pl=True)
    _slave(controller, "s_axi", {}, _registers(INTC_REGISTERS))
    _ports(controller, {"intr": ("I", CONCAT_NAME, "dout"), "irq": ("O", system.instance, system.irq_pin)})
    for index, (instance, pin) in enumerate(INTERRUPT_PINS):
        (source,) = (module for module in modules if module.get("INSTANCE") == instance)
        _ports(source, {pin: ("O", CONCAT_NAME, f"In{index}")})


def _result_reset(modules: ElementTree.Element) -> None:
    """S2MM's reset goes to what sends to it."""
    ends = (DMA_NAME, "s2mm_prmry_reset_out_n"), (ACCELERATOR_NAME, "m_axis_aresetn")
    for (instance, pin), other, direction in ((ends[0], ends[1], "O"), (ends[1], ends[0], "I")):
        (module,) = (module for module in modules if module.get("INSTANCE") == instance)
        _ports(module, {pin: (direction, *other)}, kind="rst")


def _slave(
    module: ElementTree.Element, interface: str, settings: dict[str, int], registers: ElementTree.Element
) -> None:
    blocks = ElementTree.SubElement(module, "ADDRESSBLOCKS")
    block = ElementTree.SubElement(blocks, "ADDRESSBLOCK", INTERFACE=interface, NAME="Reg", USAGE="register")
    block.append(registers)
    holder = ElementTree.SubElement(module, "PARAMETERS")
    for key, value in settings.items():
        _parameter(holder, key, value)
    _interface(module, interface, "SLAVE")


def _module(modules: ElementTree.Element, name: str, vlnv: str, *, is_pl: bool) -> ElementTree.Element:
    kind = vlnv.split(":")[2]
    attributes = {"FULLNAME": f"/{name}", "INSTANCE": name, "IS_PL": str(is_pl).upper(), "MODTYPE": kind, "VLNV": vlnv}
    return ElementTree.SubElement(modules, "MODULE", attributes)


def _ports(module: ElementTree.Element, ports: dict[str, tuple[str, str, str]], kind: str = "INTERRUPT") -> None:
    """Adds ports of a kind: name -> direction, instance and port at the other end."""
    holder = module.find("PORTS")
    if holder is None:
        holder = ElementTree.SubElement(module, "PORTS")
    for name, (direction, instance, other) in ports.items():
        port = ElementTree.SubElement(holder, "PORT", DIR=direction, NAME=name, SIGIS=kind)
        connections = ElementTree.SubElement(port, "CONNECTIONS")
        ElementTree.SubElement(connections, "CONNECTION", INSTANCE=instance, PORT=other)


def _interface(module: ElementTree.Element, name: str, kind: str) -> None:
    interfaces = ElementTree.SubElement(module, "BUSINTERFACES")
    ElementTree.SubElement(interfaces, "BUSINTERFACE", NAME=name, TYPE=kind, VLNV="xilinx.com:interface:aximm:1.0")


def _parameter(parent: ElementTree.Element, name: str, value: int | str) -> None:
    ElementTree.SubElement(parent, "PARAMETER", NAME=name, VALUE=str(value))


def _registers(registers: Registers) -> ElementTree.Element:
    element = ElementTree.Element("REGISTERS")
    for name, (offset, fields) in registers.items():
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
    """Return offsets by register name, from :mod:`tilewright.hardware.registers`."""
    return {
        name.removeprefix("REG_"): value
        for name, value in vars(register_map).items()
        if name.startswith("REG_") and not name.endswith("_RESET")
    }


def _fields(register: str) -> Fields:
    """Return a register's fields; a constant belongs to the register with the longest name that it starts with."""
    offsets = _offsets()
    found: dict[str, Field] = {}
    for name, value in vars(register_map).items():
        if isinstance(value, Field):
            owner = max((each for each in offsets if name.startswith(f"{each}_")), key=len)
            if owner == register:
                found[name.removeprefix(f"{owner}_")] = value
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
