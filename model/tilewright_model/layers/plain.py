"""Layers that are not quantised, evaluated the same everywhere."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.layers.exact import ExactBatchNorm2d, ExactLinear, ExactModule


class _Constants:
    """Batch-norm as two float64 constants a channel."""

    def exact(self) -> ExactBatchNorm2d:
        """scale = gamma / sqrt(var + eps) and shift = beta - mean * scale, as they are now.

        By numpy, whose root is rounded correctly: torch's comes from MKL's vector library and can be one bit off.
        """
        assert isinstance(self, nn.BatchNorm1d | nn.BatchNorm2d)
        assert self.running_mean is not None and self.running_var is not None
        parameters = (self.weight, self.bias, self.running_mean, self.running_var)
        gamma, beta, mean, var = (parameter.detach().cpu().double().numpy() for parameter in parameters)
        with np.errstate(divide="ignore", invalid="ignore"):  # a diverged network is for save_network to refuse
            scale = gamma / np.sqrt(var + self.eps)
            shift = beta - mean * scale
        device = self.weight.device
        return ExactBatchNorm2d(torch.from_numpy(scale).to(device), torch.from_numpy(shift).to(device))


class BatchNorm2d(_Constants, nn.BatchNorm2d):
    """nn.BatchNorm2d in training, and with its state-dict keys; in evaluation mode the module is ``exact()``."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps, momentum)

    def forward(self, y: Tensor) -> Tensor:
        """float (n, c, h, w) to the same; float64 in evaluation mode."""
        return super().forward(y) if self.training else self.exact()(y.double())


class BatchNorm1d(_Constants, nn.BatchNorm1d):
    """nn.BatchNorm1d of (n, c) in training, for QuantLinear; in evaluation mode the module is ``exact()``."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps, momentum)

    def forward(self, y: Tensor) -> Tensor:
        """float (n, c) to the same; float64 in evaluation mode."""
        if self.training:
            return super().forward(y)
        z: Tensor = self.exact()(y.double()[:, :, None, None])
        return z[:, :, 0, 0]


class Linear(nn.Linear):
    """nn.Linear in training, and with its state-dict keys; in evaluation mode the module is ``exact()``."""

    def exact(self) -> ExactLinear:
        """The reference of this layer as it is now; without a bias, zeros are added."""
        weight = self.weight.detach().double()
        bias = weight.new_zeros(self.out_features) if self.bias is None else self.bias.detach().double()
        return ExactLinear(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, in) to float (n, out); float64 in evaluation mode."""
        return super().forward(x) if self.training else self.exact()(x)


class ExactFloatConv2d(ExactModule):
    """Products added one kernel tap of one input channel after the other, in float64: the same bits on any device.

    Args:
        weight: float64 (oc, ic, kh, kw); the stride is 1.
        padding: rows and columns of zeros.
    """

    weight: Tensor

    def __init__(self, weight: Tensor, padding: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float64 (n, oc, oh, ow)."""
        oc, ic, kernel_rows, kernel_columns = self.weight.shape
        rows, columns = self.padding
        x = functional.pad(x.double(), (columns, columns, rows, rows))
        height, width = x.shape[2] - kernel_rows + 1, x.shape[3] - kernel_columns + 1
        y = x.new_zeros(len(x), oc, height, width)
        for channel in range(ic):
            for row in range(kernel_rows):
                for column in range(kernel_columns):
                    part = x[:, channel : channel + 1, row : row + height, column : column + width]
                    y = y + part * self.weight[:, channel, row, column].view(-1, 1, 1)
        return y


class FloatConv2d(nn.Conv2d):
    """nn.Conv2d of stride 1 without bias in training, and with its state-dict key; in evaluation mode ``exact()``."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, padding: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=padding, bias=False)

    def exact(self) -> ExactFloatConv2d:
        """The reference of this layer as it is now."""
        rows, columns = (int(size) for size in self.padding)
        return ExactFloatConv2d(self.weight.detach().double(), (rows, columns))

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float (n, oc, oh, ow); float64 in evaluation mode."""
        return super().forward(x) if self.training else self.exact()(x)
