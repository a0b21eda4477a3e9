"""Write the table of fields of Vivado-made .hwh files: python cores/scripts/hwh_fields.py FOLDER.

FOLDER is the unpacked source distribution of pynq 3.1.2 (``pip download --no-deps --no-binary :all: pynq==3.1.2``),
with the designs of PYNQ-Z1, PYNQ-Z2 and ZCU104 that Vivado 2024.1 wrote. Two more come with the installed pynqmetadata.
What was read of other files, in part and by hand, is below.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "host")]

from board_checks.hwh_fields import (  # noqa: E402
    ENUMERATED,
    NAMED,
    PROCESSING_SYSTEMS,
    PS_NAMES,
    TABLE,
    children,
    kind_of,
    places,
    port_of,
)

Element = ElementTree.Element
PYNQ = "pynq 3.1.2's source distribution on PyPI"
FILES = (
    "boards/Pynq-Z1/base/base.hwh",
    "boards/Pynq-Z1/logictools/logictools.hwh",
    "boards/Pynq-Z2/base/base.hwh",
    "boards/Pynq-Z2/logictools/logictools.hwh",
    "boards/ZCU104/base/base.hwh",
)
METADATA_FILES = ("resizer.hwh", "rfsoc_sam.hwh")
# Read in part through a search service: what these files alone show
READ_IN_PART = {
    "JunsangYooUSC/RESNET18_KV260 design_1.hwh @909b0328108295e1eef3c4de5fb0447988971270": {
        "vivado": "2022.1",
        "shows": "a SmartConnect between a master and S_AXI_HP0_FPD; memory HP0_DDR_HIGH, HP0_DDR_LOW; SPEEDGRADE -2LV",
    },
    "Xilinx/PYNQ-HelloWorld boards/ZCU104/resizer/bitstream/resizer.hwh @231743af2d04e1816929fcf4743dfdb8123f8402": {
        "vivado": "2018.3",
        "shows": "axi_dma 7.1 on Zynq UltraScale+: the same fields as on Zynq-7000; MEMRANGEs HP0_DDR_LOW, HP0_LPS_OCM",
    },
}
# Kinds of values that only these files have: -2LV
SEEN_IN_PART = (("SYSTEMINFO", "SPEEDGRADE", "word"),)
AXI = "xilinx.com:interface:aximm:1.0"
_OUT = (
    *("araddr", "arlen", "arsize", "arburst", "arcache", "arprot", "arvalid", "rready"),
    *("awaddr", "awlen", "awsize", "awburst", "awcache", "awprot", "awvalid"),
    *("wdata", "wstrb", "wlast", "wvalid", "bready"),
)
_IN = ("arready", "rdata", "rresp", "rlast", "rvalid", "awready", "wready", "bresp", "bvalid")
# From the first of them, channels of writes and further ports by analogy: axi_interconnect has the same names
SMARTCONNECT = {
    "version": ["1.0"],
    "parameters": {
        name: ["int"] for name in ("NUM_MI", "NUM_SI", "NUM_CLKS", "HAS_ARESETN", "HAS_RESET", "ADVANCED_PROPERTIES")
    },
    "ports": {
        "aclk": ["I clk CLKFREQUENCY"],
        "aresetn": ["I rst POLARITY"],
        **{f"S{i:02}_AXI_{name}": ["I undef"] for i in range(4) for name in _OUT},
        **{f"S{i:02}_AXI_{name}": ["O undef"] for i in range(4) for name in _IN},
        **{f"M{i:02}_AXI_{name}": ["O undef"] for i in range(4) for name in _OUT},
        **{f"M{i:02}_AXI_{name}": ["I undef"] for i in range(4) for name in _IN},
    },
    "interfaces": {
        **{f"S{i:02}_AXI": [f"SLAVE {AXI}"] for i in range(4)},
        **{f"M{i:02}_AXI": [f"MASTER {AXI}"] for i in range(4)},
    },
}


def elements_of(roots: list[Element]) -> dict[str, Any]:
    """Every kind of element: its attributes, and what each one holds."""
    attributes: dict[str, list[dict[str, str]]] = defaultdict(list)
    held: dict[str, list[set[str]]] = defaultdict(list)
    for place in (place for root in roots for place in places(root)):
        attributes[place.name].append(dict(place.element.attrib))
        held[place.name].append(children(place))
    found = {name: _element(attributes[name], held[name]) for name in sorted(attributes)}
    for name, attribute, kind in SEEN_IN_PART:
        known = found[name]["attributes"][attribute]
        known["kinds"] = sorted({*known["kinds"], kind})
    return found


def _element(seen: list[dict[str, str]], held: list[set[str]]) -> dict[str, Any]:
    found = {}
    for name in sorted({name for each in seen for name in each}):
        values = [each[name] for each in seen if name in each]
        entry: dict[str, Any] = {"always": len(values) == len(seen), "kinds": sorted(set(map(kind_of, values)))}
        if name in ENUMERATED and len(set(values)) <= 12:
            entry["values"] = sorted(set(values))
        found[name] = entry
    return {"seen": len(seen), "attributes": found, "children": sorted(set.intersection(*held))}


def ips_of(roots: list[Element]) -> dict[str, Any]:
    """Names of the IPs that our designs use."""
    found: dict[str, Any] = {}
    for module in (module for root in roots for module in root.iter("MODULE")):
        kind = module.get("MODTYPE", "")
        if kind not in NAMED:
            continue
        ip = found.setdefault(kind, {"version": set(), "parameters": {}, "ports": {}, "interfaces": {}})
        ip["version"].add(module.get("HWVERSION"))
        for each in module.findall("PARAMETERS/PARAMETER"):
            if kind not in PROCESSING_SYSTEMS or PS_NAMES.match(each.get("NAME", "")):
                ip["parameters"].setdefault(each.get("NAME"), set()).add(kind_of(each.get("VALUE", "")))
        for each in module.findall("PORTS/PORT"):
            ip["ports"].setdefault(each.get("NAME"), set()).add(port_of(each))
        for each in module.findall("BUSINTERFACES/BUSINTERFACE"):
            ip["interfaces"].setdefault(each.get("NAME"), set()).add(f"{each.get('TYPE')} {each.get('VLNV')}")
    found["smartconnect"] = SMARTCONNECT
    return {kind: {what: _grouped(value) for what, value in ip.items()} for kind, ip in sorted(found.items())}


def _grouped(value: Any) -> Any:
    """Names by what they are, which is shorter than the other way round."""
    if not isinstance(value, dict):
        return sorted(value)
    groups: dict[str, list[str]] = defaultdict(list)
    for name, known in sorted(value.items()):
        groups["|".join(sorted(known))].append(name)
    return {known: " ".join(names) for known, names in sorted(groups.items())}


def main(folder: Path) -> None:
    """Write the table."""
    spec = find_spec("pynqmetadata")
    assert spec is not None and spec.origin is not None
    metadata = Path(spec.origin).parent / "tests" / "hwhs"
    of_metadata = f"pynqmetadata {version('pynqmetadata')} on PyPI, tests/hwhs"
    files = [(PYNQ, folder, name) for name in FILES] + [(of_metadata, metadata, name) for name in METADATA_FILES]
    roots, sources = [], {}
    for origin, place, name in files:
        contents = (place / name).read_bytes()
        roots.append(ElementTree.fromstring(contents))
        digest = hashlib.sha256(contents).hexdigest()
        sources[f"{origin}: {name}"] = {"sha256": digest, "vivado": roots[-1].get("VIVADOVERSION"), "read": "whole"}
    partly = {name: {**entry, "read": "in part, by hand"} for name, entry in READ_IN_PART.items()}
    table = {
        "about": "Fields of Vivado-made .hwh files: names and kinds of values, no contents. Written by "
        "cores/scripts/hwh_fields.py. always: on every element of that kind; children: in every one.",
        "sources": {**sources, **partly},
        "elements": elements_of(roots),
        "ips": ips_of(roots),
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
