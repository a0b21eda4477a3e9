"""From a set's tiles to layers for the compiler, and from a layer to a set's tiles."""

from __future__ import annotations

import numpy as np

from tilewright.network.layer import ConvLayer
from tilewright.stimulus.geometry import ARRAY_SIZE, Geometry, Ints


def tiles_of_layer(layer: ConvLayer, image: int) -> tuple[Geometry, Ints, Ints]:
    """Cuts one image of a layer into tiles of 8x8 channels, edge tiles filled with zeros.

    Args:
        layer: the layer.
        image: which image.

    Returns:
        Sizes, activations (ic_tiles, positions, rows), weights (ic_tiles, oc_tiles, taps, columns, rows).
    """
    pad, codes = layer.padding, layer.activation_codes[image].astype(np.int64)
    padded = np.pad(codes, ((0, -layer.in_channels % ARRAY_SIZE), (pad, pad), (pad, pad)))
    geometry = Geometry((padded.shape[1], padded.shape[2]), layer.kernel, layer.stride)
    activations = padded.reshape(-1, ARRAY_SIZE, geometry.positions).swapaxes(1, 2)
    filled = ((0, -layer.out_channels % ARRAY_SIZE), (0, -layer.in_channels % ARRAY_SIZE), (0, 0), (0, 0))
    weights = np.pad(layer.weight_codes.astype(np.int64), filled)
    tiles = weights.reshape(-1, ARRAY_SIZE, weights.shape[1] // ARRAY_SIZE, ARRAY_SIZE, geometry.taps)
    return geometry, activations, tiles.transpose(2, 0, 4, 1, 3)


def layer_of_tiles(name: str, geometry: Geometry, activations: Ints, weights: Ints) -> ConvLayer:
    """The layer that a set's tiles make.

    Where the border that a kernel of odd size needs is zero, it becomes padding, which the accelerator adds itself.

    Args:
        name: name of the layer.
        geometry: its sizes.
        activations: (ic_tiles, positions, rows).
        weights: (ic_tiles, oc_tiles, taps, columns, rows).

    Returns:
        The layer, with one image.
    """
    ic_tiles, oc_tiles, _, columns, rows = weights.shape
    maps = activations.swapaxes(1, 2).reshape(1, ic_tiles * rows, *geometry.padded)
    codes = weights.transpose(1, 3, 0, 4, 2).reshape(oc_tiles * columns, ic_tiles * rows, *geometry.kernel)
    padding = _zero_border(maps, geometry)
    inner = maps[:, :, padding : maps.shape[2] - padding, padding : maps.shape[3] - padding]
    return ConvLayer(
        name=name,
        weight_codes=np.ascontiguousarray(codes, dtype=np.int8),
        activation_codes=np.ascontiguousarray(inner, dtype=np.uint8),
        stride=geometry.stride,
        padding=padding,
    )


def tap_layer(name: str, rows: Ints, weights: Ints) -> ConvLayer:
    """A 1x1 convolution whose outputs are the partial sums of single taps.

    Args:
        name: name of the layer.
        rows: (positions, rows) of one input-channel tile.
        weights: (tiles, columns, rows): one output-channel tile of the layer for each tap and output-channel tile.

    Returns:
        The layer, with one image of 1 x positions.
    """
    return ConvLayer(
        name=name,
        weight_codes=np.ascontiguousarray(weights.reshape(-1, weights.shape[-1], 1, 1), dtype=np.int8),
        activation_codes=np.ascontiguousarray(rows.T[None, :, None, :], dtype=np.uint8),
    )


def _zero_border(maps: Ints, geometry: Geometry) -> int:
    border = (min(geometry.kernel) - 1) // 2
    if min(geometry.padded) <= 2 * border:
        return 0
    inner = maps[:, :, border : maps.shape[2] - border, border : maps.shape[3] - border]
    return border if maps.sum() == inner.sum() else 0
