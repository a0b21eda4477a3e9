"""The RTL of accelerator and DMA as a pynq device: everything above the registers is the installed pynq, unmodified.

:func:`open_overlay` is all that most users need. Nothing here runs on a board.
"""

from __future__ import annotations

import hashlib

import pynq
from pynq.pl_server.device import Device

from tilewright.cache import cache_folder
from tilewright.sim.device import SimDevice
from tilewright.sim.errors import BusError, DdrExhaustedError, OverlayFileError, SimulatorBuildError
from tilewright.sim.metadata import write_overlay
from tilewright.sim.parameters import SocParameters

__all__ = [
    "BusError",
    "DdrExhaustedError",
    "OverlayFileError",
    "SimDevice",
    "SimulatorBuildError",
    "SocParameters",
    "open_overlay",
]


def open_overlay(
    array: int | SocParameters = 8,
    latency: int = 40,
    stall_probability: float = 0.05,
    seed: int | None = None,
    traced: bool = False,
) -> pynq.Overlay:
    """Return an overlay on a new simulated device, which becomes ``pynq.Device.active_device``.

    The first call for a version of the sources builds the hardware (about a minute, with progress on standard error).
    Several devices can be open at once; allocate their buffers with ``target=overlay.device``.

    Args:
        array: rows and columns of the array (8, 16 or 32), or all parameters.
        latency: cycles from a DDR read address to its first beat.
        stall_probability: that a cycle withholds ready or valid on a DDR channel; 0 to 0.99.
        seed: of the stalls and of uninitialised registers; drawn and printed when None. ``overlay.device.seed`` has it.
        traced: whether the device can write waveforms (``overlay.device.trace``): a build of its own, and slower.

    Returns:
        pynq.Overlay with ``axi_dma_0`` (pynq.lib.dma.DMA) and ``accelerator_0``.

    Raises:
        SimulationError: a parameter is out of range.
        SimulatorBuildError: the hardware cannot be built.
    """
    parameters = array if isinstance(array, SocParameters) else SocParameters(n=array)
    device = SimDevice(latency, stall_probability, seed, traced)
    folder = cache_folder() / "overlays" / hashlib.sha256(repr(parameters).encode()).hexdigest()[:16]
    bit = write_overlay(parameters, folder)
    Device.active_device = device
    return pynq.Overlay(str(bit), device=device)
