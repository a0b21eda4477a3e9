"""Cacheable buffers line by line, buffers without a cache, and the history of buffers in messages."""

from typing import Any

import numpy as np
import pynq
import pytest
from programs import empty_program

from tilewright.errors import BufferNotAllocatedError
from tilewright.sim import SimDevice


@pytest.fixture
def device() -> SimDevice:
    return SimDevice(seed=1)


def ddr(buffer: Any) -> Any:
    memory = buffer.device.default_memory
    start = buffer.physical_address - memory.base_address
    return memory.ddr[start : start + buffer.nbytes].view(buffer.dtype)


def test_flush_leaves_lines_that_the_host_has_not_changed(device: SimDevice) -> None:
    """A flush after the DMA has written must not undo it: pynq reads descriptors' status that way."""
    buffer = pynq.allocate((64,), np.uint32, target=device)
    buffer[:] = 1
    buffer.flush()
    ddr(buffer)[20] = 9
    buffer[40] = 2
    buffer.flush()
    assert ddr(buffer)[20] == buffer[20] == 9
    assert ddr(buffer)[40] == buffer[40] == 2


def test_a_line_belongs_to_its_last_writer(device: SimDevice) -> None:
    """Host and DMA write to one line: the flush overwrites the DMA's part, as a cache does."""
    buffer = pynq.allocate((64,), np.uint32, target=device)
    buffer.flush()
    ddr(buffer)[17] = 9
    buffer[16] = 2
    buffer.flush()
    assert ddr(buffer)[16:18].tolist() == [2, 0]


def test_invalidate_loses_what_was_not_flushed(device: SimDevice) -> None:
    buffer = pynq.allocate((64,), np.uint32, target=device)
    buffer.flush()
    buffer[3] = 5
    buffer.invalidate()
    assert not buffer.any()


def test_buffer_without_cache_is_the_memory(device: SimDevice) -> None:
    buffer = pynq.allocate((4, 16), np.uint32, target=device, cacheable=0)
    assert not buffer.cacheable and not buffer.any()
    buffer[2] = 7
    assert (ddr(buffer).reshape(4, 16)[2] == 7).all()
    ddr(buffer)[:] = 8
    assert (buffer == 8).all()
    buffer.flush()
    buffer.invalidate()
    assert (buffer == 8).all()
    assert buffer[1:].physical_address == buffer.physical_address + 64


def test_derived_array_names_its_buffer(device: SimDevice) -> None:
    buffer = pynq.allocate((64,), np.uint32, target=device)
    with pytest.raises(BufferNotAllocatedError, match=r"buffer 1: uint32\[64\], 256 bytes .*test_sim_buffers\.py:\d+"):
        (buffer * 2).flush()


def test_freed_buffer_names_where_it_was_freed(device: SimDevice) -> None:
    buffer = pynq.allocate((64,), np.uint32, target=device)
    address = buffer.physical_address
    buffer.freebuffer()
    with pytest.raises(BufferNotAllocatedError, match=r"That was buffer 1: .*freed at .*test_sim_buffers\.py:\d+"):
        device.default_memory.check_transfer(address, 4, "MM2S transfer")


def test_transfers_outside_all_buffers(overlay: Any) -> None:
    """Caught as LENGTH is written, before the DMA touches anything."""
    device, mmio = overlay.device, overlay.axi_dma_0.mmio
    buffer = pynq.allocate((8,), np.uint64, target=device)
    for address, nbytes, message in (
        (0x1000, 64, "MM2S transfer: 64 bytes at physical address 0x1000 are in no buffer"),
        (buffer.physical_address, 72, "goes 8 bytes beyond its end"),
    ):
        mmio.write(0x18, address & 0xFFFFFFFF)
        mmio.write(0x1C, address >> 32)
        cycles = device.cycles
        with pytest.raises(BufferNotAllocatedError, match=message):
            mmio.write(0x28, nbytes)
        assert device.cycles == cycles


def test_receive_into_an_expression(overlay: Any) -> None:
    """On a board the DMA writes to whatever lies at the made-up address."""
    receive = pynq.allocate((64,), np.uint64, target=overlay.device)
    with pytest.raises(BufferNotAllocatedError, match=r"S2MM transfer: .*was not made by pynq.allocate but derived"):
        overlay.axi_dma_0.recvchannel.transfer(receive + 1)


def test_buffer_freed_under_a_transfer_is_given_to_nobody(overlay: Any) -> None:
    """Until its transfer has ended or the DMA was reset; what the DMA writes meanwhile is an error it reports."""
    dma, device = overlay.axi_dma_0, overlay.device
    received = pynq.allocate((512,), np.uint64, target=device)
    address = received.physical_address
    dma.recvchannel.transfer(received)
    received.freebuffer()
    dma.recvchannel._active_buffer = None
    other = pynq.allocate((512,), np.uint64, target=device)
    assert other.physical_address != address
    other[:] = 7
    other.flush()
    program = pynq.allocate((6,), np.uint64, target=device)
    program[:] = empty_program()
    dma.sendchannel.transfer(program)
    dma.sendchannel.wait()
    for _ in range(20):
        status = dma.mmio.read(0x34)
    assert status & 0x21 == 0x21, "DMASlvErr, halted"
    assert (ddr(other) == 7).all()
    assert pynq.allocate((512,), np.uint64, target=device).physical_address == address


def test_buffer_freed_under_a_transfer_comes_back_with_the_reset(overlay: Any) -> None:
    dma, device = overlay.axi_dma_0, overlay.device
    received = pynq.allocate((512,), np.uint64, target=device)
    address = received.physical_address
    dma.recvchannel.transfer(received)
    received.freebuffer()
    dma.recvchannel._active_buffer = None
    dma.mmio.write(0x00, 4)
    assert pynq.allocate((512,), np.uint64, target=device).physical_address == address
