"""How networks, boards and runs print and show in notebooks; the docstrings' examples; what is imported."""

from __future__ import annotations

import base64
import doctest
import importlib
import io
import pydoc
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tilewright as tw
from tilewright.face import Board
from tilewright.table import Table

FACE = ("board", "images", "load", "pictures", "references", "run")


class Tags(HTMLParser):
    """Reads HTML and refuses what is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.pictures: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures.append(str(dict(attrs)["src"]))
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_a_network(here: Path) -> None:
    network = tw.load("network.safetensors")
    shown = Tags(network._repr_html_())
    assert {layer.name for layer in network.layers} <= set(shown.cells)
    assert {"average 3x3, stride 3", "conv 3x3, stride 2", "20x7x7"} <= set(shown.cells)
    assert len(repr(network)) < 80 and repr(network) == str(network)


def test_a_board_and_a_run(board: Board, here: Path) -> None:
    from PIL import Image

    assert repr(board) == str(board) == "simulated board, 8x8 array"
    assert {"Array", "8x8: 64 multiplications a cycle", "Seed"} <= set(Tags(board._repr_html_()).cells)
    run = board.run("network.safetensors", "images.npz", check="numpy")
    assert repr(run) == f"small on {board}: 2 images, {run.cycles:,} cycles, equal (numpy)"
    shown = Tags(run._repr_html_())
    assert {"Compared with", "equal", *run.classes} <= set(shown.cells) and len(shown.pictures) == 2
    picture = Image.open(io.BytesIO(base64.b64decode(shown.pictures[0].removeprefix("data:image/png;base64,"))))
    assert picture.size == (64, 64)


def test_a_table_folds_and_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("Title <1>", {"Name": "word " * 40, "Other": "a < b"}, ("below " * 30,))
    for columns in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = str(table).splitlines()
        assert max(map(len, lines[:-1])) <= columns and lines[-1] == "below " * 30
        assert " ".join(lines[1:-2]).split() == ["Name", *["word"] * 40]
    assert {"Title <1>", "a < b"} <= set(Tags(table._repr_html_()).cells)


def test_help_begins_with_the_five_lines() -> None:
    """What a terminal of 24 lines shows first has all of the description."""
    first, _, rest = pydoc.plain(pydoc.render_doc(tw)).partition("PACKAGE CONTENTS")
    shown = first.splitlines()[2:]  # a terminal's pager has no title
    assert len(shown) <= 24 and max(map(len, shown)) <= 80
    assert "board.run(network, images, check=True)" in first and "open(device:" in rest
    for module in re.findall(r"tilewright\.(\w+)", first):
        importlib.import_module(f"tilewright.{module}")


@pytest.mark.simulation
@pytest.mark.parametrize("module", FACE)
def test_docstrings_run(module: str, here: Path) -> None:
    found = importlib.import_module(f"tilewright.face.{module}")
    results = doctest.testmod(found, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0 and results.attempted >= {"board": 3, "load": 1}.get(module, 0)


@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("import tilewright", ("numpy", "pynq", "rich", "torch", "typer", "tilewright.face")),
        ("import tilewright.network", ("pynq", "rich", "torch", "typer", "tilewright.face")),
        ("import tilewright; tilewright.load; tilewright.open", ("pynq", "rich", "torch", "typer", "tilewright_model")),
    ],
)
def test_imports_are_late(code: str, others: tuple[str, ...]) -> None:
    code = f"import sys\n{code}\nprint(sorted(set({others!r}) & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


def test_names_complete() -> None:
    assert {"load", "open", "__version__"} == set(tw.__all__) <= set(dir(tw))
