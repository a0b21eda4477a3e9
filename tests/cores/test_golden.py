"""The accelerator's `sim` target: replays the golden files and finds a planted difference."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tilewright.compiler.tiles import weight_rows
from tilewright.hardware.beats import pack_nibbles
from tilewright.hardware.commands import Conv, Mode, Weights
from tilewright.hardware.program import decode_program
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.integers.capture import layer_named

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = "cores/accelerator/golden"
CHECKPOINT = ROOT / "model" / "checkpoints" / "vgg16_w4a4_cifar10.safetensors"


def fusesoc(checkout: Path, target: str) -> subprocess.CompletedProcess[str]:
    tools = Path(sys.executable).parent
    command = [str(tools / "fusesoc"), "run", "--target", target, "tilewright:ip:accelerator"]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The cores alone, so that a planted difference stays here."""
    shutil.copytree(ROOT / "cores", tmp_path / "cores", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "fusesoc.conf", tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", ["sim", "sim_verilator"])
def test_replay_is_equal(checkout: Path, target: str) -> None:
    done = fusesoc(checkout, target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS: 1276 result beats equal" in done.stdout + done.stderr


def test_replay_finds_a_planted_difference(checkout: Path) -> None:
    results = checkout / GOLDEN / "relu_results.hex"
    beats = results.read_text(encoding="ascii").splitlines()
    beats[100] = f"{int(beats[100], 16) ^ 1:016x}"
    results.write_text("\n".join(beats) + "\n", encoding="ascii")
    done = fusesoc(checkout, "sim")
    assert done.returncode != 0
    assert "result beat 100" in done.stdout + done.stderr


@pytest.mark.parametrize("mode", ["raw", "relu"])
def test_golden_weights_are_those_of_the_checkpoint(mode: str) -> None:
    lines = (ROOT / GOLDEN / f"{mode}_program.hex").read_text(encoding="ascii").split()
    commands = decode_program(np.array([int(line, 16) for line in lines], dtype=np.uint64))
    (conv,) = [command for command in commands if isinstance(command, Conv)]
    (weights,) = [command for command in commands if isinstance(command, Weights)]
    assert conv.images >= 4 and conv.mode is Mode[mode.upper()]
    codes = layer_named(load_network(CHECKPOINT), "features.27").weight_codes().numpy()
    np.testing.assert_array_equal(weights.data, pack_nibbles(weight_rows(codes, 8)))
