"""Data sets of one's own: arrays and image folders, for training and measuring, and what is said of others."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from tilewright.errors import NetworkError
from tilewright.network import load_network
from tilewright.pytorch import load_images
from tilewright_model.__main__ import app
from tilewright_model.data.cifar10 import Images
from tilewright_model.data.data_set import load_data_set, numbered
from tilewright_model.errors import DataError

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)
LABELS = np.arange(12) % 3
NAMES = np.array(["ant", "bee", "crab"])
PLAN = 'options.plan="8 M 8 M 8 M 8 M 8 M"'
SMALL = ("--recipe", "cosine", "--set", PLAN, "--set", "batch=4", "--device", "cpu", "--epochs", 1)


def invoke(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"images": PIXELS, "labels": LABELS, **arrays})
    return path


def folder(path: Path, pixels: Any = PIXELS, names: Any = NAMES) -> Path:
    """An image folder: a folder a class."""
    for number, picture in enumerate(pixels):
        place = path / names[LABELS[number] % len(names)]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:02d}.png")
    return path


def by_content(images: Images) -> set[tuple[bytes, str]]:
    names = images.classes or tuple(map(str, range(3)))
    return {(p.numpy().tobytes(), names[label]) for p, label in zip(images.pixels, images.labels, strict=True)}


def test_arrays_and_image_folders_are_the_same_set(tmp_path: Path) -> None:
    read = load_data_set(archive(tmp_path / "own.npz", classes=NAMES), "test")
    assert read.pixels.dtype == torch.uint8 and read.classes == tuple(NAMES)
    np.testing.assert_array_equal(read.pixels.numpy(), PIXELS.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(read.labels.numpy(), LABELS)
    images = load_data_set(folder(tmp_path / "images"), "train")
    assert by_content(images) == by_content(read) and len(by_content(read)) == 12
    assert images.labels.tolist() != sorted(images.labels.tolist()), "in an order of chance: --count takes all classes"
    assert torch.equal(images.labels, load_data_set(tmp_path / "images", "train").labels)


def test_divided_sets(tmp_path: Path) -> None:
    archive(tmp_path / "train.npz")
    archive(tmp_path / "test.npz", images=PIXELS[:2], labels=LABELS[:2])
    assert [len(load_data_set(tmp_path, split)) for split in ("train", "test")] == [12, 2]
    root = tmp_path / "folders"
    folder(root / "train")
    folder(root / "val", PIXELS[:3])
    assert [len(load_data_set(root, split)) for split in ("train", "test")] == [12, 3]
    with pytest.raises(DataError, match=r"has no images to train: no train\.npz or train/CLASS"):
        folder(tmp_path / "half" / "test")
        load_data_set(tmp_path / "half", "train")


def test_grey_and_colour_become_what_the_network_takes(tmp_path: Path) -> None:
    grey = PIXELS[..., 0]
    for given in (grey, grey[..., None]):
        three = load_data_set(archive(tmp_path / "grey.npz", images=given), "test").pixels
        assert three.shape == (12, 3, 32, 32) and torch.equal(three[:, 0], three[:, 2])
        np.testing.assert_array_equal(three[:, 1].numpy(), grey)
    one = load_data_set(archive(tmp_path / "colour.npz"), "test", (1, 32, 32)).pixels[:, 0]
    expected = np.stack([np.asarray(Image.fromarray(picture).convert("L")) for picture in PIXELS])
    np.testing.assert_array_equal(one.numpy(), expected)
    read = load_data_set(folder(tmp_path / "images"), "test", (1, 32, 32)).pixels[:, 0]
    assert {picture.numpy().tobytes() for picture in read} == {picture.tobytes() for picture in expected}


def test_names_number_the_classes() -> None:
    images = Images(torch.zeros(2, 3, 1, 1), torch.tensor([0, 1]), ("bee", "crab"))
    assert numbered(images, ("ant", "bee", "crab"), 3).labels.tolist() == [1, 2]
    with pytest.raises(DataError, match=r"classes \['crab'\] are none of the network's: ant, bee"):
        numbered(images, ("ant", "bee"), 2)
    with pytest.raises(DataError, match="labels up to 1, and the network has 1 classes"):
        numbered(images, (), 1)


def test_images_for_a_run_keep_the_names(tmp_path: Path) -> None:
    """A run counts right classes by the network's numbers; classes that it has not are unknown."""
    folder(tmp_path / "own")
    assert invoke("images", "--data", tmp_path / "own", "--count", 12, "--out", tmp_path / "i.npz").exit_code == 0
    images = load_images(tmp_path / "i.npz")
    assert images.classes == tuple(NAMES) and images.numbered(()) is images
    np.testing.assert_array_equal(images.numbered(("crab", "x", "ant")).labels, np.array([2, -1, 0])[images.labels])
    np.savez(tmp_path / "bad.npz", pixels=images.pixels, labels=images.labels, classes=NAMES[:2])
    with pytest.raises(NetworkError, match=r"`classes` are <U4 \(2,\), expected texts, one a label"):
        load_images(tmp_path / "bad.npz")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "channels first": ({"images": PIXELS.transpose(0, 3, 1, 2)}, r"`images` are uint8 \(12, 3, 32, 32\), expected"),
    "floats": ({"images": PIXELS / 255}, r"`images` are float64"),
    "empty": ({"images": PIXELS[:0], "labels": LABELS[:0]}, r"`images` are uint8 \(0, 32, 32, 3\)"),
    "few labels": ({"labels": LABELS[:5]}, r"`labels` are int64 \(5,\) from 0 on, expected 12 integers"),
    "one-hot": ({"labels": np.eye(3)[LABELS]}, r"`labels` are float64 \(12, 3\)"),
    "negative": ({"labels": LABELS - 1}, r"`labels` are int64 \(12,\) from -1 on, expected"),
    "few names": ({"classes": NAMES[:2]}, r"`classes` are <U4 \(2,\), expected different texts, one a label 0 to 2"),
    "same names": ({"classes": NAMES[[0, 0, 1]]}, "expected different texts"),
    "objects": ({"classes": np.array(["ant", 1, None], dtype=object)}, "holds Python objects"),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_arrays_are_named(name: str, tmp_path: Path) -> None:
    arrays, message = BAD[name]
    with pytest.raises(DataError, match=message):
        load_data_set(archive(tmp_path / "bad.npz", **arrays), "test")


