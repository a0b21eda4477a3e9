"""What is behind the server: one simulated device, one lock, one FPGA manager."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pynq

from tilewright.remote.errors import UnsupportedCallError
from tilewright.remote.firmware import overlay_of_firmware
from tilewright.sim import SimDevice
from tilewright.sim.build import build_library
from tilewright.sim.metadata import read_overlay


class SimulatedBoard:
    """A simulated device that several threads share; every access holds ``lock``.

    Args:
        device: the device, not used by anything else.

    Attributes:
        device: the device.
        lock: guards it.
        loaded: name of the firmware that is loaded; None before.
    """

    def __init__(self, device: SimDevice) -> None:
        self.device = device
        self.lock = threading.RLock()
        self.loaded: str | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="tilewright-serve-")

    def load(self, name: str, firmware: bytes, partial: bool = False) -> None:
        """Does what an FPGA manager does: loads a firmware.

        Args:
            name: of the firmware.
            firmware: its contents.
            partial: whether it reconfigures a part only.

        Raises:
            OverlayFileError: it is no simulated bitstream.
            SimulatorBuildError: the hardware cannot be built.
            UnsupportedCallError: it is partial.
        """
        if partial:
            raise UnsupportedCallError("partial bitstreams are not simulated")
        bit = str(overlay_of_firmware(name, firmware, Path(self._folder.name)))
        # Takes a minute where the hardware has not been built yet: meanwhile others use what is loaded
        build_library(read_overlay(Path(bit)), self.device.traced)
        with self.lock:
            self.device.set_bitfile_name(bit)
            self.device.download(pynq.Bitstream(bit, device=self.device), self.device.parser)
            self.loaded = name

    def monotonic(self) -> float:
        """The device's clock in seconds."""
        with self.lock:
            return self.device.monotonic()

    def close(self) -> None:
        """Removes temporary files."""
        self._folder.cleanup()
