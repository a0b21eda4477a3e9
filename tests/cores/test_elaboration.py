"""Parameters that the hardware cannot be built with are refused at elaboration, by name."""

import subprocess
from pathlib import Path

import pytest

CORES = Path(__file__).resolve().parents[2] / "cores"
SOURCES = [source for source in CORES.glob("*/rtl/*.v") if source.parts[-3] != "soc"]


@pytest.mark.parametrize(
    ("module", "parameter", "value", "error"),
    [
        ("sram", "LATENCY", 3, "sram_LATENCY"),
        ("sram", "DEPTH", 1, "sram_DEPTH"),
        ("sram", "ULTRA", 2, "sram_ULTRA"),
        ("accelerator", "ACT_ULTRA", 2, "sram_ULTRA"),
        ("lutram", "DEPTH", 1, "lutram_DEPTH"),
        ("threshold_loader", "SETS", 6, "threshold_loader_SETS"),
        ("threshold_column", "ACC_W", 27, "threshold_column_ACC_W"),
        ("postproc", "ACC_W", 27, "threshold_column_ACC_W"),
        ("postproc", "SETS", 12, "threshold_loader_SETS"),
        ("stream_fifo", "DEPTH", 12, "stream_fifo_DEPTH"),
        ("mac_array", "N", 12, "mac_array_N"),
        ("mac_array", "N", 4, "mac_array_N"),
        ("mac_array", "N", 128, "mac_array_N"),
        ("mac_array", "ROWS", 4, "mac_array_ROWS"),
        ("stream_words", "STREAM_W", 32, "stream_words_STREAM_W"),
        ("result_stream", "STREAM_W", 256, "result_stream_STREAM_W"),
        ("read_buffer", "WORD_W", 512, "read_buffer_WORD_W"),
        ("mac_array", "ACC_W", 27, "mac_array_ACC_W"),
        ("mac_array", "DSP_COLUMNS", 3, "mac_array_DSP_COLUMNS"),
        ("mac_array", "DSP_COLUMNS", 10, "mac_array_DSP_COLUMNS"),
        ("mac_array", "DSP_COLUMNS", -2, "mac_array_DSP_COLUMNS"),
        ("mac_array", "DSP_CHAIN", 9, "mac_array_DSP_CHAIN"),
        ("mac_array", "WGT_W", 9, "mac_array_PSUM_W"),
        ("accelerator", "DSP_COLUMNS", 7, "mac_array_DSP_COLUMNS"),
        ("accelerator", "DSP_CHAIN", 9, "mac_array_DSP_CHAIN"),
        ("accelerator", "N", 24, "mac_array_N"),
        ("accelerator", "N", 4, "mac_array_N"),
        ("accelerator", "N", 128, "mac_array_N"),
        ("accelerator", "STREAM_W", 96, "accelerator_STREAM_W"),
        ("accelerator", "STREAM_W", 128, "accelerator_STREAM_W"),
        ("accelerator", "ACC_W", 20, "mac_array_ACC_W"),
        ("accelerator", "WGT_DEPTH", 100, "weight_store_DEPTH"),
        ("accelerator", "WGT_DEPTH", 4, "weight_store_DEPTH"),
        ("sequencer", "CFG_W", 384, "sequencer_CFG_W"),
        ("sequencer", "ACT_DEPTH", 1048577, "sequencer_ACT_DEPTH"),
        ("decoder", "STREAM_W", 128, "decoder_GROUP_W"),
        ("decoder", "GROUP_W", 512, "load_writer_GROUP_W"),
        ("decoder", "ACT_DEPTH", 8190, "load_writer_ACT_DEPTH"),
        ("decoder", "ACT_DEPTH", 8191, "load_writer_ACT_DEPTH"),
        ("decoder", "CFG_W", 384, "descriptor_check_CFG_W"),
        ("accelerator", "ACT_DEPTH", 2, "load_writer_ACT_DEPTH"),
        ("accelerator", "THR_DEPTH", 100, "stream_fifo_DEPTH"),
        ("accelerator", "OUT_DEPTH", 100, "stream_reader_DEPTH"),
        ("read_buffer", "DEPTH", 24, "stream_queue_DEPTH"),
        ("accelerator", "SRAM_LATENCY", 3, "sram_LATENCY"),
        ("accelerator", "SRAM_LATENCY", 3, "accelerator_a_pass"),
        ("act_buffer", "BANKS", 4, "act_buffer_BANKS"),
        ("axi_dma", "ADDR_W", 31, "axi_dma_ADDR_W"),
        ("axi_dma", "DATA_W", 96, "axi_dma_DATA_W"),
        ("axi_dma", "LENGTH_W", 27, "axi_dma_LENGTH_W"),
        ("axi_dma", "BURST", 32, "axi_dma_BURST"),
        ("axi_dma", "BURST", 12, "axi_dma_BURST"),
        ("axi_dma", "FIFO_DEPTH", 64, "axi_dma_FIFO_DEPTH"),
        ("axi_dma", "INCLUDE_SG", 2, "axi_dma_INCLUDE_SG"),
        ("image_folder", "N", 24, "image_folder_N"),
        ("image_folder", "IMAGE_LINE", 16384, "image_folder_IMAGE_LINE"),
        ("image_folder", "IMAGE_LINE", 96, "image_lines_IMAGE_LINE"),
        ("image_lines", "LANES", 4, "image_lines_LANES"),
        ("axi_intc", "INPUTS", 33, "axi_intc_INPUTS"),
    ],
)
def test_parameter_is_refused(tmp_path: Path, module: str, parameter: str, value: int, error: str) -> None:
    check_refused(tmp_path, module, {parameter: value}, error)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"N": 16, "STREAM_W": 256}, "accelerator_STREAM_W"),
        ({"N": 16, "STREAM_W": 128, "WGT_DEPTH": 8}, "weight_store_DEPTH"),
        ({"N": 64, "WGT_DEPTH": 64}, "weight_store_DEPTH"),
        ({"N": 64, "ACT_DEPTH": 1}, "load_writer_ACT_DEPTH"),
    ],
)
def test_sizes_that_do_not_go_with_each_other_are_refused(
    tmp_path: Path, parameters: dict[str, int], error: str
) -> None:
    check_refused(tmp_path, "accelerator", parameters, error)


def check_refused(tmp_path: Path, module: str, parameters: dict[str, int], error: str) -> None:
    values = [f"-P{module}.{name}={value}" for name, value in parameters.items()]
    command = ["iverilog", "-g2005", "-s", module, *values, "-o", str(tmp_path / "out.vvp")]
    includes = [f"-I{folder}" for folder in {header.parent for header in CORES.glob("*/rtl/*.vh")}]
    done = subprocess.run([*command, *includes, *SOURCES], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"ERROR_{error}_" in done.stderr, done.stderr
