"""Fields of .hwh files: what Vivado-made ones have in common (hwh_fields.json), and what is wrong with another.

The table holds names and kinds of values with their sources, no file's contents. It is written by
``python cores/scripts/hwh_fields.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

Element = ElementTree.Element
TABLE = Path(__file__).with_name("hwh_fields.json")
# By kind, the first that matches
KINDS = {
    "empty": r"",
    "int": r"-?\d+",
    "hex": r"0[xX][0-9a-fA-F]+",
    "float": r"-?\d+\.\d+([eE][-+]?\d+)?",
    "bool": r"TRUE|FALSE|true|false",
    "vlnv": r"[\w.]+:[\w.]+:\w+:\d+\.\d+",
    "path": r"/[\w/]+",
    "word": r"[\w.\-]+",
    "words": r"[\w.\-]+([: ][\w.\-]+)+",
    "text": r"[\s\S]*",
}
# Attributes with few values, which are kept
ENUMERATED = {
    *("DIR", "SIGIS", "TYPE", "MEMTYPE", "USAGE", "ACCESS", "IPTYPE", "MODCLASS", "IS_PL", "IS_ENABLE", "CONFIGURABLE"),
    *("POLARITY", "EDWVERSION", "IS_DATA", "IS_INSTRUCTION", "ARCH", "BASENAME", "HIGHNAME", "RIGHT"),
}
# IPs whose parameters, ports and interfaces are kept by name
NAMED = (
    *("axi_dma", "axi_intc", "xlconcat", "proc_sys_reset", "axi_interconnect"),
    *("processing_system7", "zynq_ultra_ps_e", "smartconnect"),
)
# Of a processing system's some thousand parameters: those of PL clocks, ports and interrupts
PS_NAMES = re.compile(
    r"PCW_.*(FCLK|FPGA\d|FPGA_FCLK|EN_CLK\d|PLL_CTRL_FBDIV|CRYSTAL|CLKSRC)|PCW_USE_[MS]_AXI|PCW_S_AXI_HP\d|PCW_.*F2P"
    r"|PCW_USE_FABRIC|PSU__(FPGA_PL|USE__[MS]_AXI|USE__IRQ|[MS]AXIGP\d__DATA|PSS_REF_CLK__F)"
    r"|PSU__CR[LF]_APB__(PL\d_REF|..?PLL_CTRL)"
)
PROCESSING_SYSTEMS = ("processing_system7", "zynq_ultra_ps_e")
# What pynq 3.1.2 and 4.0.0 read of these IPs, beside the table: pynq/lib/dma.py, pynqmetadata 0.2.0's
# models/{zynq,ultrascale}_proc_sys_core.py
PYNQ_READS = {
    "axi_dma": [
        *("c_include_sg", "c_sg_length_width", "c_micro_dma"),
        *(f"c_{way}_burst_size" for way in ("mm2s", "s2mm")),
        *(f"c_include_{way}{dre}" for way in ("mm2s", "s2mm") for dre in ("", "_dre")),
        *(f"c_m_axi_{way}_data_width" for way in ("mm2s", "s2mm")),
    ],
    "processing_system7": [
        *(f"PCW_FPGA_FCLK{i}_ENABLE" for i in range(4)),
        *(f"PCW_FCLK{i}_PERIPHERAL_{what}" for i in range(4) for what in ("DIVISOR0", "DIVISOR1", "CLKSRC")),
    ],
    "zynq_ultra_ps_e": [
        *(f"PSU__FPGA_PL{i}_ENABLE" for i in range(4)),
        *(f"PSU__CRL_APB__PL{i}_REF_CTRL__{what}" for i in range(4) for what in ("DIVISOR0", "DIVISOR1", "SRCSEL")),
    ],
}
# In every Vivado-made file and not in ours, and why
LEFT_OUT = {
    "EDKSYSTEM@TIMESTAMP": "no Vivado wrote it, and the same design is to make the same file",
    "EDKSYSTEM@VIVADOVERSION": "no Vivado wrote it",
    "MODULE@COREREVISION": "of the Vivado that is used",
    "MODULE@BD": "of the Vivado that is used",
    "MODULE@BDTYPE": "the inside of a SmartConnect",
    "MODULE@SIM_BD": "the inside of a SmartConnect",
    "MODULE@DRIVERMODE": "the inside of a SmartConnect",
    "PARAMETERS/PARAMETER": "an IP that the design leaves at its defaults: they are not repeated",
    "FIELDS/FIELD": "a register that is one number",
    "REGISTER.PROPERTY DESCRIPTION": "the vendor's text",
    "REGISTER.PROPERTY RESET_VALUE": "nothing reads it",
    "FIELD.PROPERTY DESCRIPTION": "the vendor's text",
    "FIELD.PROPERTY ADDRESS_OFFSET": "nothing reads it: BIT_OFFSET again",
    "FIELD.PROPERTY MODIFIED_READ_VALUES": "nothing reads it",
    "FIELD.PROPERTY WRITE_CONSTRAINT": "nothing reads it",
    "FIELD.PROPERTY READ_ACTION": "nothing reads it",
}


@dataclass(frozen=True)
class Place:
    """An element as the table knows it.

    Attributes:
        name: of its kind of element: its tag, with what tells them apart.
        element: the element.
        module: MODTYPE of the module that it is in, "" outside.
    """

    name: str
    element: Element
    module: str


def kind_of(value: str) -> str:
    """The kind of a value: one of :data:`KINDS`."""
    return next(kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, value))


def places(root: Element, module: str = "", inside: str = "") -> Iterator[Place]:
    """Every element of a file but a vendor's documents, external ports, and what is below them."""
    if root.tag in ("DOCUMENT", "EXTERNALPORTS", "EXTERNALINTERFACES"):
        return
    module = root.get("MODTYPE", "") if root.tag == "MODULE" else module
    yield Place(_name(root, inside, module), root, module)
    for child in root:
        yield from places(child, module, root.tag)


