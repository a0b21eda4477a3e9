"""Network files of version 2: what they hold comes back, and what is wrong with one is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import copies_network, perceptron, random_graph, residual_network, unet_network
from networks import named_network
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from tilewright.errors import NetworkError
from tilewright.network import load_network, save_network
from tilewright.network.inference import infer
from tilewright.network.network import Network


def rising(network: Network) -> Network:
    """The network as a file can hold it: thresholds that rise, as no batch-norm has a negative scale."""
    layers = [
        layer if layer.falling is None else replace(layer, falling=np.zeros_like(layer.falling))
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def version(path: Path) -> str:
    with safe_open(path, "numpy") as file:
        return file.metadata()["version"]


@pytest.mark.parametrize("make", [residual_network, unet_network, copies_network, perceptron])
def test_graphs_come_back(make: Callable[[], Network], tmp_path: Path) -> None:
    network, path = rising(make()), tmp_path / "network.safetensors"
    save_network(network, path)
    read = load_network(path)
    assert version(path) == "2"
    assert [repr(layer) for layer in read.layers] == [repr(layer) for layer in _paired(network).layers]
    pixels = np.random.default_rng(0).integers(0, 256, (2, *network.image)).astype(np.uint8)
    for (layer, values), (_, again) in zip(infer(network, pixels), infer(read, pixels), strict=True):
        np.testing.assert_array_equal(values, again, layer.name)
    save_network(read, tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def _paired(network: Network) -> Network:
    """As version 2 says paddings: of rows and of columns."""
    layers = [
        replace(
            layer,
            padding=layer.paddings,
            adds=tuple(replace(operand, padding=operand.paddings) for operand in layer.adds),
        )
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_come_back(seed: int, tmp_path: Path) -> None:
    network, path = rising(random_graph(np.random.default_rng(seed))), tmp_path / "network.safetensors"
    save_network(network, path)
    read = load_network(path)
    for layer, again in zip(network.layers, read.layers, strict=True):
        for one, other in zip(layer.operands, again.operands, strict=True):
            np.testing.assert_array_equal(one.weights, other.weights)
    assert read.sources == network.sources and read.macs == network.macs


def test_chains_are_files_of_version_1(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    save_network(named_network(), path)
    assert version(path) == "1"
    layers = list(named_network().layers)
    layers[1] = replace(layers[1], padding=layers[1].paddings)
    save_network(replace(named_network(), layers=tuple(layers)), tmp_path / "pairs.safetensors")
    assert path.read_bytes() == (tmp_path / "pairs.safetensors").read_bytes()


def changed(change: Callable[[list[dict[str, Any]], dict[str, Any]], None], path: Path) -> Path:
    """A residual network's file with other layers in its metadata, or other tensors."""
    save_network(rising(residual_network()), path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    layers = json.loads(metadata["layers"])
    change(layers, tensors)
    save_file(tensors, path, {**metadata, "layers": json.dumps(layers)})
    return path


def set_field(layer: int, key: str, value: Any) -> Callable[[list[dict[str, Any]], dict[str, Any]], None]:
    return lambda layers, tensors: layers[layer].__setitem__(key, value)


def set_added(key: str, value: Any) -> Callable[[list[dict[str, Any]], dict[str, Any]], None]:
    return lambda layers, tensors: layers[2]["adds"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_field(2, "source", "nowhere"), r"layer block1\.b reads the map of nowhere: layers before it are image, b"),
        (set_field(2, "source", "block2.a"), r"layer block1\.b reads the map of block2\.a: layers before it are"),
        (set_field(1, "padding", 1), r"layer 'block1\.a': field 'padding' is 1, not a list"),
        (set_field(1, "padding", [1]), r"layer 'block1\.a': field 'padding' is \[1\], not \[rows, columns\]"),
        (set_field(1, "raised", 1), r"layer block1\.a: raised sums go with others that are added"),
        (set_field(1, "first_channel", 1), r"layer block1\.a reads channel 16 of a map of 16"),
        (set_added("source", "block1.c"), r"layer block1\.b reads the map of block1\.c"),
        (set_added("stride", 3), r"layer block1\.b: adds image with stride 3"),
        (set_added("stride", 2), r"layer block1\.b: its own sums are a map of 10x12, those of image .* one of 5x6"),
        (set_added("activation_levels", 7), r"layer block1\.b: the codes that it adds are not those of image"),
        (set_added("kernel", [1, 1, 1]), r"adds\[0\]: field 'kernel' is \[1, 1, 1\], not \[height, width\]"),
        (set_added("kernel", [3, 3]), r"'block1\.b\.adds\.0' is int32 \(16, 1, 1, 1\), not int32 \(16, 1, 3, 3\)"),
        (set_added("more", 1), r"adds\[0\]: missing or unknown fields \['more'\]"),
        (lambda layers, tensors: tensors.pop("block1.b.adds.0"), r"tensor 'block1\.b\.adds\.0' is missing"),
        (lambda layers, tensors: layers.pop(), "layer block2.b: the last layer returns accumulators|unknown tensors"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(change: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=message):
        load_network(changed(change, tmp_path / "network.safetensors"))
