"""cores/accelerator with other parameters than the defaults, which test_targets.py runs.

The large arrays run few of the tests here: tests/driver runs them Verilated.
"""

import pytest

DEPENDS = ("stream", "sram", "axil", "mac_array", "controller", "postproc", "image")


@pytest.mark.parametrize(
    ("test_filter", "parameters"),
    [
        # Small memories: networks in strips, layers in several commands
        ("networks|squeezed", {"N": 8, "SRAM_LATENCY": 1, "ACT_DEPTH": 256, "ACC_DEPTH": 32}),
        # Both kinds of processing elements
        ("registers|networks", {"N": 8, "DSP_COLUMNS": 4, "DSP_CHAIN": 3}),
        ("networks|squeezed", {"N": 16}),
        # 128 bits in and out
        ("networks|layers|squeezed|soft_reset|registers", {"N": 16, "STREAM_W": 128}),
        ("every_error", {"N": 16, "STREAM_W": 128}),
        ("small|squeezed", {"N": 32}),
        ("small|squeezed", {"N": 32, "STREAM_W": 128}),
    ],
)
def test_accelerator(run_cocotb, test_filter: str, parameters: dict[str, int]) -> None:
    run_cocotb("accelerator", "accelerator", "tb_accelerator", DEPENDS, test_filter=test_filter, **parameters)


@pytest.mark.parametrize(("banks", "latency"), [(2, 1), (1, 2)])
def test_act_buffer(run_cocotb, banks: int, latency: int) -> None:
    run_cocotb("accelerator", "act_buffer", "tb_act_buffer", DEPENDS, DEPTH=64, BANKS=banks, LATENCY=latency)


@pytest.mark.parametrize(("stream_w", "latency"), [(64, 2), (128, 1), (128, 2)])
def test_threshold_fifo(run_cocotb, stream_w: int, latency: int) -> None:
    widths = {"STREAM_W": stream_w, "DEPTH": 16, "LATENCY": latency}
    run_cocotb("accelerator", "threshold_fifo", "tb_threshold_fifo", DEPENDS, **widths)


def test_performance_counters(run_cocotb) -> None:
    run_cocotb("accelerator", "performance_counters", "tb_performance_counters", DEPENDS, COUNTERS=4, TWICE=6)


@pytest.mark.parametrize("word_w", [32, 64, 128, 256])
def test_read_buffer(run_cocotb, word_w: int) -> None:
    run_cocotb("accelerator", "read_buffer", "tb_read_buffer", DEPENDS, WORD_W=word_w, DEPTH=8)


@pytest.mark.parametrize(("n", "dsp_columns", "latency"), [(8, 0, 1), (8, 4, 2), (16, 16, 1), (16, 6, 2)])
def test_result_buffer(run_cocotb, n: int, dsp_columns: int, latency: int) -> None:
    parameters = {"N": n, "DSP_COLUMNS": dsp_columns, "DEPTH": 16, "LATENCY": latency}
    run_cocotb("accelerator", "result_buffer", "tb_result_buffer", DEPENDS, **parameters)


@pytest.mark.parametrize("stream_w", [64, 128])
def test_result_stream(run_cocotb, stream_w: int) -> None:
    run_cocotb("accelerator", "result_stream", "tb_result_stream", DEPENDS, STREAM_W=stream_w)


def test_layer_log(run_cocotb) -> None:
    run_cocotb("accelerator", "layer_log", "tb_layer_log", DEPENDS, DEPTH=16, LATENCY=1)
