"""What a third party's .hwh says, read by pynq's own parser."""

from __future__ import annotations

from pathlib import Path

from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright.sim.errors import OverlayFileError
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.hwh_file import read_hwh
from tilewright.sim.processing_system import PROCESSING_SYSTEMS, ProcessingSystem


def read_block_design(hwh: Path) -> RuntimeMetadataParser:
    """Return pynq's view of a block design.

    Raises:
        ThirdPartyError: there is no such file, or pynq cannot read it.
    """
    try:
        return read_hwh(hwh)
    except OverlayFileError as error:
        raise ThirdPartyError(str(error)) from error


def processing_system(parser: RuntimeMetadataParser, hwh: Path) -> ProcessingSystem:
    """Return the block design's processing system. Raises ThirdPartyError for one that is not simulated."""
    if parser.family_ps not in PROCESSING_SYSTEMS:
        raise ThirdPartyError(f"{hwh}: {parser.family_ps} is not simulated, only {', '.join(PROCESSING_SYSTEMS)}")
    return PROCESSING_SYSTEMS[parser.family_ps]
