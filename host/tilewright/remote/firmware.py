"""From the .bin that pynq's client sends back to the overlay that the simulated device loads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tilewright.boards.board import board_of
from tilewright.errors import ParameterError
from tilewright.sim.errors import OverlayFileError
from tilewright.sim.hardware import OwnHardware
from tilewright.sim.metadata import hardware_of, payload_contents, write_overlay
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE, system_of


def overlay_of_firmware(name: str, firmware: bytes, folder: Path) -> Path:
    """Write the .bit and .hwh that a .bin came from.

    Args:
        name: of the firmware, for messages.
        firmware: a .bit's data as pynq's ``bit2bin`` gives them to an FPGA manager: the bytes of each word reversed.
        folder: for the files.

    Returns:
        The .bit.

    Raises:
        OverlayFileError: the firmware is no simulated bitstream, is one of a third party's hardware (which names files
            of this computer), or has another block design than this version writes.
    """
    if len(firmware) % 4:
        raise OverlayFileError(f"{name} has {len(firmware)} bytes, no whole words: it is no firmware")
    payload = np.frombuffer(firmware, dtype=np.uint32).byteswap().tobytes()
    contents = payload_contents(payload, name)
    hardware = hardware_of(contents, name)
    if not isinstance(hardware, OwnHardware):
        raise OverlayFileError(f"{name} stands for a third party's hardware; the server loads this package's only")
    try:
        board = board_of(str(contents.get("board", ZYNQ_ULTRASCALE.board.name)))
        bit = write_overlay(hardware.parameters, folder, system_of(board))
    except ParameterError as error:
        raise OverlayFileError(f"{name}: {error}") from error
    if hashlib.sha256(bit.with_suffix(".hwh").read_bytes()).hexdigest() == contents.get("hwh_sha256"):
        return bit
    raise OverlayFileError(
        f"{name}: the client's block design (.hwh) is not the one that this server has for these parameters: use the "
        "files of `tilewright serve`, or one version of Tilewright on both sides"
    )