def test_files_that_are_no_images_are_named(tmp_path: Path) -> None:
    root = folder(tmp_path / "images")
    (root / "ant" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"cannot read the image .*broken\.png"):
        load_data_set(root, "test")
    (root / "ant" / "broken.png").unlink()
    (root / "dodo").mkdir()
    with pytest.raises(DataError, match=r"is no folder with a folder of images for each class: .*dodo"):
        load_data_set(root, "test")
    deep = tmp_path / "deep"
    (deep / "ant").mkdir(parents=True)
    Image.fromarray(np.full((8, 8), 4000, np.uint16)).save(deep / "ant" / "deep.png")
    with pytest.raises(DataError, match=r"deep\.png has more than 8 bits a channel"):
        load_data_set(deep, "test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A network trained by the command on a divided image folder of three classes."""
    root = tmp_path_factory.mktemp("own")
    folder(root / "pets" / "train")
    folder(root / "pets" / "test", PIXELS[:6])
    result = invoke("train", "--data", root / "pets", "--out", root / "run", "--json", *SMALL)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout) | {"data": root / "pets", "root": root}


def test_a_training_takes_classes_and_names_of_the_data(trained: dict[str, Any], tmp_path: Path) -> None:
    """And a network of an own plan is called by what it has, not VGG16."""
    checkpoint = Path(trained["checkpoint"])
    assert checkpoint.name == "cnn5_w4a4_pets.safetensors" and trained["total"] == 6
    result = invoke("export", "--checkpoint", checkpoint, "--out", tmp_path / "net.safetensors", "--json")
    assert json.loads(result.stdout)["network"] == "CNN5"
    network = load_network(tmp_path / "net.safetensors")
    assert (network.name, network.classes, len(network.tail[-1].bias)) == ("CNN5", tuple(NAMES), 3)
    for words in (("--checkpoint", checkpoint), ("--checkpoint", checkpoint, "--integer"), (network_file(tmp_path),)):
        found = invoke("evaluate", *words, "--data", trained["data"], "--json")
        assert found.exit_code == 0, found.stderr
        assert (json.loads(found.stdout)["total"], json.loads(found.stdout)["correct"]) == (6, trained["correct"])


