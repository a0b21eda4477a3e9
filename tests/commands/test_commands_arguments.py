"""Mistakes in arguments: one line and exit status 2, before PyTorch is started or a device is opened."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tilewright.cli import info
from tilewright.cli.app import app
from tilewright.cli.console import Target
from tilewright.errors import TargetError

KNOWN = "there are features.0, features.3, features.7, features.10, features.14"

MISTAKES = [
    ("demo --array 9", "array size 9: the hardware exists for 8, 16, 32, 64"),
    ("demo --array x", "Invalid value for '--array'"),
    ("demo --trace x.vcd", "--trace x.vcd: a waveform has the suffix .fst"),
    ("demo --trace nowhere/x.fst", "--trace nowhere/x.fst: there is no folder nowhere"),
    ("demo --trace folder.fst", "--trace folder.fst: this is a folder"),
    ("demo --trace x.fst --device board --bitstream photo.png", "--trace needs the simulated device"),
    ("demo --device board", "a board device needs a bitstream"),
    ("run nothing.safetensors", "nothing.safetensors: no such file"),
    ("run folder", "folder is a folder, not a network file: name the file"),
    ("run network.safetensors --checkpoint photo.png", "give a network file or --checkpoint, not both"),
    ("run ''", "An empty argument after run"),
    ("run --data ''", "An empty argument after --data"),
    ("run --data=", "An empty argument after --data"),
    ("run --layers ''", "An empty argument after --layers"),
    ("run --layers nope", f"the network has no layer nope; {KNOWN}"),
    ("run --layers features.3,", f"the network has no layer ''; {KNOWN}"),
    ("run --count 0", "Invalid value for '--count'"),
    ("run --count 2", "--first and --count choose among the images of --data or of an .npz"),
    ("run --images photo.png --first 1", "--first and --count choose among the images of --data or of an .npz"),
    ("run --batch 0", "Invalid value for '--batch'"),
    ("run --clock inf", "--clock inf: the assumed clock is a number of MHz"),
    ("run --clock 0", "Invalid value for '--clock'"),
    ("run --seed -1", "-1 is not in the range 0 to 2^64 - 1"),
    ("run --images nothing.png", "nothing.png: no such image file"),
    ("run --images folder", "folder is a folder, not an image file or an .npz of images"),
    ("run --images four.npz --images photo.png", "give one .npz, or image files"),
    ("run --images four.npz --count 5", "four.npz holds 4 images, not 5 from 0 on"),
    ("run --images four.npz --first 4", "four.npz holds 4 images, none from 4 on"),
    ("run --images four.npz --data folder", "give --images or --data, not both"),
    ("run --data nowhere", "'nowhere' does not exist"),
    ("run --cifar10 folder", "No such option: --cifar10"),
    ("verify --layer nope", f"the checkpoint has no layer nope; {KNOWN}"),
    ("verify --layers features.3,nope", f"the network has no layer nope; {KNOWN}"),
    ("verify --layers all --layer features.3", "goes without --layer"),
    ("verify network.safetensors --layer-file arrays.npz", "goes without --layer-file"),
    ("verify --layer-file nothing.npz", "'nothing.npz' does not exist"),
    ("verify --layer-file folder", "folder is a folder, not a layer file: name the file"),
    ("verify --layer-file arrays.npz --count 2", "--layer-file goes without --count"),
    ("verify --count 2", "--first and --count choose among the images of --data or of an .npz"),
    ("verify --batch 4", "one layer alone goes without --batch"),
    ("verify --checkpoint nothing.pth", "'nothing.pth' does not exist"),
    ("bench --layer nope", f"the checkpoint has no layer nope; {KNOWN}"),
    ("bench --batch 3 --count 4", "--count 4 is no multiple of --batch 3"),
    ("estimate --array 12", "array size 12: the hardware exists for 8, 16, 32, 64"),
    ("estimate --layers nope", f"the network has no layer nope; {KNOWN}"),
    ("estimate --plot nowhere/x.png", "--plot nowhere/x.png: there is no folder nowhere"),
    ("estimate --plot folder", "--plot folder: this is a folder"),
    ("estimate --plot plot", "--plot plot: the suffix says the format"),
    ("golden", "Missing option '--out'"),
    ("golden --out folder", "folder exists already"),
    ("golden --out nowhere/set", "--out nowhere/set: there is no folder nowhere"),
    ("golden --out set --count 3", "--count chooses among the images of --data"),
    ("golden nothing.safetensors --out set", "nothing.safetensors: no such file"),
    ("golden --images four.npz --out set", "--images and --reference go with one file: --out NAME.npz"),
    ("golden --images four.npz -o nowhere/x.npz", "--out nowhere/x.npz: there is no folder nowhere"),
    ("golden --images four.npz --count 5 -o x.npz", "four.npz holds 4 images, not 5 from 0 on"),
    ("info --device simm", "'simm' is not one of 'sim', 'board', 'remote'"),
    ("serve --array 9", "array size 9: the hardware exists for 8, 16, 32, 64"),
    ("install-kernel --array 9", "array size 9: the hardware exists for 8, 16, 32, 64"),
    ("simulate --hwh nothing.hwh --rtl photo.png", "'nothing.hwh' does not exist"),
    ("simulate --hwh photo.png --rtl nothing.v", "'nothing.v' does not exist"),
    ("simulate --hwh photo.png --rtl photo.png -- nothing.py", "no script nothing.py"),
    ("simulate --hwh photo.png --rtl photo.png --parameter x", "x: NAME=VALUE, a number or text"),
    ("simulate --hwh photo.png --rtl photo.png --bit nowhere/x.bit", "there is no folder nowhere"),
    ("simulate --hwh photo.png --rtl photo.png --json photo.png", "give a script or --json, not both"),
    ("stimulus export --out photo.png", "--out photo.png: this is a file"),
    ("stimulus export --out nowhere/set", "--out nowhere/set: there is no folder nowhere"),
    ("stimulus export --out set --image-index -1", "Invalid value for '--image-index'"),
    ("stimulus replay nowhere", "'nowhere' does not exist"),
    ("stimulus replay folder --kernel 3", "--kernel 3: height x width expected"),
    ("board deploy host --bitstream photo.png --key nothing", "'nothing' does not exist"),
    ("board deploy host --no-selftest", "--no-selftest leaves nothing to run without --network"),
    ("board check host", "give the board's bitstream with --bitstream"),
    ("board check sim --images four.npz", "--images goes with --network"),
    ("board check sim --bench 1", "--bench times the network of --network"),
    ("board check sim --soak -1", "Invalid value for '--soak'"),
    ("board check sim --report nowhere/x.json", "--report nowhere/x.json: there is no folder nowhere"),
    ("board check sim --array 8 --stream 128", "stream_w 128: 64, or 128 for an array of 16x16 and more"),
    ("board report sim", "name the file to write: -o FILE.json"),
    ("nope", "No such command 'nope'"),
]


@pytest.fixture
def no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with some files, in which no process may be started and no device opened."""

    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError(f"work has begun: {arguments[:1]}")

    monkeypatch.chdir(tmp_path)
    for variable in ("TILEWRIGHT_DEVICE", "TILEWRIGHT_BITSTREAM", "TILEWRIGHT_HOST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(Target, "open", refuse)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.fst").mkdir()
    (tmp_path / "photo.png").write_bytes(b"no photo")
    np.savez(tmp_path / "arrays.npz", weights=np.zeros(3))
    np.savez(tmp_path / "four.npz", pixels=np.zeros((4, 3, 32, 32), np.uint8))


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_one_line_and_status_2_before_any_work(line: str, message: str) -> None:
    result = CliRunner().invoke(app, line.replace("''", '""'))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.stderr
    assert message in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (RuntimeError("a fault of the program"), 2, "RuntimeError: a fault of the program"),
        (OSError("no space left"), 2, "OSError: no space left"),
        (TargetError("refused"), 2, "TargetError: refused"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_nothing_but_a_difference_is_status_1(
    error: BaseException, status: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(info, "choose_target", fail)
    result = CliRunner().invoke(app, ["info"])
    assert result.exit_code == status and text in result.stderr
    assert ("Traceback" in result.stderr) == isinstance(error, RuntimeError)
