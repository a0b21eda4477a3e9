"""Which layer reads which map, and whether the layers follow from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tilewright.errors import NetworkError
from tilewright.hardware.parameters import MAX_KERNEL
from tilewright.network.shape import LayerShape

if TYPE_CHECKING:
    from tilewright.network.operand import Operand

# The image's place among the indices of layers
IMAGE = -1


def source_indices(layers: Sequence[LayerShape]) -> tuple[tuple[int, ...], ...]:
    """For each layer the indices of the layers whose maps it reads: its own convolution's first, then what is added.

    Args:
        layers: in order; each reads maps of layers before it.

    Raises:
        NetworkError: names the first layer that reads a map that there is not before it.
    """
    known: dict[str, int] = {}
    result = []
    for index, layer in enumerate(layers):
        names = [layer.source, *(operand.source for operand in adds_of(layer))]
        own = index - 1 if not layer.source else known.get(layer.source)
        indices = [own, *map(known.get, names[1:])]
        for name, found in zip(names, indices, strict=True):
            if found is None:
                raise NetworkError(
                    f"layer {layer.name} reads the map of {name or 'the image'}: layers before it are "
                    f"{', '.join(known) or 'none'}"
                )
        result.append(tuple(found for found in indices if found is not None))
        known[layer.name] = index
    return tuple(result)


def last_readers(sources: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """For each layer the index of the last one that reads its map; its own index where none does.

    Args:
        sources: for each layer the indices of those whose maps it reads, -1 for the image.
    """
    last = list(range(len(sources)))
    for index, read in enumerate(sources):
        for source in read:
            if source != IMAGE:
                last[source] = index
    return tuple(last)


def output_sizes(image: tuple[int, int], layers: Sequence[LayerShape]) -> tuple[tuple[int, int], ...]:
    """Height and width of each layer's output map, after pooling.

    Args:
        image: height and width.
        layers: in order.

    Raises:
        NetworkError: a layer leaves no map, or its operands' maps differ in size; names it.
    """
    sizes: list[tuple[int, int]] = []
    for layer, sources in zip(layers, source_indices(layers), strict=True):
        read = [image if source == IMAGE else sizes[source] for source in sources]
        sums = layer.sums_size(read[0])
        if layer.kind == "conv":
            _check_kernel(layer, layer, read[0])
        for operand, size in zip(adds_of(layer), read[1:], strict=True):
            _check_kernel(layer, operand, size)
            if operand.out_size(size) != sums:
                raise NetworkError(
                    f"layer {layer.name}: its own sums are a map of {sums[0]}x{sums[1]}, those of {operand.source} "
                    f"that are added one of {'x'.join(map(str, operand.out_size(size)))}"
                )
        sizes.append(layer.output_size(read[0]))
    return tuple(sizes)


def _check_kernel(layer: LayerShape, one: LayerShape | Operand, size: tuple[int, int]) -> None:
    """Refuses a kernel that is larger than the array walks, unless it is the whole map."""
    whole = one.kernel == size and one.paddings == (0, 0) and one.dilation == 1
    if max(one.kernel) > MAX_KERNEL and not whole:
        raise NetworkError(
            f"layer {layer.name}: kernel {one.kernel} is larger than {MAX_KERNEL}x{MAX_KERNEL} and not the whole map "
            f"of {size[0]}x{size[1]}"
        )


def check_graph(image: tuple[int, int, int], layers: Sequence[LayerShape]) -> None:
    """Makes sure that layers follow from each other.

    Args:
        image: channels, height and width.
        layers: in order.

    Raises:
        NetworkError: names the first layer that does not take what it reads, leaves no map, or makes one in vain.
    """
    read: set[int] = set()
    for index, (layer, sources) in enumerate(zip(layers, source_indices(layers), strict=True)):
        if layer.image_input != (index == 0):
            raise NetworkError(f"layer {layer.name}: the first layer reads the image, and no other")
        if layer.is_last != (index == len(layers) - 1):
            raise NetworkError(f"layer {layer.name}: the last layer returns accumulators, and no other")
        own, *others = sources
        _check_own(image[0], layer, own, layers)
        for operand, source in zip(adds_of(layer), others, strict=True):
            _check_added(layer, operand, layers[source])
        read.update(sources)
    unread = [layer.name for index, layer in enumerate(layers[:-1]) if index not in read]
    if unread:
        raise NetworkError(f"layer {unread[0]}: no layer reads its map")
    output_sizes(image[1:], layers)


def _check_own(image_channels: int, layer: LayerShape, source: int, layers: Sequence[LayerShape]) -> None:
    channels = image_channels if source == IMAGE else layers[source].out_channels
    if not layer.source and layer.in_channels != channels:
        raise NetworkError(f"layer {layer.name} has {layer.in_channels} input channels, it gets {channels}")
    if layer.first_channel + layer.in_channels > channels:
        last = layer.first_channel + layer.in_channels - 1
        raise NetworkError(f"layer {layer.name} reads channel {last} of a map of {channels}")
    if source != IMAGE and layer.activation_levels != layers[source].output_levels:
        of = layer.source or "the layer before"
        raise NetworkError(f"layer {layer.name}: its input codes are not those of {of}")


def _check_added(layer: LayerShape, operand: Operand, source: LayerShape) -> None:
    last = operand.first_channel + operand.in_channels - 1
    if last >= source.out_channels:
        raise NetworkError(f"layer {layer.name} adds channel {last} of {source.name}, which has {source.out_channels}")
    if operand.activation_levels != source.output_levels:
        raise NetworkError(f"layer {layer.name}: the codes that it adds are not those of {source.name}")


def adds_of(layer: LayerShape) -> Sequence[Operand]:
    """What is added to a layer's sums; a shape without values adds nothing."""
    adds: Sequence[Operand] = getattr(layer, "adds", ())
    return adds
