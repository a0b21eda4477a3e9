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
        add_raises: how many times 16 their sums count.
    """

    def __init__(
        self, own: ExactConv2d, raised: int, adds: Sequence[ExactConv2d], add_raises: Sequence[int]
    ) -> None:
        super().__init__(own.scale / 16**raised, own.alpha, own.levels, own.lowest)
        self.own, self.adds = own, nn.ModuleList(adds)
        self.raised, self.add_raises = raised, tuple(add_raises)

    @property
    def parts(self) -> list[tuple[ExactConv2d, int]]:
        """Every convolution with its power of 16, the own one first."""
        adds = [add for add in self.adds if isinstance(add, ExactConv2d)]
        return list(zip([self.own, *adds], [self.raised, *self.add_raises], strict=True))

    def accumulators(self, *codes: Tensor) -> Tensor:  # type: ignore[override]
        """The exact sums.

        Args:
            codes: what each convolution reads, own first: (n, ic, h, w), of any type.

        Returns:
            Integers (n, oc, oh, ow) as float64.
        """
        (own, raised), *others = self.parts
        sums = own.accumulators(codes[0]) * 16**raised
        for (part, power), read in zip(others, codes[1:], strict=True):
            sums = sums + part.accumulators(read) * 16**power
        return sums
