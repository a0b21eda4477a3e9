"""The registers that a .hwh describes: pynq makes ``register_map`` of them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from tilewright.hardware import pg021
from tilewright.hardware import registers as register_map
from tilewright.hardware.fields import Field

# By name: lowest bit, bits
Fields = Mapping[str, tuple[int, int]]
Registers = dict[str, tuple[int, Fields]]
WRITABLE = frozenset({"CONTROL", "IRQ_STATUS"})

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


def dma_registers(scatter_gather: bool) -> ElementTree.Element:
    """The REGISTERS element of the DMA in one of its modes."""
    return _element(DMA_SG_REGISTERS if scatter_gather else DMA_DIRECT_REGISTERS)


def intc_registers() -> ElementTree.Element:
    """The REGISTERS element of the interrupt controller."""
    return _element(INTC_REGISTERS)


def _element(registers: Registers) -> ElementTree.Element:
    element = ElementTree.Element("REGISTERS")
    for name, (offset, fields) in registers.items():
        _register(element, name, offset, 32, fields, "read-write")
    return element


def accelerator_registers() -> ElementTree.Element:
    """The REGISTERS element of the accelerator. Vivado's own .hwh has none: the packaging describes no registers."""
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
    _property(register, "IS_ENABLED", "true")
    holder = ElementTree.SubElement(register, "FIELDS")
    for field, (low, bits) in fields.items():
        element = ElementTree.SubElement(holder, "FIELD", NAME=field)
        _property(element, "BIT_OFFSET", str(low))
        _property(element, "BIT_WIDTH", str(bits))
        _property(element, "ACCESS", access)


def _property(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, "PROPERTY", NAME=name, VALUE=value)
