"""cores/postproc with other parameters than the defaults, which test_targets.py runs."""

import pytest

DEPENDS = ("sram", "mac_array")


@pytest.mark.parametrize(("acc_w", "sets"), [(28, 2), (32, 4)])
def test_threshold_column(run_cocotb, acc_w: int, sets: int) -> None:
    run_cocotb("postproc", "threshold_column", "tb_threshold_column", DEPENDS, ACC_W=acc_w, SETS=sets)


def test_threshold_loader(run_cocotb) -> None:
    run_cocotb("postproc", "threshold_loader", "tb_threshold_loader", DEPENDS, N=16, SETS=4)


@pytest.mark.parametrize("depth", [3000, 1 << 24])
def test_writeback(run_cocotb, depth: int) -> None:
    run_cocotb("postproc", "writeback", "tb_writeback", DEPENDS, WORD_W=64, ACT_DEPTH=depth)


@pytest.mark.parametrize(("n", "dsp_columns"), [(16, 0), (8, 2), (8, 8), (64, 20)])
def test_postproc(run_cocotb, n: int, dsp_columns: int) -> None:
    run_cocotb("postproc", "postproc", "tb_postproc", DEPENDS, N=n, DSP_COLUMNS=dsp_columns, SETS=2)
