"""Networks with random integers whose layers are no chain: shortcuts, maps side by side, groups, dilation, slices."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from networks import Rng, average, conv, network, thresholds

from tilewright.errors import NetworkError
from tilewright.network.network import Layer, Network
from tilewright.network.operand import Operand

LEVELS = 15


def shortcut(rng: Rng, source: str, channels: int, bits: int = 12) -> Operand:
    """A map that is added channel by channel, each times a number of so many bits."""
    factors = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (channels, 1, 1, 1)).astype(np.int32)
    return Operand(source, factors, LEVELS, groups=channels)


def beside(rng: Rng, source: str, channels: int, like: Layer, first_channel: int = 0) -> Operand:
    """A further map of so many channels for a convolution, as if it lay beside the first."""
    weights = rng.integers(-8, 8, (like.out_channels, channels, *like.kernel)).astype(np.int8)
    geometry = {"stride": like.stride, "padding": like.padding, "dilation": like.dilation}
    return Operand(source, weights, LEVELS, first_channel=first_channel, **geometry)


def projection(rng: Rng, source: str, channels: int, outputs: int, stride: int, bits: int = 9) -> Operand:
    """A 1x1 convolution with weights of so many bits."""
    weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (outputs, channels, 1, 1)).astype(np.int32)
    return Operand(source, weights, LEVELS, stride=stride)


def adding(rng: Rng, layer: Layer, *adds: Operand, raised: int = 0, source: str = "") -> Layer:
    """A layer with operands added, and thresholds where its sums then are."""
    whole = replace(layer, adds=adds, raised=raised, source=source or layer.source)
    if whole.is_last:
        return whole
    assert whole.falling is not None
    low, high = whole.reach()
    spread = thresholds(rng, np.where(whole.falling, -high, low), np.where(whole.falling, -low, high), LEVELS)
    return replace(whole, thresholds=spread)


def grouped(rng: Rng, layer: Layer, groups: int, dilation: int = 1) -> Layer:
    """A layer whose channels fall into groups, its taps so far apart."""
    assert layer.weights is not None
    weights = layer.weights[:, : layer.in_channels // groups].copy()
    padding = min(3, layer.padding * dilation)
    return adding(rng, replace(layer, weights=weights, groups=groups, dilation=dilation, padding=padding))


def copy(name: str, channels: int, kind: str, source: str = "", stride: int = 1, padding: int = 0) -> Layer:
    """A maximum of 2x2 windows, or rows or columns twice."""
    return Layer(
        kind=kind,
        name=name,
        in_channels=channels,
        out_channels=channels,
        kernel=(2, 2) if kind == "max" else (1, 1),
        stride=stride,
        padding=padding,
        image_input=False,
        activation_levels=LEVELS,
        weight_levels=1,
        batch_norm=False,
        relu=False,
        pool=1,
        output_levels=LEVELS,
        source=source,
        weights=None,
        scale=0.01,
        alpha_a=1.0,
        alpha_next=1.0,
    )


def residual_network(seed: int = 0, width: int = 16) -> Network:
    """Two residual blocks: one adds its input, the other a projection of it with stride 2 and twice the channels."""
    rng = np.random.default_rng(seed)
    double = 2 * width
    layers = [
        conv(rng, "image", 3, width, image=True),
        conv(rng, "block1.a", width, width),
        adding(rng, conv(rng, "block1.b", width, width), shortcut(rng, "image", width), raised=1),
        conv(rng, "block2.a", width, double, stride=2),
        adding(
            rng, conv(rng, "block2.b", double, double), projection(rng, "block1.b", width, double, stride=2), raised=1
        ),
        conv(rng, "last", double, 7, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "residual", (10, 12), layers)


def unet_network(seed: int = 0) -> Network:
    """Depthwise and dilated layers, and one that reads two maps side by side, of one of them some channels."""
    rng = np.random.default_rng(seed)
    side = conv(rng, "side", 12, 20)
    both = conv(rng, "both", 20, 18)
    layers = [
        conv(rng, "image", 3, 12, image=True),
        grouped(rng, conv(rng, "depthwise", 12, 12), 12),
        replace(side, source="image"),
        adding(rng, both, beside(rng, "depthwise", 7, both, first_channel=3)),
        grouped(rng, conv(rng, "dilated", 18, 9), 1, 2),
        grouped(rng, conv(rng, "grouped", 9, 12, pool=2), 3),
        conv(rng, "last", 12, 5, last=True),
    ]
    return network(rng, "unet", (9, 11), layers)


def copies_network(seed: int = 0) -> Network:
    """A stem with a 3x3 maximum of stride 2, every other copy, kernels and paddings that differ by direction."""
    rng = np.random.default_rng(seed)
    layers = [
        conv(rng, "image", 2, 20, (3, 5), 1, (1, 2), image=True),
        copy("max1", 20, "max", padding=1),
        copy("max2", 20, "max", stride=2),
        conv(rng, "tall", 20, 12, (7, 1), 1, (3, 0)),
        copy("rows", 12, "repeat_rows"),
        copy("columns", 12, "repeat_columns"),
        copy("max3", 12, "max"),
        conv(rng, "dense", 12, 23, (13, 11), 1, 0),
        conv(rng, "last", 23, 5, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "copies", (13, 11), layers, 2)


def perceptron(seed: int = 0) -> Network:
    """Layers that read all of what is before them, the first one the image."""
    rng = np.random.default_rng(seed)
    layers = [
        conv(rng, "image", 1, 40, (28, 28), 1, 0, image=True),
        conv(rng, "hidden", 40, 30, (1, 1), 1, 0),
        conv(rng, "last", 30, 10, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "perceptron", (28, 28), layers, 1)


class Choices:
    """What a generator of random networks draws from: single numbers by hypothesis, arrays of values by a seed.

    So a network that fails shrinks to fewer and smaller layers.
    """

    def __init__(self, draw: Callable[[SearchStrategy[Any]], Any], seed: int) -> None:
        self._draw, self._values = draw, np.random.default_rng(seed)

    def integers(self, low: Any, high: Any = None, size: Any = None) -> Any:
        low, high = (0, low) if high is None else (low, high)
        return self._draw(st.integers(low, high - 1)) if size is None else self._values.integers(low, high, size)

    def random(self, size: Any = None) -> Any:
        return self._draw(st.integers(0, 99)) / 100 if size is None else self._values.random(size)

    def choice(self, values: Any, size: Any = None, replace: bool = True) -> Any:
        if size is None:
            return self._draw(st.sampled_from(list(values)))
        return np.array(self._draw(st.permutations(range(values))))[:size]

    def normal(self, *args: Any, **options: Any) -> Any:
        return self._values.normal(*args, **options)


def random_graph(rng: Rng) -> Network:
    """A few layers of any kind, each of which reads any maps of a fitting size before it."""
    size = (int(rng.integers(4, 13)), int(rng.integers(4, 13)))
    channels = int(rng.integers(1, 4))
    layers, sizes = [_first(rng, channels)], []
    sizes.append(layers[0].output_size(size))
    count = int(rng.integers(3, 7))
    while len(layers) < count:
        last = len(layers) == count - 1
        drawn = _drawn(rng, layers, sizes, f"layer{len(layers)}", last)
        if drawn is not None:
            source = [layer.name for layer in layers].index(drawn.source or layers[-1].name)
            sizes.append(drawn.output_size(sizes[source]))
            layers.append(drawn)
    return network(rng, "random", size, _read_all(rng, layers, sizes), channels)


def _first(rng: Rng, channels: int) -> Layer:
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return conv(rng, "layer0", channels, int(rng.integers(1, 25)), kernel, padding=1, image=True)


def _drawn(rng: Rng, layers: list[Layer], sizes: list[tuple[int, int]], name: str, last: bool) -> Layer | None:
    """A layer, or None where what was drawn has no output."""
    source = int(rng.integers(max(0, len(layers) - 3), len(layers)))
    before, size = layers[source], sizes[source]
    if not last and rng.random() < 0.2 and max(size) < 20:
        kind = str(rng.choice(["repeat_rows", "repeat_columns", "max"][: 2 + (min(size) > 1)]))
        window = {"stride": int(rng.integers(1, 3))} if kind == "max" else {}
        return copy(name, before.out_channels, kind, before.name, **window)
    if min(size) > 1 and rng.random() < 0.1:
        window = tuple(int(rng.integers(1, min(length, 4) + 1)) for length in size)
        return replace(average(rng, name, before.out_channels, window, 1, last), source=before.name)
    ic, oc = before.out_channels, int(rng.integers(1, 33))
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    stride, padding, pool = (int(rng.integers(low, high)) for low, high in ((1, 3), (0, 2), (1, 3)))
    groups = int(rng.choice([g for g in range(1, ic + 1) if ic % g == 0])) if rng.random() < 0.4 else 1
    oc = -(-oc // groups) * groups
    layer = conv(rng, name, ic, oc, kernel, stride, padding, pool, last=last)
    layer = replace(grouped(rng, layer, groups, int(rng.integers(1, 3))), source=before.name)
    try:
        layer.output_size(size)
    except NetworkError:
        return None
    return _with_adds(rng, layer, layers, sizes, layer.sums_size(size))


def _with_adds(
    rng: Rng, layer: Layer, layers: list[Layer], sizes: list[tuple[int, int]], sums: tuple[int, int]
) -> Layer:
    """The layer, to which up to two of the maps that fit are added."""
    fitting = []
    for other, size in zip(layers, sizes, strict=True):
        if other.is_last:
            continue
        drawn = [projection(rng, other.name, other.out_channels, layer.out_channels, stride) for stride in (1, 2)]
        if other.out_channels == layer.out_channels:
            drawn.append(shortcut(rng, other.name, other.out_channels, int(rng.integers(2, 13))))
        first = int(rng.integers(0, other.out_channels))
        drawn.append(beside(rng, other.name, int(rng.integers(1, other.out_channels - first + 1)), layer, first))
        fitting += [operand for operand in drawn if operand.out_size(size) == sums]
    count = min(len(fitting), int(rng.integers(0, 3)))
    chosen = [fitting[int(index)] for index in rng.choice(len(fitting), count, replace=False)] if count else []
    return adding(rng, layer, *chosen, raised=int(rng.integers(0, 3)) if chosen else 0, source=layer.source)


def _read_all(rng: Rng, layers: list[Layer], sizes: list[tuple[int, int]]) -> list[Layer]:
    """The layers without those whose map none reads, and without those that only such read."""
    kept: list[Layer] = []
    wanted = {layers[-1].name}
    for layer in reversed(layers):
        if layer.name in wanted:
            kept.insert(0, layer)
            wanted.update((layer.source, *(operand.source for operand in layer.adds)))
    return kept


def resnet20(seed: int = 0) -> Network:
    """The shape of ResNet20 for CIFAR-10: shortcuts of 12 bits, two projections, an average of 8x8, a classifier."""
    rng = np.random.default_rng(seed)
    layers, before = [conv(rng, "stem", 3, 16, image=True)], 16
    for stage, channels in enumerate((16, 32, 64), start=1):
        for block in range(3):
            stride, source = 1 + (stage > 1 and block == 0), layers[-1].name
            first = conv(rng, f"layer{stage}.{block}.conv1", before, channels, stride=stride)
            second = conv(rng, f"layer{stage}.{block}.conv2", channels, channels)
            if before == channels:
                added = shortcut(rng, source, channels, 11)
            else:
                added = projection(rng, source, before, channels, stride, 11)
            layers += [first, adding(rng, second, added, raised=1)]
            before = channels
    layers.append(average(rng, "pool", 64, (8, 8), 8, last=True))
    return network(rng, "resnet20", (32, 32), layers)
