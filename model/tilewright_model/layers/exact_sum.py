"""The reference of an addition: a sum of convolutions of codes, in integers (docs/decisions/0045)."""

from collections.abc import Sequence

from torch import Tensor, nn

from tilewright_model.layers.exact import ExactConv2d, ExactLayer


class ExactSum(ExactLayer):
    """16 ** raised times a convolution's sums, plus other convolutions' sums, times ``scale``.

    Args:
        own: the layer's own convolution; its step is 16 ** raised times the sum's.
        raised: how many times 16 its sums count.
        adds: further convolutions, each of a map of its own; their weights may be up to 2 ** 23.
    """

    def __init__(self, own: ExactConv2d, raised: int, adds: Sequence[ExactConv2d]) -> None:
        super().__init__(own.scale / 16**raised, own.alpha, own.levels, own.lowest)
        self.own, self.raised, self._adds = own, raised, nn.ModuleList(adds)

    @property
    def adds(self) -> list[ExactConv2d]:
        """The further convolutions."""
        return [add for add in self._adds if isinstance(add, ExactConv2d)]

    def accumulators(self, *codes: Tensor) -> Tensor:
        """The exact sums.

        Args:
            codes: what each convolution reads, own first: (n, ic, h, w), of any type.

        Returns:
            Integers (n, oc, oh, ow) as float64.
        """
        sums: Tensor = self.own.accumulators(codes[0]) * 16**self.raised
        for add, read in zip(self.adds, codes[1:], strict=True):
            sums = sums + add.accumulators(read)
        return sums
