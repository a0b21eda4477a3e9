"""cores/controller with other parameters than the defaults, which test_targets.py runs."""

import pytest


def test_weight_store(run_cocotb) -> None:
    run_cocotb(
        "controller", "weight_store", "tb_weight_store", ("sram", "mac_array"), N=16, ROWS=1, GROUP_W=64, DEPTH=32
    )


def test_watchdog(run_cocotb) -> None:
    run_cocotb("controller", "watchdog", "tb_watchdog", LIMIT=31)


@pytest.mark.parametrize(("act_depth", "acc_depth"), [(1024, 128), (1 << 20, 512)])
def test_sequencer(run_cocotb, act_depth: int, acc_depth: int) -> None:
    depths = {"ACT_DEPTH": act_depth, "ACC_DEPTH": acc_depth, "OUT_DEPTH": 4}
    run_cocotb("controller", "sequencer", "tb_sequencer", ("stream",), **depths)


@pytest.mark.parametrize(("n", "group_w"), [(8, 64), (16, 64), (32, 128)])
def test_decoder(run_cocotb, n: int, group_w: int) -> None:
    small = {"WGT_DEPTH": 8, "TILE_GROUPS": 4, "THR_DEPTH": 6}
    run_cocotb("controller", "decoder", "tb_decoder", ("stream",), N=n, GROUP_W=group_w, **small)
