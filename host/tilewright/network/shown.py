"""A network's layers as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilewright.network.graph import adds_of
from tilewright.network.shape import LayerShape

HEADINGS = ("Layer", "Kernel", "Input", "Output", "Weights", "Codes", "Behind it", "Multiplications")


def layer_rows(layers: Sequence[LayerShape], in_sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[str, ...]]:
    """A row of :data:`HEADINGS` a layer.

    Args:
        layers: in order.
        in_sizes: height and width of each layer's input map.
    """
    for layer, size in zip(layers, in_sizes, strict=True):
        (kernel_h, kernel_w), (sums_h, sums_w) = layer.kernel, layer.sums_size(size)
        stride = f", stride {layer.stride}" if layer.stride > 1 else ""
        stride += f", dilation {layer.dilation}" if layer.dilation > 1 else ""
        stride += f", {layer.groups} groups" if layer.groups > 1 else ""
        steps = {f"adds {operand.source}": True for operand in adds_of(layer)}
        steps |= {"batch-norm": layer.batch_norm, "ReLU": layer.relu, "2x2 max-pool": layer.pool == 2}
        reads = f" of {layer.source}" if layer.source else ""
        out_h, out_w = layer.output_size(size)
        yield (
            layer.name,
            f"{layer.kind} {kernel_h}x{kernel_w}{stride}",
            f"{layer.in_channels}x{size[0]}x{size[1]}{reads}",
            f"{layer.out_channels}x{out_h}x{out_w}",
            "" if layer.weight_bits is None else f"{layer.weight_bits} bits",
            f"{layer.activation_bits} bits",
            ", ".join(name for name, there in steps.items() if there),
            f"{layer.macs_a_position * sums_h * sums_w:,}",
        )
