"""The commands images and reference: what they write, whole files only, and one clear error for bad input."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.data.cifar10 import Images, load_cifar10
from tilewright_model.data.image_file import load_images, save_images
from tilewright_model.data.pixels import cat
from tilewright_model.errors import DataError
from tilewright_model.integers.reference import reference, save_chunks
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.examples import small_network, tall_network


def run(*arguments: str | Path) -> None:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    save_network(small_network(2), path, (3, 32, 32), "small")
    return path


@pytest.fixture
def ten_images(tmp_path: Path, image_crops: Callable[..., Tensor]) -> Path:
    path = tmp_path / "images.npz"
    save_images(path, Images(image_crops(10), torch.arange(10)), "pieces")
    return path


def test_without_a_source_the_image_is_the_cat(tmp_path: Path) -> None:
    run("images", "--out", tmp_path / "cat.npz")
    found = arrays(tmp_path / "cat.npz")
    assert {key: (value.dtype.kind, value.shape) for key, value in found.items()} == {
        "pixels": ("u", (1, 3, 32, 32)),
        "labels": ("i", (1,)),
        "source": ("U", ()),
    }
    assert np.array_equal(found["pixels"], cat()) and found["labels"].tolist() == [-1]
    assert str(found["source"]) == "scikit-image's chelsea"
    assert torch.equal(load_images(tmp_path / "cat.npz").pixels, cat())


def test_images_come_from_files_in_any_size(tmp_path: Path) -> None:
    from skimage import data, io

    files = [tmp_path / "one.png", tmp_path / "two.png"]
    io.imsave(files[0], data.chelsea())
    io.imsave(files[1], np.full((90, 40, 3), 9, np.uint8), check_contrast=False)
    sources = [word for file in files for word in ("--images", str(file))]
    run("images", *sources, "--size", "96", "48", "--out", tmp_path / "images.npz")
    found = arrays(tmp_path / "images.npz")
    assert found["pixels"].shape == (2, 3, 96, 48) and str(found["source"]) == "one.png, two.png"
    assert np.unique(found["pixels"][1]).tolist() == [9]
    # the centre: 150 of 451 columns are kept of 300 rows
    left = np.asarray(data.chelsea())[:, 150:300].mean((0, 1))
    assert found["pixels"][0].mean((1, 2)) == pytest.approx(left, abs=1)


def test_images_come_from_cifar10_with_labels(data_root: Path, tmp_path: Path) -> None:
    run("images", "--data", data_root, "--first", "3", "--count", "4", "--out", tmp_path / "images.npz")
    found, test = arrays(tmp_path / "images.npz"), load_cifar10(data_root, "test")
    assert np.array_equal(found["pixels"], test.pixels[3:7]) and np.array_equal(found["labels"], test.labels[3:7])
    assert str(found["source"]) == "CIFAR-10 test images 3..6"
    run("images", "--data", data_root, "--size", "96", "96", "--out", tmp_path / "large.npz")
    assert arrays(tmp_path / "large.npz")["pixels"].shape == (1, 3, 96, 96)


def test_images_that_are_not_there_are_named(data_root: Path, tmp_path: Path) -> None:
    command = ["images", "--data", str(data_root), "--first", "20", "--count", "5", "--out", str(tmp_path / "x.npz")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "DataError: images 20..24 were asked for; there are 24, from 0 on"


def test_the_reference_file_holds_what_the_network_computes(small_file: Path, ten_images: Path, tmp_path: Path) -> None:
    run("reference", small_file, "--images", ten_images, "--out", tmp_path / "deep" / "ref.npz", "--device", "cpu")
    found = arrays(tmp_path / "deep" / "ref.npz")
    pixels = load_images(ten_images).pixels
    expected = reference(small_network(2), pixels)
    kinds = {key: (value.dtype.name, value.shape[1:]) for key, value in found.items()}
    assert kinds == {
        "features.0.codes": ("uint8", (12, 32, 32)),
        "features.3.codes": ("uint8", (20, 7, 7)),
        "features.7.codes": ("uint8", (33, 7, 7)),
        "features.9.codes": ("uint8", (24, 3, 3)),
        "features.13.codes": ("uint8", (20, 3, 3)),
        "features.16.accumulators": ("int32", (20, 1, 1)),
        "scores": ("float64", (7,)),
        "predictions": ("int64", ()),
    }
    assert all(np.array_equal(found[f"{name}.codes"], codes) for name, codes in expected.codes.items())
    assert np.array_equal(found["features.16.accumulators"], found["features.13.codes"].sum((2, 3), keepdims=True))
    assert np.array_equal(found["scores"], expected.scores)
    assert np.array_equal(found["predictions"], expected.predictions)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["ref.npz"]


def test_the_last_layer_alone_and_chunks(small_file: Path, ten_images: Path, tmp_path: Path) -> None:
    common = ["reference", small_file, "--images", ten_images]
    run(*common, "--layers", "last", "--out", tmp_path / "last.npz")
    last = arrays(tmp_path / "last.npz")
    assert list(last) == ["features.16.accumulators", "scores", "predictions"]
    run(*common, "--chunk", "4", "--out", tmp_path / "chunks")
    files = sorted((tmp_path / "chunks").iterdir())
    assert [file.name for file in files] == ["00000.npz", "00001.npz", "00002.npz"]
    parts = [arrays(file) for file in files]
    assert [len(part["features.0.codes"]) for part in parts] == [4, 4, 2]
    for key, values in last.items():
        assert np.array_equal(np.concatenate([part[key] for part in parts]), values)
    result = CliRunner().invoke(app, [str(word) for word in (*common, "--chunk", "4", "--out", tmp_path / "chunks")])
    assert result.exit_code == 2 and "holds .npz files already" in result.stderr


def test_progress_is_told_and_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, image_crops: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, done = small_network(2), []
    reference(model, image_crops(30), advance=done.append)
    assert done == [25, 5]

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(KeyboardInterrupt):
        save_chunks(model, image_crops(2), tmp_path / "chunks", 1)
    assert not list((tmp_path / "chunks").iterdir())


def test_chunks_wait_for_who_takes_them_away(
    tmp_path: Path, image_crops: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more files than `ahead` lie there; where the reader's process has ended, writing ends."""
    folder, taken, most = tmp_path / "chunks", [], 0

    def take(seconds: float) -> None:
        nonlocal most
        files = sorted(folder.glob("0*.npz"))
        most = max(most, len(files))
        taken.append(files[0].name)
        files[0].unlink()

    monkeypatch.setattr(time, "sleep", take)
    save_chunks(small_network(2), image_crops(6), folder, 1, ahead=2)
    assert (most, len(taken), len(list(folder.glob("*.npz")))) == (2, 4, 2)
    parents = iter([1, 2])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match=r"the process that takes files out of .*other has ended"):
        save_chunks(small_network(2), image_crops(2), tmp_path / "other", 1, ahead=1)


def test_images_of_another_size_are_named(small_file: Path, image_crops: Callable[..., Tensor]) -> None:
    model = load_network_file(small_file)
    for pixels in (image_crops(1, 96), image_crops(1).float(), image_crops(1)[:0], image_crops(1)[:, :1]):
        with pytest.raises(DataError, match=r"takes uint8 images \(n, 3, 32, 32\), got"):
            reference(model, pixels)
    assert reference(tall_network(0), image_crops(1, 96)).scores.shape == (1, 10)


def test_files_that_hold_no_images_are_named(tmp_path: Path) -> None:
    path, npy = tmp_path / "images.npz", io.BytesIO()
    np.save(npy, np.zeros((2, 3, 4, 4), np.uint8))
    with pytest.raises(DataError, match="no such image file"):
        load_images(path)
    for content in (b"PK", npy.getvalue()):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"not a readable \.npz image file"):
            load_images(path)
    np.savez(path, labels=np.zeros(2, np.int64))
    with pytest.raises(DataError, match="it has no pixels"):
        load_images(path)
    np.savez(path, pixels=np.zeros((2, 3, 4, 4), np.uint8), labels=np.zeros(3, np.int64))
    with pytest.raises(DataError, match="expected pixels uint8"):
        load_images(path)
