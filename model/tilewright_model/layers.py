"""The quantised convolution with the notebook's state-dict keys."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.image import IMAGE_ALPHA
from tilewright_model.quantisers import ActivationQuantiser, ImageQuantiser, WeightQuantiser, dequantise


class QuantConv2d(nn.Conv2d):
    """Convolution of a quantised input with quantised weights, without bias.

    State-dict keys: `weight`, `act_alpha`, `weight_q` (derived: recomputed at every save and load) and
    `weight_quant.wgt_alpha`. With `image_bits` the input is a normalised image, quantised to signed codes over the
    fixed range of a pixel; otherwise the activation quantiser applies. After `freeze` the weights are given codes,
    which are used as they are: no normalisation.
    """

    weight_q: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int = 1,
        *,
        weight_bits: int = 4,
        act_bits: int = 4,
        image_bits: int | None = None,
        alpha_w: float = 3.0,
        alpha_a: float = 8.0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.act_quant = ImageQuantiser(image_bits) if image_bits else ActivationQuantiser(act_bits)
        self.weight_quant = WeightQuantiser(weight_bits, alpha_w)
        alpha = torch.tensor(IMAGE_ALPHA if image_bits else alpha_a)
        self.act_alpha = nn.Parameter(alpha, requires_grad=image_bits is None)
        self.register_buffer("weight_q", torch.zeros_like(self.weight))
        self.frozen = False

    @property
    def delta_w(self) -> float:
        """Weight step: wgt_alpha / levels."""
        return float(self.weight_quant.wgt_alpha.detach().double() / self.weight_quant.levels)

    @property
    def delta_a(self) -> float:
        """Input step: act_alpha / levels."""
        return float(self.act_alpha.detach().double() / self.act_quant.levels)

    def quantised_weight(self) -> Tensor:
        """The weights that the convolution uses, float32 (oc, ic, kh, kw), differentiable unless frozen."""
        return self.weight_q if self.frozen else self.weight_quant(self.weight)

    def quantised_input(self, x: Tensor) -> Tensor:
        """The quantised input, same shape as `x`."""
        quantised: Tensor = self.act_quant(x, self.act_alpha)
        return quantised

    @torch.no_grad()
    def weight_codes(self) -> Tensor:
        """Integer weights as the notebook extracts them, round(w_q / delta_w): int8 (oc, ic, kh, kw)."""
        return torch.round(self.quantised_weight().double() / self.delta_w).to(torch.int8)

    @torch.no_grad()
    def input_codes(self, x: Tensor) -> Tensor:
        """Integer inputs as the notebook extracts them, round(x_q / delta_a): int64, same shape as `x`."""
        return torch.round(self.quantised_input(x).double() / self.delta_a).to(torch.int64)

    @torch.no_grad()
    def freeze(self, codes: Tensor, wgt_alpha: float) -> None:
        """Use int8 `codes` (oc, ic, kh, kw), times wgt_alpha / levels, as the weights, from now on and as they are."""
        self.weight_quant.wgt_alpha.fill_(wgt_alpha)
        weights = dequantise(codes.to(self.weight), self.weight_quant.wgt_alpha, self.weight_quant.levels)
        self.weight_q.copy_(weights)
        self.weight.copy_(weights)
        self.frozen = True
        self.requires_grad_(False)

    @torch.no_grad()
    def refresh(self) -> None:
        """Recompute the derived `weight_q`."""
        if not self.frozen:
            self.weight_q.copy_(self.weight_quant(self.weight))

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float (n, oc, oh, ow)."""
        return functional.conv2d(
            self.quantised_input(x),
            self.quantised_weight(),
            None,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.refresh()
        super()._save_to_state_dict(*args, **kwargs)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.refresh()
