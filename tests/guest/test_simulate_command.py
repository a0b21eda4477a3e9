"""tilewright simulate: writes a bitstream that stands for the hardware, or runs a script on it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import json_of, tilewright
from typer.testing import CliRunner

from tilewright.cli.app import app

SCRIPT = """
import sys
import numpy as np
from pynq import Overlay, allocate
overlay = Overlay(sys.argv[1])
overlay.stream_scale_0.write(0x10, 7)
a, b = allocate((6,), np.uint32), allocate((6,), np.uint32)
a[:] = range(6)
overlay.axi_dma_0.recvchannel.transfer(b)
overlay.axi_dma_0.sendchannel.transfer(a)
overlay.axi_dma_0.sendchannel.wait()
overlay.axi_dma_0.recvchannel.wait()
print(b.tolist())
"""


@pytest.fixture
def project(hwh: Path, rtl: Path, tmp_path: Path, scale_overlay: Any) -> Path:
    """A user's folder: block design, Verilog, script. The hardware is built already: same sources, same folder."""
    del scale_overlay
    shutil.copy(hwh, tmp_path / "design.hwh")
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_bitstream_for_a_script_of_ones_own(project: Path, rtl: Path) -> None:
    done = tilewright("simulate", "--hwh", project / "design.hwh", "--rtl", rtl, "--json")
    bit = Path(json_of(done)["bitstream"])
    assert bit == project / "design.bit" and bit.is_file()


@pytest.mark.parametrize("real", [False, True])
def test_script_runs_unchanged(project: Path, rtl: Path, real: bool) -> None:
    """Also where the real bitstream lies beside the block design; it stays."""
    bit = project / "design.bit"
    if real:
        bit.write_bytes(b"Vivado's")
    arguments = ("--hwh", project / "design.hwh", "--rtl", rtl, "--seed", "1", "--", project / "script.py", bit)
    done = tilewright("simulate", *arguments)
    assert done.stdout.strip() == "[0, 7, 14, 21, 28, 35]", done.stderr
    assert not real or bit.read_bytes() == b"Vivado's"


def test_real_bitstream_is_not_overwritten(project: Path, rtl: Path) -> None:
    (project / "design.bit").write_bytes(b"Vivado's")
    done = tilewright("simulate", "--hwh", project / "design.hwh", "--rtl", rtl)
    assert done.returncode == 2 and "--bit" in done.stderr
    assert (project / "design.bit").read_bytes() == b"Vivado's"


def test_a_folder_that_cannot_be_written(project: Path, rtl: Path) -> None:
    """As where the .hwh lies in a read-only folder."""
    bit = project / "script.py" / "design.bit"
    done = CliRunner().invoke(
        app, ["simulate", "--hwh", str(project / "design.hwh"), "--rtl", str(rtl), "--bit", str(bit)]
    )
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    assert str(bit.parent) in done.stderr and "--bit" in done.stderr


def test_a_script_keeps_its_own_errors(project: Path, rtl: Path) -> None:
    (project / "script.py").write_text("open('missing.txt')\n")
    done = tilewright("simulate", "--hwh", project / "design.hwh", "--rtl", rtl, "--", project / "script.py")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "line 1" in done.stderr and "missing.txt" in done.stderr


def test_faulty_verilog(project: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.v").write_text("module bad(input wire x;")
    done = tilewright("simulate", "--hwh", project / "design.hwh", "--rtl", tmp_path / "bad.v")
    assert done.returncode == 2 and "ThirdPartyError" in done.stderr and "bad.v" in done.stderr
