"""A topology's lines as a network: paddings, pools and averages between them, which such a file does not say.

The layers' values are zeros: no cycle depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from tilewright.errors import NetworkError
from tilewright.explore.topology import Row, read_topology
from tilewright.hardware.parameters import ACTIVATION_MAX, MAX_KERNEL, MAX_PADDING, WEIGHT_MAX
from tilewright.network.network import Layer, Network
from tilewright.network.shape import IMAGE_LEVELS

Size = tuple[int, int]


@dataclass(frozen=True)
class Link:
    """A line, and what is taken to be around it.

    Attributes:
        row: the line; where it reads a flattened map, with that map for its filter.
        padding: zeros on each side.
        pool: 2 for a 2x2 max-pool behind it, else 1.
        out: height and width of the map behind that.
        average: whether an average of that whole map follows.
    """

    row: Row
    padding: int
    pool: int
    out: Size
    average: bool = False

    @property
    def taken(self) -> str:
        """What the file does not say, for people; empty where there is none."""
        words = [f"padding {self.padding}"] if self.padding else []
        words += ["2x2 max-pool"] if self.pool > 1 else []
        words += ["average"] if self.average else []
        return f"{self.row.name}: {', '.join(words)}" if words else ""


def load_topology(path: Path) -> tuple[Network, list[str]]:
    """A topology file as a network of zeros, with 4-bit codes, an 8-bit image, and thresholds behind each layer.

    Args:
        path: the file.

    Returns:
        The network, and what was taken for granted of each layer, for people.

    Raises:
        NetworkError: it is no topology file, no chain of layers, or a layer is beyond the accelerator.
        OSError: it cannot be read.
    """
    links = links_of(read_topology(path))
    layers: list[Layer] = []
    for link in links:
        layers.append(_layer("conv", link, image=not layers))
        if link.average:
            layers.append(_layer("average", link))
    layers[-1] = replace(layers[-1], output_levels=0, alpha_next=None, thresholds=None, falling=None)
    first = links[0].row
    codes = np.zeros((first.channels, 256), np.int8)
    network = Network(path.stem, (first.channels, *first.size), codes, tuple(layers), ())
    return network, [link.taken for link in links if link.taken]


def links_of(rows: Sequence[Row]) -> list[Link]:
    """The lines as a chain: IFMAP is the map itself, or else, in the whole file, the map with its padding.

    Args:
        rows: the lines.

    Raises:
        NetworkError: they are no chain; names the first line that does not follow from the one before.
    """
    try:
        return _chain(rows, padded=False)
    except NetworkError as error:
        try:
            return _chain(rows, padded=True)
        except NetworkError:
            raise error from None


def _chain(rows: Sequence[Row], padded: bool) -> list[Link]:
    links: list[Link] = []
    row, size = rows[0], rows[0].size
    for following in rows[1:]:
        link, row = _linked(row, size, following, links, padded)
        links.append(link)
        size = (1, 1) if link.average else link.out
    links.append(next(_choices(row, size, links, padded)))
    return links


def _choices(row: Row, size: Size, before: Sequence[Link], padded: bool) -> Iterator[Link]:
    """A line with each padding and pool that it may have, the likeliest first: padded as the last one of its kernel."""
    most = min(MAX_PADDING, max(row.kernel) // 2)
    paddings = [(row.size[0] - size[0]) // 2] if padded else range(most + 1)
    alike = [link.padding for link in before if link.row.kernel == row.kernel][-1:]
    for padding, pool in sorted(product(paddings, (1, 2)), key=lambda each: (each[0] not in alike, each[1], each[0])):
        sums = [(side + 2 * padding - k) // row.stride + 1 for side, k in zip(size, row.kernel, strict=True)]
        if min(sums) >= pool:
            yield Link(row, padding, pool, (sums[0] // pool, sums[1] // pool))


def _linked(row: Row, size: Size, following: Row, before: Sequence[Link], padded: bool) -> tuple[Link, Row]:
    """A line with what makes the following one fit behind it, and the following one as it then is.

    Raises:
        NetworkError: nothing does.
    """
    for link in _choices(row, size, before, padded):
        h, w = link.out
        vector = following.size == following.kernel == (1, 1) and link.out != (1, 1)
        if vector and following.channels == row.filters:
            return replace(link, average=True), following
        if vector and following.channels == row.filters * h * w and max(link.out) <= MAX_KERNEL:
            return link, replace(following, size=link.out, kernel=link.out, channels=row.filters)
        if following.channels == row.filters and _follows(link.out, following, padded):
            return link, following
    if following.channels != row.filters:
        raise NetworkError(
            f"{following.where}: {following.name} has {following.channels} channels, {row.name} before it makes "
            f"{row.filters}; the array runs layers one behind the other, no branches and no depthwise ones"
        )
    raise NetworkError(
        f"{following.where}: {following.name} reads {following.size[0]}x{following.size[1]}, which {row.name} does "
        f"not make of {size[0]}x{size[1]} with a padding of up to {MAX_PADDING} and a 2x2 max-pool"
    )


def _follows(out: Size, following: Row, padded: bool) -> bool:
    """Whether a line reads a map, or the map with a padding that goes with its filter."""
    if not padded:
        return following.size == out
    around = {written - true for written, true in zip(following.size, out, strict=True)}
    most = min(MAX_PADDING, max(following.kernel) // 2)
    return len(around) == 1 and around <= set(range(0, 2 * most + 1, 2))


def _layer(kind: str, link: Link, image: bool = False) -> Layer:
    """A line's convolution, or the average behind it, of zeros.

    Raises:
        NetworkError: it is beyond the accelerator.
    """
    row, conv = link.row, kind == "conv"
    filters = row.filters
    return Layer(
        kind=kind,
        name=row.name if conv else f"average of {row.name}",
        in_channels=row.channels if conv else filters,
        out_channels=filters,
        kernel=row.kernel if conv else link.out,
        stride=row.stride if conv else 1,
        padding=link.padding if conv else 0,
        image_input=image,
        activation_levels=IMAGE_LEVELS if image else ACTIVATION_MAX,
        weight_levels=WEIGHT_MAX if conv else 1,
        batch_norm=False,
        relu=conv,
        pool=link.pool if conv else 1,
        output_levels=ACTIVATION_MAX,
        weights=np.zeros((filters, row.channels, *row.kernel), np.int8) if conv else None,
        scale=1.0,
        alpha_a=1.0,
        alpha_next=1.0,
        thresholds=np.zeros((filters, ACTIVATION_MAX), np.int32),
        falling=np.zeros(filters, np.bool_),
    )
