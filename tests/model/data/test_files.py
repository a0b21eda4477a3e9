"""Files of `tilewright_model` on odd machines: no home, a full disk."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from odd_machines import small_disk, without_home
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.data import cifar10


def test_no_home_is_wanted_before_a_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_home(monkeypatch)
    runpy.run_path(cifar10.__file__)  # an import anew
    with pytest.raises(OSError, match=r"no home folder.*\$TILEWRIGHT_CACHE"):
        cifar10.load_cifar10(None, "test")


#: the commands' help as a user whom the system does not know, without HOME
HELP = """
import os, pwd, sys
def unknown(uid):
    raise KeyError(uid)
pwd.getpwuid = unknown
for name in ("HOME", "XDG_CACHE_HOME", "TILEWRIGHT_CACHE"):
    os.environ.pop(name, None)
from tilewright.cli.app import app
from tilewright_model.__main__ import app as model
for program in (app, model):
    try:
        program(["--help"])
    except SystemExit as end:
        assert not end.code, end.code
"""


def test_help_wants_no_home() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage:") == 2


def test_downloads_are_in_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(cifar10, "_from_torchvision", lambda root, split, download: asked.append(root))
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))
    cifar10.load_cifar10(None, "test")
    assert asked == [tmp_path / "cache" / "cifar10"]
    (tmp_path / "file").touch()
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match=rf"{tmp_path}/file/cifar10: Not a directory: \$TILEWRIGHT_CACHE"):
        cifar10.load_cifar10(None, "test")


@pytest.mark.parametrize(
    "command", [["export", "--example", "small"], ["images", "--size", "320", "320"]], ids=lambda words: words[0]
)
def test_a_full_disk_leaves_no_file(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "out"
    with small_disk(1_000):
        result = CliRunner().invoke(app, [*command, "--out", str(path)])
    assert result.exit_code == 2 and len(result.stderr.splitlines()) <= 2
    assert "OSError" in result.stderr and str(path) in result.stderr
    assert not list(tmp_path.iterdir())
