"""The integer network against ``model.eval()``, integer by integer, and how far the ordinary float32 forward is off."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tilewright_model.data.cifar10 import Images
from tilewright_model.integers.comparison import Comparison, exported
from tilewright_model.integers.float_network import float_codes, float_scores
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import Reference
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.stage import IMAGE, Graph, Stage

#: accumulator steps within which a float32 code may differ
FLOAT_DISTANCE = 0.01


@dataclass
class Equality(Comparison):
    """A comparison, and how far the ordinary float32 forward is off.

    Each layer is fed with the reference's codes and compared before pooling, and predictions end to end.

    Attributes:
        float_correct: images whose class, in float32, is their label.
        float_compared, float_differing_codes: codes.
        float_differing_codes_by_layer: by name.
        float_max_distance: in accumulator steps, the largest distance of an accumulator whose float code differs from
            the real-valued threshold that float32 missed.
        float_differing_predictions: classes.
    """

    float_correct: int = 0
    float_compared: int = 0
    float_differing_codes: int = 0
    float_differing_codes_by_layer: dict[str, int] = field(default_factory=dict)
    float_max_distance: float = 0.0
    float_differing_predictions: int = 0

    def batch(
        self, model: QuantisedNetwork, graph: Graph, integers: IntegerNetwork, pixels: Tensor, labels: Tensor
    ) -> Reference:
        """As ``Comparison.batch``, and the float32 forward.

        Raises:
            NetworkError: the model has none.
        """
        expected = super().batch(model, graph, integers, pixels, labels)
        _compare_float(self, graph, expected, model.normalise(pixels), labels)
        return expected

    def report(self) -> dict[str, Any]:
        """JSON-able values, percentages included."""
        return super().report() | {
            "float_accuracy": 100 * self.float_correct / self.images,
            "float_within_0_01": self.float_max_distance <= FLOAT_DISTANCE,
        }


def check_equality(model: QuantisedNetwork, images: Images, advance: Callable[[int], object] | None = None) -> Equality:
    """Compare over images, on the device of images and model.

    Args:
        model: the network.
        images: to compare on.
        advance: told the images done in each batch.

    Raises:
        DataError, NetworkError: as ``reference``.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # float32 is to be float32
    result = Equality()
    result.run(model, exported(model, images.pixels.device), images, advance)
    return result


def _compare_float(result: Equality, graph: Graph, expected: Reference, images: Tensor, labels: Tensor) -> None:
    maps = {IMAGE: expected.image_codes, **expected.codes}
    for stage in graph.stages[:-1]:
        if stage.copy is not None:
            continue
        read = [maps[source.name] for source in stage.sources]
        accumulators = stage.accumulators([codes.double() for codes in read])
        exact, got = stage.codes(accumulators), float_codes(stage, *read)
        differing = exact != got
        count = int(differing.sum())
        if count:
            distances = threshold_distances(stage, accumulators, exact, got)
            result.float_max_distance = max(result.float_max_distance, float(distances.max()))
        result.float_compared += differing.numel()
        result.float_differing_codes += count
        by_layer = result.float_differing_codes_by_layer
        by_layer[stage.name] = by_layer.get(stage.name, 0) + count
    predictions = float_scores(graph, images).argmax(1)
    result.float_differing_predictions += int((predictions != expected.predictions).sum())
    result.float_correct += int((predictions == labels).sum())


def threshold_distances(stage: Stage, accumulators: Tensor, exact: Tensor, got: Tensor) -> Tensor:
    """For each code that differs, how far its accumulator is from the threshold that the wrong code puts it beyond.

    Args:
        stage: the layer.
        accumulators: (n, oc, h, w).
        exact: its codes, same shape.
        got: other codes, same shape.

    Returns:
        float64 (differences,), in accumulator steps.
    """
    assert stage.following is not None
    place = (exact != got).nonzero(as_tuple=True)
    wrong, following = got[place], stage.following.exact()
    code = torch.where(wrong > exact[place], wrong, wrong + 1)
    z = (code - 0.5) * following.alpha / following.levels
    if stage.norm is not None:
        norm = stage.norm.exact()
        z = (z - norm.shift[place[1]]) / norm.scale[place[1]]
    return (accumulators[place] - z / stage.exact.scale).abs()
