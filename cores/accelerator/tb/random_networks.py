"""Small random networks, and single layers, for the whole accelerator."""

import random
from dataclasses import replace

import numpy as np

from tilewright.network.inference import accumulate, pool, quantise
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Layer, Network
from tilewright.network.shape import ALWAYS, NEVER


def random_layer(rng: random.Random, images: int | None = None, limit: int = 1500, **fixed: int) -> ConvLayer:
    """A layer of random shape and integers, of at most `limit` passes x positions on an 8x8 array."""
    data = np.random.default_rng(rng.getrandbits(32))
    for _ in range(100_000):
        shape = {
            "ic": rng.randint(1, 20), "oc": rng.randint(1, 20), "h": rng.randint(1, 6), "w": rng.randint(1, 6),
            "kernel_h": rng.randint(1, 7), "kernel_w": rng.randint(1, 7), "stride": rng.randint(1, 2),
            "padding": rng.randrange(4), **fixed,
        }  # fmt: skip
        out_h = (shape["h"] + 2 * shape["padding"] - shape["kernel_h"]) // shape["stride"] + 1
        out_w = (shape["w"] + 2 * shape["padding"] - shape["kernel_w"]) // shape["stride"] + 1
        count = images or rng.randint(1, 3)
        tiles = -(-shape["ic"] // 8) * -(-shape["oc"] // 8) * shape["kernel_h"] * shape["kernel_w"]
        if out_h > 0 and out_w > 0 and tiles * max(4, count * out_h * out_w) <= limit:
            break
    else:
        raise ValueError(f"no layer of {fixed} has at most {limit} passes x positions")
    weights = data.integers(-8, 8, (shape["oc"], shape["ic"], shape["kernel_h"], shape["kernel_w"])).astype(np.int8)
    codes = data.integers(0, 16, (count, shape["ic"], shape["h"], shape["w"])).astype(np.uint8)
    return ConvLayer("random", weights, codes, shape["stride"], shape["padding"])


def random_network(rng: random.Random, layers: int, size: tuple[int, int], widest: int = 20) -> Network:
    """A network of at most `widest` channels, with thresholds among the sums that random images give: ties included."""
    data = np.random.default_rng(rng.getrandbits(32))
    image = (rng.randint(1, 3), *size)
    codes = np.clip(np.arange(256)[None] - data.integers(100, 150, (image[0], 1)), -127, 127).astype(np.int8)
    chosen: list[Layer] = []
    maps: np.ndarray = data.choice(codes[0], (2, *image))
    for index in range(layers):
        last = index == layers - 1
        layer = _random_layer(rng, data, f"layer {index}", maps.shape[1:], widest, last)
        if chosen:
            layer = replace(layer, image_input=False, activation_levels=chosen[-1].output_levels)
        if not last:
            sums = accumulate(layer, [maps])
            layer = _with_thresholds(rng, data, layer, sums)
            maps = pool(layer, quantise(layer, sums))
        chosen.append(layer)
    return Network("random", image, codes, tuple(chosen), ())


def _random_layer(
    rng: random.Random, data: np.random.Generator, name: str, shape: tuple[int, ...], widest: int, last: bool
) -> Layer:
    """A layer of an image (channels, h, w) whose sums are its output, as they stay only in the last one."""
    channels, h, w = shape
    average = name != "layer 0" and not last and rng.randrange(4) == 0
    padding = 0 if average else rng.randrange(3)
    kernel = tuple(rng.randint(1, min(4, side + 2 * padding)) for side in (h, w))
    stride = rng.choice([1, 1, 2, 3]) if average else rng.choice([1, 1, 2])
    out = [(side + 2 * padding - k) // stride + 1 for side, k in zip((h, w), kernel, strict=True)]
    oc = channels if average else rng.randint(1, widest)
    pooled = min(out) >= 2 and not last and stride < 3 and rng.randrange(2) == 1  # an average of stride 3 cannot be
    weights = None if average else data.integers(-8, 8, (oc, channels, *kernel)).astype(np.int8)
    return Layer(
        "average" if average else "conv", name, channels, oc, kernel, stride, padding, True, 127, 7,
        False, True, 2 if pooled else 1, 0, weights, 1.0, 1.0,
    )  # fmt: skip


def _with_thresholds(rng: random.Random, data: np.random.Generator, layer: Layer, sums: np.ndarray) -> Layer:
    oc, levels = layer.out_channels, rng.choice([15, 15, 7])
    falling = np.zeros(oc, dtype=bool) if layer.weights is None else data.random(oc) < 0.4
    met = np.where(falling[:, None], -1, 1) * sums.transpose(1, 0, 2, 3).reshape(oc, -1)
    near = np.array([data.choice(channel, levels) for channel in met]) + data.integers(-1, 2, (oc, levels))
    thresholds = np.sort(near.astype(np.int32), axis=1)
    thresholds[data.random(oc) < 0.1, 0] = ALWAYS
    thresholds[data.random(oc) < 0.1, -1] = NEVER
    return replace(layer, output_levels=levels, alpha_next=1.0, thresholds=thresholds, falling=falling)
