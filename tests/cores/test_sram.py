"""cores/sram."""

import pytest


@pytest.mark.parametrize("latency", [1, 2])
def test_sram(run_cocotb, latency: int) -> None:
    run_cocotb("sram", "sram", "tb_sram", WIDTH=12, DEPTH=32, LATENCY=latency)


def test_lutram(run_cocotb) -> None:
    run_cocotb("sram", "lutram", "tb_lutram", WIDTH=1, DEPTH=2)
