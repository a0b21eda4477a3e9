"""cores/axi_dma with other parameters than the defaults, which test_targets.py runs."""

import pytest

DEPENDS = ("stream", "sram", "axil")
SMALL = {"LENGTH_W": 14, "BURST": 2, "OUTSTANDING": 4, "FIFO_DEPTH": 8, "SRAM_LATENCY": 1}
MEDIUM = {"LENGTH_W": 14, "BURST": 16, "OUTSTANDING": 4, "FIFO_DEPTH": 64, "SRAM_LATENCY": 2}


@pytest.mark.parametrize("parameters", [SMALL, MEDIUM, {"DATA_W": 128, **SMALL}])
def test_axi_dma_parameters(run_cocotb, parameters: dict[str, int]) -> None:
    test_filter = "registers|random|blocked|both_ways|overlong|reset_in_mid|length_uses"
    run_cocotb("axi_dma", "axi_dma", "tb_axi_dma", DEPENDS, test_filter=test_filter, ADDR_W=33, **parameters)


@pytest.mark.parametrize("width", [64, 128])
def test_scatter_gather_parameters(run_cocotb, width: int) -> None:
    """With 32-bit addresses the low word of TAILDESC starts."""
    test_filter = "registers|random|cyclic|stop_between"
    parameters = {"DATA_W": width, "INCLUDE_SG": 1, "ADDR_W": 32, **SMALL}
    run_cocotb("axi_dma", "axi_dma", "tb_axi_dma_sg", DEPENDS, test_filter=test_filter, **parameters)


@pytest.mark.parametrize("scatter_gather", [False, True])
def test_128_bits(run_cocotb, scatter_gather: bool) -> None:
    """All that test_targets.py runs at 64."""
    module = "tb_axi_dma_sg" if scatter_gather else "tb_axi_dma"
    run_cocotb("axi_dma", "axi_dma", module, DEPENDS, DATA_W=128, INCLUDE_SG=int(scatter_gather))
