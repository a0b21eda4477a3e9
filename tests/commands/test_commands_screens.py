"""What commands show on screens of 60, 80 and 120 columns: no line is wider, and nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_bitstreams
import numpy as np
import pytest
from rich.cells import cell_len
from rich.table import Table
from typer.testing import CliRunner

import tilewright as tw
from tilewright.cli.app import app
from tilewright.cli.console import output
from tilewright.cli.narrow import Screen
from tilewright.cli.tables import run_table

WIDTHS = (60, 80, 120)
# Of the notebook "your own network"
FILE = Path(__file__).parents[2] / "host" / "notebooks" / "data" / "stripes.safetensors"
NETWORK = tw.load(FILE)
LAYERS = [layer.name for layer in NETWORK.layers]


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Columns of the screen, of the commands' console and of those that help pages are printed on."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.delenv("TERMINAL_WIDTH", raising=False)
    monkeypatch.setattr(output, "_width", request.param)
    return int(request.param)


def assert_fits(text: str, width: int, words: list[str]) -> None:
    """No line is too wide or cut, and each of the words is there, whole."""
    lines = [line.rstrip() for line in text.splitlines()]
    assert not [line for line in lines if cell_len(line) > width or "…" in line]
    assert not [word for word in words if not any(word in line for line in lines)]


def shown(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_estimate(width: int) -> None:
    text = shown("estimate", str(FILE), "--array", "8", "--layers", "all")
    assert_fits(text, width, [*LAYERS, "Stalls", "Bound by", "activations", "Program cycles", "exact"])


def test_explore(width: int) -> None:
    few = ("--board", "pynq_z2", "--array", "8", "--dsp-columns", "0", "--stream", "64", "--batch", "1")
    text = shown("explore", str(FILE), *few)
    assert_fits(text, width, ["PYNQ-Z2", "8x8", "Cycles", "img/s", "BRAM", "1 fit"])


@pytest.mark.simulation
def test_info(width: int) -> None:
    assert_fits(shown("info"), width, ["tilewright-sim", "program_format", "build_hash", "numpy"])


def test_bitstreams(width: int, tmp_path: Path) -> None:
    fake_bitstreams.write_whole(tmp_path / "pynq_z2_16x16", "pynq_z2")
    text = shown("bitstream", "list", "--folder", str(tmp_path))
    assert_fits(text, width, ["pynq_z2_16x16", "16x16", "WNS ns", "not run", "right"])


@pytest.fixture(scope="module")
def run() -> Iterator[Any]:
    pixels = np.random.default_rng(0).integers(0, 256, (2, *NETWORK.image), dtype=np.uint8)
    with tw.open("sim", array=8, seed=1) as board:
        yield board.run(NETWORK, pixels, check="numpy")


@pytest.mark.simulation
def test_a_run(run: Any, width: int) -> None:
    with output.capture() as captured:
        output.print(run_table(run.details, run.images, 1, 100.0))
    words = ["Predictions", "Program cycles", str(run.cycles), "Integers compared", "Mismatches", "equal"]
    assert_fits(captured.get(), width, words)


# The longest options and words, and the groups
@pytest.mark.parametrize("words", ["", "run", "estimate", "board build", "board deploy", "stimulus replay"])
def test_help_pages(width: int, words: str) -> None:
    assert_fits(shown(*words.split(), "--help"), width, ["Usage:", "--help"])


def test_what_does_not_fit_is_a_list() -> None:
    """A table is kept as long as its longest words fit; then it is a list, whose long values are folded."""
    table = Table("Name", "Value", title="Title")
    table.add_row("first", "a" * 30 + " " + "b" * 30)
    for width, is_table in ((80, True), (42, True), (41, False), (20, False)):
        screen = Screen(width=width)
        with screen.capture() as captured:
            screen.print(table)
        lines = captured.get().splitlines()
        assert ("┃" in captured.get()) is is_table, width
        assert max(map(cell_len, lines)) <= width and "…" not in captured.get()
        assert captured.get().count("b") == 30
