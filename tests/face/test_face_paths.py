"""Documented functions do with a path as text what they do with a ``Path``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.files import write_npz, written, written_folder
from tilewright.network import ConvLayer, load_network, save_network
from tilewright.network.golden_file import GoldenFile, computed, is_golden, load_golden
from tilewright.npz import read_npz
from tilewright.pytorch import golden_set, load_images
from tilewright.pytorch.golden_integers import Reference, golden_integers
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.images import Images
from tilewright.stimulus.reader import files_beside, find_sets, read_set
from tilewright.stimulus.writer import write_set

PIXELS = np.zeros((1, 3, 32, 32), np.uint8)


def layer() -> ConvLayer:
    rng = np.random.default_rng(0)
    weights, codes = rng.integers(-8, 8, (8, 8, 3, 3), dtype=np.int8), rng.integers(0, 16, (1, 8, 4, 4), dtype=np.uint8)
    return ConvLayer("user", weights, codes, 1, 1)


def written_to(path: Any) -> None:
    with written(path) as partial:
        partial.write_text("text", encoding="utf-8")


def folder_at(path: Any) -> None:
    with written_folder(path) as partial:
        (partial / "file").touch()


def model_images(path: Any) -> None:
    """docs/brevitas.md, and its example."""
    import torch

    from tilewright_model.data import Images as ModelImages
    from tilewright_model.data import save_images

    save_images(path, ModelImages(torch.from_numpy(PIXELS), torch.zeros(1, dtype=torch.long)), "zeros")


def model_network(path: Any) -> None:
    from tilewright_model.network_file import save_network as save_module
    from tilewright_model.networks.examples import EXAMPLES

    model: Any = EXAMPLES["small"](0)
    save_module(model, path, model.image_size, "small")


def golden(path: Any) -> None:
    GoldenFile("", "numpy", "zeros", PIXELS, {"predictions": np.zeros(1, np.int64)}).save(path)


WRITERS: dict[str, Callable[[Any], Any]] = {
    "tilewright.files.write_npz": lambda path: write_npz(path, {"a": PIXELS}),
    "tilewright.files.written": written_to,
    "tilewright.files.written_folder": folder_at,
    "tilewright.network.save_network": lambda path: save_network(load_network("network.safetensors"), path),
    "tilewright.network.golden_file": golden,
    "tilewright.pytorch.Images.save": Images(PIXELS, np.zeros(1, np.int64), "zeros").save,
    "tilewright.stimulus.writer.write_set": lambda path: write_set(layer(), 0, path),
    "tilewright_model.data.save_images": model_images,
    "tilewright_model.network_file.save_network": model_network,
}


def model_read(name: str) -> Callable[[Any], Any]:
    def read(path: Any) -> Any:
        from tilewright_model.data.image_file import collect
        from tilewright_model.data.image_file import load_images as load_model_images
        from tilewright_model.network_file import load_network_file

        called: dict[str, Callable[[Any], Any]] = {
            "collect": lambda path: collect([path], None)[1],
            "load_images": lambda path: load_model_images(path).pixels.sum(),
            "load_network_file": lambda path: load_network_file(path).image_size,
        }
        return called[name](path)

    return read


READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "tilewright.network.load_network": ("network.safetensors", lambda path: repr(load_network(path))),
    "tilewright.network.golden_file.load_golden": ("golden.npz", lambda path: load_golden(path).source),
    "tilewright.network.golden_file.is_golden": ("golden.npz", is_golden),
    "tilewright.network.golden_file.computed": (
        "network.safetensors",
        lambda path: computed(load_network(path), path, PIXELS, "").network_sha256,
    ),
    "tilewright.npz.read_npz": ("images.npz", lambda path: sorted(read_npz(path, ValueError, "file"))),
    "tilewright.pytorch.load_images": ("images.npz", lambda path: load_images(path).source),
    "tilewright.pytorch.golden_integers": (
        "network.safetensors",
        lambda path: golden_integers(path, load_images("images.npz"), Reference.NUMPY).integers,
    ),
    "tilewright.pytorch.ImageChoice": (
        "images.npz",
        lambda path: ImageChoice([path]).take(load_network("network.safetensors")).source,
    ),
    "tilewright_model.data.collect": ("images.npz", model_read("collect")),
    "tilewright_model.data.load_images": ("images.npz", model_read("load_images")),
    "tilewright_model.network_file.load_network_file": ("network.safetensors", model_read("load_network_file")),
}


def content(path: Path) -> dict[str, bytes]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(file.relative_to(path.parent)).partition("/")[2]: file.read_bytes() for file in files if file.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_writers(name: str, here: Path, tmp_path: Path) -> None:
    for kind, folder in ((str, "text"), (Path, "path")):
        (tmp_path / folder).mkdir()
        WRITERS[name](kind(tmp_path / folder / "made"))
    made = content(tmp_path / "text" / "made")
    assert made and made == content(tmp_path / "path" / "made")


@pytest.mark.parametrize("name", READERS)
def test_readers(name: str, here: Path) -> None:
    file, read = READERS[name]
    assert read(file) == read(Path(file))


def test_golden_sets(here: Path, tmp_path: Path) -> None:
    for name in ("network.safetensors", "images.npz"):
        (tmp_path / name).write_bytes(Path(name).read_bytes())
    np.savez(tmp_path / "reference.npz", **load_golden("golden.npz").expected)
    assert golden_set(str(tmp_path), network_file="not read").images.source == golden_set(tmp_path).images.source


def test_stimulus_sets(tmp_path: Path) -> None:
    write_set(layer(), 0, str(tmp_path / "set"))
    (tmp_path / "notes.md").touch()
    (found,) = find_sets(str(tmp_path))
    assert read_set(str(found)).directory == read_set(found).directory
    assert files_beside(str(tmp_path), [str(found)]) == files_beside(tmp_path, [found])