def _name(element: Element, inside: str, module: str) -> str:
    tag = element.tag
    if tag == "MODULE":
        return "MODULE processing system" if module in PROCESSING_SYSTEMS else tag
    if tag == "PROPERTY":
        return f"{inside}.PROPERTY {element.get('NAME')}"
    if (tag, inside) == ("PARAMETER", "BUSINTERFACE"):
        return f"{inside}.PARAMETER {element.get('NAME')}"
    if tag == "PORT":
        return f"PORT {element.get('SIGIS')}"
    if tag == "BUSINTERFACE":
        return f"BUSINTERFACE {element.get('VLNV', '').split(':')[2]}"
    if tag in ("MEMRANGE", "ADDRESSBLOCK"):
        return f"{tag} {element.get('MEMTYPE') or element.get('USAGE')}"
    return tag


def port_of(port: Element) -> str:
    """What a port is: direction, use, and which of a clock's, reset's and interrupt's attributes it has."""
    has = [name for name in ("CLKFREQUENCY", "POLARITY", "SENSITIVITY") if name in port.attrib]
    return " ".join([port.get("DIR", ""), port.get("SIGIS", ""), *has])


def children(place: Place) -> set[str]:
    """What an element holds: tags, and of registers and fields the names of their properties."""
    return {
        f"{place.element.tag}.PROPERTY {child.get('NAME')}" if child.tag == "PROPERTY" else child.tag
        for child in place.element
    }


def findings(text: str, table: Mapping[str, Any] | None = None) -> list[str]:
    """What is wrong with a .hwh, by the table; nothing where all is as in Vivado-made files.

    Args:
        text: of the file.
        table: None takes the committed one.
    """
    table = json.loads(TABLE.read_text(encoding="utf-8")) if table is None else table
    root = ElementTree.fromstring(text)
    found = [each for place in places(root) for each in _wrong_element(place, table["elements"])]
    for module in root.iter("MODULE"):
        found += _wrong_names(module, table["ips"])
    found += _one_sided(root)
    return list(dict.fromkeys(found))


def _wrong_element(place: Place, table: Mapping[str, Any]) -> Iterator[str]:
    entry = table.get(place.name)
    label = f"{place.module}: {place.name} {place.element.get('NAME') or ''}".strip(": ")
    if entry is None:
        yield f"{label}: no Vivado-made file has such an element"
        return
    for name, known in entry["attributes"].items():
        if name not in place.element.attrib:
            if known["always"] and f"{place.element.tag}@{name}" not in LEFT_OUT:
                yield f"{label}: no {name}, which every Vivado-made file has"
            continue
        value = place.element.attrib[name]
        if kind_of(value) not in known["kinds"]:
            yield f"{label}: {name} is {value!r}, in Vivado-made files it is {' or '.join(known['kinds'])}"
        elif "values" in known and value not in known["values"]:
            yield f"{label}: {name} is {value!r}, in Vivado-made files {' or '.join(known['values'])}"
    for name in sorted(place.element.attrib.keys() - entry["attributes"].keys()):
        yield f"{label}: {name}, which no Vivado-made file has"
    held = children(place)
    for name in entry["children"]:
        if name not in held and not {name, f"{place.element.tag}/{name}"} & LEFT_OUT.keys():
            yield f"{label}: no {name}, which every Vivado-made file has"


