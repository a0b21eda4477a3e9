"""cores/axi_dma: registers, transfers under random stalls, errors, resets, interrupts and throughput."""

import subprocess
from pathlib import Path

import pytest

CORES = Path(__file__).resolve().parents[2] / "cores"
SOURCES = [source for core in ("axi_dma", "stream", "sram") for source in (CORES / core / "rtl").glob("*.v")]


def test_axi_dma(run_cocotb) -> None:
    run_cocotb("axi_dma", "axi_dma", "tb_axi_dma", ("stream", "sram"))


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


@pytest.mark.parametrize(
    ("parameter", "value"), [("ADDR_W", 31), ("LENGTH_W", 27), ("BURST", 32), ("BURST", 12), ("FIFO_DEPTH", 64)]
)
def test_axi_dma_refuses_parameter(tmp_path: Path, parameter: str, value: int) -> None:
    command = ["iverilog", "-g2005", "-s", "axi_dma", f"-Paxi_dma.{parameter}={value}", "-o", tmp_path / "axi_dma.vvp"]
    result = subprocess.run([*command, *SOURCES], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert f"ERROR_axi_dma_{parameter}_must" in result.stderr
