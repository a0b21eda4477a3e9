"""A shard's integers as they travel: a SHA-256 of each layer's map of each image, and the classes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Integers:
    """What a device, or the reference, has computed.

    Attributes:
        layers: names of the maps, in the network's order.
        digests: SHA-256 (hex) of each image's maps, by ``layers``.
        predictions: class of each image.
    """

    layers: tuple[str, ...]
    digests: tuple[tuple[str, ...], ...]
    predictions: tuple[int, ...]

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) over all digests."""
        return hashlib.sha256("".join(digest for image in self.digests for digest in image).encode()).hexdigest()

    def first_difference(self, other: Integers) -> tuple[int, str] | None:
        """The first image that differs, and in it the first layer, or ``prediction``; None where nothing does."""
        for image, (ours, theirs) in enumerate(zip(self.digests, other.digests, strict=True)):
            for layer, one, another in zip(self.layers, ours, theirs, strict=True):
                if one != another:
                    return image, layer
            if self.predictions[image] != other.predictions[image]:
                return image, "prediction"
        return None

    def differing_images(self, other: Integers) -> list[int]:
        """Images of which a map or the class differs."""
        ours, theirs = (zip(one.digests, one.predictions, strict=True) for one in (self, other))
        return [image for image, (one, another) in enumerate(zip(ours, theirs, strict=True)) if one != another]


def integers_of(maps: Mapping[str, npt.NDArray[Any]], predictions: Sequence[int]) -> Integers:
    """The integers of some images.

    Args:
        maps: by layer in the network's order, integers (images, channels, h, w) of any type that int32 holds.
        predictions: class of each image.
    """
    words = {name: np.ascontiguousarray(values, dtype="<i4") for name, values in maps.items()}
    digests = tuple(tuple(_digest(values[image]) for values in words.values()) for image in range(len(predictions)))
    return Integers(tuple(maps), digests, tuple(int(best) for best in predictions))


def _digest(values: npt.NDArray[np.int32]) -> str:
    """Of a map: its shape, and its integers as little-endian words."""
    return hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).hexdigest()
