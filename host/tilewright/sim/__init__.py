"""The RTL of accelerator and DMA as a pynq device: everything above the registers is the installed pynq, unmodified.

:func:`open_overlay` is all that most users need. Nothing here runs on a board.
"""

from __future__ import annotations

import hashlib

import pynq

from tilewright.boards.board import board_of
from tilewright.environment import cache_folder
from tilewright.sim.design import hardware_of_board
from tilewright.sim.device import SimDevice, activate
from tilewright.sim.errors import BusError, DdrExhaustedError, OverlayFileError, SimulatorBuildError
from tilewright.sim.guest import ThirdPartyError
from tilewright.sim.metadata import write_overlay
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import ZYNQ_7000, ZYNQ_ULTRASCALE, ProcessingSystem, system_of
from tilewright.sim.simulate import simulate

__all__ = [
    "ZYNQ_7000",
    "ZYNQ_ULTRASCALE",
    "BusError",
    "DdrExhaustedError",
    "OverlayFileError",
    "ProcessingSystem",
    "SimDevice",
    "SimulatorBuildError",
    "SocParameters",
    "ThirdPartyError",
    "hardware_of_board",
    "open_overlay",
    "simulate",
    "system_of",
]


def open_overlay(
    array: int | SocParameters = 8,
    latency: int = 40,
    stall_probability: float = 0.05,
    seed: int | None = None,
    traced: bool = False,
    system: ProcessingSystem = ZYNQ_ULTRASCALE,
    board: str | None = None,
) -> pynq.Overlay:
    """Return an overlay on a new simulated device, which becomes ``pynq.Device.active_device``.

    The first call for a version of the sources builds the hardware (about a minute, with progress on standard error).
    Several devices can be open at once; allocate their buffers with ``target=overlay.device``.

    Args:
        array: rows and columns of the array (8, 16, 32 or 64), or all parameters.
        latency: cycles from a DDR read address to its first beat.
        stall_probability: that a cycle withholds ready or valid on a DDR channel; 0 to 0.99.
        seed: of the stalls and of uninitialised registers; drawn and printed when None. ``overlay.device.seed`` has it.
        traced: whether the device can write waveforms (``overlay.device.trace``): a build of its own, and slower.
        system: the board's processing system: ZYNQ_ULTRASCALE, ZYNQ_7000, or one of ``system_of``.
        board: name of a board of ``tilewright.boards``, whose system it is then.

    Returns:
        pynq.Overlay with ``axi_dma_0`` (pynq.lib.dma.DMA), ``accelerator_0`` and ``axi_intc_0``.

    Raises:
        SimulationError: a parameter is out of range.
        ParameterError: there is no such board.
        SimulatorBuildError: the hardware cannot be built.
    """
    parameters = array if isinstance(array, SocParameters) else SocParameters(n=array)
    if board is not None:
        system = system_of(board_of(board))
    device = SimDevice(latency, stall_probability, seed, traced, system)
    digest = hashlib.sha256(f"{parameters!r} {system.board.name}".encode()).hexdigest()
    bit = write_overlay(parameters, cache_folder() / "overlays" / digest[:16], system)
    activate(device)
    return pynq.Overlay(str(bit), device=device)
