"""Both readers of a network file, the host's and PyTorch's, refuse what no exporter writes, each in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tilewright.errors import NetworkError
from tilewright.network import load_network
from tilewright_model.errors import NetworkError as ModelNetworkError
from tilewright_model.file_network import load_network_file

FLATTEN, LINEAR = {"kind": "flatten"}, {"kind": "linear", "name": "classifier", "in_features": 512, "out_features": 10}
Tensors, Metadata = dict[str, torch.Tensor], dict[str, str]
Change = Callable[[Tensors, Metadata], Any]
FIRST, LAST, FLOAT8 = "features.0", "features.39", torch.float8_e4m3fn


def tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    return lambda tensors, metadata: tensors.update({name: change(tensors[name])})


def entry(key: str, number: int | None = None, **values: Any) -> Change:
    """Changes fields of a JSON value of the metadata; a value of None takes the field away."""

    def change(tensors: Tensors, metadata: Metadata) -> None:
        content = json.loads(metadata[key])
        fields = content if number is None else content[number]
        fields.update(values)
        for field in [field for field, value in values.items() if value is None]:
            del fields[field]
        metadata[key] = json.dumps(content)

    return change


def both(*changes: Change) -> Change:
    return lambda tensors, metadata: [change(tensors, metadata) for change in changes]


def average_of_the_image(tensors: Tensors, metadata: Metadata) -> None:
    """The first layer of "small" becomes an average of 1x1 windows, and all that belongs to it."""
    for key in ("weights", "bn_scale", "bn_shift"):
        del tensors[f"{FIRST}.{key}"]
    tensors[f"{FIRST}.thresholds"] = tensors[f"{FIRST}.thresholds"][:3]
    tensors[f"{FIRST}.falling"] = torch.zeros(3, dtype=torch.uint8)
    shape = {"kind": "average", "out_channels": 3, "kernel": [1, 1], "padding": 0, "weight_levels": 1}
    entry("layers", 0, **shape, batch_norm=False, relu=False, pool=1)(tensors, metadata)
    second = json.loads(metadata["layers"])[1]["name"]
    tensors[f"{second}.weights"] = tensors[f"{second}.weights"][:, :3]
    entry("layers", 1, in_channels=3)(tensors, metadata)


def no_scores(tensors: Tensors, metadata: Metadata) -> None:
    tensors["classifier.weight"], tensors["classifier.bias"] = torch.zeros(0, 512).double(), torch.zeros(0).double()
    both(entry("tail", 1, out_features=0), text("classes", []))(tensors, metadata)


def without_classifier(tensors: Tensors, metadata: Metadata) -> None:
    del tensors["classifier.weight"], tensors["classifier.bias"]
    text("tail", [FLATTEN])(tensors, metadata)


def text(key: str, value: Any) -> Change:
    return lambda tensors, metadata: metadata.update({key: json.dumps(value)})


VGG16 = [
    (tensor("classifier.weight", lambda t: t * torch.nan), r"classifier\.weight'? is not finite"),
    (tensor(f"{LAST}.scale", lambda t: t * torch.inf), r"features\.39\.scale'? is not finite"),
    (tensor(f"{FIRST}.scale", torch.neg), r"features\.0: scale is .*not positive"),
    (tensor(f"{FIRST}.alpha_a", torch.zeros_like), r"features\.0: alpha_a is .*not positive"),
    (tensor(f"{FIRST}.alpha_next", lambda t: t * 2), r"features\.0: alpha_next is not features\.3\.alpha_a"),
    (tensor(f"{FIRST}.falling", lambda t: 1 - t), r"features\.0: falling is not where bn_scale is negative"),
    (tensor(f"{FIRST}.thresholds", lambda t: t.flip(1)), r"features\.0: thresholds do not ascend"),
    (tensor(f"{FIRST}.weights", lambda t: t.bfloat16()), r"features\.0\.weights('?: 'BF16'| is torch\.bfloat16)"),
    (tensor(f"{FIRST}.weights", lambda t: t.float().to(FLOAT8)), r"features\.0\.weights.*(e4m3|E4M3)"),
    (tensor(f"{FIRST}.scale", lambda t: t.float()), r"features\.0\.scale('?: 'F32'| is torch\.float32)"),
    (lambda tensors, metadata: tensors.update({"a\nb": torch.zeros(1).double()}), r"unknown.*'a\\nb'"),
    (lambda tensors, metadata: metadata.update(author="me"), "unknown.*author"),
    (lambda tensors, metadata: metadata.pop("classes"), "missing.*classes"),
    (lambda tensors, metadata: metadata.update(layers="1" * 5000), "layers'? is not JSON"),
    (lambda tensors, metadata: metadata.update(layers="[" * 100_000), "layers'? is not JSON"),
    (text("classes", [1, 2]), r"classes (is|are) \[1, 2\]"),
    (text("classes", ["cat"]), "1 names of classes for 10 scores"),
    (entry("image", height="32"), "image.*height.* is '32'"),
    (entry("image", height=32.7), r"image.*height.* is 32\.7"),
    (entry("image", height=-32), "-32"),
    (entry("image", height=0, width=0), "an image of 3 channels, 0x0"),
    (entry("image", height=10**9), "classifier takes 512 features to 10, but 16000000000 come before it"),
    (entry("image", depth=3), "image: .*unknown.*depth"),
    (entry("layers", 0, relu=False), "a quantiser.* that no ReLU precedes"),
    (entry("layers", -1, relu=False), "max-pooling that no ReLU precedes"),
    (entry("layers", 1, name=FIRST), r"a name of its own|features\.0\.\w+'? is missing"),
    (entry("layers", 1, name="conv1"), r"'conv1': layers are named features\.N"),
    (entry("layers", 1, name="features.a.b"), r"'features\.a\.b': layers are named features\.N"),
    (entry("layers", 1, name="features.a\nb"), r"'features\.a\\nb': layers are named features\.N"),
    (entry("layers", 1, stride=True), r"stride.* is True"),
    (entry("layers", 1, padding=-1), r"padding.* -1"),
    (entry("tail", 1, name=None), r"tail\[1\]: .*name"),
    (entry("tail", 1, name=["a"]), r"tail\[1\].*name.* is \['a'\]"),
    (entry("tail", 1, name="fc"), r"'fc'.* linear layers? (are named )?classifier"),
    (entry("tail", 1, in_features="512"), r"tail\[1\].*in_features.* is '512'"),
    (entry("tail", 1, kind="softmax"), r"tail\[1\]: kind 'softmax' is"),
    (text("tail", [LINEAR]), "must begin with flatten|tail: linear; flatten comes first"),
    (
        text("tail", [FLATTEN, LINEAR, FLATTEN]),
        r"tail\[2\]: missing|tail: flatten, linear, flatten; flatten comes first",
    ),
    (text("tail", [FLATTEN, {"kind": "relu"}, LINEAR]), "classifier if it is all that follows"),
    (text("tail", [FLATTEN, 3]), r"tail\[1\] is 3, (expected|not) an object"),
    (without_classifier, "a linear layer behind"),
    (no_scores, "classifier takes 512 features to 0, but 512 come before it"),
]
#: features.7: the convolution without batch-norm, features.16: the average
SMALL = [
    (tensor(f"{FIRST}.falling", lambda t: t * 2), r"falling is not where bn_scale|falling' holds 2, not only 0 and 1"),
    (tensor("features.7.falling", lambda t: 1 - t), r"features\.7: falling is not where bn_scale is negative"),
    (entry("layers", -1, relu=True), "an average has weight.* 1, no batch-norm"),
    (
        entry("layers", -1, pool=2),
        "an average has weight.* 1, no batch-norm|max-pooling that no ReLU|window to pool|no output",
    ),
    (entry("layers", -1, weight_levels=7), "an average has weight.* 1, no batch-norm"),
    (entry("layers", -1, padding=1), "padding 1 of an average|window or stride impossible"),
    (average_of_the_image, "an average averages codes"),
]


def refused_by_both(path: Path, base: Path, change: Change, message: str) -> None:
    tensors = load_file(base)
    with safe_open(str(base), framework="pt") as file:
        metadata = file.metadata()
    change(tensors, metadata)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, metadata)
    with pytest.raises(NetworkError, match=message) as host:
        load_network(path)
    with pytest.raises(ModelNetworkError, match=message) as model:
        load_network_file(path)
    for caught in (host, model):
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("change", "message"), VGG16)
def test_damaged_files_are_refused_by_both_readers(change: Change, message: str, vgg16: Any, tmp_path: Path) -> None:
    refused_by_both(tmp_path / "damaged.safetensors", vgg16.path, change, message)


@pytest.mark.parametrize(("change", "message"), SMALL)
def test_and_of_a_network_with_an_average(change: Change, message: str, example: Any, tmp_path: Path) -> None:
    refused_by_both(tmp_path / "damaged.safetensors", example("small").path, change, message)
