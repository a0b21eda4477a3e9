"""cores/stream: FIFO and skid buffer."""

import pytest


@pytest.mark.parametrize(("depth", "latency"), [(2, 1), (8, 2), (64, 1)])
def test_stream_fifo(run_cocotb, depth: int, latency: int) -> None:
    run_cocotb("stream", "stream_fifo", "tb_stream", ("sram",), WIDTH=16, DEPTH=depth, LATENCY=latency)


def test_stream_register(run_cocotb) -> None:
    run_cocotb("stream", "stream_register", "tb_stream", ("sram",), WIDTH=16)


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("module", ["stream_narrow", "stream_widen"])
def test_stream_width(run_cocotb, module: str, width: int) -> None:
    run_cocotb("stream", module, "tb_stream_width", ("sram",), WIDTH=width)


@pytest.mark.parametrize("stream_w", [64, 128])
def test_stream_words(run_cocotb, stream_w: int) -> None:
    run_cocotb("stream", "stream_words", "tb_stream_words", ("sram",), STREAM_W=stream_w)
