"""What a bitstream says of itself: its .hwh, and the entry of the manifest beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tilewright.bitstreams.manifest import MANIFEST, manifest_entry
from tilewright.errors import TargetError

SYSTEMS = ("processing_system7", "zynq_ultra_ps_e")
# Masters of the DMA to the memory
MASTERS = ("M_AXI_MM2S", "M_AXI_S2MM")


@dataclass(frozen=True)
class Segment:
    """Addresses that a master of the DMA reaches: from, and up to this one."""

    master: str
    base: int
    high: int

    def __str__(self) -> str:
        return f"{self.base:#x} to {self.high:#x}"


@dataclass(frozen=True)
class Design:
    """A bitstream's own words.

    Attributes:
        bitstream: the .bit.
        digests: SHA-256 of .bit and .hwh, by suffix.
        system: name of the processing system's IP; "" where the .hwh has none.
        system_parameters, dma, accelerator: parameters of these in the .hwh, in the case that it has, as texts.
        segments: what the DMA's masters reach; empty where the .hwh does not say.
        manifest: the bitstream's entry of the manifest beside it; None without one.
    """

    bitstream: Path
    digests: Mapping[str, str]
    system: str
    system_parameters: Mapping[str, str]
    dma: Mapping[str, str]
    accelerator: Mapping[str, str]
    segments: tuple[Segment, ...]
    manifest: Mapping[str, Any] | None

    def integer(self, name: str) -> tuple[int, str] | None:
        """A parameter of the accelerator by its name in Verilog, and who says so; the manifest first."""
        parameters = {} if self.manifest is None else self.manifest.get("parameters", {})
        if name in parameters:
            return int(parameters[name]), MANIFEST
        if name in self.accelerator:
            return int(self.accelerator[name], 0), "the .hwh"
        return None

    def dma_integer(self, name: str) -> int | None:
        """A parameter of the DMA; None where the .hwh lacks it."""
        found = {key.lower(): value for key, value in self.dma.items()}.get(name)
        return None if found is None else int(found, 0)


def read_design(bitstream: str | Path, dma: str = "axi_dma_0", accelerator: str = "accelerator_0") -> Design:
    """Reads .hwh and manifest of a bitstream.

    Args:
        bitstream: the .bit, its .hwh beside it.
        dma, accelerator: names in the block design.

    Returns:
        What they say.

    Raises:
        TargetError: a file is missing, or the .hwh is none.
    """
    bitstream = Path(bitstream)
    hwh = bitstream.with_suffix(".hwh")
    for file in (bitstream, hwh):
        if not file.is_file():
            raise TargetError(f"no file {file}: a .bit needs its .hwh beside it")
    try:
        root = ElementTree.parse(hwh).getroot()
    except ElementTree.ParseError as error:
        raise TargetError(f"{hwh} is no .hwh: {error}") from error
    modules = {module.get("INSTANCE", ""): module for module in root.iter("MODULE")}
    system = next((module for module in modules.values() if module.get("MODTYPE") in SYSTEMS), None)
    return Design(
        bitstream=bitstream,
        digests={file.suffix[1:]: hashlib.sha256(file.read_bytes()).hexdigest() for file in (bitstream, hwh)},
        system="" if system is None else system.get("MODTYPE", ""),
        system_parameters=_parameters(system),
        dma=_parameters(modules.get(dma)),
        accelerator=_parameters(modules.get(accelerator)),
        segments=_segments(modules.get(dma)),
        manifest=manifest_entry(bitstream),
    )


def _parameters(module: ElementTree.Element | None) -> dict[str, str]:
    if module is None:
        return {}
    return {each.get("NAME", ""): each.get("VALUE", "") for each in module.iterfind("PARAMETERS/PARAMETER")}


def _segments(module: ElementTree.Element | None) -> tuple[Segment, ...]:
    ranges = [] if module is None else list(module.iterfind("MEMORYMAP/MEMRANGE"))
    return tuple(
        Segment(master, int(each.get("BASEVALUE", "0"), 0), int(each.get("HIGHVALUE", "0"), 0))
        for each in ranges
        if (master := each.get("MASTERBUSINTERFACE", "")) in MASTERS and each.get("MEMTYPE") == "MEMORY"
    )
