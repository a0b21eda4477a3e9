"""Images side by side: where a layer's channels fill half the array or less, its words hold several images."""

from __future__ import annotations

from tilewright.network.network import Network

# Images that a word may hold
WIDTHS = (1, 2, 4)


def lanes_of(network: Network, n: int, most: int) -> tuple[int, ...]:
    """For each layer the images whose channels the words of its map hold side by side.

    Args:
        network: the network.
        n: rows and columns of the array.
        most: images in a word: 1, 2 or 4.
    """
    lanes: list[int] = []
    for layer, (source, *_) in zip(network.layers, network.sources, strict=True):
        if layer.is_last:
            lanes.append(1)
        elif layer.weights is None:  # each output tile is made of its own input tile
            lanes.append(lanes[source])
        else:
            lanes.append(max(width for width in WIDTHS if width == 1 or width <= min(most, n // layer.out_channels)))
    if network.layers[-1].weights is None:
        _separate(network, lanes, network.sources[-1][0])
    return tuple(lanes)


def _separate(network: Network, lanes: list[int], index: int) -> None:
    """Gives a map words of one image each, and what it is copied or averaged from."""
    while lanes[index] > 1:
        lanes[index] = 1
        if network.layers[index].weights is None:
            index = network.sources[index][0]
