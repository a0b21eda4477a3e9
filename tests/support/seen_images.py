"""Random networks as if they were trained: their batch-norms have seen images."""

from typing import TypeVar

import torch
from torch import Tensor, nn

from tilewright_model.data.pixels import normalise

Model = TypeVar("Model", bound=nn.Module)


def seen(model: Model, pixels: Tensor) -> Model:
    """The network, in evaluation mode, after its batch-norms have seen `pixels`, with random parameters in them."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.3, 0.3)
    model.train()
    with torch.no_grad():
        model(normalise(pixels))
    return model.eval()
