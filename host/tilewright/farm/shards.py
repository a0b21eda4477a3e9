"""The images of a run, divided: a shard is what one device computes at a time, and what runs again if it must."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """Consecutive images.

    Attributes:
        index: of the shard.
        first: index of its first image in the run.
        images: how many.
    """

    index: int
    first: int
    images: int

    @property
    def span(self) -> slice:
        """Its images among all of the run's."""
        return slice(self.first, self.first + self.images)

    def __str__(self) -> str:
        return f"shard {self.index} (images {self.first} to {self.first + self.images - 1})"


def divided(images: int, size: int) -> list[Shard]:
    """All shards of a run, in order.

    >>> [shard.images for shard in divided(10, 4)]
    [4, 4, 2]

    Args:
        images: of the run.
        size: images a shard; the last may have fewer.
    """
    return [Shard(index, first, min(size, images - first)) for index, first in enumerate(range(0, images, size))]
