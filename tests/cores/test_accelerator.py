"""cores/accelerator: the whole unit. The large arrays run fewer of the tests here; tests/slice runs them Verilated."""

import pytest

DEPENDS = ("stream", "sram", "mac_array", "controller")


@pytest.mark.parametrize(
    ("n", "latency", "test_filter"), [(8, 2, None), (8, 1, None), (16, 2, "random|squeezed"), (32, 2, "squeezed")]
)
def test_accelerator(run_cocotb, n: int, latency: int, test_filter: str | None) -> None:
    run_cocotb(
        "accelerator", "accelerator", "tb_accelerator", DEPENDS, test_filter=test_filter, N=n, SRAM_LATENCY=latency
    )
