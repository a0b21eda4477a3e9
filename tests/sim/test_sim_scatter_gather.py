"""Scatter-gather mode of the simulated DMA under pynq's own driver for it, unmodified."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pynq
import pytest
from programs import empty_program, empty_result, layer_packet, small_layer
from pynq.lib.dma import _SGDMAChannel

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.errors import BufferNotAllocatedError
from tilewright.hardware.beats import Beats
from tilewright.hardware.pg021 import CURDESC, CURDESC_MSB, DMACR, DMASR, S2MM, TAILDESC, TAILDESC_MSB
from tilewright.network.convolution import layer_outputs
from tilewright.sim import SocParameters, open_overlay
from tilewright.sim.own_ports import Streams


@pytest.fixture(scope="module")
def opened() -> Any:
    return open_overlay(SocParameters(n=8, scatter_gather=True), seed=9)


@pytest.fixture
def overlay(opened: Any, clear_device: Any) -> Iterator[Any]:
    """The device, reset after each test."""
    pynq.Device.active_device = opened.device
    yield opened
    opened.device.check_addresses = True
    clear_device(opened)


def buffers(overlay: Any, beats: Beats, room: int) -> tuple[Any, Any]:
    send = pynq.allocate(beats.shape, np.uint64, target=overlay.device)
    send[:] = beats
    return send, pynq.allocate((room,), np.uint64, target=overlay.device)


def test_pynq_takes_it_for_scatter_gather(overlay: Any) -> None:
    dma = overlay.axi_dma_0
    assert type(dma.sendchannel) is type(dma.recvchannel) is _SGDMAChannel
    assert dma.sendchannel.halted and dma.recvchannel.halted
    assert dma.register_map.MM2S_DMASR.SGIncld == dma.register_map.S2MM_DMASR.SGIncld == 1


def test_layers_in_two_descriptors_each_way(overlay: Any, exchange: Any) -> None:
    for seed in range(3):
        got, expected = layer_packet(overlay, exchange, small_layer(seed))
        assert np.array_equal(got, expected)
        assert overlay.axi_dma_0.sendchannel.transferred == 8 * overlay.device.streams.program_beats


def test_a_packet_in_many_descriptors(overlay: Any, exchange: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLAST comes after the last one: the accelerator refuses a program that ends before."""
    for channel, longest in ((overlay.axi_dma_0.sendchannel, 263), (overlay.axi_dma_0.recvchannel, 47)):
        monkeypatch.setattr(channel, "_max_size", longest)
    got, expected = layer_packet(overlay, exchange, small_layer(7))
    assert np.array_equal(got, expected)
    assert overlay.axi_dma_0.recvchannel._num_descr == -(-expected.nbytes // 40) > 20


def test_wait_async(overlay: Any) -> None:
    dma = overlay.axi_dma_0

    async def run() -> None:
        for _ in range(2):
            send, receive = buffers(overlay, empty_program(), 4)
            dma.recvchannel.transfer(receive)
            dma.sendchannel.transfer(send)
            await asyncio.gather(dma.sendchannel.wait_async(), dma.recvchannel.wait_async())
            assert receive.tolist() == empty_result()
            assert (dma.sendchannel.transferred, dma.recvchannel.transferred) == (48, 32)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(run())
    loop.close()


def test_cyclic(overlay: Any, exchange: Any, clear_device: Any) -> None:
    """One program, sent again and again, answered each time; then stopped, and the device works on."""
    dma = overlay.axi_dma_0
    send, receive = buffers(overlay, empty_program(), 4)
    dma.sendchannel.transfer(send, cyclic=True)
    for _ in range(5):
        receive[:] = 0
        receive.flush()
        dma.recvchannel.transfer(receive)
        dma.recvchannel.wait()
        assert receive.tolist() == empty_result()
    assert not dma.sendchannel.idle and dma.sendchannel.running
    assert overlay.device.streams.program_beats > 5 * len(send)
    dma.sendchannel.stop()
    assert dma.sendchannel.halted
    clear_device(overlay)
    got, expected = layer_packet(overlay, exchange, small_layer(8))
    assert np.array_equal(got, expected)


def test_completed_descriptor(overlay: Any) -> None:
    dma = overlay.axi_dma_0
    send, receive = buffers(overlay, empty_program(), 4)
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    while not dma.sendchannel.idle:
        pass
    mmio, chain = dma.mmio, dma.sendchannel._descr.physical_address
    for register, value in ((DMACR, 0), (CURDESC, chain & 0xFFFF_FFFF), (CURDESC_MSB, chain >> 32), (DMACR, 1)):
        mmio.write(register, value)
    for register, value in ((TAILDESC, chain + 64 & 0xFFFF_FFFF), (TAILDESC_MSB, chain >> 32)):
        mmio.write(register, value)
    with pytest.raises(RuntimeError, match="re-used completed descriptor"):
        dma.sendchannel.wait()
    assert dma.sendchannel.halted and dma.sendchannel.error


@pytest.mark.parametrize(
    ("chain", "message"), [(0x1000, "invalid descriptor address"), (None, "Scatter-Gather Slave Error")]
)
def test_descriptor_outside_the_buffers(overlay: Any, chain: int | None, message: str) -> None:
    overlay.device.check_addresses = False
    dma = overlay.axi_dma_0
    send, _ = buffers(overlay, empty_program(), 4)
    chain = chain or send.physical_address + 4096
    dma.sendchannel.start()
    dma.sendchannel.stop()
    for register, value in ((CURDESC, chain & 0xFFFF_FFFF), (CURDESC_MSB, chain >> 32)):
        dma.mmio.write(register, value)
    dma.sendchannel.start()
    for register, value in ((TAILDESC, chain & 0xFFFF_FFFF), (TAILDESC_MSB, chain >> 32)):
        dma.mmio.write(register, value)
    with pytest.raises(RuntimeError, match=message):
        dma.sendchannel.wait()
    assert dma.mmio.read(CURDESC) == chain & 0xFFFF_FFFF


def test_send_from_outside_the_buffers(overlay: Any) -> None:
    """The descriptor is good, what it points to is not: both tell."""
    overlay.device.check_addresses = False
    dma = overlay.axi_dma_0
    send, _ = buffers(overlay, empty_program(), 4)
    dma.sendchannel.transfer(send, start=-(1 << 34), nbytes=40)
    # wait() takes an error that comes between its reads of DMASR for the end
    while not dma.sendchannel.halted:
        pass
    with pytest.raises(RuntimeError, match="DMA Decode Error"):
        dma.sendchannel.wait()
    dma.sendchannel._descr.invalidate()
    assert dma.sendchannel._descr[0, 7] == 1 << 31 | 1 << 30


def test_streams_count_from_the_tail_descriptor(overlay: Any, exchange: Any) -> None:
    exchange(overlay, empty_program(), 4)
    assert overlay.device.streams == Streams(6, 4, program_last=True, result_last=True)
    overlay.axi_dma_0.mmio.write(DMACR, 4)
    assert overlay.device.streams == Streams(0, 0, program_last=False, result_last=False)


def test_received_length(overlay: Any) -> None:
    """A packet shorter than the buffer: the status of its descriptor says how much came."""
    dma = overlay.axi_dma_0
    send, receive = buffers(overlay, empty_program(), 512)
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    while not dma.mmio.read(S2MM + DMASR) & 0x1000:
        pass
    dma.recvchannel._descr.invalidate()
    assert dma.recvchannel._descr[0, 7] & 0x83FFFFFF == 1 << 31 | 32
    receive.invalidate()
    assert receive[:4].tolist() == empty_result()


def test_our_driver(overlay: Any) -> None:
    layer, driver = small_layer(3), Driver(overlay)
    for relu in (False, True):
        result = driver.run(compile_layer(layer, driver.array, relu))
        assert np.array_equal(result.outputs[0], layer_outputs(layer, relu))


def test_descriptor_that_is_in_no_buffer_is_caught(overlay: Any) -> None:
    mmio = overlay.axi_dma_0.mmio
    for register, value in ((DMACR, 1), (CURDESC, 0x1000), (CURDESC_MSB, 0), (TAILDESC, 0x1000)):
        mmio.write(register, value)
    with pytest.raises(BufferNotAllocatedError, match="MM2S descriptor 0"):
        mmio.write(TAILDESC_MSB, 0)


def test_expression_in_a_descriptor_is_caught(overlay: Any) -> None:
    receive = pynq.allocate((64,), np.uint64, target=overlay.device)
    with pytest.raises(BufferNotAllocatedError, match=r"S2MM transfer of descriptor 0: .*derived from a buffer"):
        overlay.axi_dma_0.recvchannel.transfer(receive + 8)
