"""What a run is of: network, images, hardware, and how they are divided."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.errors import FarmError
from tilewright.farm.shards import Shard, divided
from tilewright.network.network import Network
from tilewright.pytorch.images import Images


@dataclass(frozen=True)
class Plan:
    """A run.

    Attributes:
        network: that runs.
        network_file: its file.
        images: of the run.
        batch: images a program, at most.
        size: images a shard.
        layers: names of the maps that are compared, in the network's order, the last layer's among them.
        seed: of simulated devices' stalls.
        hardware: what the devices must be, as JSON types: the hash of the RTL, and of simulated ones array and streams.
    """

    network: Network
    network_file: Path
    images: Images = field(repr=False)
    batch: int
    size: int
    layers: tuple[str, ...]
    seed: int
    hardware: dict[str, Any]

    def __post_init__(self) -> None:
        if self.size < 1:
            raise FarmError(f"shards of {self.size} images: at least 1")

    @property
    def shards(self) -> list[Shard]:
        """All of them, in order."""
        return divided(len(self.images.pixels), self.size)

    @property
    def integers(self) -> int:
        """Integers of an image that are compared."""
        total = 0
        for layer, size in zip(self.network.layers, self.network.in_sizes, strict=True):
            h, w = layer.sums_size(size) if layer.is_last else layer.output_size(size)
            total += layer.out_channels * h * w if layer.name in self.layers else 0
        return total

    def identity(self) -> dict[str, Any]:
        """What a record of the run says it is of, as JSON types."""
        pixels = self.images.pixels
        return {
            "network_sha256": hashlib.sha256(self.network_file.read_bytes()).hexdigest(),
            "images_sha256": hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest(),
            "images": len(pixels),
            "shard_images": self.size,
            "batch": self.batch,
            "layers": list(self.layers),
            "seed": self.seed,
            **self.hardware,
        }
