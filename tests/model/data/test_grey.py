"""Networks of one channel take grey and colour image files; image files of other kinds are named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from onnx_graphs import Maker
from PIL import Image
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.data.image_file import load_images
from tilewright_model.data.pixels import cat, from_file, grey
from tilewright_model.errors import DataError
from tilewright_model.integers.reference import reference
from tilewright_model.network_file.read import load_network_file

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
COLOUR = np.random.default_rng(1).integers(0, 256, (8, 8, 3)).astype(np.uint8)


def invoke(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def saved(path: Path, pixels: NDArray[Any], mode: str | None = None) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of one channel, 8x8, imported from QONNX by the command."""
    maker, folder = Maker(), tmp_path_factory.mktemp("grey")
    maker.quant(1 / 127, 8, 1)
    weights = maker.quant(0.5, 4, 1, maker.constant(np.float32(np.arange(36).reshape(4, 1, 3, 3) % 5 - 2)))
    maker.then("Conv", weights).then("Relu").then("Flatten")
    maker.then("MatMul", np.random.default_rng(0).normal(size=(144, 3)).astype(np.float32))
    qonnx = maker.save(folder / "grey.onnx", (1, 1, 8, 8))
    words = ("import-qonnx", qonnx, "--out", folder / "grey.safetensors")
    result = invoke(*words)
    assert result.exit_code == 2 and "images of 1 channels: give one --mean and --std" in result.stderr
    result = invoke(*words, "--mean", 0.5, "--std", 0.5)
    assert result.exit_code == 0, result.stderr
    return folder / "grey.safetensors"


def test_image_files_for_a_network_of_one_channel(network: Path, tmp_path: Path) -> None:
    files = [saved(tmp_path / "grey.png", GREY), saved(tmp_path / "colour.png", COLOUR)]
    options = [word for file in files for word in ("--images", file)]
    result = invoke("reference", network, *options, "--out", tmp_path / "r.npz", "--json")
    assert result.exit_code == 0, result.stderr
    pixels = torch.from_numpy(np.stack([GREY, grey(COLOUR)]))[:, None]
    expected = reference(load_network_file(network), pixels)
    with np.load(tmp_path / "r.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["scores"], expected.scores.numpy())
    assert len(expected.scores.unique()) == 6


def test_images_with_the_channels_that_are_asked_for(tmp_path: Path) -> None:
    files = {1: saved(tmp_path / "colour.png", COLOUR), 3: saved(tmp_path / "grey.png", GREY)}
    for channels, file in files.items():
        words = ("--images", file, "--size", 8, 8, "--channels", channels, "--out", tmp_path / f"{channels}.npz")
        assert invoke("images", *words).exit_code == 0
    np.testing.assert_array_equal(load_images(tmp_path / "1.npz").pixels[0, 0].numpy(), grey(COLOUR))
    np.testing.assert_array_equal(load_images(tmp_path / "3.npz").pixels[0].numpy(), np.stack([GREY] * 3))
    again = ("images", "--images", tmp_path / "3.npz", "--channels", 1, "--out", tmp_path / "again.npz")
    assert invoke(*again).exit_code == 0
    np.testing.assert_array_equal(load_images(tmp_path / "again.npz").pixels[0, 0].numpy(), GREY)
    assert cat((8, 8), 1).shape == (1, 1, 8, 8)


def test_grey_is_pillows() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    np.testing.assert_array_equal(grey(pixels), np.asarray(Image.fromarray(pixels).convert("L")))


@pytest.mark.parametrize(("mode", "expected"), [("1", GREY), ("P", GREY), ("LA", GREY), ("RGBA", GREY), ("CMYK", GREY)])
def test_every_kind_of_image_file_is_grey(mode: str, expected: NDArray[Any], tmp_path: Path) -> None:
    black_and_white = np.where(GREY > 127, np.uint8(255), np.uint8(0))
    pixels = black_and_white if mode == "1" else expected
    path = saved(tmp_path / ("a.tiff" if mode == "CMYK" else "a.png"), pixels, mode)
    np.testing.assert_array_equal(from_file(path, (8, 8), 1)[0, 0].numpy(), pixels)


def test_what_has_no_8_bits_or_other_channels_is_named(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", GREY.astype(np.uint16) * 256)
    for channels in (1, 3):
        with pytest.raises(DataError, match=r"deep\.png has more than 8 bits a channel \(I;16\): save it with 8"):
            from_file(deep, (8, 8), channels)
    with pytest.raises(DataError, match=r"gives images of 1 or 3 channels, and 2 are asked for: give an \.npz"):
        from_file(saved(tmp_path / "grey.png", GREY), (8, 8), 2)
    result = invoke("images", "--channels", 2, "--out", tmp_path / "x.npz", "--json")
    assert result.exit_code == 2 and "images of 3 channels do not become 2: give an .npz" in result.stderr
    assert json.loads(invoke("images", "--channels", 1, "--out", tmp_path / "x.npz", "--json").stdout)["images"] == 1
