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
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.network_file.read import load_network_file

Tensors, Metadata = dict[str, torch.Tensor], dict[str, str]
Change = Callable[[Tensors, Metadata], Any]
FLOAT8 = torch.float8_e4m3fn
FLATTEN, RELU = {"kind": "flatten"}, {"kind": "relu"}
LINEAR = {"kind": "linear", "name": "classifier", "in_features": 20, "out_features": 7}


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


def raw(key: str, value: str) -> Change:
    return lambda tensors, metadata: metadata.update({key: value})


def text(key: str, value: Any) -> Change:
    return raw(key, json.dumps(value))


def added(name: str, values: torch.Tensor) -> Change:
    return lambda tensors, metadata: tensors.update({name: values})


def average_of_the_image(tensors: Tensors, metadata: Metadata) -> None:
    """The first layer becomes an average of 1x1 windows, and all that belongs to it."""
    for key in ("weights", "bn_scale", "bn_shift"):
        del tensors[f"features.0.{key}"]
    tensors["features.0.thresholds"] = tensors["features.0.thresholds"][:3]
    tensors["features.0.falling"] = torch.zeros(3, dtype=torch.uint8)
    shape = {"kind": "average", "out_channels": 3, "kernel": [1, 1], "padding": 0, "weight_levels": 1}
    entry("layers", 0, **shape, batch_norm=False, relu=False, pool=1)(tensors, metadata)
    tensors["features.3.weights"] = tensors["features.3.weights"][:, :3]
    entry("layers", 1, in_channels=3)(tensors, metadata)


def no_scores(tensors: Tensors, metadata: Metadata) -> None:
    tensors["classifier.weight"], tensors["classifier.bias"] = torch.zeros(0, 20).double(), torch.zeros(0).double()
    entry("tail", 1, out_features=0)(tensors, metadata)


def without_classifier(tensors: Tensors, metadata: Metadata) -> None:
    del tensors["classifier.weight"], tensors["classifier.bias"]
    text("tail", [FLATTEN])(tensors, metadata)


def renamed_layer(tensors: Tensors, metadata: Metadata) -> None:
    for name in [name for name in tensors if name.startswith("features.9.")]:
        tensors[name.replace("features.9", "conv9")] = tensors.pop(name)
    metadata["layers"] = metadata["layers"].replace("features.9", "conv9")


