"""Scatter-gather mode under pynq's own driver: descriptors, cyclic transfers, lengths, errors, interrupts."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pynq
import pytest
from programs import empty_program, empty_result, layer_packet, small_layer

from tilewright.compiler import compile_layer
from tilewright.driver import Driver
from tilewright.errors import BufferNotAllocatedError
from tilewright.reference import layer_outputs
from tilewright.sim import SocParameters, open_overlay


@pytest.fixture(scope="module")
def gather_overlay() -> Any:
    return open_overlay(SocParameters(n=8, scatter_gather=True), seed=1)


@pytest.fixture
def gather(gather_overlay: Any) -> Iterator[Any]:
    """An overlay whose DMA has scatter-gather mode, downloaded anew."""
    pynq.Device.active_device = gather_overlay.device
    yield pynq.Overlay(gather_overlay.bitfile_name, device=gather_overlay.device)


def buffers(overlay: Any, beats: np.ndarray, room: int) -> tuple[Any, Any]:
    send = pynq.allocate(beats.shape, np.uint64, target=overlay.device)
    receive = pynq.allocate((room,), np.uint64, target=overlay.device)
    send[:] = beats
    return send, receive


def test_the_driver_is_pynqs_for_scatter_gather(gather: Any) -> None:
    assert type(gather.axi_dma_0.sendchannel).__name__ == "_SGDMAChannel"
    assert gather.axi_dma_0.register_map.MM2S_DMASR.SGIncld == 1


def test_layer_in_descriptors(gather: Any, exchange: Any) -> None:
    got, expected = layer_packet(gather, exchange, small_layer(1))
    assert np.array_equal(got, expected)


def test_many_descriptors(gather: Any) -> None:
    """Blocks of 64 bytes: the program and its results are spread over some hundred descriptors."""
    layer, dma = small_layer(2), gather.axi_dma_0
    program = compile_layer(layer, gather.device.parameters.array)
    send, receive = buffers(gather, program.beats, program.output_beats + 3)
    for channel in (dma.sendchannel, dma.recvchannel):
        channel._max_size = 64
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    dma.recvchannel.wait()
    assert (dma.sendchannel.transferred, dma.recvchannel.transferred) == (send.nbytes, receive.nbytes)
    outputs = program.unpack(np.array(receive, dtype=np.uint64))
    assert np.array_equal(outputs[0], layer_outputs(layer, False))


def test_received_length(gather: Any) -> None:
    """A packet shorter than the buffer: the descriptors' status says how much came, as pynq reads it."""
    send, receive = buffers(gather, empty_program(), 512)
    dma = gather.axi_dma_0
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    while not dma.mmio.read(0x34) & 0x1000:
        pass
    dma.recvchannel._descr.invalidate()
    assert dma.recvchannel._descr[0, 7] & 0x83FFFFFF == 0x80000000 | 24
    receive.invalidate()
    assert receive[:3].tolist() == empty_result()


def test_our_driver(gather: Any) -> None:
    layer = small_layer(3)
    driver = Driver(gather)
    for relu in (False, True):
        result = driver.run(compile_layer(layer, driver.array, relu))
        assert np.array_equal(result.outputs[0], layer_outputs(layer, relu))


def test_wait_async(gather: Any) -> None:
    send, receive = buffers(gather, empty_program(), 3)
    dma = gather.axi_dma_0

    async def run() -> None:
        dma.recvchannel.transfer(receive)
        dma.sendchannel.transfer(send)
        await asyncio.gather(dma.sendchannel.wait_async(), dma.recvchannel.wait_async())

    asyncio.run(run())
    assert receive.tolist() == empty_result()


def test_cyclic(gather: Any) -> None:
    """The same program again and again, until the channel is stopped; each is answered."""
    dma = gather.axi_dma_0
    send, receive = buffers(gather, empty_program(), 3)
    with pytest.raises(RuntimeError, match="Cyclic"):
        dma.recvchannel.transfer(receive, cyclic=True)
    dma.recvchannel._cyclic = False
    dma.sendchannel.transfer(send, cyclic=True)
    for _ in range(5):
        receive[:] = 0
        receive.flush()
        dma.recvchannel.transfer(receive)
        dma.recvchannel.wait()
        assert receive.tolist() == empty_result()
    with pytest.raises(RuntimeError, match="cyclic"):
        dma.sendchannel.wait()
    dma.sendchannel.stop()
    assert dma.sendchannel.halted


def test_descriptor_outside_all_buffers(gather: Any) -> None:
    mmio = gather.axi_dma_0.mmio
    for offset, value in ((0x00, 1), (0x08, 0x1000), (0x0C, 0), (0x10, 0x1000)):
        mmio.write(offset, value)
    with pytest.raises(BufferNotAllocatedError, match="MM2S descriptor 0"):
        mmio.write(0x14, 0)


def test_buffer_of_a_descriptor_outside_all_buffers(gather: Any) -> None:
    receive = pynq.allocate((64,), np.uint64, target=gather.device)
    with pytest.raises(BufferNotAllocatedError, match=r"S2MM transfer of descriptor 0: .*derived from a buffer"):
        gather.axi_dma_0.recvchannel.transfer(receive + 8)


def test_descriptor_error_is_pynqs(gather: Any) -> None:
    """As a board that is lucky: the fetch is answered by DECERR."""
    gather.device.check_addresses = False
    mmio = gather.axi_dma_0.mmio
    for offset, value in ((0x00, 1), (0x08, 0x1000), (0x0C, 0), (0x10, 0x1000), (0x14, 0)):
        mmio.write(offset, value)
    gather.device.check_addresses = True
    channel = gather.axi_dma_0.sendchannel
    channel._transfer_started = True
    with pytest.raises(RuntimeError, match="Scatter-Gather Decode Error"):
        channel.wait()
