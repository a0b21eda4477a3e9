"""Fixtures for the simulated device: an overlay that tests may leave in an error, and a transfer by pynq's own DMA."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pynq
import pytest

from tilewright.hardware import pg021, registers
from tilewright.hardware.beats import Beats

Exchange = Callable[[Any, Beats, int], npt.NDArray[np.uint64]]


def clear(overlay: Any) -> None:
    """Reset DMA, accelerator and DMA again, as a driver on a board does."""
    dma = overlay.axi_dma_0
    for _ in range(2):
        dma.mmio.write(pg021.MM2S_DMACR, pg021.DMACR_RESET)
        while dma.mmio.read(pg021.MM2S_DMACR) & pg021.DMACR_RESET:
            pass
        overlay.accelerator_0.write(registers.REG_CONTROL, 1)


@pytest.fixture(scope="session")
def clear_device() -> Callable[[Any], None]:
    """`clear_device(overlay)` resets DMA, accelerator and DMA; the channels are halted then."""
    return clear


@pytest.fixture(scope="session")
def overlay_for_errors() -> Any:
    from tilewright.sim import open_overlay

    return open_overlay(8, seed=20)


@pytest.fixture
def overlay(overlay_for_errors: Any) -> Iterator[Any]:
    """An 8 x 8 device of these tests' own, reset after each."""
    pynq.Device.active_device = overlay_for_errors.device
    yield overlay_for_errors
    clear(overlay_for_errors)
    overlay_for_errors.axi_dma_0.sendchannel.start()
    overlay_for_errors.axi_dma_0.recvchannel.start()


@pytest.fixture
def unguarded(overlay: Any) -> Iterator[Any]:
    """The same, and transfers outside all buffers are the DMA's to refuse."""
    overlay.device.check_addresses = False
    yield overlay
    overlay.device.check_addresses = True


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    """`exchange(overlay, beats, room)` sends beats, and returns what came back, up to room beats."""

    def exchange(overlay: Any, beats: Beats, room: int) -> npt.NDArray[np.uint64]:
        dma = overlay.axi_dma_0
        send = pynq.allocate(beats.shape, np.uint64, target=overlay.device)
        receive = pynq.allocate((room,), np.uint64, target=overlay.device)
        send[:] = beats
        dma.recvchannel.transfer(receive)
        dma.sendchannel.transfer(send)
        dma.sendchannel.wait()
        dma.recvchannel.wait()
        return np.array(receive[: dma.recvchannel.transferred // 8])

    return exchange