#: a change, and the messages of PyTorch's reader and of the host's
DAMAGES: list[tuple[Change, str, str]] = [
    # metadata
    (raw("version", "2"), "version '2', expected 'tilewright-network' version '1'", "version '2', this library reads"),
    (raw("extra", ""), r"metadata: missing \[\], unknown \['extra'\]", r"keys missing \[\], unknown \['extra'\]"),
    (lambda t, m: m.pop("tail"), r"metadata: missing \['tail'\]", r"keys missing \['tail'\], unknown \[\]"),
    (raw("layers", "{"), "layers is not JSON", "key 'layers' is not JSON"),
    (raw("layers", "1" * 5000), "layers is not JSON", "key 'layers' is not JSON"),
    (raw("layers", "[" * 100_000), "layers is not JSON", "key 'layers' is not JSON"),
    (raw("layers", "{}"), "layers and tail must be lists", "holds a dict, not a list"),
    (raw("layers", "[3]"), r"layers\[0\] is 3, expected an object", r"layers\[0\] is 3, not an object"),
    (raw("layers", "[]"), "a network has layers and a linear layer behind them", "network small has no layers"),
    (text("classes", [1, 2]), r"classes is \[1, 2\], expected a list of names", r"classes are \[1, 2\], not names"),
    (text("classes", ["cat"]), "1 names of classes for 7 scores", "1 names of classes for 7 scores"),
    # image
    (entry("image", height=None), r"image: missing \['height'\]", r"image: missing or unknown fields \['height'\]"),
    (entry("image", depth=3), r"image: .* unknown \['depth'\]", r"image: missing or unknown fields \['depth'\]"),
    (entry("image", width=True), r"image\.width is True, expected int", "field 'width' is True, not an integer"),
    (entry("image", height="32"), r"image\.height is '32', expected int", "field 'height' is '32', not an integer"),
    (entry("image", height=32.7), r"image\.height is 32\.7, expected int", r"field 'height' is 32\.7, not an integer"),
    (entry("image", height=-32), "an image of 3 channels, -32x32", "an image of 3 channels, -32x32"),
    (entry("image", height=0, width=0), "an image of 3 channels, 0x0", "an image of 3 channels, 0x0"),
    (entry("image", height=10**9), "takes 20 features to 7, but .*0 come", "takes 20 features to 7, but .*0 come"),
    # layers
    (entry("layers", 1, kind="pool"), "kind 'pool' is neither conv nor average", "kind 'pool' is neither conv nor av"),
    (entry("layers", 1, dilation=2), r"layers\[1\]: .* unknown \['dilation'\]", r"unknown fields \['dilation'\]"),
    (entry("layers", 1, stride="2"), r"layers\[1\]\.stride is '2', expected int", "'stride' is '2', not an integer"),
    (entry("layers", 1, stride=True), r"layers\[1\]\.stride is True, expected int", "'stride' is True, not an integer"),
    (entry("layers", 1, padding=-1), r"features\.3: padding -1 is not 0 to 3", r"features\.3: padding -1 is outside"),
    (entry("layers", 1, relu=1), r"layers\[1\]\.relu is 1, expected bool", "'relu' is 1, not true or false"),
    (entry("layers", 1, kernel=[3]), r"layers\[1\]\.kernel is \[3\]", r"'kernel' is \[3\], not \[height, width\]"),
    (entry("layers", 1, kernel=[3, 9]), r"features\.3: kernel 3x9 is not 1 to 7", r"kernel \(3, 9\) is not within 1x1"),
    (entry("layers", 1, input="image"), r"features\.3 takes 12 channels of image", "the first layer reads the image"),
    (
        entry("layers", 1, output="accumulators", output_levels=0),
        r"features\.3: the last layer, and no other",
        r"features\.3: the last layer returns accumulators, and no other",
    ),
    (
        entry("layers", 1, output_levels=7),
        r"features\.7 takes 20 channels of codes up to 15, but 20 of codes up to 7",
        r"features\.3: thresholds have shape \(20, 15\), not \(20, 7\)",
    ),
    (entry("layers", 1, relu=False), r"features\.3: a quantiser that no ReLU", r"features\.3: a quantiser or max-pool"),
    (entry("layers", 2, relu=False), r"features\.7: a quantiser that no ReLU", r"features\.7: a quantiser or max-pool"),
    (entry("layers", 1, pool=3), r"features\.3: pool 3 is neither 1 nor 2", r"features\.3: pool 3 is neither 1 nor 2"),
    (
        entry("layers", 1, batch_norm=False),
        r"unknown \['features\.3\.bn_scale'",
        r"unknown tensors \['features\.3\.bn_sc",
    ),
    (entry("layers", 1, weight_levels=3), r"weights of up to 7, not 3", r"weights lie in -7\.\.7, not -4\.\.3"),
    (
        entry("layers", 1, weight_levels=128),
        "weights of up to 128 do not fit",
        r"weight_levels 128 are outside 1\.\.127",
    ),
    (entry("layers", 1, output_levels=256), "codes of up to 256 do not fit", r"output_levels 256 are outside 0\.\.255"),
    (entry("layers", 1, in_channels=3_000_000), "can reach 2835000000, beyond 32", "can reach 2835000000, beyond 32"),
    # an average: features.16, the last layer
    (average_of_the_image, "an average averages codes", "an average averages codes, not the image"),
    (entry("layers", 5, relu=True), "an average has weights of 1, no batch-norm", "an average has weight_levels 1, no"),
    (entry("layers", 5, weight_levels=7), "an average has weights of 1, no", "an average has weight_levels 1, no"),
    (entry("layers", 5, padding=1), r"features\.16: padding 1 of an average", r"features\.16: window or stride imposs"),
    # names
    (entry("layers", 1, name="features.0"), "each with a name of its own", r"'features\.0\.weights' is missing"),
    (renamed_layer, r"'conv9': layers are named features\.N", r"'conv9': layers are named features\.N"),
    (
        entry("layers", 1, name="features.a.b"),
        r"'features\.a\.b': layers are named",
        r"'features\.a\.b': layers are named",
    ),
    (
        entry("layers", 1, name="features.\n"),
        r"'features\.\\n': layers are named",
        r"'features\.\\n': layers are named",
    ),
    (entry("tail", 1, name="fc"), "'fc': layers are named", "'fc', but linear layers are named classifier or"),
    # tail
    (text("tail", []), "the tail must begin with flatten", r"unknown tensors \['classifier\.bias'"),
    (text("tail", [LINEAR]), "the tail must begin with flatten", "tail: linear; flatten comes first"),
    (text("tail", [FLATTEN, LINEAR, FLATTEN]), r"tail\[2\]: missing", "tail: flatten, linear, flatten; flatten comes"),
    (
        text("tail", [FLATTEN, RELU, LINEAR]),
        "classifier if it is all that follows",
        "classifier if it is all that foll",
    ),
    (text("tail", [FLATTEN, 3]), r"tail\[1\] is 3, expected an object", r"tail\[1\] is 3, not an object"),
    (without_classifier, "a linear layer behind", "tail: flatten; flatten comes first, a linear layer behind"),
    (no_scores, "takes 20 features to 0, but 20 come", "takes 20 features to 0, but 20 come"),
    (entry("tail", 1, kind="Linear"), r"tail\[1\]: kind 'Linear' is neither", r"tail\[1\]: kind 'Linear' is unknown"),
    (entry("tail", 1, name=None), r"tail\[1\]: missing \['name'\]", r"tail\[1\]: missing or unknown fields \['name'\]"),
    (entry("tail", 1, name=["a"]), r"tail\[1\]\.name is \['a'\], expected str", r"field 'name' is \['a'\], not a text"),
    (entry("tail", 1, in_features="20"), r"in_features is '20', expected int", "'in_features' is '20', not an integer"),
    (
        entry("tail", 1, in_features=24),
        "takes 24 features to 7, but 20 come",
        r"classifier has weights \(7, 20\) and 7",
    ),
    # tensors
    (lambda t, m: t.pop("features.9.scale"), r"missing \['features\.9\.scale'\]", r"'features\.9\.scale' is missing"),
    (added("a\nb", torch.zeros(1).double()), r"unknown \['a\\nb'\]", r"unknown tensors \['a\\nb'\]"),
    (added("more", torch.zeros(1)), r"unknown \['more'\]", r"a network file has not: \{'more': 'F32'\}"),
    (
        tensor("features.9.weights", lambda t: t[:-1]),
        r"is torch\.int8 \(23, .* expected",
        r"weights have shape \(23, 33",
    ),
    (tensor("features.9.weights", lambda t: t.short()), r"features\.9\.weights is torch\.int16", "weights': 'I16'"),
    (tensor("features.9.weights", lambda t: t.bfloat16()), r"is torch\.bfloat16", r"features\.9\.weights': 'BF16'"),
    (tensor("features.9.weights", lambda t: t.float().to(FLOAT8)), r"is torch\.float8_e4m3fn", "weights': 'F8_E4M3'"),
    (tensor("features.9.scale", lambda t: t.float()), r"features\.9\.scale is torch\.float32", "scale': 'F32'"),
    (tensor("features.9.scale", lambda t: t[None]), r"scale is torch\.float64 \(1,\)", "scale' is float64 with 1 dim"),
    # values
    (
        tensor("classifier.weight", lambda t: t * torch.nan),
        r"classifier\.weight is not finite",
        "weight' is not finite",
    ),
    (
        tensor("features.16.scale", lambda t: t * torch.inf),
        r"features\.16\.scale is not finite",
        "scale' is not finite",
    ),
    (
        tensor("features.9.scale", torch.neg),
        r"features\.9: scale is not positive",
        r"features\.9: scale is -.*, not pos",
    ),
    (
        tensor("features.0.alpha_a", torch.neg),
        r"features\.0: alpha_a is not pos",
        r"features\.0: alpha_a is -.*, not pos",
    ),
    (
        tensor("features.9.alpha_next", lambda t: t * 2),
        r"alpha_next is not features\.13\.a",
        r"is not features\.13\.alpha_a",
    ),
    (
        tensor("features.9.thresholds", lambda t: t.flip(1)),
        r"features\.9: thresholds do not asc",
        "thresholds do not asc",
    ),
    (
        tensor("features.9.falling", lambda t: 1 - t),
        r"features\.9: falling is not where",
        r"features\.9: falling is not w",
    ),
    (tensor("features.9.falling", lambda t: t * 2), r"features\.9: falling is not where", "holds 2, not only 0 and 1"),
    # features.7 has no batch-norm
    (
        tensor("features.7.falling", lambda t: 1 - t),
        r"features\.7: falling is not where",
        r"features\.7: falling is not w",
    ),
]


def refused_by_both(path: Path, base: Path, change: Change, message: str, host_message: str) -> None:
    tensors = load_file(base)
    with safe_open(str(base), framework="pt") as file:
        metadata = file.metadata()
    change(tensors, metadata)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, metadata)
    with pytest.raises(ModelNetworkError, match=message) as model:
        load_network_file(path)
    with pytest.raises(ModelNetworkError):
        IntegerNetwork(path, torch.device("cpu"))
    with pytest.raises(NetworkError, match=host_message) as host:
        load_network(path)
    for caught in (model, host):
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("change", "message", "host_message"), DAMAGES, ids=[row[1][:40] for row in DAMAGES])
def test_damaged_files_are_refused(
    change: Change, message: str, host_message: str, example: Any, tmp_path: Path
) -> None:
    refused_by_both(tmp_path / "damaged.safetensors", example("small").path, change, message, host_message)


def test_a_last_layer_that_pools_has_a_relu(example: Any, tmp_path: Path) -> None:
    message = r"features\.\d+: .*max-pooling that no ReLU precedes"
    change = entry("layers", -1, relu=False)
    refused_by_both(tmp_path / "damaged.safetensors", example("tall").path, change, message, message)
