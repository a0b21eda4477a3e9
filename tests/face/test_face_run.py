"""`tilewright.open` and `Board.run`: images of every kind, every reference, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documentation import run_snippet, snippet_of

import tilewright as tw
from tilewright.errors import NetworkError, ParameterError, ReportError, TargetError, TilewrightError
from tilewright.face import Board, references
from tilewright.network import infer
from tilewright.pytorch.images import load_images
from tilewright.report.saved import load_record


@pytest.fixture
def pixels(here: Path) -> np.ndarray:
    return load_images("images.npz").pixels


def test_five_lines(board: Board, pixels: np.ndarray) -> None:
    """Every integer of every layer, with PyTorch's."""
    network = tw.load("network.safetensors")
    run = board.run(network, pixels, check=True)
    assert run.equal is True and run.reference == "pytorch"
    assert run.comparison.compared == sum(codes.size for _, codes in infer(network, pixels))
    assert run.predictions.dtype == np.int64 and run.predictions.shape == (2,)
    assert run.classes == [f"class {number}" for number in run.predictions]
    assert run.scores.shape == (2, 7) and run.scores.argmax(1).tolist() == run.predictions.tolist()
    assert run.cycles == sum(counters.cycles for counters in run.details.counters) > 0
    text = str(run.table())
    assert "PyTorch, in a process of its own" in text and f"{run.cycles:,}" in text and "Result" in text


def test_a_run_without_check_reads_nothing_back(board: Board, pixels: np.ndarray) -> None:
    plain, checked = (board.run("network.safetensors", pixels, check=check, batch=2) for check in (False, "numpy"))
    assert plain.equal is None and plain.reference is None and plain.maps == {} and plain.comparison.compared == 0
    assert plain.cycles < checked.cycles and plain.batch == 2
    assert "not compared" in repr(plain) and "read back" not in str(plain.table())
    assert "6 layers' maps read back" in str(checked.table()) and checked.equal is True
    assert plain.predictions.tolist() == checked.predictions.tolist()


@pytest.mark.parametrize("kind", ["array", "list", "tensor", "file", "golden", "pictures", "folder", "data", "one"])
def test_images_of_every_kind(board: Board, pixels: np.ndarray, here: Path, kind: str) -> None:
    import torch

    given: dict[str, Any] = {
        "array": pixels,
        "list": list(pixels),
        "tensor": torch.from_numpy(pixels),
        "file": "images.npz",
        "golden": Path("golden.npz"),
        "pictures": ["photos/a.png", Path("photos/b.png")],
        "folder": "photos",
        "data": "data",
        "one": pixels[0],
    }
    run = board.run("network.safetensors", given[kind], check="numpy", count=1 if kind == "one" else 2)
    assert run.equal is True and len(run.predictions) == (1 if kind == "one" else 2)
    if kind in ("pictures", "folder"):
        assert run.images.pixels.shape == (2, 3, 32, 32)
    else:
        np.testing.assert_array_equal(run.images.pixels, pixels[: len(run.predictions)])
    # CIFAR-10's classes have other names than the network's
    assert run.correct == ((run.predictions == 3).sum() if kind == "file" else None)


def test_golden_integers_go_first(board: Board, here: Path, tmp_path: Path) -> None:
    run = board.run("network.safetensors", "golden.npz", check=True)
    assert (run.equal, run.reference) == (True, "golden") and "computed by numpy" in str(run.table())
    first = board.run("network.safetensors", "golden.npz", check=True, count=1)
    assert first.equal is True and len(first.predictions) == 1
    other = replace(tw.load("network.safetensors"), file_sha256="0" * 64)
    with pytest.raises(NetworkError, match="are of another network file than small: make them anew"):
        board.run(other, "golden.npz", check=True)


def test_a_golden_set_is_run(board: Board, here: Path, tmp_path: Path) -> None:
    from tilewright.network.golden_file import load_golden

    shutil.copy("network.safetensors", tmp_path)
    shutil.copy("images.npz", tmp_path)
    np.savez(tmp_path / "reference.npz", **load_golden("golden.npz").expected)
    run = board.run(tw.load(tmp_path), tmp_path, check="golden")
    assert (run.equal, run.reference) == (True, "golden")


def test_without_pytorch_numpy_compares(board: Board, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "missing_packages", lambda: ["torch"])
    run = board.run("network.safetensors", pixels, check=True, count=1)
    assert (run.equal, run.reference) == (True, "numpy") and "numpy's integer network" in str(run.table())
    with pytest.raises(NetworkError, match=r"check='pytorch': torch is missing here; check='numpy'"):
        board.run("network.safetensors", pixels, check="pytorch")


def test_without_pytorch_packaged_integers_come_with_the_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    from tilewright import packaged
    from tilewright.face import images as face_images

    monkeypatch.setattr(face_images, "has_pytorch", lambda: False)
    given = face_images.images_for(tw.load(packaged.NETWORK), None)
    assert given.computed == "PyTorch" and given.expected


