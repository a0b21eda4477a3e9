"""The notebook "your own network" without Brevitas and PyTorch, as on a board: with the network file beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from notebook_runs import read

from tilewright.network import scores_of

MISSING = ("brevitas", "torch", "tilewright_model")


def test_without_brevitas(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Also that the file is a network of the cell's shape, and that it tells stripes apart."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in MISSING else find(name))
    names: dict[str, Any] = {}
    for cell in read("5_your_own_network").cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "<cell>", "exec"), names)  # noqa: S102  the project's own notebook
    assert "model" not in names and names["run"].reference == "numpy"
    assert names["run"].equal and names["handed_over"].reference == "golden"
    printed = capsys.readouterr().out
    for said in ("stripes: 3 layers, images 3x32x32", "features.5   conv       8 to  16 channels"):
        assert said in printed
    pixels, labels = names["stripes"](200, seed=2)
    *_, (_, sums) = names["infer"](names["network"], pixels)
    predicted = scores_of(names["network"], sums).argmax(axis=1)
    assert np.mean(predicted == labels) > 0.9
