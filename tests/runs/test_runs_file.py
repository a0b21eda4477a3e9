"""The reader of network files refuses, in one line, what no exporter writes; the writer does too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tilewright.errors import NetworkError
from tilewright.network import Network, TailStep, load_network, save_network
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


#: a change, and the message
DAMAGES: list[tuple[Change, str]] = [
    # metadata
    (raw("version", "3"), "version '3', this library reads 'tilewright-network' versions '1' and '2'"),
    (raw("extra", ""), r"keys missing \[\], unknown \['extra'\]"),
    (lambda t, m: m.pop("tail"), r"keys missing \['tail'\], unknown \[\]"),
    (raw("layers", "{"), "key 'layers' is not JSON"),
    (raw("layers", "1" * 5000), "key 'layers' is not JSON"),
    (raw("layers", "[" * 100_000), "key 'layers' is not JSON"),
    (raw("layers", "{}"), "holds a dict, not a list"),
    (raw("layers", "[3]"), r"layers\[0\] is 3, not an object"),
    (raw("layers", "[]"), "network small has no layers"),
    (text("classes", [1, 2]), r"classes are \[1, 2\], not names"),
    (text("classes", ["cat"]), "1 names of classes for 7 scores"),
    # image
    (entry("image", height=None), r"image: missing or unknown fields \['height'\]"),
    (entry("image", depth=3), r"image: missing or unknown fields \['depth'\]"),
    (entry("image", width=True), "field 'width' is True, not an integer"),
    (entry("image", height="32"), "field 'height' is '32', not an integer"),
    (entry("image", height=32.7), r"field 'height' is 32\.7, not an integer"),
    (entry("image", height=-32), "an image of 3 channels, -32x32"),
    (entry("image", height=0, width=0), "an image of 3 channels, 0x0"),
    (entry("image", height=10**9), "takes 20 features to 7, but .*0 come"),
    # layers
    (entry("layers", 1, kind="pool"), "kind 'pool' is none of conv, average, max"),
    (entry("layers", 1, dilation=2), r"unknown fields \['dilation'\]"),
    (entry("layers", 1, stride="2"), "'stride' is '2', not an integer"),
    (entry("layers", 1, stride=True), "'stride' is True, not an integer"),
    (entry("layers", 1, padding=-1), r"features\.3: padding -1 is outside"),
    (entry("layers", 1, relu=1), "'relu' is 1, not true or false"),
    (entry("layers", 1, kernel=[3]), r"'kernel' is \[3\], not \[height, width\]"),
    (entry("layers", 1, kernel=[3, 9]), r"version 1 has no layer such as features\.3: conv, kernel \(3, 9\)"),
    (entry("layers", 1, input="image"), "the first layer reads the image"),
    (
        entry("layers", 1, output="accumulators", output_levels=0),
        r"features\.3: the last layer returns accumulators",
    ),
    (entry("layers", 1, output="accumulators"), "'accumulators' with output_levels 15, not 'codes'"),
    (entry("layers", 1, output_levels=0), "'codes' with output_levels 0, not 'accumulators'"),
    (entry("layers", 1, input="both"), "input 'both', not 'codes'"),
    (entry("layers", 1, output_levels=7), r"thresholds' is int32 \(20, 15\), not int32 \(20, 7\)"),
    (entry("layers", 1, relu=False), r"features\.3: a quantiser or max-pool"),
    (entry("layers", 2, relu=False), r"features\.7: a quantiser or max-pool"),
    (entry("layers", 1, pool=3), r"features\.3: pool 3 is neither 1 nor 2"),
    (entry("layers", 1, batch_norm=False), r"unknown tensors \['features\.3\.bn_sc"),
    (entry("layers", 1, weight_levels=3), r"weights lie in -7\.\.7, not -4\.\.3"),
    (entry("layers", 1, weight_levels=128), r"weight_levels 128 are outside 1\.\.127"),
    (entry("layers", 1, output_levels=256), r"output_levels 256 are outside 0\.\.255"),
    (entry("layers", 1, in_channels=3_000_000), "can reach 2835000000, beyond 32"),
    # an average: features.16, the last layer
    (average_of_the_image, "an average averages codes, not the image"),
    (entry("layers", 5, relu=True), "an average has weight_levels 1, no"),
    (entry("layers", 5, weight_levels=7), "an average has weight_levels 1, no"),
    (entry("layers", 5, padding=1), r"features\.16: window or stride imposs"),
    # names
    (entry("layers", 1, name="features.0"), r"'features\.0\.scale' is missing"),
    (renamed_layer, r"'conv9': layers are named features\.N"),
    (entry("layers", 1, name="features.a.b"), r"'features\.a\.b': layers are named"),
    (entry("layers", 1, name="features.\n"), r"'features\.\\n': layers are named"),
    (entry("tail", 1, name="fc"), "'fc': linear layers are named classifier or"),
    # tail
    (text("tail", []), r"unknown tensors \['classifier\.bias'"),
    (text("tail", [LINEAR]), "tail: linear; flatten comes first"),
    (text("tail", [FLATTEN, LINEAR, FLATTEN]), "tail: flatten, linear, flatten; flatten comes"),
    (text("tail", [FLATTEN, RELU, LINEAR]), "classifier if it is all that foll"),
    (text("tail", [FLATTEN, 3]), r"tail\[1\] is 3, not an object"),
    (without_classifier, "tail: flatten; flatten comes first, a linear layer behind"),
    (no_scores, "takes 20 features to 0, but 20 come"),
    (entry("tail", 1, kind="Linear"), r"tail\[1\]: kind 'Linear' is unknown"),
    (entry("tail", 1, name=None), r"tail\[1\]: missing or unknown fields \['name'\]"),
    (entry("tail", 1, name=["a"]), r"field 'name' is \['a'\], not a text"),
    (entry("tail", 1, in_features="20"), "'in_features' is '20', not an integer"),
    (entry("tail", 1, in_features=24), r"weight' is float64 \(7, 20\), not float64 \(7, 24\)"),
    # tensors
    (lambda t, m: t.pop("features.9.scale"), r"'features\.9\.scale' is missing"),
    (added("a\nb", torch.zeros(1).double()), r"unknown tensors \['a\\nb'\]"),
    (added("more", torch.zeros(1)), r"a network file has not: \{'more': 'F32'\}"),
    (tensor("features.9.weights", lambda t: t[:-1]), r"weights' is int8 \(23, 33, 5, 5\), not int8 \(24, 33"),
    (tensor("features.9.weights", lambda t: t.short()), "weights': 'I16'"),
    (tensor("features.9.weights", lambda t: t.bfloat16()), r"features\.9\.weights': 'BF16'"),
    (tensor("features.9.weights", lambda t: t.float().to(FLOAT8)), "weights': 'F8_E4M3'"),
    (tensor("features.9.scale", lambda t: t.float()), "scale': 'F32'"),
    (tensor("features.9.scale", lambda t: t[None]), r"scale' is float64 \(1,\), not float64 \(\)"),
    # values
    (tensor("classifier.weight", lambda t: t * torch.nan), r"classifier\.weight is not finite"),
    (tensor("features.16.scale", lambda t: t * torch.inf), r"features\.16: scale is not finite"),
    (tensor("features.9.scale", torch.neg), r"features\.9: scale is -.*, not pos"),
    (tensor("features.0.alpha_a", torch.neg), r"features\.0: alpha_a is -.*, not pos"),
    (tensor("features.9.alpha_next", lambda t: t * 2), r"is not features\.13\.alpha_a"),
    (tensor("features.9.thresholds", lambda t: t.flip(1)), "thresholds do not asc"),
    (tensor("features.9.falling", lambda t: 1 - t), r"features\.9: falling is not w"),
    (tensor("features.9.falling", lambda t: t * 2), "holds 2, not only 0 and 1"),
    # features.7 has no batch-norm
    (tensor("features.7.falling", lambda t: 1 - t), r"features\.7: falling is not w"),
]


def refused(path: Path, base: Path, change: Change, message: str) -> str:
    """Damages a copy of a network file and reads it; returns the message."""
    tensors = load_file(base)
    with safe_open(str(base), framework="pt") as file:
        metadata = file.metadata()
    change(tensors, metadata)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, metadata)
    with pytest.raises(NetworkError, match=message) as caught:
        load_network(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("change", "message"), DAMAGES, ids=[row[1][:40] for row in DAMAGES])
def test_damaged_files_are_refused(change: Change, message: str, example: Any, tmp_path: Path) -> None:
    refused(tmp_path / "damaged.safetensors", example("small").path, change, message)


def test_a_last_layer_that_pools_has_a_relu(example: Any, tmp_path: Path) -> None:
    message = r"features\.\d+: .*max-pooling that no ReLU precedes"
    refused(tmp_path / "damaged.safetensors", example("tall").path, entry("layers", -1, relu=False), message)


def test_pytorch_reads_by_the_same_reader(example: Any, tmp_path: Path) -> None:
    path = tmp_path / "damaged.safetensors"
    message = refused(path, example("small").path, *DAMAGES[-1])
    for read in (load_network_file, lambda path: IntegerNetwork(path, torch.device("cpu"))):
        with pytest.raises(NetworkError, match=re.escape(message)):
            read(path)


# --- the writer ---


@pytest.mark.parametrize("name", ["small", "tall"])
def test_what_is_read_is_written_as_it_was(name: str, example: Any, tmp_path: Path) -> None:
    save_network(load_network(example(name).path), tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == example(name).path.read_bytes()


def layer(number: int, **values: Any) -> Callable[[Network], Network]:
    def change(network: Network) -> Network:
        layers = list(network.layers)
        layers[number] = replace(layers[number], **values)
        return replace(network, layers=tuple(layers))

    return change


def tail(*steps: TailStep) -> Callable[[Network], Network]:
    return lambda network: replace(network, tail=steps or network.tail[:1])


def linear(name: str, inputs: int, outputs: int) -> TailStep:
    return TailStep("linear", name, np.zeros((outputs, inputs)), np.zeros(outputs))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (layer(1, name="conv..1"), "'conv..1': layers are named as modules"),
        (layer(1, name="features.0"), r"each layer has a name of its own, not features\.0, features\.0, "),
        (layer(1, scale=-1.0), r"features\.3: scale is -1\.0, not positive"),
        (layer(1, alpha_a=1.0), r"features\.0: alpha_next is not features\.3\.alpha_a"),
        (layer(1, bn_shift=np.full(20, np.nan)), r"features\.3: bn_shift is not finite"),
        (layer(1, relu=False), "a quantiser or max-pooling that no ReLU precedes"),
        (tail(), "tail: flatten; flatten comes first, a linear layer behind it"),
        (tail(TailStep("flatten"), linear("fc", 20, 7)), "'fc': linear layers are named"),
        (tail(TailStep("flatten"), *[linear("classifier.1", 20, 20)] * 2), "a name of its own"),
        (tail(TailStep("flatten"), linear("classifier", 24, 7)), "takes 24 features to 7, but 20 come"),
    ],
)
def test_what_no_file_may_hold_is_not_written(
    change: Callable[[Network], Network], message: str, example: Any, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError, match=message):
        save_network(change(load_network(example("small").path)), tmp_path / "network.safetensors")
    assert not list(tmp_path.iterdir())


def test_an_array_that_would_lose_values_is_not_written(example: Any, tmp_path: Path) -> None:
    network = load_network(example("small").path)
    wide = network.layers[1].thresholds.astype(np.int64) + 2**32
    with pytest.raises(TypeError, match="from dtype\\('int64'\\) to dtype\\('int32'\\)"):
        save_network(layer(1, thresholds=wide)(network), tmp_path / "network.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "step",
    [
        ("pool",),
        ("linear", "classifier"),
        ("relu", "", np.zeros((2, 3)), np.zeros(2)),
        ("linear", "classifier", np.zeros(3)),
    ],
)
def test_a_step_of_the_tail_that_is_none(step: tuple[Any, ...]) -> None:
    with pytest.raises(NetworkError, match=f"'{step[0]}' .* in the tail"):
        TailStep(*step)
