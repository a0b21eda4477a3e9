"""A `vivado` on PATH that is none: cores/scripts/vivado_stand_in.py. Nothing here has run in Vivado."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import vivado_stand_in
from board_checks.runs import Orders, text_of


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Orders], None]:
    """Puts the stand-in on PATH, and tells it what a test wants."""
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is missing: apt-get install tcl")
    pytest.importorskip("pyslang", reason="pyslang has no version for Python 3.10")
    vivado_stand_in.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))

    def order(orders: Orders) -> None:
        monkeypatch.setenv(vivado_stand_in.VARIABLE, text_of(orders))

    return order
