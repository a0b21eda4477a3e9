"""Notebooks as a user has them: a folder of copies, and a kernel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS

from tilewright.cli.kernel import KERNEL_NAME, install


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of host/notebooks; what one notebook makes there, the next finds."""
    copy = tmp_path_factory.mktemp("jupyter") / "notebooks"
    shutil.copytree(
        NOTEBOOKS, copy, ignore=shutil.ignore_patterns("golden", "__pycache__", ".ipynb_checkpoints", "own_*")
    )
    return copy


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the kernel of the simulated board, installed for this session."""
    prefix = tmp_path_factory.mktemp("prefix")
    install(prefix, array=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
        yield KERNEL_NAME
