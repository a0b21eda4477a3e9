"""`tilewright board deploy` against a local sshd, with the simulated device behind it."""

from __future__ import annotations

import getpass
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tilewright.board import deploy as deployment
from tilewright.board.wheel import build_wheel
from tilewright.cache import cache_folder
from tilewright.cli import app

ROOT = Path(__file__).resolve().parents[2]
Deploy = Callable[..., Result]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def board(ssh_server: Any, bare_board_environment: dict[str, str], tmp_path: Path) -> Path:
    """A folder of the board: a Python with numpy, pynq, pytest and a device, and the sources that the device needs."""
    hook = bare_board_environment["PYTHONPATH"].split(":")[0]
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        f'export TILEWRIGHT_SIMULATED_BOARD=1 BOARD_LACKS="{bare_board_environment["BOARD_LACKS"]}"\n'
        f'export PYTHONPATH="{hook}:$PYTHONPATH" TILEWRIGHT_CACHE="{cache_folder()}"\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    (tmp_path / "tilewright").mkdir()
    (tmp_path / "tilewright" / "cores").symlink_to(ROOT / "cores")
    return tmp_path


@pytest.fixture
def deploy(ssh_server: Any, board: Path, bitstream: Path) -> Deploy:
    """`deploy(*more)` runs the command, with more options; later ones win."""

    def run(*more: str | Path) -> Result:
        options = ["--user", getpass.getuser(), "--port", ssh_server.port, "--key", ssh_server.key, "--no-sudo"]
        options += ["--ssh-config", ssh_server.config, "--bitstream", bitstream]
        options += ["--python", board / "python", "--workdir", board / "tilewright"]
        return CliRunner().invoke(app, ["board", "deploy", "127.0.0.1", *map(str, [*options, *more])])

    return run


def test_deploy_and_selftest(
    deploy: Deploy, board: Path, bitstream: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies, installs, and passes on the RTL: from what was copied, not from this checkout."""
    # Built once for these tests
    monkeypatch.setattr(deployment, "build_wheel", lambda folder: Path(shutil.copy(wheel, folder)))
    result = deploy("--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["passed"] is True and facts["report"]["failures"] == []
    assert facts["report"]["tests"] >= 17 and facts["report"]["skipped"] == 0
    assert facts["report"]["facts"]["accelerator"].startswith("8x8")
    assert facts["bitstream"] == bitstream.name and len(facts["bitstream_sha256"]) == 64
    assert facts["wheel"].endswith(".whl") and facts["versions"]["pynq"]
    assert "test_selftest_results.py" in result.stderr and " passed" in result.stderr
    assert facts["report"]["facts"]["tilewright_folder"] == str(board / "tilewright" / "site" / "tilewright")
    copied = {path.name for path in (board / "tilewright").iterdir()}
    assert {bitstream.name, bitstream.with_suffix(".hwh").name, facts["wheel"], "site"} <= copied


def altered(wheel: Path, folder: Path) -> Path:
    """The wheel with one golden integer altered."""
    name, output = "tilewright/selftest/vectors/8x8.npz", folder / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(output, "w") as target:
        for entry in source.namelist():
            if entry == name:
                with source.open(entry) as file, np.load(file, allow_pickle=False) as vectors:
                    arrays = {key: vectors[key].copy() for key in vectors.files}
                arrays["0.expected.0"][0, 3, 1, 2] += 1
                with target.open(entry, "w") as file:
                    np.savez(file, **arrays)
            else:
                target.writestr(entry, source.read(entry))
    return output


def test_a_wrong_integer_fails_and_is_named(deploy: Deploy, wheel: Path, tmp_path: Path) -> None:
    result = deploy("--wheel", altered(wheel, tmp_path))
    assert result.exit_code == 1
    output = " ".join(result.stdout.split())
    assert "features.27, raw: 1 of 256 outputs differ" in output
    assert "image 0, channel 3, row 1, column 2: expected" in output
    assert "FAILED" in output and "test_results_are_exact[features.27]" in output


def test_what_cannot_be_reached_or_used_is_named(
    deploy: Deploy, ssh_server: Any, board: Path, tmp_path: Path, free_port: int
) -> None:
    strange_config = tmp_path / "ssh_config"
    strange_config.write_text(f"UserKnownHostsFile {tmp_path / 'known_hosts'}\n")
    bare = tmp_path / "bare_python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -I "$@"\n')
    bare.chmod(0o755)
    for options, message in (
        (["--key", ssh_server.stranger], "it refuses the key: give it yours with `ssh-copy-id"),
        (["--port", free_port], "nothing listens there"),
        (["--ssh-config", strange_config], "its host key is new or has changed"),
        (["--python", "/nowhere/python"], "has no /nowhere/python"),
        (["--python", bare], "lacks pip, pytest, numpy, pynq"),
        (["--workdir", "/proc/tilewright"], "a command failed there"),
        (["--bitstream", tmp_path / "no.bit"], "no file"),
    ):
        result = deploy(*options)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert "BoardError" in result.stderr and message in " ".join(result.stderr.split())


def test_a_selftest_that_cannot_run_is_named(deploy: Deploy, wheel: Path, board: Path) -> None:
    python = board / "python"
    refuse = 'case "$*" in *"pip install"*) exit 0;; *--junitxml*) exit 4;; esac\nexec'
    python.write_text(python.read_text().replace("exec", refuse))
    result = deploy("--wheel", wheel)
    assert result.exit_code == 2
    assert "the self-test could not run (exit code 4)" in " ".join(result.stderr.split())
