"""The integer network against the reference of a network, every integer and every score, with the time of each."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from tilewright.network.comparison import Counts
from tilewright_model.data.cifar10 import Images
from tilewright_model.device import batch_size
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import Reference, batch_reference, check_images
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.stages import Graph, build_graph

Result = TypeVar("Result")


@dataclass
class Comparison(Counts):
    """The integer network against the reference: every code after pooling, the last accumulators, the predictions.

    Attributes:
        images: compared.
        scores_compared, scores_differing: the float64 scores, bit for bit.
        first_mismatch: layer, place and both values of the first difference; None where all is equal.
        correct, integer_correct: images whose class is their label, of the reference and of the integer network.
        integer_seconds, reference_seconds: of each network alone.
        seconds: with the comparison and all that belongs to it.
    """

    images: int = 0
    scores_compared: int = 0
    scores_differing: int = 0
    first_mismatch: dict[str, Any] | None = None
    correct: int = 0
    integer_correct: int = 0
    integer_seconds: float = 0.0
    reference_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        """No integer and no score differs."""
        return self.mismatches == self.scores_differing == 0

    def report(self) -> dict[str, Any]:
        """JSON-able values, percentages included."""
        seconds = ("integer_seconds", "reference_seconds", "seconds")
        return asdict(self) | {
            "equal": self.equal,
            "total": self.images,
            "accuracy": 100 * self.correct / self.images,
            "integer_accuracy": 100 * self.integer_correct / self.images,
            **{name: round(getattr(self, name), 2) for name in seconds},
        }

    def run(
        self,
        model: QuantisedNetwork,
        integers: IntegerNetwork,
        images: Images,
        advance: Callable[[int], object] | None = None,
    ) -> None:
        """Compare the integer network with ``model.eval()``, all on one device.

        Args:
            model: the reference.
            integers: of the same network.
            images: to compare on.
            advance: told the images done in each batch.

        Raises:
            DataError, NetworkError: as ``reference``.
        """
        check_images(model, images.pixels)
        start, graph, batch = time.monotonic(), build_graph(model), batch_size(images.pixels.device)
        for pixels, labels in zip(torch.split(images.pixels, batch), torch.split(images.labels, batch), strict=True):
            self.batch(model, graph, integers, pixels, labels)
            self.images += len(labels)
            if advance:
                advance(len(labels))
        self.seconds += time.monotonic() - start

    def batch(
        self, model: QuantisedNetwork, graph: Graph, integers: IntegerNetwork, pixels: Tensor, labels: Tensor
    ) -> Reference:
        """Compute uint8 images (n, c, h, w) both ways and compare.

        Returns:
            The reference.
        """
        got, seconds = timed(lambda: integers.run(pixels), pixels.device)
        self.integer_seconds += seconds
        expected, seconds = timed(lambda: batch_reference(model, graph, pixels), pixels.device)
        self.reference_seconds += seconds
        for name, codes in expected.codes.items():
            self.compare(name, codes, got.codes[name])
        self.compare(expected.last, expected.accumulators, got.accumulators)
        self.compare("predictions", expected.predictions, got.predictions)
        differ = expected.scores != got.scores
        self._keep_first("scores", expected.scores, got.scores, differ)
        self.scores_differing += int(differ.sum())
        self.scores_compared += expected.scores.numel()
        self.correct += int((expected.predictions == labels).sum())
        self.integer_correct += int((got.predictions == labels).sum())
        return expected

    def compare(self, layer: str, expected: Tensor, got: Tensor) -> None:
        """Counts equal-shaped integers, image first; the first that differs is kept with its place."""
        self._keep_first(layer, expected, got, self.count(expected, got))

    def _keep_first(self, layer: str, expected: Tensor, got: Tensor, differ: Tensor) -> None:
        if self.first_mismatch is None and differ.any():
            place = [int(index) for index in differ.nonzero()[0]]
            where = dict(zip(("image", "channel", "row", "column"), place, strict=False))
            where["image"] += self.images
            values = {"expected": expected[tuple(place)].item(), "got": got[tuple(place)].item()}
            self.first_mismatch = {"layer": layer, **where, **values}


def timed(compute: Callable[[], Result], device: torch.device) -> tuple[Result, float]:
    """The result and the seconds that it took, to the end of the device's work."""
    start = time.perf_counter()
    result = compute()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return result, time.perf_counter() - start


def exported(model: QuantisedNetwork, device: torch.device) -> IntegerNetwork:
    """The integer network of the file that ``model`` is exported to.

    Raises:
        NetworkError: as ``save_network``.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        path = Path(folder) / "network.safetensors"
        save_network(model, path, model.image_size, "")
        return IntegerNetwork(path, device)
