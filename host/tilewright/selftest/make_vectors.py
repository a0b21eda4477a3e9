"""Writes the golden vectors from the trained checkpoint: ``python -m tilewright.selftest.make_vectors [FOLDER]``.

The image is scikit-image's cat. What is expected comes from the integer references, which the tests hold equal to
PyTorch. Runs on a host: it needs the extras cli and model.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.layer import compile_raw_and_relu
from tilewright.compiler.network import compile_network
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.network.convolution import layer_outputs
from tilewright.network.file import load_network
from tilewright.network.inference import infer
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Network
from tilewright.pytorch.export import export_network
from tilewright.pytorch.images import model_images
from tilewright.selftest.vectors import FOLDER, NAMES, Vector, save_vectors, vectors_file

TRAINED, EDGE_TILES, FIRST_LAYERS = NAMES
# Of the network's first layers: image to codes, codes to pooled codes, codes to sums; every fourth pixel of the image
LAYERS, PIXEL_STEP, LAST_CHANNELS = 3, 4, 16

Pixels = npt.NDArray[np.uint8]


def cat(network: Network) -> Pixels:
    """scikit-image's cat in the network's size, uint8 (1, 3, h, w)."""
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        return model_images(["--size", *map(str, network.image[1:])], Path(folder)).pixels


def trained_layer(network: Network, pixels: Pixels) -> ConvLayer:
    """The squeezed layer of the trained network, with the codes that it gets for an image."""
    codes: npt.NDArray[Any] = pixels
    for layer, outputs in infer(network, pixels):
        if layer.name == TRAINED:
            assert layer.weights is not None
            return ConvLayer(TRAINED, layer.weights, codes, layer.stride, layer.paddings[0])
        codes = outputs
    raise SystemExit(f"the network has no layer {TRAINED}")


def edge_tiles() -> ConvLayer:
    """Two images of 19 -> 17 channels: edge tiles for every array; all weights from -8 on."""
    rng = np.random.default_rng(19)
    weights = rng.integers(-8, 8, (17, 19, 3, 2), dtype=np.int8)
    return ConvLayer(EDGE_TILES, weights, rng.integers(0, 16, (2, 19, 5, 6), dtype=np.uint8), stride=2, padding=1)


def first_layers(network: Network) -> Network:
    """The trained network's first layers for a small image; of the last one some channels' sums."""
    *before, last = network.layers[:LAYERS]
    assert last.weights is not None
    cut = dataclasses.replace(
        last,
        out_channels=LAST_CHANNELS,
        weights=last.weights[:LAST_CHANNELS],
        batch_norm=False,
        relu=False,
        pool=1,
        output_levels=0,
        bn_scale=None,
        bn_shift=None,
        alpha_next=None,
        thresholds=None,
        falling=None,
    )
    channels, h, w = network.image
    image = (channels, h // PIXEL_STEP, w // PIXEL_STEP)
    return dataclasses.replace(network, image=image, layers=(*before, cut), tail=())


def layer_vector(layer: ConvLayer, array: ArrayParameters) -> Vector:
    """A layer raw and with ReLU."""
    expected = tuple(layer_outputs(layer, relu) for relu in (False, True))
    return Vector(layer.name, compile_raw_and_relu(layer, array), expected, ((0, 0, 0, 0),) * 2, layer)


def network_vector(network: Network, pixels: Pixels, array: ArrayParameters) -> Vector:
    """A network, every layer's map read back."""
    compiled = compile_network(network, array, len(pixels), [layer.name for layer in network.layers])
    maps = {layer.name: values for layer, values in infer(network, pixels)}
    expected, origins = [], []
    for part in compiled.returned:
        axes = (part.images, part.channels, part.rows, part.columns)
        whole = maps[compiled.stages[part.stage].name]
        expected.append(np.ascontiguousarray(whole[tuple(slice(axis.start, axis.stop) for axis in axes)]))
        origins.append(tuple(axis.start for axis in axes))
    return Vector(FIRST_LAYERS, compiled.program(pixels), tuple(expected), tuple(origins))


def write(folder: Path) -> list[Path]:
    """Write the files of all arrays into a folder, and return them."""
    network = load_network(export_network(None))
    image = cat(network)
    layers = [trained_layer(network, image), edge_tiles()]
    small, pixels = first_layers(network), np.ascontiguousarray(image[:, :, ::PIXEL_STEP, ::PIXEL_STEP])
    files = []
    for n in ARRAY_SIZES:
        array = ArrayParameters.of_size(n)
        vectors = [*(layer_vector(layer, array) for layer in layers), network_vector(small, pixels, array)]
        files.append(folder / vectors_file(n).name)
        save_vectors(vectors, files[-1])
    return files


if __name__ == "__main__":
    for file in write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(f"{file}: {file.stat().st_size} bytes")