def test_a_difference_is_said(board: Board, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """One golden integer is another."""
    from tilewright.face import images as face_images
    from tilewright.network.golden_file import load_golden

    golden = load_golden("golden.npz")
    name = next(iter(golden.expected))
    expected = {key: values.copy() for key, values in golden.expected.items()}
    expected[name][1, 3, 5, 7] ^= 1
    monkeypatch.setattr(face_images, "load_golden", lambda file: replace(golden, expected=expected))
    run = board.run("network.safetensors", "golden.npz", check=True)
    text = str(run.table())
    assert run.equal is False and run.comparison.mismatches == 1
    assert "NOT EQUAL" in text and "image 1, channel 3, row 5, column 7" in text and "NOT EQUAL" in repr(run)


def test_maps_are_kept_where_asked(board: Board, pixels: np.ndarray) -> None:
    network = tw.load("network.safetensors")
    names = [layer.name for layer in network.layers]
    run = board.run(network, pixels, layers="all")
    assert list(run.maps) == names and run.equal is None
    for layer, values in infer(network, pixels):
        np.testing.assert_array_equal(run.maps[layer.name], values)
    assert list(board.run(network, pixels, layers=names[1:3], count=1).maps) == names[1:3]
    assert list(board.run(network, pixels, layers=names[1], count=1).maps) == names[1:2]


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (np.zeros((1, 3, 8, 8), np.uint8), {}, r"takes uint8 images \(count, 3x32x32\), got uint8 \(1, 3, 8, 8\)"),
        (np.zeros((2, 32, 32, 3), np.uint8), {}, r"got \(32, 32, 3\): channels come first, np\.moveaxis"),
        (np.zeros((3, 32, 32), np.float32), {}, r"uint8 of 0 to 255, got float32: give them as they are before any"),
        (np.zeros((0, 3, 32, 32), np.uint8), {}, r"an empty array \(0, 3, 32, 32\)"),
        (object(), {}, r"images are arrays, files or a folder; this is a object"),
        ("cat.png", {}, r"cat\.png: no such file or folder of images"),
        (["cat.png"], {}, r"cat\.png: no such image file"),
        ("network.safetensors", {}, r"network\.safetensors"),
        ("images.npz", {"count": 3}, r"3 images of images\.npz: it holds 2"),
        ("images.npz", {"check": "torch"}, r"check='torch': True, False, or one of golden, pytorch, numpy"),
        ("images.npz", {"check": "golden"}, r"came without golden integers; give a golden file"),
        ("images.npz", {"layers": "features.99"}, r"network small has no layer features\.99; there are features\.0"),
        ("images.npz", {"batch": 0}, r"a batch of 0 images: at least 1"),
    ],
)
def test_what_is_refused(board: Board, here: Path, given: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(TilewrightError, match=said):
        board.run("network.safetensors", given, **options)


def test_a_closed_board_runs_nothing(here: Path) -> None:
    with tw.open("sim", array=8, seed=2) as board:
        assert board.run("network.safetensors", "images.npz", count=1).seed == 2
    with pytest.raises(TargetError, match="the simulated board, 8x8 array is closed: open it again"):
        board.run("network.safetensors", "images.npz")
    board.close()


def test_boards_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILEWRIGHT_BITSTREAM", raising=False)
    with pytest.raises(TargetError, match="no device 'simulated': one of sim, board, remote"):
        tw.open("simulated")
    with pytest.raises(TargetError, match="a board device needs a bitstream"):
        tw.open("board")
    with pytest.raises(ParameterError, match="12"):
        tw.open("sim", array=12)
    with pytest.raises(ParameterError, match="pynq_z3"):
        tw.open("sim", board="pynq_z3")


def test_a_board_like_a_users_takes_the_same_calls(here: Path) -> None:
    """`tw.open("board")` in a process whose pynq finds the simulated device as the board under it."""
    from tilewright.sim import SocParameters, write_overlay

    bit = write_overlay(SocParameters(n=8), here / "overlay")
    code = (
        "import tilewright.sim, tilewright as tw\n"
        f"board = tw.open('board', bitstream={str(bit)!r})\n"
        "run = board.run('network.safetensors', 'images.npz', check='numpy', count=1)\n"
        "print(board, run.equal, run.seed is not None)"
    )
    environment = {**os.environ, "TILEWRIGHT_SIMULATED_BOARD": "1", "TILEWRIGHT_DEVICE": "board"}
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=here)
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[-1] == "board, 8x8 array True True"


def test_numpy_and_pynq_are_enough(here: Path) -> None:
    """As on a board: neither rich, safetensors, typer nor PyTorch."""
    code = (
        "import sys\n"
        "for name in ('rich', 'safetensors', 'typer', 'torch', 'tilewright_model'): sys.modules[name] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "gone = lambda name: sys.modules.get(name, 0) is None\n"
        "util.find_spec = lambda name, package=None: None if gone(name) else find(name, package)\n"
        "from tilewright.face.load import load\n"
        "from tilewright.face.images import images_for\n"
        "from tilewright.face.references import choose\n"
        "import tilewright.face.board, tilewright.runs.network\n"
        "network = load('network.safetensors')\n"
        "for file in ('images.npz', 'golden.npz'):\n"
        "    print(choose(network, images_for(network, file), True).name)\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=here)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == ["numpy", "golden"]


def test_snippet_of_the_quick_start(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a small network and numpy, for the trained one and PyTorch."""
    assert snippet_of("README.md") == snippet_of("docs/quick_start.md")
    snippet = snippet_of("docs/quick_start.md").replace('"vgg16"', '"network.safetensors"')
    names = run_snippet(snippet.replace("check=True", 'check="numpy"'))
    assert names["run"].equal is True and "equal" in capsys.readouterr().out


def test_a_report_is_the_run(board: Board, pixels: np.ndarray, tmp_path: Path) -> None:
    run = board.run("network.safetensors", pixels, check="numpy", batch=2)
    board.run("network.safetensors", pixels[:1])
    run.report(tmp_path / "run.html")
    record = load_record(tmp_path / "run.html").facts
    assert (record["predictions"], record["program_cycles"]) == (run.predictions.tolist(), run.cycles)
    assert (record["equal"], record["reference"], record["seed"]) == (True, "numpy", run.seed)
    assert [layer["name"] for layer in record["measured"]] == [layer.name for layer in run.network.layers]
    with pytest.raises(ReportError, match=r"suffix \.html"):
        run.report(tmp_path / "run.pdf")
