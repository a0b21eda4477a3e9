"""The quantised layers, with the notebook's state-dict keys: convolution, fully connected, average and identity."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.data.pixels import IMAGE_ALPHA
from tilewright_model.layers.exact import ExactAverage, ExactConv2d, ExactIdentity
from tilewright_model.layers.quantisers import ActivationQuantiser, ImageQuantiser, WeightQuantiser, dequantise


class QuantisedInput:
    """What a layer with a quantiser at its input has: ``act_quant`` and the clipping value ``act_alpha`` (0-d)."""

    act_quant: ActivationQuantiser | ImageQuantiser
    act_alpha: nn.Parameter

    @property
    def delta_a(self) -> float:
        """Input step: act_alpha / levels."""
        return float(self.act_alpha.detach()) / self.act_quant.levels

    def exact_alpha(self) -> Tensor:
        """act_alpha as float64 (), detached, on its device."""
        return self.act_alpha.detach().double()

    def quantised_input(self, x: Tensor) -> Tensor:
        """The quantised input as training computes it, same shape as ``x``."""
        quantised: Tensor = self.act_quant(x, self.act_alpha)
        return quantised

    def dequantised(self, codes: Tensor) -> Tensor:
        """What ``quantised_input`` makes of an input with these integer codes: act_alpha's dtype, same shape."""
        return dequantise(codes.to(self.act_alpha), self.act_alpha.detach(), self.act_quant.levels)

    @torch.no_grad()
    def input_codes(self, x: Tensor) -> Tensor:
        """Integer inputs as the notebook extracts them, round(x_q / delta_a): int64, same shape as ``x``."""
        return torch.round(self.quantised_input(x).double() / self.delta_a).to(torch.int64)


class QuantisedWeights(QuantisedInput):
    """What a layer with quantised weights has beside its input's quantiser.

    State-dict keys: ``weight``, ``act_alpha``, ``weight_q`` (derived: recomputed at every save and load) and
    ``weight_quant.wgt_alpha``. After ``freeze`` the weights are given codes, which are used as they are: no
    normalisation.
    """

    weight: Tensor
    weight_q: Tensor
    weight_quant: WeightQuantiser
    frozen: bool
    _exact: tuple[object, ExactConv2d] | None

    def _add_quantisers(
        self, weight_bits: int, act_bits: int, image_bits: int | None, alpha_w: float, alpha_a: float
    ) -> None:
        assert isinstance(self, nn.Module)
        self.act_quant = ImageQuantiser(image_bits) if image_bits else ActivationQuantiser(act_bits)
        self.weight_quant = WeightQuantiser(weight_bits, alpha_w)
        alpha = torch.tensor(IMAGE_ALPHA if image_bits else alpha_a)
        self.act_alpha = nn.Parameter(alpha, requires_grad=image_bits is None)
        self.register_buffer("weight_q", torch.zeros_like(self.weight))
        self.frozen = False
        self._exact = None

    @property
    def delta_w(self) -> float:
        """Weight step: wgt_alpha / levels."""
        return float(self.weight_quant.wgt_alpha.detach()) / self.weight_quant.levels

    def quantised_weight(self) -> Tensor:
        """The weights that the layer uses, float32 of their shape, differentiable unless frozen."""
        return self.weight_q if self.frozen else self.weight_quant(self.weight)

    @torch.no_grad()
    def weight_codes(self) -> Tensor:
        """Integer weights as the notebook extracts them, round(w_q / delta_w): int8 of the weights' shape."""
        return torch.round(self.quantised_weight().double() / self.delta_w).to(torch.int8)

    @torch.no_grad()
    def freeze(self, codes: Tensor, wgt_alpha: float) -> None:
        """Use int8 codes of the weights' shape, times wgt_alpha / levels, as the weights, from now on as they are."""
        self.weight_quant.wgt_alpha.fill_(wgt_alpha)
        weights = dequantise(codes.to(self.weight), self.weight_quant.wgt_alpha, self.weight_quant.levels)
        self.weight_q.copy_(weights)
        self.weight.copy_(weights)
        self.frozen = True
        assert isinstance(self, nn.Module)
        self.requires_grad_(False)

    @torch.no_grad()
    def refresh(self) -> None:
        """Recompute the derived ``weight_q``."""
        if not self.frozen:
            self.weight_q.copy_(self.weight_quant(self.weight))

    def geometry(self) -> tuple[Any, ...]:
        """Stride, padding, dilation and groups of the convolution that the layer is."""
        raise NotImplementedError

    def exact(self) -> ExactConv2d:
        """The reference of this layer as it is now; computed anew only where a parameter or the geometry changed."""
        geometry = self.geometry()
        sources = (self.weight_q if self.frozen else self.weight, self.weight_quant.wgt_alpha, self.act_alpha)
        key = (geometry, *map(_stamp, sources))
        if self._exact is None or self._exact[0] != key:
            codes = self.weight_codes()
            exact = ExactConv2d(
                codes if codes.ndim == 4 else codes[:, :, None, None],
                self.weight_quant.levels,
                *geometry,
                scale=self.delta_w * self.delta_a,
                alpha=self.exact_alpha(),
                levels=self.act_quant.levels,
                lowest=self.act_quant.lowest,
            )
            self._exact = (key, exact)
        return self._exact[1]

    def train(self, mode: bool = True) -> Any:
        """Set the mode; what was computed for evaluation is forgotten."""
        self._exact = None
        return super().train(mode)  # type: ignore[misc]

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.refresh()
        super()._save_to_state_dict(*args, **kwargs)  # type: ignore[misc]

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)  # type: ignore[misc]
        self.refresh()


