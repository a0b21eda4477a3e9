"""cores/accelerator with other parameters than the defaults, which test_targets.py runs.

The large arrays run few of the tests here: tests/driver runs them Verilated.
"""

import pytest

DEPENDS = ("stream", "sram", "axil", "mac_array", "controller", "postproc")


@pytest.mark.parametrize(
    ("test_filter", "parameters"),
    [
        # Small memories: networks in strips, layers in several commands
        ("networks|squeezed", {"N": 8, "SRAM_LATENCY": 1, "ACT_DEPTH": 256, "ACC_DEPTH": 32}),
        # Both kinds of processing elements
        ("registers|networks", {"N": 8, "DSP_COLUMNS": 4, "DSP_CHAIN": 3}),
        ("networks|squeezed", {"N": 16}),
        ("small|squeezed", {"N": 32}),
    ],
)
def test_accelerator(run_cocotb, test_filter: str, parameters: dict[str, int]) -> None:
    run_cocotb("accelerator", "accelerator", "tb_accelerator", DEPENDS, test_filter=test_filter, **parameters)


@pytest.mark.parametrize(("banks", "latency"), [(2, 1), (1, 2)])
def test_act_buffer(run_cocotb, banks: int, latency: int) -> None:
    run_cocotb("accelerator", "act_buffer", "tb_act_buffer", DEPENDS, DEPTH=64, BANKS=banks, LATENCY=latency)


@pytest.mark.parametrize(("word_w", "latency"), [(32, 1), (64, 2), (128, 1)])
def test_read_buffer(run_cocotb, word_w: int, latency: int) -> None:
    run_cocotb("accelerator", "read_buffer", "tb_read_buffer", DEPENDS, WORD_W=word_w, DEPTH=8, LATENCY=latency)


@pytest.mark.parametrize(("n", "latency"), [(8, 1), (8, 2), (16, 2)])
def test_result_buffer(run_cocotb, n: int, latency: int) -> None:
    run_cocotb("accelerator", "result_buffer", "tb_result_buffer", DEPENDS, N=n, DEPTH=16, LATENCY=latency)


def test_layer_log(run_cocotb) -> None:
    run_cocotb("accelerator", "layer_log", "tb_layer_log", DEPENDS, DEPTH=16, LATENCY=1)
