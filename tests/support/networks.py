"""Networks with random integers, for tests that need no training: any shape of the family, thresholds of any kind."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.shape import ALWAYS, NEVER

Rng = np.random.Generator


def thresholds(rng: Rng, low, high, levels: int) -> np.ndarray:
    """Ascending thresholds (channels, levels) around the middle of the sums; some never or always reached."""
    middle, spread = (low + high) / 2, np.maximum(8, np.sqrt(high - low) * 4)
    values = np.sort(rng.normal(middle[:, None], spread[:, None], (len(low), levels)).round().astype(np.int64), axis=1)
    values[rng.random(len(low)) < 0.1] = NEVER
    values[rng.random(len(low)) < 0.1, 0] = ALWAYS
    return np.clip(values, ALWAYS, NEVER).astype(np.int32)


def conv(
    rng: Rng,
    name: str,
    ic: int,
    oc: int,
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
    padding: int | tuple[int, int] = 1,
    pool: int = 1,
    image: bool = False,
    last: bool = False,
    levels: tuple[int, int] = (15, 15),
    weight_levels: int = 7,
) -> Layer:
    """A convolution; `levels` are the largest codes of its input and output."""
    weights = rng.integers(-weight_levels - 1, weight_levels + 1, (oc, ic, *kernel)).astype(np.int8)
    flat = weights.reshape(oc, -1).astype(np.int64)
    scale = 127 if image else levels[0]
    high = flat.clip(0).sum(1) * scale - (flat.clip(None, 0).sum(1) * scale if image else 0)
    low = -high if image else flat.clip(None, 0).sum(1) * scale
    falling = rng.random(oc) < 0.3
    given = thresholds(rng, np.where(falling, -high, low), np.where(falling, -low, high), levels[1])
    return Layer(
        kind="conv",
        name=name,
        in_channels=ic,
        out_channels=oc,
        kernel=kernel,
        stride=stride,
        padding=padding,
        image_input=image,
        activation_levels=127 if image else levels[0],
        weight_levels=weight_levels,
        batch_norm=False,
        relu=True,
        pool=pool,
        output_levels=0 if last else levels[1],
        weights=weights,
        scale=0.01,
        alpha_a=1.0,
        alpha_next=None if last else 1.0,
        thresholds=None if last else given,
        falling=None if last else falling,
    )


def average(
    rng: Rng, name: str, channels: int, window: tuple[int, int], stride: int, last: bool = False, pool: int = 1
) -> Layer:
    """An average of codes 0..15."""
    high = np.full(channels, 15 * window[0] * window[1])
    return Layer(
        kind="average",
        name=name,
        in_channels=channels,
        out_channels=channels,
        kernel=window,
        stride=stride,
        padding=0,
        image_input=False,
        activation_levels=15,
        weight_levels=1,
        batch_norm=False,
        relu=False,
        pool=pool,
        output_levels=0 if last else 15,
        weights=None,
        scale=0.01,
        alpha_a=1.0,
        alpha_next=None if last else 1.0,
        thresholds=None if last else thresholds(rng, high * 0, high, 15),
        falling=None if last else np.zeros(channels, dtype=bool),
    )


def network(rng: Rng, name: str, size: tuple[int, int], layers: Sequence[Layer], channels: int = 3) -> Network:
    """A network of layers for images of a size, its image codes spread over -127..127, classes 5."""
    codes = np.clip(np.round(np.arange(256)[None] - rng.integers(100, 150, (channels, 1))), -127, 127).astype(np.int8)
    built = Network(name, (channels, *size), codes, tuple(layers), (TailStep("flatten"),))
    last, (h, w) = layers[-1], layers[-1].output_size(built.in_sizes[-1])
    features = last.out_channels * h * w
    linear = TailStep("linear", "classifier", rng.normal(size=(5, features)), rng.normal(size=5))
    return Network(name, (channels, *size), codes, tuple(layers), (TailStep("flatten"), linear))


def vgg_network(seed: int = 0) -> Network:
    """The shape of the VGG16 in the course's notebook."""
    rng = np.random.default_rng(seed)
    plan = [(64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 1), (256, 2), (16, 1), (16, 1), (512, 2)]
    plan += [(512, 1), (512, 1), (512, 1)]
    layers, ic = [], 3
    for index, (oc, pool) in enumerate(plan):
        layers.append(conv(rng, f"conv{index}", ic, oc, pool=pool, image=index == 0, last=index == len(plan) - 1))
        ic = oc
    return network(rng, "vgg", (32, 32), layers)


