"""cores/controller: CRC-32, weight loader, sequencer, decoder."""

import pytest


def test_crc32(run_cocotb) -> None:
    run_cocotb("controller", "crc32", "tb_crc32")


@pytest.mark.parametrize(("n", "rows"), [(8, 2), (16, 1)])
def test_weight_loader(run_cocotb, n: int, rows: int) -> None:
    run_cocotb("controller", "weight_loader", "tb_weight_loader", N=n, ROWS=rows, GROUP_W=64)


def test_sequencer(run_cocotb) -> None:
    run_cocotb("controller", "sequencer", "tb_sequencer", ACT_DEPTH=1024, ACC_DEPTH=128)


@pytest.mark.parametrize(("n", "group_w"), [(8, 64), (16, 64), (32, 128)])
def test_decoder(run_cocotb, n: int, group_w: int) -> None:
    run_cocotb("controller", "decoder", "tb_decoder", N=n, GROUP_W=group_w)