class QuantConv2d(QuantisedWeights, nn.Conv2d):
    """Convolution of a quantised input with quantised weights, without bias.

    Training convolves the dequantised values in float32; in evaluation mode the layer is ``exact()``, which gives
    float64.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups: as of ``torch.nn.Conv2d``.
        weight_bits: of the weights' codes.
        act_bits: of the input's codes.
        image_bits: the input is a normalised image, quantised to signed codes over the fixed range of a pixel; None:
            the activation quantiser applies.
        alpha_w, alpha_a: clipping values to begin with, of weights and input.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int] = 3,
        stride: int = 1,
        padding: int | tuple[int, int] = 1,
        *,
        dilation: int = 1,
        groups: int = 1,
        weight_bits: int = 4,
        act_bits: int = 4,
        image_bits: int | None = None,
        alpha_w: float = 3.0,
        alpha_a: float = 8.0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias=False)
        self._add_quantisers(weight_bits, act_bits, image_bits, alpha_w, alpha_a)

    def geometry(self) -> tuple[Any, ...]:
        """Stride, padding, dilation and groups."""
        return (self.stride, self.padding, self.dilation, self.groups)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float (n, oc, oh, ow)."""
        return self.ordinary(self.quantised_input(x)) if self.training else self.exact()(x)

    def ordinary(self, x: Tensor) -> Tensor:
        """The dequantised convolution: quantised input float (n, ic, h, w) to float (n, oc, oh, ow)."""
        return functional.conv2d(
            x, self.quantised_weight(), None, self.stride, self.padding, self.dilation, self.groups
        )


class QuantLinear(QuantisedWeights, nn.Linear):
    """A fully connected layer of a quantised input with quantised weights, for the array; keys as of QuantConv2d.

    Training multiplies the dequantised values in float32; in evaluation mode the layer is ``exact()`` and then the
    bias in float64.

    Args:
        in_features, out_features, bias: as of ``torch.nn.Linear``.
        weight_bits, act_bits, image_bits, alpha_w, alpha_a: as of ``QuantConv2d``.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        weight_bits: int = 4,
        act_bits: int = 4,
        image_bits: int | None = None,
        alpha_w: float = 3.0,
        alpha_a: float = 8.0,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self._add_quantisers(weight_bits, act_bits, image_bits, alpha_w, alpha_a)

    def geometry(self) -> tuple[Any, ...]:
        """Those of a convolution of one position."""
        return ((1, 1), (0, 0), (1, 1), 1)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, in) to float (n, out); float64 in evaluation mode."""
        if self.training:
            return self.ordinary(self.quantised_input(x))
        y: Tensor = self.exact()(x[:, :, None, None])[:, :, 0, 0]
        return y if self.bias is None else y + self.bias.detach().double()

    def ordinary(self, x: Tensor) -> Tensor:
        """The dequantised product: quantised input float (n, in) to float (n, out)."""
        return functional.linear(x, self.quantised_weight(), self.bias)


class QuantIdentity(QuantisedInput, nn.Module):
    """Quantises its input and nothing else, as for a shortcut; state-dict key ``act_alpha``.

    In evaluation mode the layer is ``exact()``, which gives float64. Layers that share the parameter ``act_alpha``
    share the quantised map.

    Args:
        act_bits: of the codes.
        alpha_a: clipping value to begin with.
    """

    def __init__(self, act_bits: int = 4, alpha_a: float = 8.0) -> None:
        super().__init__()
        self.act_quant = ActivationQuantiser(act_bits)
        self.act_alpha = nn.Parameter(torch.tensor(alpha_a))

    def exact(self) -> ExactIdentity:
        """The reference of this layer as it is now."""
        return ExactIdentity(self.delta_a, self.exact_alpha(), self.act_quant.levels)

    def forward(self, x: Tensor) -> Tensor:
        """float of any shape to float of the same."""
        return self.quantised_input(x) if self.training else self.exact()(x)


class QuantAvgPool2d(QuantisedInput, nn.Module):
    """Quantises its input and averages windows; state-dict key ``act_alpha``.

    Training averages the dequantised values; in evaluation mode the layer is ``exact()``, which gives float64.

    Args:
        kernel: one number or (height, width).
        stride: the same; None: the windows do not overlap.
        act_bits: of the input's codes.
        alpha_a: clipping value to begin with.
    """

    def __init__(
        self,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        act_bits: int = 4,
        alpha_a: float = 8.0,
    ) -> None:
        super().__init__()
        self.kernel = _pair(kernel)
        self.stride = self.kernel if stride is None else _pair(stride)
        self.act_quant = ActivationQuantiser(act_bits)
        self.act_alpha = nn.Parameter(torch.tensor(alpha_a))

    def exact(self) -> ExactAverage:
        """The reference of this layer as it is now."""
        scale = self.delta_a / (self.kernel[0] * self.kernel[1])
        alpha, levels = self.exact_alpha(), self.act_quant.levels
        return ExactAverage(self.kernel, self.stride, scale=scale, alpha=alpha, levels=levels)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, c, h, w) to float (n, c, oh, ow)."""
        return self.ordinary(self.quantised_input(x)) if self.training else self.exact()(x)

    def ordinary(self, x: Tensor) -> Tensor:
        """The average of dequantised values: float (n, c, h, w) to float (n, c, oh, ow)."""
        return functional.avg_pool2d(x, self.kernel, self.stride)


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def _stamp(tensor: Tensor) -> tuple[int, int]:
    """Changes when the tensor is moved or written in place."""
    return tensor.data_ptr(), -1 if tensor.is_inference() else tensor._version
