"""A linear layer that evaluates in a fixed order of summation."""

from torch import Tensor, nn

from tilewright_model.exact import ExactLinear


class Linear(nn.Linear):
    """nn.Linear in training, and with its state-dict keys; in evaluation mode the module is `exact()`."""

    def exact(self) -> ExactLinear:
        """The reference of this layer as it is now; without a bias, zeros are added."""
        weight = self.weight.detach().double()
        bias = weight.new_zeros(self.out_features) if self.bias is None else self.bias.detach().double()
        return ExactLinear(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, in) to float (n, out); float64 in evaluation mode."""
        return super().forward(x) if self.training else self.exact()(x)
