"""cores/axis, cores/axil and cores/axi_gpio with other parameters; test_targets.py runs them with their defaults."""

import pytest

DEPENDS = ("stream", "sram")


@pytest.mark.parametrize(("into", "out", "wide"), [(3, 4, 12), (16, 8, 16), (8, 16, 16)])
def test_axis_dwidth_converter(run_cocotb, into: int, out: int, wide: int) -> None:
    run_cocotb("axis", "axis_dwidth_converter", "tb_axis", DEPENDS, S_BYTES=into, M_BYTES=out, WIDE_BYTES=wide)


def test_axis_data_fifo_in_packet_mode(run_cocotb) -> None:
    settings = {"BYTES": 2, "DEPTH": 16, "PACKET": 1, "TID_W": 3, "TDEST_W": 2, "TUSER_W": 5}
    run_cocotb("axis", "axis_data_fifo", "tb_axis", DEPENDS, **settings)


@pytest.mark.parametrize("module", ["axis_data_fifo", "axis_register_slice"])
def test_beats_of_128_bits(run_cocotb, module: str) -> None:
    run_cocotb("axis", module, "tb_axis", DEPENDS, BYTES=16)


def test_axi_gpio_with_two_channels(run_cocotb) -> None:
    settings = {"WIDTH": 5, "WIDTH2": 9, "DUAL": 1, "ALL_OUTPUTS": 1, "ALL_INPUTS2": 1, "INTERRUPT": 1}
    run_cocotb("axi_gpio", "axi_gpio", "tb_axi_gpio", ("axil",), **settings)


def test_axil_slave_with_data_two_cycles_after(run_cocotb) -> None:
    run_cocotb("axil", "axil_slave", "tb_axil_slave", RD_CYCLES=2)