def network_file(folder: Path) -> Path:
    return folder / "net.safetensors"


def test_some_classes_alone_keep_their_numbers(trained: dict[str, Any], tmp_path: Path) -> None:
    """The folder of the second class, alone, has label 0 by itself; the network's number for it is 1."""
    whole = invoke("evaluate", "--checkpoint", trained["checkpoint"], "--data", trained["data"], "--json")
    correct = 0
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / name).symlink_to(trained["data"] / "test" / name)
        part = invoke("evaluate", "--checkpoint", trained["checkpoint"], "--data", tmp_path / name, "--json")
        assert part.exit_code == 0, part.stderr
        correct += json.loads(part.stdout)["correct"]
    assert correct == json.loads(whole.stdout)["correct"] == trained["correct"]


REFUSED: dict[str, tuple[Callable[[Path, dict[str, Any]], tuple[object, ...]], str]] = {
    "undivided": (
        lambda path, run: ("train", "--data", archive(path / "own.npz"), "--out", path / "run", *SMALL),
        r"own\.npz has no test images of its own: .*--hold-out N",
    ),
    "size": (
        lambda path, run: (
            "train", "--data", archive(path / "o.npz", images=PIXELS[:, :28, :28]), "--hold-out", 4,
            "--out", path / "run", *SMALL,
        ),
        "the network takes images of 3x32x32, the data set has 3x28x28: scale them",
    ),
    "classes": (
        lambda path, run: (
            "evaluate", "--checkpoint", run["checkpoint"], "--data", archive(path / "o.npz", labels=LABELS + 1),
        ),
        "labels up to 3, and the network has 3 classes",
    ),
    "names": (
        lambda path, run: (
            "evaluate", "--checkpoint", run["checkpoint"], "--data", folder(path / "o", names=["ant", "dodo", "bee"]),
        ),
        r"classes \['dodo'\] are none of the network's: ant, bee, crab",
    ),
    "fewer asked for": (
        lambda path, run: (
            "train", "--data", run["data"], "--out", path / "run", *SMALL, "--set", "options.classes=2",
        ),
        "options.classes=2, and the data set has 3 classes",
    ),
    "missing key": (
        lambda path, run: ("evaluate", "--data", _without_labels(path / "o.npz")),
        r"o\.npz has no array 'labels' \(docs/training\.md\)",
    ),
    "too many": (
        lambda path, run: ("evaluate", "--checkpoint", run["checkpoint"], "--data", run["data"], "--count", 7),
        r"images 0\.\.6 were asked for; there are 6",
    ),
}  # fmt: skip


def _without_labels(path: Path) -> Path:
    np.savez(path, images=PIXELS)
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_named(name: str, trained: dict[str, Any], tmp_path: Path) -> None:
    words, message = REFUSED[name]
    result = invoke(*words(tmp_path, trained))
    assert result.exit_code == 2 and re.search(message, result.stderr), result.output
    assert not (tmp_path / "run").exists()


def test_what_is_not_divided_is_trained_with_images_held_out(tmp_path: Path) -> None:
    words = ("--data", archive(tmp_path / "own.npz"), "--hold-out", 4, "--out", tmp_path / "run", *SMALL)
    result = invoke("train", *words, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["total"], found["measured"]) == (4, "held_out") and found["checkpoint"].endswith(
        "cnn5_w4a4_own.safetensors"
    )
