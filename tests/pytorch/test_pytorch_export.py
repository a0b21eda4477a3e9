"""The cache of exported network files: what other sources have written is never taken for today's."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tilewright.network
import tilewright_model
from tilewright.pytorch import export

Change = Callable[[pytest.MonkeyPatch, Path], None]


def change_model(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    """A byte of a source of the model package."""
    source = copy / "tilewright_model" / "network_file" / "thresholds.py"
    source.write_bytes(source.read_bytes() + b"\n")


def change_torch(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    monkeypatch.setattr(export, "version", lambda name: "0.0.1")


def change_network(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    """A byte of a source of this package's network."""
    shutil.copytree(Path(tilewright.network.__file__).parent, copy / "network")
    (copy / "network" / "file.py").write_text("", encoding="utf-8")
    find = export.find_spec

    def moved(name: str) -> object:
        spec = find(name)
        if spec is not None and name == "tilewright.network":
            spec.submodule_search_locations = [str(copy / "network")]
        return spec

    monkeypatch.setattr(export, "find_spec", moved)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a copy of the model package, which is found first."""
    shutil.copytree(Path(tilewright_model.__file__).parent, tmp_path / "tilewright_model")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tilewright_model")
    export.exporter_hash.cache_clear()
    yield tmp_path
    export.exporter_hash.cache_clear()


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """`exported()`: whether a checkpoint was exported, and not taken from the cache."""
    monkeypatch.setattr(export, "cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "checkpoint").write_bytes(b"weights")
    runs: list[str] = []

    def run(*arguments: str | Path) -> str:
        Path(arguments[-1]).touch()
        runs.append(str(arguments[0]))
        return ""

    monkeypatch.setattr(export, "run_model", run)

    def exported() -> bool:
        before = len(runs)
        assert export.export_network(tmp_path / "checkpoint").is_file()
        return len(runs) > before

    return exported


@pytest.mark.parametrize("change", [change_model, change_torch, change_network])
def test_what_other_sources_wrote_is_exported_anew(
    change: Change, copy: Path, exported: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exported() and not exported()
    change(monkeypatch, copy)
    export.exporter_hash.cache_clear()
    assert exported() and not exported()
