"""What a run's integers are compared with, where it is not PyTorch beside it: golden integers, or numpy's."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

import numpy.typing as npt

from tilewright.network.golden_file import expected_integers
from tilewright.network.network import Network
from tilewright.pytorch.images import Images


class Reference(Protocol):
    """A context manager that gives the integers that a run must give, a chunk a batch."""

    def __enter__(self) -> Any: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any: ...

    def chunk(self, index: int) -> Mapping[str, npt.NDArray[Any]]:
        """What is expected of a batch: as of :meth:`tilewright.runs.compare_network.NetworkComparison.add`.

        Args:
            index: of the batch.
        """


class GoldenReference(AbstractContextManager["GoldenReference"]):
    """Integers that were computed before.

    Args:
        expected: of all images, as of :class:`tilewright.network.golden_file.GoldenFile`.
        batch: images a chunk.
    """

    def __init__(self, expected: Mapping[str, npt.NDArray[Any]], batch: int) -> None:
        self._expected, self._batch = expected, batch

    def __exit__(self, *reason: object) -> None:
        return None

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch."""
        images = slice(index * self._batch, (index + 1) * self._batch)
        return {name: values[images] for name, values in self._expected.items()}


class NumpyReference(AbstractContextManager["NumpyReference"]):
    """The integer network in numpy, computed as it is asked for.

    Args:
        network: the network.
        images: of the run.
        batch: images a chunk.
    """

    def __init__(self, network: Network, images: Images, batch: int) -> None:
        self._network, self._images, self._batch = network, images, batch

    def __exit__(self, *reason: object) -> None:
        return None

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch."""
        pixels = self._images.pixels[index * self._batch : (index + 1) * self._batch]
        return expected_integers(self._network, pixels)
