"""From the .bin that pynq's client sends back to the overlay that the simulated device loads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from tilewright.sim.errors import OverlayFileError
from tilewright.sim.metadata import SIGNATURE, write_overlay
from tilewright.sim.parameters import SocParameters

_ADVICE = "the simulated board loads only bitstreams that tilewright.sim.write_overlay or `tilewright serve` wrote"


def overlay_of_firmware(firmware: bytes, folder: Path) -> Path:
    """Write the .bit and .hwh that a .bin came from.

    Args:
        firmware: a .bit's data as pynq's ``bit2bin`` gives them to an FPGA manager: the bytes of each word reversed.
        folder: for the files.

    Returns:
        The .bit.

    Raises:
        OverlayFileError: the firmware is no simulated bitstream, or has another block design than this version writes.
    """
    try:
        payload = np.frombuffer(firmware, dtype=np.uint32).byteswap().tobytes()
        contents = json.loads(payload.rstrip(b"\0"))
        signature, digest = contents["signature"], contents["hwh_sha256"]
        parameters = SocParameters(**contents["parameters"])
    except (ValueError, TypeError, KeyError) as error:
        raise OverlayFileError(f"the firmware ({len(firmware)} bytes) is no simulated bitstream; {_ADVICE}") from error
    if signature != SIGNATURE:
        raise OverlayFileError(f"the firmware has signature {signature!r}; {_ADVICE}")
    bit = write_overlay(parameters, folder)
    if hashlib.sha256(bit.with_suffix(".hwh").read_bytes()).hexdigest() != digest:
        raise OverlayFileError(
            "the client's block design (.hwh) is not the one that this server has for these parameters: use the "
            "files of `tilewright serve`, or one version of Tilewright on both sides"
        )
    return bit