def _wrong_names(module: Element, table: Mapping[str, Any]) -> Iterator[str]:
    """Names of parameters, ports and interfaces of an IP."""
    kind = module.get("MODTYPE", "")
    if kind not in table:
        return
    ip = table[kind]
    if module.get("HWVERSION") not in ip["version"]:
        yield f"{kind}: version {module.get('HWVERSION')}, in Vivado-made files {' or '.join(ip['version'])}"
    yield from _wrong_parameters(module, kind, _by_name(ip["parameters"]))
    ports, interfaces = _by_name(ip["ports"]), _by_name(ip["interfaces"])
    for port in module.findall("PORTS/PORT"):
        yield from _wrong_pin(kind, "port", port, port_of(port), ports)
    for bus in module.findall("BUSINTERFACES/BUSINTERFACE"):
        yield from _wrong_pin(kind, "interface", bus, f"{bus.get('TYPE')} {bus.get('VLNV')}", interfaces)


def _by_name(groups: Mapping[str, str]) -> dict[str, list[str]]:
    """Names of the table, which it holds by what they are."""
    return {name: known.split("|") for known, names in groups.items() for name in names.split()}


def _wrong_parameters(module: Element, kind: str, known: Mapping[str, list[str]]) -> Iterator[str]:
    parameters = {each.get("NAME", ""): each.get("VALUE", "") for each in module.findall("PARAMETERS/PARAMETER")}
    for name, value in parameters.items():
        if kind in PROCESSING_SYSTEMS and not PS_NAMES.match(name):
            continue
        kinds = known.get(name)
        if kinds is None:
            yield f"{kind}: parameter {name}, which no Vivado-made file has"
        elif kind_of(value) not in kinds and not (_is_asked(name) and kind_of(value) == "float"):
            yield f"{kind}: parameter {name} is {value!r}, in Vivado-made files it is {' or '.join(kinds)}"
    wanted = list(PYNQ_READS.get(kind, []))
    for index in range(4 if kind in PROCESSING_SYSTEMS else 0):
        on = f"PSU__FPGA_PL{index}_ENABLE" if kind == "zynq_ultra_ps_e" else f"PCW_FPGA_FCLK{index}_ENABLE"
        control = f"PSU__CRL_APB__PL{index}_REF_CTRL__ACT_FREQMHZ"
        actual = control if kind == "zynq_ultra_ps_e" else f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ"
        wanted += [actual] if parameters.get(on) == "1" else []
    for name in wanted:
        if name not in parameters:
            yield f"{kind}: no parameter {name}, which pynq or the driver reads"


def _is_asked(name: str) -> bool:
    """Whether it is a frequency that was asked for: the files that were looked at ask for whole ones."""
    return name.endswith("FREQMHZ") and "ACT_" not in name


def _wrong_pin(kind: str, what: str, element: Element, said: str, known: Mapping[str, list[str]]) -> Iterator[str]:
    name = element.get("NAME", "")
    if name not in known:
        yield f"{kind}: {what} {name}, which no Vivado-made file has"
    elif said not in known[name]:
        yield f"{kind}: {what} {name} is {said}, in Vivado-made files {' or '.join(known[name])}"


def _end(module: Element, port: Element) -> tuple[str, str]:
    return module.get("INSTANCE", ""), port.get("NAME", "")


def _one_sided(root: Element) -> Iterator[str]:
    """Connections that only one end knows, and names that lead nowhere."""
    ends: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    for module in root.iter("MODULE"):
        for port in module.findall("PORTS/PORT"):
            for other in port.iter("CONNECTION"):
                ends.add((_end(module, port), (other.get("INSTANCE", ""), other.get("PORT", ""))))
    for here, there in sorted(ends):
        if (there, here) not in ends:
            yield f"{'/'.join(here)} is connected to {'/'.join(there)}, which does not know it"
    instances = {module.get("INSTANCE"): module for module in root.iter("MODULE")}
    for each in root.iter("MEMRANGE"):
        target = instances.get(each.get("INSTANCE"))
        names = set() if target is None else {bus.get("NAME") for bus in target.iter("BUSINTERFACE")}
        if each.get("SLAVEBUSINTERFACE") not in names:
            yield f"MEMRANGE of {each.get('INSTANCE')}: it has no interface {each.get('SLAVEBUSINTERFACE')}"
