"""The integer network against `model.eval()`, integer by integer, and how far the ordinary float32 forward is off."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright_model.data import Images
from tilewright_model.device import batch_size
from tilewright_model.float_network import float_codes, float_scores
from tilewright_model.graph import Graph, Stage, build_graph
from tilewright_model.integer_network import IntegerNetwork
from tilewright_model.network import QuantisedNetwork
from tilewright_model.network_file import save_network
from tilewright_model.reference import Reference, batch_reference, check_images

#: accumulator steps within which a float32 code may differ
FLOAT_DISTANCE = 0.01


@dataclass
class Equality:
    """What was compared, and what differed.

    compared, mismatches: integers of the integer network against the reference's (every code after pooling, the last
    layer's accumulators, the predictions). float_*: the ordinary float32 forward; each layer fed with the reference's
    codes and compared before pooling, and predictions end to end. float_max_distance: in accumulator steps, the
    largest distance of an accumulator whose float code differs from the real-valued threshold that float32 missed.
    """

    images: int = 0
    compared: int = 0
    mismatches: int = 0
    first_mismatch: dict[str, Any] | None = None
    correct: int = 0
    integer_correct: int = 0
    float_correct: int = 0
    float_compared: int = 0
    float_differing_codes: int = 0
    float_differing_codes_by_layer: dict[str, int] = field(default_factory=dict)
    float_max_distance: float = 0.0
    float_differing_predictions: int = 0
    seconds: float = 0.0

    def report(self, checkpoint_sha256: str) -> dict[str, Any]:
        """JSON-able values, percentages included."""
        total = self.images
        return asdict(self) | {
            "equal": self.mismatches == 0,
            "total": total,
            "accuracy": 100 * self.correct / total,
            "integer_accuracy": 100 * self.integer_correct / total,
            "float_accuracy": 100 * self.float_correct / total,
            "float_within_0_01": self.float_max_distance <= FLOAT_DISTANCE,
            "checkpoint_sha256": checkpoint_sha256,
            "seconds": round(self.seconds, 1),
        }

    def compare(self, layer: str, expected: Tensor, got: Tensor) -> None:
        """Count equal-shaped integers, image first; the first that differs is kept with its place."""
        wrong = expected != got
        count = int(wrong.sum())
        self.compared, self.mismatches = self.compared + wrong.numel(), self.mismatches + count
        if count and self.first_mismatch is None:
            place = [int(index) for index in wrong.nonzero()[0]]
            where = dict(zip(("image", "channel", "row", "column"), place, strict=False))
            where["image"] += self.images
            values = {"expected": int(expected[tuple(place)]), "got": int(got[tuple(place)])}
            self.first_mismatch = {"layer": layer, **where, **values}


def check_equality(model: QuantisedNetwork, images: Images, advance: Callable[[int], object] | None = None) -> Equality:
    """Compare over `images`, on the device of images and model. Raises DataError and NetworkError as `reference`."""
    check_images(model, images.pixels)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # float32 is to be float32
    result, start, graph = Equality(), time.monotonic(), build_graph(model)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        save_network(model, Path(folder) / "network.safetensors", model.image_size, "")
        integers = IntegerNetwork(Path(folder) / "network.safetensors", images.pixels.device)
    batch = batch_size(images.pixels.device)
    for pixels, labels in zip(torch.split(images.pixels, batch), torch.split(images.labels, batch), strict=True):
        expected = batch_reference(model, graph, pixels)
        _compare_integers(result, integers, expected, pixels, labels)
        _compare_float(result, graph, expected, model.normalise(pixels), labels)
        result.correct += int((expected.predictions == labels).sum())
        result.images += len(labels)
        if advance:
            advance(len(labels))
    result.seconds = time.monotonic() - start
    return result


def _compare_integers(
    result: Equality, integers: IntegerNetwork, expected: Reference, pixels: Tensor, labels: Tensor
) -> None:
    got = integers.run(pixels)
    for name, codes in expected.codes.items():
        result.compare(name, codes, got.codes[name])
    result.compare(expected.last, expected.accumulators, got.accumulators)
    result.compare("predictions", expected.predictions, got.predictions)
    result.integer_correct += int((got.predictions == labels).sum())


def _compare_float(result: Equality, graph: Graph, expected: Reference, images: Tensor, labels: Tensor) -> None:
    codes = expected.image_codes
    for stage in graph.stages[:-1]:
        accumulators = stage.exact.accumulators(codes.double())
        exact, got = stage.codes(accumulators), float_codes(stage, codes)
        differing = exact != got
        count = int(differing.sum())
        if count:
            distances = threshold_distances(stage, accumulators, exact, got)
            result.float_max_distance = max(result.float_max_distance, float(distances.max()))
        result.float_compared += differing.numel()
        result.float_differing_codes += count
        by_layer = result.float_differing_codes_by_layer
        by_layer[stage.name] = by_layer.get(stage.name, 0) + count
        codes = expected.codes[stage.name]
    predictions = float_scores(graph, images).argmax(1)
    result.float_differing_predictions += int((predictions != expected.predictions).sum())
    result.float_correct += int((predictions == labels).sum())


def threshold_distances(stage: Stage, accumulators: Tensor, exact: Tensor, got: Tensor) -> Tensor:
    """For each code that differs, how far its accumulator is from the threshold that `got` puts it beyond.

    All of shape (n, oc, h, w); returns float64 (differences,), in accumulator steps.
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
