"""The reference's integers, shard after shard; only their digests are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy.typing as npt

from tilewright.farm.integers import Integers, integers_of
from tilewright.farm.shards import Shard
from tilewright.runs.references import Reference


class Expected:
    """What shards must give; use it with ``with``, as the reference.

    Args:
        reference: computes the integers of the shards' images, a chunk a shard.
        shards: that are to run, in the reference's order.
        layers: names of the maps that are compared, in the network's order; the last layer's is among them.
    """

    def __init__(self, reference: Reference, shards: Sequence[Shard], layers: Sequence[str]) -> None:
        self._reference, self._layers = reference, layers
        self._places = {shard.index: place for place, shard in enumerate(shards)}
        self._taken: list[Integers] = []

    def __enter__(self) -> Expected:
        self._reference.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reference.__exit__(kind, error, trace)

    def of(self, shard: Shard) -> Integers:
        """What a shard must give, waiting for it if need be; the shards before it are computed first.

        Raises:
            TilewrightError: the reference failed.
        """
        place = self._places[shard.index]
        while len(self._taken) <= place:
            self._taken.append(self._integers(self._reference.chunk(len(self._taken))))
        return self._taken[place]

    def _integers(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Integers:
        last = self._layers[-1]
        maps = {name: arrays[f"{name}.{'accumulators' if name == last else 'codes'}"] for name in self._layers}
        return integers_of(maps, arrays["predictions"].tolist())
