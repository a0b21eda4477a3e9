"""How far Brevitas' own float32 evaluation is from the reference: every code, each layer fed with the reference's."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.errors import NetworkError
from tilewright_model.foreign.assemble import ImportedNetwork
from tilewright_model.foreign.brevitas import Leaf, brevitas_nn, evaluation, row, value
from tilewright_model.integers.equality import threshold_distances
from tilewright_model.integers.reference import reference
from tilewright_model.networks.stages import Stage, build_graph


@dataclass
class BrevitasComparison:
    """What was compared, and what differed.

    Attributes:
        images: how many.
        compared: codes of the image and, before pooling, of every layer but the last.
        by_layer: how many of them differ, "image" first.
        max_distance: in accumulator steps, the largest distance of an accumulator whose code differs from the
            real-valued threshold that float32 missed.
        predictions: of the whole float32 forward, how many differ.
        score_distance: the largest difference of a score.
    """

    images: int = 0
    compared: int = 0
    by_layer: dict[str, int] = field(default_factory=dict)
    max_distance: float = 0.0
    predictions: int = 0
    score_distance: float = 0.0

    @property
    def differing(self) -> int:
        """Codes that differ, of all layers."""
        return sum(self.by_layer.values())

    def report(self) -> dict[str, Any]:
        """JSON-able values."""
        return asdict(self) | {"differing": self.differing}

    def count(self, name: str, expected: Tensor, got: Tensor) -> None:
        """Compare integers.

        Args:
            name: of the layer.
            expected: the reference's.
            got: Brevitas', of the same shape.
        """
        self.compared += expected.numel()
        self.by_layer[name] = int((expected != got).sum())


def compare_brevitas(model: nn.Module, network: ImportedNetwork, pixels: Tensor) -> BrevitasComparison:
    """Compare a model's own evaluation with the reference.

    A float32 sum of many products is not exact, so a code here and there may differ: that is counted, not judged.

    Args:
        model: on the CPU, in float32.
        network: `from_brevitas(model, ...)`.
        pixels: uint8 (n, c, h, w).

    Returns:
        What was compared, and what differed.

    Raises:
        NetworkError: the model is not in float32.
    """
    tensors = (*model.parameters(), *model.buffers())
    others = {str(tensor.dtype) for tensor in tensors if tensor.is_floating_point()} - {"torch.float32"}
    if others:
        raise NetworkError(f"the model has tensors of {', '.join(sorted(others))}: compare it in float32 (.float())")
    expected, graph = reference(network, pixels), build_graph(network)
    parts = _parts(row(model))
    result, images = BrevitasComparison(images=len(pixels)), network.normalise(pixels)
    with evaluation(model):
        scores = value(model(images)).double()
        codes = expected.image_codes.double()
        if parts[0].quantises:
            result.count("image", codes, _codes(parts[0], images, graph.stages[0]))
        for part, (stage, following) in zip(parts[1:], pairwise(graph.stages), strict=False):
            accumulators = stage.exact.accumulators(codes)
            exact = stage.codes(accumulators)
            got = _codes(part, _dequantised(codes, stage), following)
            result.count(stage.name, exact, got)
            if not torch.equal(exact, got):
                distances = threshold_distances(stage, accumulators, exact, got)
                result.max_distance = max(result.max_distance, float(distances.max()))
            codes = expected.codes[stage.name].double()
    result.predictions = int((scores.argmax(1) != expected.predictions).sum())
    result.score_distance = float((scores - expected.scores).abs().max())
    return result


@dataclass(frozen=True)
class _Part:
    """Modules from a layer up to the next one's quantiser; that may belong to the module `after` them."""

    leaves: list[Leaf]
    after: Any

    @property
    def quantises(self) -> bool:
        """Whether there is a quantiser: before the first layer there may be none."""
        proxies = [getattr(leaf.module, "act_quant", None) for leaf in self.leaves]
        return any(proxy is not None and proxy.is_quant_enabled for proxy in [*proxies, self.own])

    @property
    def own(self) -> Any:
        """The input quantiser of the module `after`, if it can have one."""
        return getattr(self.after, "input_quant", None)


def _parts(leaves: list[Leaf]) -> list[_Part]:
    """The modules before the first layer, then those of each layer. Max-pooling is left out: codes do not depend on
    whether it comes before or after them."""
    qnn = brevitas_nn()
    starts = (qnn.QuantConv2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Linear)
    places = [0, *(place for place, leaf in enumerate(leaves) if isinstance(leaf.module, starts))]
    return list(_split(leaves, places))


def _split(leaves: list[Leaf], places: list[int]) -> Iterator[_Part]:
    for start, end in pairwise(places):
        kept = [leaf for leaf in leaves[start:end] if not isinstance(leaf.module, nn.MaxPool2d | nn.Flatten)]
        yield _Part(kept, leaves[end].module)


def _codes(part: _Part, x: Any, following: Stage) -> Tensor:
    """The codes that the modules make of x for the layer `following`: float64."""
    for leaf in part.leaves:
        x = leaf.module(x)
    if part.own is not None:
        x = part.own(x)
    step = following.exact.alpha / following.exact.levels
    return torch.round(value(x).double() / step)


def _dequantised(codes: Tensor, stage: Stage) -> Any:
    """The layer's input as Brevitas hands it on: codes times the scale in float32, with the scale beside them."""
    from brevitas.quant_tensor import IntQuantTensor

    scale = (stage.exact.alpha / stage.exact.levels).float()
    signed = stage.exact.lowest < 0
    return IntQuantTensor(
        codes.float() * scale, scale, zero_point=0.0, bit_width=8.0 if signed else 4.0, signed=signed, training=False
    )
