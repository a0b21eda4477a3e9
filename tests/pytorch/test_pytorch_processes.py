"""PyTorch's process: one that does not answer is ended, and named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from tilewright.errors import ModelProcessError, NetworkError
from tilewright.pytorch import process as model_process
from tilewright.pytorch import reference as prepare
from tilewright.pytorch.model_options import image_options
from tilewright.pytorch.process import ModelProcess
from tilewright.pytorch.reference import PyTorchReference
from tilewright_model.__main__ import app as model_app


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> ModelProcess:
    """A process that does nothing, and ignores the request to end."""
    process = ModelProcess("--help")
    process.stop()
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('.', flush=True); time.sleep(60)"
    process._process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process._process.stdout is not None and process._process.stdout.readline()
    monkeypatch.setattr(model_process, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(model_process, "STOP_SECONDS", 0.1)
    return process


@pytest.mark.parametrize("command", ["images", "capture"])
def test_model_takes_the_options_of_images(command: str, tmp_path: Path) -> None:
    parser: Any = typer.main.get_command(model_app).commands[command]  # type: ignore[attr-defined]
    for options in (image_options([tmp_path, tmp_path], None, None), image_options([], tmp_path, 3)):
        # The model looks whether files are there
        parser.make_context(command, [*map(str, options), "--out", str(tmp_path / "out.npz")], resilient_parsing=True)


def test_process_that_does_not_end(sleeper: ModelProcess) -> None:
    with pytest.raises(ModelProcessError, match=r"tilewright_model --help has not ended in 0\.1 s"):
        sleeper.wait()
    assert sleeper._process.returncode == -9


def test_batch_that_does_not_come(sleeper: ModelProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "BATCH_SECONDS", 0.1)
    reference = object.__new__(PyTorchReference)
    reference._folder, reference._process = tmp_path, sleeper
    with pytest.raises(NetworkError, match=r"has not written batch 3 in 0\.1 s"), reference:
        reference.chunk(3)
    assert sleeper._process.returncode == -9
