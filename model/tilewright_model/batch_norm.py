"""Batch normalisation that evaluates in two float64 steps."""

import numpy as np
import torch
from torch import Tensor, nn

from tilewright_model.exact import ExactBatchNorm2d


class BatchNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d in training, and with its state-dict keys; in evaluation mode the module is `exact()`."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps, momentum)

    def exact(self) -> ExactBatchNorm2d:
        """scale = gamma / sqrt(var + eps) and shift = beta - mean * scale, as they are now.

        By numpy, whose root is rounded correctly: torch's comes from MKL's vector library and can be one bit off.
        """
        assert self.running_mean is not None and self.running_var is not None
        parameters = (self.weight, self.bias, self.running_mean, self.running_var)
        gamma, beta, mean, var = (parameter.detach().cpu().double().numpy() for parameter in parameters)
        with np.errstate(divide="ignore", invalid="ignore"):  # a diverged network is for save_network to refuse
            scale = gamma / np.sqrt(var + self.eps)
            shift = beta - mean * scale
        device = self.weight.device
        return ExactBatchNorm2d(torch.from_numpy(scale).to(device), torch.from_numpy(shift).to(device))

    def forward(self, y: Tensor) -> Tensor:
        """float (n, c, h, w) to the same; float64 in evaluation mode."""
        return super().forward(y) if self.training else self.exact()(y.double())
