"""The hand-off file (.hwh) of a block design, as Vivado would write it: what pynq reads, and what is around it.

The simulated device loads it; Vivado writes the board's own. ``cores/scripts/board_checks/hwh_fields.json`` says, with
sources, what such files have in common and what is left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from tilewright.boards.board import Board
from tilewright.boards.clocks import PlClock
from tilewright.boards.design import ACCELERATOR, DESIGN, DMA, INTC, BlockDesign, Cell
from tilewright.boards.design import Mapping as Mapped
from tilewright.boards.hwh_pins import Pin, pins
from tilewright.boards.hwh_registers import accelerator_registers, dma_registers, intc_registers
from tilewright.boards.interface_signals import AXI, Interface, interfaces

Element = ElementTree.Element
# Of the newest Vivado that was looked at (2024.1): only the .hwh names versions, the Tcl takes what there is
VERSIONS = {
    "processing_system7": "5.5",
    "zynq_ultra_ps_e": "3.5",
    "proc_sys_reset": "5.0",
    "axi_dma": "7.1",
    "accelerator": "0.2",
    "axi_interconnect": "2.1",
    "smartconnect": "1.0",
    "axi_intc": "4.1",
    "xlconcat": "2.1",
}
# Parameters that the design leaves at their defaults and pynq's DMA reads
DMA_DEFAULTS = {
    **{f"c_include_{channel}": "1" for channel in ("mm2s", "s2mm")},
    **{f"c_include_{channel}_dre": "0" for channel in ("mm2s", "s2mm")},
    "c_micro_dma": "0",
}
_BLOCKS = {DMA: ("S_AXI_LITE", "Reg"), ACCELERATOR: ("s_axil", "reg0"), INTC: ("S_AXI", "Reg")}
_CLASSES = {
    "axi_interconnect": ("BUS", "BUS"),
    "smartconnect": ("BUS", "BUS"),
    "axi_intc": ("PERIPHERAL", "INTERRUPT_CNTLR"),
}


def hwh(design: BlockDesign) -> str:
    """The text of a block design's .hwh."""
    root = ElementTree.Element("EDKSYSTEM", EDWVERSION="1.2")
    info = design.board.system_info
    named = {"ARCH": info.arch, "DEVICE": info.device, "NAME": DESIGN, "PACKAGE": info.package}
    if design.board.processing_system.preset:
        named["BOARD"] = design.board.board_parts[0]
    ElementTree.SubElement(root, "SYSTEMINFO", {**named, "SPEEDGRADE": info.speedgrade})
    ElementTree.SubElement(root, "EXTERNALPORTS")
    ElementTree.SubElement(root, "EXTERNALINTERFACES")
    modules = ElementTree.SubElement(root, "MODULES")
    ends = interfaces(design)
    found = pins(design, ends)
    for cell in design.cells:
        module = _module(cell, cell.name == design.ps)
        _registers(module, cell)
        _parameters(module, design, cell)
        _ports(module, found[cell.name].values())
        _interfaces(module, [end for end in ends if end.cell == cell.name])
        _memory_map(module, design, cell)
        modules.append(module)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def clock_parameters(board: Board, clocks: tuple[PlClock, ...]) -> dict[str, str]:
    """What Vivado computes of the PL's clocks and writes into the .hwh, beside what it was asked for.

    Args:
        board: its crystal and PLLs.
        clocks: that are on, by their index; the others of the family are off.
    """
    family, found = board.kind, {board.kind.crystal: f"{board.clock.crystal_mhz:g}"}
    on = {clock.index: clock for clock in clocks}
    for index in range(family.pl_clocks):
        clock = on.get(index)
        names = family.clock_readings(index, clock.pll if clock else board.clock.pll)
        # A clock that is off: Zynq-7000's divisors are then 1
        values = {"divisor0": "1", "divisor1": "1"}
        if clock:
            values |= {"multiplier": str(clock.multiplier), "halved": str(int(clock.halved))}
            values |= {"divisor0": str(clock.divisor0), "divisor1": str(clock.divisor1), "mhz": f"{clock.mhz:.6f}"}
        found |= {names[what]: value for what, value in values.items() if what in names}
        found[family.clock_source(index)] = clock.pll if clock else board.clock.pll
        found[family.clock_enable(index)] = str(int(clock is not None))
    return found


def _module(cell: Cell, is_ps: bool) -> Element:
    kind = cell.ip.split(":")[-1]
    type_, class_ = _CLASSES.get(kind, ("PERIPHERAL", "PERIPHERAL"))
    version = VERSIONS[kind]
    attributes = {"FULLNAME": f"/{cell.name}", "HWVERSION": version, "INSTANCE": cell.name, "IPTYPE": type_}
    # Only the processing system says where it is
    attributes |= {"CONFIGURABLE": "TRUE", "IS_PL": "FALSE"} if is_ps else {"MODCLASS": class_}
    module = Element("MODULE", {**attributes, "IS_ENABLE": "1", "MODTYPE": kind, "VLNV": f"{cell.ip}:{version}"})
    ElementTree.SubElement(module, "DOCUMENTS")
    return module


