"""cores/axi_dma with other parameters than the defaults, which test_targets.py runs."""

import pytest


@pytest.mark.parametrize(("burst", "outstanding", "fifo_depth", "sram_latency"), [(2, 4, 8, 1), (16, 4, 64, 2)])
def test_axi_dma_parameters(run_cocotb, burst: int, outstanding: int, fifo_depth: int, sram_latency: int) -> None:
    run_cocotb(
        "axi_dma",
        "axi_dma",
        "tb_axi_dma",
        ("stream", "sram"),
        test_filter="registers|random|blocked|both_ways|overlong|reset_in_mid|length_uses",
        ADDR_W=33,
        LENGTH_W=14,
        BURST=burst,
        OUTSTANDING=outstanding,
        FIFO_DEPTH=fifo_depth,
        SRAM_LATENCY=sram_latency,
    )
