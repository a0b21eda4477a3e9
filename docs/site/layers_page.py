"""The tables of docs/supported_layers.md: what the compiler says to small networks, each with one property changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.compiler.network import compile_network
from tilewright.compiler.thresholds import THRESHOLD_BITS
from tilewright.errors import TilewrightError
from tilewright.hardware.parameters import ACT_BYTES, ArrayParameters
from tilewright.network.file_rules import check_network
from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.shape import COPIES

ARRAY = ArrayParameters(n=8)
CHANNELS, SIZE, CODES = 8, (16, 16), 15
HEAD = "| Property | Runs | Does not | What is said of the first that does not |\n|---|---|---|---|\n"


def tables() -> dict[str, str]:
    """The tables of docs/supported_layers.md, by name."""
    limits = {
        "sums of a channel": f"{ARRAY.acc_w} bits (`ACC_W`, to 32): the largest that its weights can make with the "
        "largest codes",
        "thresholds": f"{THRESHOLD_BITS} bits",
        "positions of one command": f"{ARRAY.acc_depth} (`ACC_DEPTH`); larger maps are cut by rows, and a single row "
        "must fit",
        "maps that live at one time": f"{ACT_BYTES // 1024} KiB (`ACT_DEPTH`; 64x64 has 256): larger ones are computed "
        "in strips, or by groups of channels; refused where no division fits",
        "a row of the image": f"{ARRAY.image_line} bytes, width times channels",
    }
    rows = "".join(f"| {what} | {limit} |\n" for what, limit in limits.items())
    return {"properties": HEAD + "".join(_rows()), "limits": "| What | Limit |\n|---|---|\n" + rows}


def answer(layers: Sequence[Layer]) -> str:
    """What the compiler says to layers.

    Args:
        layers: of a network.

    Returns:
        The first line of its refusal; empty where it compiles.
    """
    try:
        codes = np.zeros((layers[0].in_channels, 256), np.int8)
        built = Network("example", (layers[0].in_channels, *SIZE), codes, tuple(layers), ())
        last, (height, width) = layers[-1], layers[-1].output_size(built.in_sizes[-1])
        weight = np.zeros((2, last.out_channels * height * width))
        tail = (TailStep("flatten"), TailStep("linear", "classifier", weight, np.zeros(2)))
        network = replace(built, tail=tail)
        check_network(network)
        compile_network(network, ARRAY)
    except TilewrightError as error:
        return str(error).splitlines()[0].rstrip(":")
    return ""


def convolution(index: int, **changed: Any) -> Layer:
    """A layer of ones: 3x3, stride 1, padding 1, weights and codes of 4 bits, a ReLU.

    Args:
        index: of the layer: 0 reads the image, 2 is the last one.
        changed: other values of :class:`tilewright.network.Layer`.
    """
    last = index == 2
    facts: dict[str, Any] = {
        "kind": "conv",
        "name": f"features.{index}",
        "in_channels": CHANNELS if index else 3,
        "out_channels": CHANNELS,
        "kernel": (3, 3),
        "stride": 1,
        "padding": 1,
        "image_input": not index,
        "activation_levels": CODES if index else 127,
        "weight_levels": 7,
        "batch_norm": False,
        "relu": True,
        "pool": 1,
        "output_levels": 0 if last else CODES,
    } | changed
    levels, channels = facts["output_levels"], facts["out_channels"]
    shape = (channels, facts["in_channels"] // facts.get("groups", 1), *facts["kernel"])
    copies = facts["kind"] in COPIES
    return Layer(
        **facts,
        weights=np.ones(shape, np.int8) if facts["kind"] == "conv" else None,
        scale=1.0,
        alpha_a=1.0,
        alpha_next=1.0 if levels else None,
        thresholds=np.ones((channels, levels), np.int32).cumsum(1, dtype=np.int32) if levels and not copies else None,
        falling=np.zeros(channels, np.bool_) if levels and not copies else None,
    )


def average(window: tuple[int, int], stride: int, **changed: Any) -> Layer:
    """An average of codes.

    Args:
        window: its height and width.
        stride: of both directions.
        changed: other values of :class:`tilewright.network.Layer`.
    """
    facts = {"kind": "average", "kernel": window, "stride": stride, "padding": 0, "weight_levels": 1, "relu": False}
    return convolution(1, **facts, **changed)


def _middle(**changed: Any) -> list[Layer]:
    return [convolution(0), convolution(1, **changed), convolution(2)]


def _of_codes(bits: int) -> list[Layer]:
    levels = (1 << bits) - 1
    return [convolution(0, output_levels=levels), convolution(1, activation_levels=levels), convolution(2)]


def _averaged(layer: Callable[[], Layer]) -> list[Layer]:
    return [convolution(0), layer(), convolution(2)]


PROPERTIES: dict[str, tuple[Sequence[Any], Callable[[Any], list[Layer]]]] = {
    "Kernel of a convolution, height and width each": (range(1, 10), lambda k: _middle(kernel=(k, 3), padding=3)),
    "Stride of a convolution": (range(1, 6), lambda stride: _middle(stride=stride)),
    "Padding of a convolution": (range(0, 6), lambda padding: _middle(padding=padding)),
    "Max-pooling, window and stride; 1 is none": (range(1, 5), lambda pool: _middle(pool=pool)),
    "Bits of the weights": (range(2, 10), lambda bits: _middle(weight_levels=(1 << bits - 1) - 1)),
    "Bits of the input codes": (range(1, 10), _of_codes),
    "ReLU behind a convolution that is not the last": (("yes", "no"), lambda relu: _middle(relu=relu == "yes")),
    "Average, side of its window": (range(1, 10), lambda side: _averaged(lambda: average((side, side), 1))),
    "Average of the whole map, 16x16": (("yes",), lambda _: _averaged(lambda: average(SIZE, 1))),
    "Stride of an average": (range(1, 10), lambda stride: _averaged(lambda: average((2, 2), stride))),
    "Channels of the image": (
        (1, 2, 3, 4, 8),
        lambda channels: [convolution(0, in_channels=channels), convolution(1), convolution(2)],
    ),
}


def _rows() -> Iterator[str]:
    for name, (values, layers) in PROPERTIES.items():
        said = {value: _said(layers, value) for value in values}
        runs = [value for value in values if not said[value]]
        refused = [value for value in values if said[value]]
        reason = said[refused[0]] if refused else ""
        yield f"| {name} | {_words(runs)} | {_words(refused)} | {reason} |\n"


def _said(layers: Callable[[Any], list[Layer]], value: Any) -> str:
    try:
        return answer(layers(value))
    except TilewrightError as error:
        return str(error)


def _words(values: Sequence[Any]) -> str:
    """Values as a range where they are consecutive numbers."""
    numbers = all(isinstance(value, int) for value in values)
    if numbers and len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values))
