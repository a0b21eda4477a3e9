"""Drivers of others, in the shapes that hls4ml and FINN generate: they work and fail as on a board."""

from typing import Any

import numpy as np
import pynq
import pytest
from pynq import Overlay, allocate

from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError
from tilewright.sim import SimDevice


class NeuralNetworkOverlay(Overlay):
    """The shape of hls4ml's: buffers made once, sends before it receives, the decoded result in the buffer's place."""

    def __init__(self, bitfile: str, x_shape: tuple[int, ...], y_shape: tuple[int, ...], dtype: Any, **options: Any):
        super().__init__(bitfile, **options)
        self.sendchannel = self.axi_dma_0.sendchannel
        self.recvchannel = self.axi_dma_0.recvchannel
        self.input_buffer = allocate(shape=x_shape, dtype=dtype)
        self.output_buffer = allocate(shape=y_shape, dtype=dtype)

    def predict(self, x: np.ndarray, decode: Any = None) -> Any:
        self.input_buffer[:] = x
        self.sendchannel.transfer(self.input_buffer)
        self.recvchannel.transfer(self.output_buffer)
        self.sendchannel.wait()
        self.recvchannel.wait()
        if decode is not None:
            self.output_buffer = decode(self.output_buffer)
        return self.output_buffer


class FinnOverlay(Overlay):
    """The shape of FINN's: packed buffers made once, flushed by hand, DMA registers written by hand, arrays copied."""

    def __init__(self, bitfile: str, shape: tuple[int, ...], **options: Any) -> None:
        super().__init__(bitfile, **options)
        self.ibuf_packed_device = allocate(shape=shape, dtype=np.uint32, cacheable=True)
        self.obuf_packed_device = allocate(shape=shape, dtype=np.uint32, cacheable=True)

    def weights(self, count: int) -> np.ndarray:
        return np.copy(self.stream_scale_0.mmio.array[4 : 4 + count])

    def execute(self, x: np.ndarray, flush: bool = True) -> np.ndarray:
        np.copyto(self.ibuf_packed_device, x)
        if flush:
            self.ibuf_packed_device.flush()
        mmio = self.axi_dma_0.mmio
        for base, buffer in ((0x30, self.obuf_packed_device), (0x00, self.ibuf_packed_device)):
            mmio.write(base + 0x18, buffer.device_address & 0xFFFFFFFF)
            mmio.write(base + 0x1C, buffer.device_address >> 32)
            mmio.write(base + 0x28, buffer.nbytes)
        while not mmio.read(0x34) & 2:
            pass
        self.obuf_packed_device.invalidate()
        return np.copy(self.obuf_packed_device)


@pytest.fixture
def hls4ml(scale: Any) -> NeuralNetworkOverlay:
    shape = (16, 4)
    return NeuralNetworkOverlay(scale.bitfile_name, shape, shape, np.uint32, device=scale.device)


@pytest.fixture
def finn(scale: Any) -> FinnOverlay:
    return FinnOverlay(scale.bitfile_name, (8, 32), device=scale.device)


def test_sending_before_receiving_is_armed(hls4ml: NeuralNetworkOverlay) -> None:
    """The stream waits for the receive channel: as on a board, again and again."""
    hls4ml.stream_scale_0.register_map.SCALE = 2
    for seed in range(3):
        x = np.random.default_rng(seed).integers(0, 1 << 31, (16, 4)).astype(np.uint32)
        assert np.array_equal(hls4ml.predict(x), x * np.uint32(2))


def test_the_second_prediction_goes_astray(hls4ml: NeuralNetworkOverlay) -> None:
    """Its output buffer has become the result of an expression. A board would write to a made-up address."""
    x = np.arange(64, dtype=np.uint32).reshape(16, 4)
    scaled = hls4ml.predict(x, decode=lambda y: y * np.uint32(7))
    assert np.array_equal(scaled, x * np.uint32(7))
    with pytest.raises(BufferNotAllocatedError, match=r"derived from a buffer.*uint32\[16, 4\].*test_foreign_drivers"):
        hls4ml.predict(x)


def test_too_small_an_output_buffer(scale: Any) -> None:
    """pynq's wait() says only that the channel is not running."""
    overlay = NeuralNetworkOverlay(scale.bitfile_name, (16,), (8,), np.uint32, device=scale.device)
    with pytest.raises(RuntimeError, match=r"DMA channel not started|Internal Error"):
        overlay.predict(np.arange(16, dtype=np.uint32))
    assert overlay.axi_dma_0.mmio.read(0x34) & 0x11 == 0x11


def test_too_large_an_output_buffer_takes_what_comes(scale: Any) -> None:
    overlay = NeuralNetworkOverlay(scale.bitfile_name, (8,), (16,), np.uint32, device=scale.device)
    assert overlay.predict(np.arange(8, dtype=np.uint32))[:8].tolist() == list(range(8))
    assert overlay.recvchannel.transferred == 32


def test_receiving_without_sending_hangs(hls4ml: NeuralNetworkOverlay) -> None:
    hls4ml.recvchannel.transfer(hls4ml.output_buffer)
    with pytest.raises(DeviceTimeoutError, match="0 beats sent"):
        hls4ml.recvchannel.wait()


def test_finn_style(finn: FinnOverlay) -> None:
    finn.stream_scale_0.write(0x10, 3)
    assert finn.weights(2).tolist() == [3, 0]
    for seed in range(2):
        x = np.random.default_rng(seed).integers(0, 1 << 30, (8, 32)).astype(np.uint32)
        assert np.array_equal(finn.execute(x), x * np.uint32(3))


def test_finn_style_without_a_flush_computes_on_old_data(finn: FinnOverlay) -> None:
    first, second = (np.full((8, 32), value, np.uint32) for value in (1, 2))
    assert np.array_equal(finn.execute(first), first)
    assert np.array_equal(finn.execute(second, flush=False), first)


def test_buffers_of_one_device_are_none_of_another(scale: Any) -> None:
    other = SimDevice(seed=3, ddr_base=0x2000_0000)
    foreign = pynq.allocate((8, 32), np.uint32, target=other)
    with pytest.raises(BufferNotAllocatedError):
        scale.axi_dma_0.sendchannel.transfer(foreign)
