"""cores/controller with other parameters than the defaults, which test_targets.py runs."""

import pytest


def test_weight_store(run_cocotb) -> None:
    run_cocotb(
        "controller", "weight_store", "tb_weight_store", ("sram", "mac_array"), N=16, ROWS=1, GROUP_W=64, DEPTH=32
    )


def test_watchdog(run_cocotb) -> None:
    run_cocotb("controller", "watchdog", "tb_watchdog", LIMIT=31)


@pytest.mark.parametrize(("act_depth", "acc_depth", "read_words"), [(1024, 128, 4), (1 << 20, 512, 1), (1024, 512, 2)])
def test_sequencer(run_cocotb, act_depth: int, acc_depth: int, read_words: int) -> None:
    depths = {"ACT_DEPTH": act_depth, "ACC_DEPTH": acc_depth, "OUT_DEPTH": 4, "READ_DEPTH": 4, "READ_WORDS": read_words}
    run_cocotb("controller", "sequencer", "tb_sequencer", ("stream",), **depths)


@pytest.mark.parametrize(
    ("n", "stream_w", "group_w"), [(8, 64, 64), (16, 64, 64), (32, 64, 128), (16, 128, 128), (64, 128, 256)]
)
def test_decoder(run_cocotb, n: int, stream_w: int, group_w: int) -> None:
    small = {"WGT_DEPTH": 8, "TILE_GROUPS": 4, "THR_DEPTH": 6}
    widths = {"N": n, "STREAM_W": stream_w, "GROUP_W": group_w}
    run_cocotb("controller", "decoder", "tb_decoder", ("stream",), **widths, **small)


@pytest.mark.parametrize("width", [64, 128])
def test_crc32(run_cocotb, width: int) -> None:
    run_cocotb("controller", "crc32", "tb_crc32", WIDTH=width)