def _registers(module: Element, cell: Cell) -> None:
    if cell.name not in _BLOCKS:
        return
    interface, name = _BLOCKS[cell.name]
    blocks = ElementTree.SubElement(module, "ADDRESSBLOCKS")
    place = {"ACCESS": "read-write", "INTERFACE": interface, "NAME": name, "RANGE": "4096", "USAGE": "register"}
    block = ElementTree.SubElement(blocks, "ADDRESSBLOCK", place)
    if cell.name == DMA:
        block.append(dma_registers(cell.parameters["c_include_sg"] == "1"))
    else:
        block.append(accelerator_registers() if cell.name == ACCELERATOR else intc_registers())


def _parameters(module: Element, design: BlockDesign, cell: Cell) -> None:
    values: Mapping[str, str] = cell.parameters
    if cell.name == design.ps:
        values = {**values, **clock_parameters(design.board, design.clocks)}
    elif cell.name == DMA:
        values = {**DMA_DEFAULTS, **values}
    holder = ElementTree.SubElement(module, "PARAMETERS")
    for name, value in values.items():
        ElementTree.SubElement(holder, "PARAMETER", NAME=name, VALUE=value)


def _ports(module: Element, pins: Iterable[Pin]) -> None:
    holder = ElementTree.SubElement(module, "PORTS")
    for pin in pins:
        port = ElementTree.SubElement(holder, "PORT", pin.attributes)
        connections = ElementTree.SubElement(port, "CONNECTIONS")
        for instance, other in pin.connections:
            ElementTree.SubElement(connections, "CONNECTION", INSTANCE=instance, PORT=other)


def _interfaces(module: Element, ends: list[Interface]) -> None:
    holder = ElementTree.SubElement(module, "BUSINTERFACES")
    for end in ends:
        roles = ("MASTER", "SLAVE") if end.kind == AXI else ("INITIATOR", "TARGET")
        attributes = {"BUSNAME": end.bus, "NAME": end.name, "TYPE": roles[0 if end.master else 1]}
        if end.kind == AXI:
            attributes["DATAWIDTH"] = str(end.width)
        attributes["VLNV"] = f"xilinx.com:interface:{end.kind}:1.0"
        element = ElementTree.SubElement(holder, "BUSINTERFACE", attributes)
        for name, value in _bus_parameters(end).items():
            ElementTree.SubElement(element, "PARAMETER", NAME=name, VALUE=value)
        maps = ElementTree.SubElement(element, "PORTMAPS")
        for signal in end.signals:
            ElementTree.SubElement(maps, "PORTMAP", LOGICAL=signal.logical, PHYSICAL=signal.pin)


def _bus_parameters(end: Interface) -> dict[str, str]:
    signals = {signal.logical: signal.bits for signal in end.signals}
    if end.kind == AXI:
        address = signals.get("ARADDR") or signals["AWADDR"]
        return {"DATA_WIDTH": str(end.width), "ADDR_WIDTH": str(address)}
    keep = int("TKEEP" in signals)
    return {"TDATA_NUM_BYTES": str(end.width // 8), "HAS_TREADY": "1", "HAS_TKEEP": str(keep), "HAS_TLAST": "1"}


def _memory_map(module: Element, design: BlockDesign, cell: Cell) -> None:
    ranges = [each for each in design.mapped if each.space.split("/")[0] == cell.name]
    if not ranges:
        return
    holder = ElementTree.SubElement(module, "MEMORYMAP")
    for each in ranges:
        ElementTree.SubElement(holder, "MEMRANGE", _range(design, each))
    used = ElementTree.SubElement(module, "PERIPHERALS")
    for instance in dict.fromkeys(each.segment.split("/")[0] for each in ranges):
        ElementTree.SubElement(used, "PERIPHERAL", INSTANCE=instance)


def _range(design: BlockDesign, mapped: Mapped) -> dict[str, str]:
    """A segment in an address space: registers behind their cell's interface, or memory behind a port."""
    instance, interface, block = mapped.segment.split("/")
    memory = instance == design.ps
    master = mapped.space.split("/")[1].replace("Data_", "M_AXI_") if memory else design.board.control.port
    if memory:
        # Segments are named by the port's number: SAXIGP2/HP0_DDR_LOW
        (interface,) = (name for name, port in design.board.kind.ports.items() if port.prefix.startswith(interface))
    else:
        # A segment may have another case than the interface: S_AXI/Reg, s_axi
        slaves = [bus.slave.split("/") for bus in design.buses]
        (interface,) = (name for cell, name in slaves if cell == instance and name.lower() == interface.lower())
    assert mapped.offset is not None
    last = mapped.offset + (mapped.bytes or memory_left(design.board)) - 1
    return {
        "ADDRESSBLOCK": block,
        "BASENAME": "C_BASEADDR",
        "BASEVALUE": f"0x{mapped.offset:08X}",
        "HIGHNAME": "C_HIGHADDR",
        "HIGHVALUE": f"0x{last:08X}",
        "INSTANCE": instance,
        "IS_DATA": "TRUE",
        "IS_INSTRUCTION": "TRUE",
        "MASTERBUSINTERFACE": master,
        "MEMTYPE": "MEMORY" if memory else "REGISTER",
        "SLAVEBUSINTERFACE": interface,
    }


def memory_left(board: Board) -> int:
    """Bytes of a segment whose size only Vivado knows: what the others leave of the board's memory."""
    known = sum(int(segment.bytes, 16) for segment in board.memory.segments if segment.bytes is not None)
    return (board.memory.mib << 20) - known
