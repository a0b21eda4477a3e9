"""Which widths the hardware runs; a network file may hold wider layers."""

from __future__ import annotations

from tilewright.errors import CompileError
from tilewright.hardware.parameters import ACTIVATION_MAX, WEIGHT_MAX, WEIGHT_MIN
from tilewright.network.network import Layer, Network


def check_widths(network: Network) -> None:
    """Refuses weights and codes wider than the hardware's.

    Args:
        network: the network.

    Raises:
        CompileError: names every layer that is too wide, its widths, the hardware's, and what to do.
    """
    wide = [layer for layer in network.layers if _is_wide(layer)]
    if not wide:
        return
    lines = "".join(f"\n  layer {layer.name}: {_widths(layer)}" for layer in wide)
    raise CompileError(
        f"network {network.name}: {len(wide)} of {len(network.layers)} layers are too wide for the hardware, which has "
        f"4-bit weights ({WEIGHT_MIN}..{WEIGHT_MAX}), 4-bit activations (0..{ACTIVATION_MAX}) and an 8-bit image:"
        f"{lines}\nTrain these layers with weights and input codes of at most 4 bits (in tilewright_model: "
        "weight_bits, act_bits, layer_bits); meanwhile `python -m tilewright_model reference` computes the file"
    )


def _is_wide(layer: Layer) -> bool:
    """By its weights or its input: its output is the next layer's input."""
    wide_input = not layer.image_input and layer.activation_levels > ACTIVATION_MAX
    return wide_input or (layer.weights is not None and layer.weight_levels > WEIGHT_MAX)


def _widths(layer: Layer) -> str:
    weights = "" if layer.weights is None else f"{layer.weight_bits}-bit weights (up to {layer.weight_levels}), "
    what = "an 8-bit image" if layer.image_input else f"{layer.activation_bits}-bit input codes"
    return f"{weights}{what} (up to {layer.activation_levels})"
