"""Every board on the simulated device: its .hwh as the installed pynq reads it, its clock, a layer that is exact.

Arrays are small, so that all boards share two builds; ``make boards`` runs the whole self-test with each board's own.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pynq
import pytest

from tilewright.boards.board import all_boards, board_of
from tilewright.boards.design import block_design
from tilewright.boards.hwh import hwh
from tilewright.boards.parameters import build_parameters
from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.errors import ParameterError, TargetError
from tilewright.hardware.rtl_hash import build_hash
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import hardware_of_board, open_overlay, system_of
from tilewright.sim.build import cores_folder
from tilewright.sim.design import simulated_hwh
from tilewright.sim.hwh_file import read_hwh
from tilewright.sim.metadata import write_overlay
from tilewright.target import _check_pynq

BOARDS = all_boards()


def open_board(name: str) -> Any:
    """A board's overlay on a small array; streams of 128 bits where the board has them."""
    wide = BOARDS[name].accelerator["STREAM_W"] == 128
    return open_overlay(hardware_of_board(name, 16 if wide else 8), seed=3, board=name)


@pytest.mark.parametrize("name", list(BOARDS))
def test_a_layer_is_exact(name: str, small_layer: ConvLayer) -> None:
    board, overlay = BOARDS[name], open_board(name)
    dma, accelerator = overlay.ip_dict["axi_dma_0"], overlay.ip_dict["accelerator_0"]
    assert (dma["phys_addr"], accelerator["phys_addr"]) == (board.address("axi_dma_0"), board.address("accelerator_0"))
    assert int(dma["parameters"]["c_m_axi_mm2s_data_width"]) == board.accelerator["STREAM_W"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of the clocks, too
        driver = Driver(overlay)
    assert driver.accelerator.stream_width() == board.accelerator["STREAM_W"]
    assert [clock.index for clock in driver.clocks] == [0]
    assert overlay.device.clock_hz == pytest.approx(driver.clocks[0].hwh_mhz * 1e6, rel=1e-6)
    got = driver.run(compile_layer(small_layer, driver.array, True)).outputs[0]
    np.testing.assert_array_equal(got, layer_outputs(small_layer, True))


@pytest.mark.parametrize("name", list(BOARDS))
def test_interrupts_are_those_of_the_design(name: str) -> None:
    pins = open_board(name).interrupt_pins
    wanted = ["axi_dma_0/mm2s_introut", "axi_dma_0/s2mm_introut", "accelerator_0/irq"]
    assert [pins[pin]["index"] for pin in wanted] == [0, 1, 2]


def test_a_boards_own_hardware() -> None:
    own = hardware_of_board("kv260")
    assert (own.n, own.dsp_columns, own.stream_w, own.act_depth) == (32, 32, 128, 8192)
    assert hardware_of_board("kv260", 8).stream_w == 64 and hardware_of_board(None).n == 8
    with pytest.raises(ParameterError, match="no board 'kv2600'; there are aup_zu3"):
        hardware_of_board("kv2600")


@pytest.mark.parametrize("name", list(BOARDS))
def test_the_hwh_is_that_of_the_boards_project(name: str) -> None:
    """What FuseSoC writes beside the Tcl (simulated.hwh), to the byte."""
    design = block_design(BOARDS[name], build_parameters(BOARDS[name]), build_hash(cores_folder()))
    assert simulated_hwh(hardware_of_board(name), system_of(BOARDS[name])).decode() == hwh(design)


def test_memory_of_a_board() -> None:
    """Where the board has memory above 4 GiB, buffers are there: an address needs both registers of the DMA."""
    bases = {name: system_of(board).ddr_base for name, board in BOARDS.items()}
    assert {name for name, base in bases.items() if base >= 1 << 32} == {"aup_zu3", "kv260"}
    for name, base in bases.items():
        segments = [(int(s.base, 16), s.bytes) for s in board_of(name).memory.segments]
        assert any(first <= base and (n is None or base < first + int(n, 16)) for first, n in segments), name


def test_pynq_4_and_a_zynq_7000(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zynq = write_overlay(hardware_of_board("pynq_z2", 8), tmp_path / "zynq", system_of(BOARDS["pynq_z2"]))
    other = write_overlay(hardware_of_board("kv260", 8), tmp_path / "other", system_of(BOARDS["kv260"]))
    monkeypatch.setattr(pynq, "__version__", "4.0.0")
    said = r"is for a Zynq-7000 .* pynq 4\.0\.0 cannot load: .*pip install pynq==3\.1\.2"
    with pytest.raises(TargetError, match=said):
        _check_pynq(zynq)
    _check_pynq(other)
    monkeypatch.setattr(pynq, "__version__", "3.1.2")
    _check_pynq(zynq)


@pytest.mark.skipif(pynq.__version__ < "4", reason="of pynq 4")
def test_what_pynq_4_itself_does_with_a_zynq_7000(tmp_path: Path) -> None:
    """The reason for the check before it: the .hwh has no frequency for pynq, and pynq divides by it."""
    bit = write_overlay(hardware_of_board("pynq_z2", 8), tmp_path, system_of(BOARDS["pynq_z2"]))
    assert read_hwh(bit.with_suffix(".hwh")).clock_dict[0]["frequency"] is None
    open_board("pynq_z2")
    with pytest.raises(TypeError):
        pynq.Clocks.set_pl_clk(0, clk_mhz=None)
