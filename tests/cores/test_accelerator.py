"""cores/accelerator with other parameters than the defaults, which test_targets.py runs.

The large arrays run few of the tests here: tests/slice runs them Verilated.
"""

import pytest

DEPENDS = ("stream", "sram", "mac_array", "controller")


@pytest.mark.parametrize(
    ("n", "latency", "test_filter"),
    [(8, 1, "random|squeezed"), (16, 2, "random|squeezed"), (32, 2, "squeezed")],
)
def test_accelerator(run_cocotb, n: int, latency: int, test_filter: str) -> None:
    run_cocotb(
        "accelerator", "accelerator", "tb_accelerator", DEPENDS, test_filter=test_filter, N=n, SRAM_LATENCY=latency
    )


@pytest.mark.parametrize(("banks", "latency"), [(2, 1), (2, 2), (1, 2)])
def test_act_buffer(run_cocotb, banks: int, latency: int) -> None:
    run_cocotb("accelerator", "act_buffer", "tb_act_buffer", DEPENDS, DEPTH=64, BANKS=banks, LATENCY=latency)


@pytest.mark.parametrize(("n", "latency"), [(8, 1), (8, 2), (16, 2)])
def test_result_buffer(run_cocotb, n: int, latency: int) -> None:
    run_cocotb("accelerator", "result_buffer", "tb_result_buffer", DEPENDS, N=n, DEPTH=16, LATENCY=latency)
