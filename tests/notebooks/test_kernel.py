"""`tilewright install-kernel`, and a notebook of somebody who knows pynq only."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from notebook_runs import execute, text_of
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.cli.kernel import next_commands
from tilewright.compiler.layer import compile_layer
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.network.layer import ConvLayer

# Plain pynq, nothing of ours
CELLS = (
    """import os
import numpy as np
import pynq
overlay = pynq.Overlay(os.environ["TILEWRIGHT_BITSTREAM"])
print(pynq.Device.active_device.name, *sorted(overlay.ip_dict))""",
    """program = np.load("program.npy")
send = pynq.allocate(program.shape, np.uint64)
receive = pynq.allocate(np.load("length.npy"), np.uint64)
send[:] = program
overlay.axi_dma_0.recvchannel.transfer(receive)
overlay.axi_dma_0.sendchannel.transfer(send)
overlay.axi_dma_0.sendchannel.wait()
overlay.axi_dma_0.recvchannel.wait()
np.save("received.npy", np.array(receive))""",
)


def test_a_pynq_notebook_runs_unchanged(kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Overlay, allocate and DMA of pynq take the simulated device, which the notebook does not name."""
    monkeypatch.delenv("TILEWRIGHT_DEVICE", raising=False)
    layer = ConvLayer.load(Path(__file__).parents[2] / "host" / "notebooks" / "data" / "features.27.npz")
    program = compile_layer(layer, ArrayParameters.of_size(8))
    np.save(tmp_path / "program.npy", program.beats)
    np.save(tmp_path / "length.npy", program.output_beats + TRAILER_BEATS)
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    printed = text_of(execute(nbformat.v4.new_notebook(cells=cells), tmp_path, kernel))
    assert "tilewright-sim accelerator_0 axi_dma_0" in printed
    (outputs,) = program.unpack(np.load(tmp_path / "received.npy"))
    np.testing.assert_array_equal(outputs, layer.accumulators)


def test_install_kernel(tmp_path: Path) -> None:
    install = ["install-kernel", "--prefix", str(tmp_path), "--array", "16"]
    facts = json.loads(CliRunner().invoke(app, [*install, "--json"]).stdout)
    folder = Path(facts["folder"])
    assert folder == tmp_path / "share" / "jupyter" / "kernels" / "tilewright-sim"
    spec = json.loads((folder / "kernel.json").read_text())
    assert spec["display_name"] == "Tilewright (simulated board)"
    assert spec["env"]["TILEWRIGHT_DEVICE"] == "sim"
    bitstream = Path(spec["env"]["TILEWRIGHT_BITSTREAM"])
    assert bitstream.parent == folder and bitstream.is_file() and bitstream.with_suffix(".hwh").is_file()
    again = CliRunner().invoke(app, install)
    assert again.exit_code == 0 and "Tilewright (simulated board)" in again.stdout
    lines = [line.strip() for line in again.stdout.splitlines()]
    assert facts["next"][-1] == f"JUPYTER_PATH={tmp_path / 'share' / 'jupyter'} jupyter lab"
    assert set(facts["next"]) <= set(lines), "each on a line of its own, to be copied"
    assert sorted(file.suffix for file in folder.iterdir()) == [".bit", ".hwh", ".json"]


def test_next_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this environment, and in the user's folder, Jupyter finds the kernel by itself; JupyterLab may be missing."""
    expected = ["pynq get-notebooks --ignore-overlays tilewright", "jupyter lab"]
    for prefix in (None, Path(sys.prefix)):
        assert next_commands(prefix) == expected
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupyterlab" else find(name))
    assert next_commands(None) == ["pip install 'tilewright[notebook]'", *expected]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user", "--prefix", "x"], "give --user or --prefix, not both"),
        (["--prefix", "x", "--array", "12"], "array size 12"),
        (["--prefix", "a_file"], "the kernel cannot be installed"),
    ],
)
def test_bad_options_are_named(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").touch()
    result = CliRunner().invoke(app, ["install-kernel", *arguments])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ipykernel" else find(name))
    result = CliRunner().invoke(app, ["install-kernel", "--prefix", str(tmp_path)])
    assert result.exit_code == 2
    assert "pip install 'tilewright[notebook]'" in " ".join(result.stderr.split())