def small_network(seed: int = 0) -> Network:
    """Stride 2, kernels of 1x1, 3x3 and 5x5, odd maps, channel counts that fill no tile, an average at the end."""
    rng = np.random.default_rng(seed)
    layers = [
        conv(rng, "image", 3, 12, image=True),
        conv(rng, "wide", 12, 20, (5, 5), 2, 2),
        conv(rng, "point", 20, 24, (1, 1), 1, 0, pool=2),
        conv(rng, "odd", 24, 33, (3, 3), 1, 0, pool=2),
        conv(rng, "half", 33, 9, (1, 1), 2, 0),
        average(rng, "average", 9, (2, 2), 1),
        conv(rng, "last", 9, 7, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "small", (33, 33), layers)


def named_network(seed: int = 0) -> Network:
    """The small network as a network file can hold it: layers by the file's names, thresholds that rise."""
    small = small_network(seed)
    layers = [
        replace(
            layer, name=f"features.{index}", falling=None if layer.falling is None else np.zeros_like(layer.falling)
        )
        for index, layer in enumerate(small.layers)
    ]
    return replace(small, layers=tuple(layers))


def tall_network(seed: int = 0) -> Network:
    """Maps of 9216 positions, one of 64 channels: more than a column's accumulators and than the activation memory."""
    rng = np.random.default_rng(seed)
    layers = [
        conv(rng, "image", 3, 32, image=True),
        conv(rng, "large", 32, 64, pool=2),
        conv(rng, "half", 64, 32, stride=2),
        conv(rng, "point", 32, 48, (1, 1), 1, 0, pool=2),
        conv(rng, "square", 48, 64, pool=2),
        average(rng, "average", 64, (6, 6), 6),
        conv(rng, "last", 64, 10, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "tall", (96, 96), layers)


def random_network(rng: Rng) -> Network:
    """A few layers of any kind on a small image; the sizes are drawn until each layer has an output."""
    size = tuple(int(length) for length in rng.integers(4, 15, 2))
    channels, layers, now = int(rng.integers(1, 4)), [], size
    ic, count = channels, int(rng.integers(2, 6))
    while len(layers) < count:
        index, last = len(layers), len(layers) == count - 1
        if index and min(now) > 1 and rng.random() < 0.2:
            window = tuple(int(rng.integers(1, min(length, 8) + 1)) for length in now)
            layer = average(rng, f"layer{index}", ic, window, int(rng.integers(1, 4)), last, int(rng.integers(1, 3)))
        else:
            kernel = tuple(int(k) for k in rng.integers(1, 8 if index == 0 else 5, 2))
            options = {
                "stride": int(rng.integers(1, 3)),
                "padding": int(rng.integers(0, 4)),
                "pool": int(rng.integers(1, 3)),
            }
            oc = int(rng.integers(1, 41))
            layer = conv(rng, f"layer{index}", ic, oc, kernel, **options, image=index == 0, last=last)  # type: ignore[arg-type]
        padded = [length + 2 * layer.padding - k for length, k in zip(now, layer.kernel, strict=True)]
        sums = [length // layer.stride + 1 for length in padded]
        if min(padded) < 0 or min(sums) < layer.pool:
            continue
        layers.append(layer)
        now, ic = layer.output_size(now), layer.out_channels
    return network(rng, "random", size, layers, channels)


def broad_network(seed: int = 0) -> Network:
    """300 channels on the largest map between 8 and 11: with few activation words, the channels must be divided."""
    rng = np.random.default_rng(seed)
    layers = [
        conv(rng, "image", 3, 8, image=True),
        conv(rng, "broad", 8, 300),
        conv(rng, "narrow", 300, 11, pool=2),
        conv(rng, "last", 11, 5, (1, 1), 1, 0, last=True),
    ]
    return network(rng, "broad", (8, 8), layers)
