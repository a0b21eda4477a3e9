"""What a shell completes: layers of the file that is given, sizes of arrays; in no time, without pynq or torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from safetensors.numpy import save_file

from tilewright.cli.app import app
from tilewright.cli.options import complete_layer, complete_layers
from tilewright.network.layer_names import layers_in, trained_checkpoint, unknown_layers

COMPLETE = """
import sys
from tilewright.cli.app import app
try:
    app(prog_name="tilewright")
finally:
    print("imported:", *(name for name in ("pynq", "torch", "safetensors") if name in sys.modules))
"""
KINDS = {"features.0": "conv", "features.10": "conv", "features.3": "average"}
LAYERS = json.dumps([{"name": name, "kind": kind} for name, kind in KINDS.items()])
PROGRAM: Any = typer.main.get_command(app)


def completed(*words: str) -> list[str]:
    """Lines that bash gets for a command line whose last word is being typed."""
    variables = {
        "_TILEWRIGHT_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-c", COMPLETE]
    process = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    return process.stdout.split("\n")[:-1]


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    save_file({"x": np.zeros(1)}, path, {"layers": LAYERS})
    return path


def context(**parameters: object) -> typer.Context:
    """What typer gives a completion, with what has been typed before."""
    made = typer.Context(PROGRAM)
    made.params.update(parameters)
    return made


def test_as_a_shell_asks() -> None:
    assert completed("tilewright", "verify", "--layers", "features.2") == [
        *("features.20", "features.24", "features.27", "features.29"),
        "imported:",
    ]


def test_sizes_of_arrays() -> None:
    for command in ("demo", "run", "verify", "estimate", "explore", "serve", "install-kernel"):
        (array,) = (option for option in PROGRAM.commands[command].params if option.opts == ["--array"])
        assert [item.value for item in array.shell_complete(context(), "")] == ["8", "16", "32", "64"]


def test_boards_that_are_explored() -> None:
    (board,) = (option for option in PROGRAM.commands["explore"].params if option.opts == ["--board"])
    assert [item.value for item in board.shell_complete(context(), "pynq")] == ["pynq_z1", "pynq_z2"]


def test_layers_of_the_network_file(network_file: Path) -> None:
    of_file = context(network_file=str(network_file))
    assert complete_layers(of_file, "") == ["features.0", "features.10", "features.3", "all"]
    assert complete_layers(of_file, "features.0,features.1") == ["features.0,features.10"]
    assert complete_layers(of_file, "features.0,") == ["features.0,features.10", "features.0,features.3"]
    assert complete_layers(context(), "al") == ["all"]


def test_layers_of_a_checkpoint() -> None:
    known = layers_in(trained_checkpoint())
    assert len(known) == 13 and known[:4] == ["features.0", "features.3", "features.7", "features.10"]
    assert complete_layer(context(), "features.1") == ["features.10", "features.14", "features.17"]
    assert complete_layer(context(checkpoint="README.md"), "") == []


def test_convolutions_and_unknown_names(network_file: Path) -> None:
    assert layers_in(network_file, convolutions=True) == ["features.0", "features.10"]
    assert unknown_layers(["features.0"], ["features.0"]) is None
    assert unknown_layers(["x", ""], ["a", "b"]) == "no layer x, ''; there are a, b"


@pytest.mark.parametrize("contents", [b"", b"short", b"\xff" * 64, (3).to_bytes(8, "little") + b"[1]"])
def test_other_files_name_no_layers(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "file").write_bytes(contents)
    assert layers_in(tmp_path / "file") == []
    assert layers_in(tmp_path / "nothing") == []
