"""Every notebook of host/notebooks, executed; its rendering in docs/notebooks is what this run prints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS, execute, pictures_of, read, render, text_of

# name -> (pictures, what it must print, how often)
EXPECTED = {
    "1_first_run": (3, {" 0 of 256 outputs differ": 3, "channel 5 is explained exactly by one weight": 1}),
    "2_a_layer_in_depth": (6, {"4608 partial sums equal to": 1, " 0 differ\n": 2, "% of the array": 5}),
    "3_whole_network": (3, {", 0 differ\n": 14, "predictions, 0 differ from PyTorch's": 1}),
    "4_finding_a_fault": (
        4,
        {
            "The first layer that differs is features.27": 1,
            "channel 5 is explained exactly by one weight": 1,
            "the same results again": 1,
            "first wrong pass": 1,
        },
    ),
    "5_your_own_network": (
        4,
        {
            "51200 integers compared, 0 differ": 1,
            "its channels that differ: [5]": 1,
            "compared with golden integers: 0 differ": 1,
        },
    ),
}


def test_all_notebooks_are_tested() -> None:
    assert {file.stem for file in NOTEBOOKS.glob("*.ipynb")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_notebook(name: str, folder: Path, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one as after `make setup`, without any choice; the others with the kernel of the simulated board."""
    monkeypatch.delenv("TILEWRIGHT_DEVICE", raising=False)
    first = name.startswith("1")
    notebook = execute(read(name), folder, "python3" if first else kernel)
    pictures, texts = EXPECTED[name]
    printed = text_of(notebook)
    assert pictures_of(notebook) == pictures
    assert {text: printed.count(text) for text in texts} == texts
    if name[0] in "34" and "CIFAR10_ROOT" not in os.environ:
        pytest.skip("executed; its rendering shows CIFAR-10, and CIFAR10_ROOT is not set")
    assert render(notebook, name), f"docs/notebooks/{name}.md was not what this run printed; it is now: look and commit"
