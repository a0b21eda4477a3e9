"""Buffers of the simulated device: two copies, bounds, and arrays that DMA cannot reach."""

import gc
from typing import Any

import numpy as np
import pynq
import pytest
from pynq.buffer import PynqBuffer

from tilewright.errors import BufferNotAllocatedError, SimulationError
from tilewright.sim import DdrExhaustedError, SimDevice
from tilewright.sim.memory import FRESH_BYTE, PAGE_BYTES
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE

DDR_BASE = ZYNQ_ULTRASCALE.ddr_base


@pytest.fixture
def device() -> SimDevice:
    return SimDevice(seed=1)


def ddr(device: SimDevice, buffer: PynqBuffer) -> Any:
    """The bytes that the DMA would see."""
    start = buffer.physical_address - DDR_BASE
    return device.default_memory.ddr[start : start + buffer.nbytes]


def test_host_and_ddr_are_separate(device: SimDevice) -> None:
    buffer = pynq.allocate((100,), np.uint32, target=device)
    assert type(buffer) is PynqBuffer
    assert not buffer.any() and (ddr(device, buffer) == FRESH_BYTE).all()
    buffer[:] = np.arange(100)
    assert (ddr(device, buffer) == FRESH_BYTE).all()
    buffer.flush()
    assert (ddr(device, buffer).view(np.uint32) == np.arange(100)).all()
    ddr(device, buffer)[:] = 7
    assert (buffer == np.arange(100)).all()
    buffer.invalidate()
    assert (buffer == 0x07070707).all()


def test_slices_move_their_own_lines(device: SimDevice) -> None:
    buffer = pynq.allocate((16, 8), np.uint8, target=device)
    buffer[:] = 1
    part = buffer[4:6]
    assert part.physical_address == buffer.physical_address + 32
    part.flush()
    expected = np.full(128, FRESH_BYTE)
    expected[:64] = 1
    assert (ddr(device, buffer) == expected).all()
    ddr(device, buffer)[:] = 3
    part.invalidate()
    assert (buffer == 3).nonzero()[0].tolist() == [4] * 8 + [5] * 8


@pytest.mark.parametrize("derive", [lambda b: b * 2, lambda b: b.copy(), lambda b: b.astype(np.int64)])
def test_derived_arrays_are_refused(device: SimDevice, derive: Any) -> None:
    buffer = pynq.allocate((64,), np.uint32, target=device)
    derived = derive(buffer)
    assert isinstance(derived, PynqBuffer)
    with pytest.raises(BufferNotAllocatedError, match="does not lie in the allocated buffer"):
        derived.flush()
    with pytest.raises(BufferNotAllocatedError, match="does not lie in the allocated buffer"):
        derived.invalidate()


def test_freed_buffer_is_refused(device: SimDevice) -> None:
    buffer = pynq.allocate((64,), np.uint32, target=device)
    buffer.freebuffer()
    with pytest.raises(BufferNotAllocatedError, match="was freed"):
        buffer.flush()


def test_memory_is_reused_with_a_free_page_between_buffers(device: SimDevice) -> None:
    first = pynq.allocate((PAGE_BYTES,), np.uint8, target=device)
    second = pynq.allocate((PAGE_BYTES + 1,), np.uint8, target=device)
    third = pynq.allocate((1,), np.uint8, target=device)
    addresses = [buffer.physical_address - DDR_BASE for buffer in (first, second, third)]
    assert addresses == [0, 2 * PAGE_BYTES, 5 * PAGE_BYTES]
    assert device.default_memory.pages[:7].tolist() == [1, 0, 1, 1, 0, 1, 0]
    del second
    gc.collect()
    assert device.default_memory.pages[:7].tolist() == [1, 0, 0, 0, 0, 1, 0]
    again = pynq.allocate((PAGE_BYTES,), np.uint8, target=device)
    assert again.physical_address - DDR_BASE == 2 * PAGE_BYTES


def test_full_memory_names_what_holds_it(device: SimDevice) -> None:
    held = pynq.allocate((200 << 20,), np.uint8, target=device)
    with pytest.raises(DdrExhaustedError, match=rf"1 buffers hold {held.nbytes} of"):
        pynq.allocate((100 << 20,), np.uint8, target=device)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latency": 0}, "latency 0"),
        ({"stall_probability": 1.0}, "stall probability 1.0"),
        ({"stall_probability": -0.1}, "stall probability -0.1"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        SimDevice(**arguments)


def test_seed_is_drawn_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = SimDevice(), SimDevice()
    assert first.seed != second.seed
    printed = capsys.readouterr().err.splitlines()
    assert printed == [f"simulated device: seed {first.seed}", f"simulated device: seed {second.seed}"]


def test_nothing_loaded() -> None:
    from tilewright.sim import BusError

    device = SimDevice(seed=1)
    with pytest.raises(BusError, match="no overlay is loaded"):
        pynq.MMIO(0xA0000000, 0x1000, device=device).read(0)
