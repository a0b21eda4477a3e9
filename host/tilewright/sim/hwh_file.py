"""Reads a .hwh with pynq's own parser, after what that parser takes without a word has been looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from pynqmetadata.frontends import Metadata
from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright.sim.errors import OverlayFileError
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

# Those of the largest designs have some MB, of which pynq's parser takes a second each.
MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class RegisterRange:
    """Addresses at which the CPU finds an interface of an IP.

    Attributes:
        instance: as pynq names the IP.
        interface: of the IP.
        base: physical address.
        size: bytes.
    """

    instance: str
    interface: str
    base: int
    size: int


def register_ranges(hwh: Path) -> list[RegisterRange]:
    """Return all addresses of a .hwh that :func:`read_hwh` has read. pynq keeps only one interface of an IP."""
    root = ElementTree.parse(hwh).getroot()
    modules = list(root.iter("MODULE"))
    names = {module.get("INSTANCE", ""): module.get("FULLNAME", "").lstrip("/") for module in modules}
    found = []
    for module in modules:
        if module.get("MODTYPE") in PROCESSING_SYSTEMS:
            for each in module.iter("MEMRANGE"):
                base, end = int(each.get("BASEVALUE", "0"), 0), int(each.get("HIGHVALUE", "0"), 0)
                instance, interface = each.get("INSTANCE", ""), each.get("SLAVEBUSINTERFACE", "")
                found.append(RegisterRange(names.get(instance) or instance, interface, base, end - base + 1))
    return found


def read_hwh(hwh: Path) -> RuntimeMetadataParser:
    """Return pynq's view of a block design.

    Raises:
        OverlayFileError: there is no such file, it is cut off, no .hwh or too large, or its addresses are wrong.
    """
    if not hwh.is_file():
        raise OverlayFileError(f"no .hwh {hwh}")
    _check_xml(hwh)
    try:
        parser = RuntimeMetadataParser(Metadata(input=str(hwh)))
    except Exception as error:  # pynqmetadata raises whatever an incomplete file leads it to
        raise OverlayFileError(f"pynq cannot read {hwh}: {type(error).__name__}: {error}") from error
    _check_addresses(parser.ip_dict, hwh)
    return parser


def _check_xml(hwh: Path) -> None:
    """Raises OverlayFileError for what no .hwh is: entities, which may unpack to anything, and broken XML."""
    nbytes = hwh.stat().st_size
    if nbytes > MOST_BYTES:
        raise OverlayFileError(f"{hwh} has {nbytes} bytes, and at most {MOST_BYTES} are read: it is no .hwh")

    def refuse(*doctype: Any) -> None:
        raise OverlayFileError(f"{hwh} defines a document type, {doctype[0]!r}, which no .hwh of Vivado's does")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(hwh.read_bytes(), True)
    except expat.ExpatError as error:
        raise OverlayFileError(f"{hwh} is cut off or no .hwh: {error}; copy or export it again") from error


def _check_addresses(ip_dict: Mapping[str, Any], hwh: Path) -> None:
    """Raises OverlayFileError where a range of registers is none that Vivado assigns: a power of two, on a multiple."""
    for name, ip in ip_dict.items():
        if ip.get("phys_addr") is None or ip.get("addr_range") is None:
            continue
        base, size = int(ip["phys_addr"]), int(ip["addr_range"])
        if size <= 0 or size & (size - 1) or base % size:
            raise OverlayFileError(
                f"{hwh}: {name} has its registers from {base:#x} to {base + size - 1:#x}, a range is a power of two "
                "of bytes on a multiple of itself: base and end (BASEVALUE, HIGHVALUE) do not belong together; export "
                "the .hwh again"
            )
