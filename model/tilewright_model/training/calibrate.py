"""Clipping values to begin with: those that quantise a network's weights and activations with the least error."""

from typing import Any

import torch
from torch import Tensor, nn

from tilewright_model.data.pixels import normalise
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.layers.quantisers import ActivationQuantiser, dequantise, normalised_weight
from tilewright_model.networks.vgg16 import VGG16

#: candidates between nothing and the largest value
CANDIDATES = 100
#: of more values, every second, third, ... is looked at
VALUES = 2**20


@torch.no_grad()
def calibrate(model: VGG16, pixels: Tensor) -> None:
    """Set every alpha of a network and its batch-norms' statistics from one batch.

    Layer after layer, each on what the calibrated layers before it give. The alpha of the image's quantiser stays: it
    is the range of a pixel.

    Args:
        model: changed in place.
        pixels: uint8 (n, 3, 32, 32).
    """
    handles = [layer.register_forward_pre_hook(_set_alphas) for layer in model.quantised_layers().values()]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    try:
        model.train()
        model(normalise(pixels))
    finally:
        for handle in handles:
            handle.remove()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _set_alphas(layer: nn.Module, arguments: tuple[Any, ...]) -> None:
    assert isinstance(layer, QuantConv2d)
    weights, _ = normalised_weight(layer.weight, torch.ones_like(layer.weight_quant.wgt_alpha))
    layer.weight_quant.wgt_alpha.fill_(least_error_alpha(weights, layer.weight_quant.levels))
    if isinstance(layer.act_quant, ActivationQuantiser):
        layer.act_alpha.fill_(least_error_alpha(arguments[0], layer.act_quant.levels))


def least_error_alpha(values: Tensor, levels: int) -> float:
    """The clipping value, of ``CANDIDATES`` up to the largest magnitude, with the least mean squared error."""
    values = values.flatten()[:: -(-values.numel() // VALUES)]
    largest = float(values.abs().max())
    errors = []
    for number in range(1, CANDIDATES + 1):
        alpha = torch.tensor(largest * number / CANDIDATES, device=values.device)
        quantised = dequantise(torch.round((values / alpha).clamp(-1, 1) * levels), alpha, levels)
        errors.append((quantised - values).square().mean())
    return largest * (int(torch.stack(errors).argmin()) + 1) / CANDIDATES
