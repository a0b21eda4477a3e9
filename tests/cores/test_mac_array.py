"""cores/mac_array with other parameters than the defaults, which test_targets.py runs."""

import pytest


@pytest.mark.parametrize("latency", [1, 2])
def test_accumulator(run_cocotb, latency: int) -> None:
    run_cocotb("mac_array", "accumulator", "tb_accumulator", ("sram",), DEPTH=16, LATENCY=latency)


@pytest.mark.parametrize(("n", "rows", "latency"), [(8, 2, 1), (8, 2, 2), (8, 1, 2), (16, 1, 2)])
def test_mac_array(run_cocotb, n: int, rows: int, latency: int) -> None:
    parameters = {"N": n, "ROWS": rows, "SRAM_LATENCY": latency, "ACC_DEPTH": 64, "TAG_W": 5}
    run_cocotb("mac_array", "mac_array", "tb_mac_array", ("sram",), **parameters)


@pytest.mark.parametrize(
    ("n", "rows", "dsp_columns", "dsp_chain"),
    [(8, 2, 2, 0), (8, 2, 8, 3), (8, 1, 6, 1), (16, 1, 16, 8), (16, 1, 10, 0), (64, 1, 60, 8)],
)
def test_mac_array_of_dsps(run_cocotb, n: int, rows: int, dsp_columns: int, dsp_chain: int) -> None:
    parameters = {"N": n, "ROWS": rows, "DSP_COLUMNS": dsp_columns, "DSP_CHAIN": dsp_chain, "ACC_DEPTH": 64, "TAG_W": 5}
    run_cocotb("mac_array", "mac_array", "tb_mac_array", ("sram",), **parameters)


@pytest.mark.parametrize(("cycles", "resettable"), [(0, 0), (1, 1), (5, 0), (5, 1)])
def test_delay_line(run_cocotb, cycles: int, resettable: int) -> None:
    run_cocotb("mac_array", "delay_line", "tb_delay_line", ("sram",), WIDTH=5, CYCLES=cycles, RESETTABLE=resettable)
