"""A .bit and a .hwh as the stand-in writes them: the fields that are looked at, and no configuration data.

The header follows pynq's parser of .bit files and headers of public ones; the .hwh's elements are those of Vivado-made
files.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

Cells = Iterable[tuple[str, str, Mapping[str, str]]]
DATA = b"Written by a stand-in for Vivado: there is no hardware in this file. "


def bit_bytes(top: str, part: str, version: str, date: str = "2026/11/30") -> bytes:
    """A .bit.

    Args:
        top: name of the top module.
        part: whole part number; 7-series have neither ``xc`` nor speed grade in a .bit.
        version: of the tool.
        date: of the build.
    """
    written = part.removeprefix("xc").partition("-")[0] if part.startswith("xc7") else part
    header = struct.pack(">h", 9) + bytes.fromhex("0ff00ff00ff00ff000") + struct.pack(">h", 1)
    design = f"{top};COMPRESS=TRUE;UserID=0XFFFFFFFF;Version={version}"
    for key, text in ((b"a", design), (b"b", written), (b"c", date), (b"d", "12:00:00")):
        header += key + struct.pack(">h", len(text) + 1) + text.encode() + b"\0"
    return header + b"e" + struct.pack(">i", 4 * len(DATA)) + 4 * DATA


def hwh_bytes(design: str, part: str, cells: Cells) -> bytes:
    """A .hwh.

    Args:
        design: name of the block design.
        part: whole part number.
        cells: instance, vendor:library:name:version and parameters of each.
    """
    found = re.fullmatch(r"xc(7\w+?)(c\w{2}\d+)(-\w+)", part) or re.fullmatch(r"(xc\w+)-(\w+)(-\w+)-\w", part)
    assert found, part
    root = ElementTree.Element("EDKSYSTEM")
    device, package, speedgrade = found.groups()
    info = {"NAME": design, "DEVICE": device, "PACKAGE": package, "SPEEDGRADE": speedgrade}
    ElementTree.SubElement(root, "SYSTEMINFO", info)
    modules = ElementTree.SubElement(root, "MODULES")
    for instance, vlnv, parameters in cells:
        module = ElementTree.SubElement(modules, "MODULE", INSTANCE=instance, FULLNAME=f"/{instance}", VLNV=vlnv)
        listed = ElementTree.SubElement(module, "PARAMETERS")
        for name, value in parameters.items():
            ElementTree.SubElement(listed, "PARAMETER", NAME=name, VALUE=value)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
