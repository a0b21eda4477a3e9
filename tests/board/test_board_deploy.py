"""`tilewright board deploy` against a local sshd, with the simulated device behind it."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_bitstreams
import numpy as np
import pytest
from hostile_names import HOSTILE, TOUCHED
from typer.testing import CliRunner, Result

from tilewright.bitstreams.manifest import MANIFEST
from tilewright.board import deploy as deployment
from tilewright.board import own_network
from tilewright.board.junit import Report
from tilewright.board.ssh import Ssh
from tilewright.cli.app import app

Deploy = Callable[..., Result]


@pytest.fixture
def client(ssh_server: Any) -> Ssh:
    """What the command makes of its options."""
    return Ssh("127.0.0.1", getpass.getuser(), ssh_server.port, ssh_server.key, ssh_server.config)


@pytest.fixture
def home() -> Path:
    """Where commands on the board begin."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir)


@pytest.fixture
def deploy(ssh_server: Any, board: Path, bitstream: Path) -> Deploy:
    """`deploy(*more)` runs the command, with more options; later ones win."""

    def run(*more: str | Path) -> Result:
        options = ["--user", getpass.getuser(), "--port", ssh_server.port, "--key", ssh_server.key, "--no-sudo"]
        options += ["--ssh-config", ssh_server.config, "--bitstream", bitstream]
        options += ["--python", board / "python", "--workdir", board / HOSTILE]
        return CliRunner().invoke(app, ["board", "deploy", "127.0.0.1", *map(str, [*options, *more])])

    return run


def test_deploy_and_selftest(
    deploy: Deploy, board: Path, bitstream: Path, wheel: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies, installs, and passes on the RTL: from what was copied, not from this checkout."""
    # Built once for these tests
    monkeypatch.setattr(deployment, "build_wheel", lambda folder: Path(shutil.copy(wheel, folder)))
    own = with_manifest(bitstream, board / "own")
    result = deploy("--json", "--bitstream", own)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["passed"] is True and facts["report"]["failures"] == []
    assert facts["report"]["tests"] >= 17 and facts["report"]["skipped"] == 0
    assert facts["report"]["facts"]["accelerator"].startswith("8x8")
    assert facts["bitstream"] == bitstream.name and len(facts["bitstream_sha256"]) == 64
    assert facts["wheel"].endswith(".whl") and facts["versions"]["pynq"]
    assert "test_selftest_results.py" in result.stderr and " passed" in result.stderr
    assert facts["report"]["facts"]["tilewright_folder"] == str(board / HOSTILE / "site" / "tilewright")
    copied = {path.name for path in (board / HOSTILE).iterdir()}
    assert {bitstream.name, bitstream.with_suffix(".hwh").name, MANIFEST, facts["wheel"], "site"} <= copied
    assert not any((folder / TOUCHED).exists() for folder in (home, board, board / HOSTILE))


def with_manifest(bitstream: Path, folder: Path) -> Path:
    """A copy of a bitstream with the manifest that is true of it."""
    folder.mkdir()
    for kind in ("bit", "hwh"):
        shutil.copy(bitstream.with_suffix(f".{kind}"), folder)
    manifest = fake_bitstreams.manifest_of_simulated(folder / bitstream.name)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder / bitstream.name


def test_the_manifest_of_another_bitstream_goes(
    deploy: Deploy, board: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_network, "selftest", lambda *_: Report(1, 0, 0.0, (), {}))
    stale = board / HOSTILE / MANIFEST
    stale.write_text('{"tilewright_manifest": 2}', encoding="utf-8")
    result = deploy("--wheel", wheel)
    assert result.exit_code == 0, result.output
    assert not stale.exists()


@pytest.mark.parametrize(
    "folder", [HOSTILE, "$(touch {touched})/x", "a\\ b", "~", "-", "-p", "$HOME", "*", "'", "ß 雪"]
)
def test_folders_and_files_of_any_name(
    client: Ssh, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Also where the computer has an scp that has the board's shell read the folder's name."""
    old = tmp_path / "bin" / "scp"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\nexec {shutil.which("scp")} -O "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    folder = f"{tmp_path}/{folder.format(touched=TOUCHED)}"
    files = [tmp_path / f"-{HOSTILE}.bit", tmp_path / "ä b.whl"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number, 0, 255]) * 100_000)
    client.copy(files, folder)
    assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == {
        file.name: file.read_bytes() for file in files
    }
    what = deployment.Deployment(files[0], folder=folder, sudo=False)
    assert len(deployment._check_copies(client, what, files)) == 2
    assert not any((place / TOUCHED).exists() for place in (home, tmp_path, Path(folder)))


def test_names_that_no_board_takes(deploy: Deploy, bitstream: Path, tmp_path: Path) -> None:
    """Said before anything is sent."""
    broken = tmp_path / "a\nb.bit"
    for file in (broken, broken.with_suffix(".hwh")):
        file.write_bytes(bitstream.with_suffix(file.suffix).read_bytes())
    for options, message in (
        (["--workdir", "a\nb"], r"'a\nb' holds a line break"),
        (["--bitstream", broken], r"'a\nb.bit' holds a line break"),
        (["--python", "py\tthon"], r"'py\tthon' holds a line break or another character"),
        (["--workdir", "~nobody/x"], "~nobody/x: only ~ alone stands for a home"),
        (["--workdir", "a:b"], "has no folders with a colon"),
    ):
        result = deploy(*options, "--port", "9")
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert message in " ".join(result.stderr.split()), result.stderr


def test_home_of_the_board(client: Ssh, home: Path, bitstream: Path) -> None:
    what = deployment.Deployment(bitstream, folder="~/x y", python="~/venv/bin/python")
    expanded = deployment._without_tilde(client, what)
    assert (expanded.folder, expanded.python) == (f"{home}/x y", f"{home}/venv/bin/python")
    whole = deployment.Deployment(bitstream, folder="-")
    assert deployment._without_tilde(client, whole).folder == "./-"


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, 99)])
def test_what_the_board_cannot_read_is_not_deployed(
    deploy: Deploy,
    bitstream: Path,
    wheel: Path,
    board: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
) -> None:
    whole = Ssh.copy

    def copy(self: Ssh, files: list[Path], folder: str) -> None:
        whole(self, files, folder)
        damage(board / HOSTILE / bitstream.with_suffix(".hwh").name)

    monkeypatch.setattr(Ssh, "copy", copy)
    result = deploy("--wheel", wheel)
    assert (result.exit_code, result.stdout) == (2, "")
    said = " ".join(result.stderr.split())
    assert f"{bitstream.stem}.hwh" in said and "BoardError" in said and "Installing" not in said


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
        (["--workdir", "/proc/tilewright"], "the copy failed"),
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
