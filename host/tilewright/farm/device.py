"""The device of a worker, and what it gives for a shard."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.driver import Driver
from tilewright.farm.integers import Integers, integers_of
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network.network import Network
from tilewright.runs.runner import BatchResult, NetworkRunner
from tilewright.target import DeviceKind, default_device, open_overlay

# pynq's drivers look for the device of the process as they are made
_opening = threading.Lock()
COUNTED = ("cycles", "mac_cycles", "stall_weights", "stall_activations", "stall_thresholds", "stall_output")


@dataclass(frozen=True)
class DeviceChoice:
    """A device as a worker opens it; None leaves it to the variables of the worker's own environment.

    Attributes:
        kind: where programs run.
        array: rows and columns of a simulated array.
        stream: bits of its streams.
        bitstream: a board's .bit.
        host: a remote board's address.
    """

    kind: DeviceKind | None = None
    array: int | None = None
    stream: int | None = None
    bitstream: str | None = None
    host: str | None = None

    @property
    def simulated(self) -> bool:
        """Whether it is simulated on this computer."""
        return (default_device() if self.kind is None else self.kind) is DeviceKind.SIM

    def open(self, seed: int) -> Driver:
        """The driver of its accelerator.

        Args:
            seed: of a simulated device's stalls.

        Raises:
            TilewrightError: it cannot be opened.
        """
        with _opening:
            overlay = open_overlay(
                self.kind, self.array, stream=self.stream, bitstream=self.bitstream, host=self.host, seed=seed
            )
            return Driver(overlay)


@dataclass(frozen=True)
class Computed:
    """What a device gave for a shard.

    Attributes:
        device: its name.
        build_hash: the first 32 bits of its RTL's hash.
        array: its parameters.
        integers: of all images.
        counters: of the programs, added up.
        seconds: on the worker's clock.
        maps: of the images that were asked for, by layer.
    """

    device: str
    build_hash: int
    array: ArrayParameters
    integers: Integers
    counters: dict[str, int]
    seconds: float
    maps: dict[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)


class ShardRunner:
    """Runs shards on one device.

    A simulated device is made anew for each shard, with the run's seed plus the shard's index: then its cycles are the
    same wherever and whenever the shard runs. A board stays open.

    Args:
        choice: of the device.
        network: that runs.
        batch: images a program, at most.
        layers: names of the maps that are read back.
        seed: of simulated devices' stalls.
    """

    def __init__(self, choice: DeviceChoice, network: Network, batch: int, layers: tuple[str, ...], seed: int) -> None:
        self._choice, self._network, self._batch, self._layers, self._seed = choice, network, batch, layers, seed
        self._runner: NetworkRunner | None = None

    def run(self, index: int, pixels: npt.NDArray[np.uint8], keep: tuple[int, ...] = ()) -> Computed:
        """Runs a shard.

        Args:
            index: of the shard.
            pixels: its images, uint8 (images, channels, h, w).
            keep: images of the shard whose maps the answer shall hold.

        Raises:
            TilewrightError: the device cannot be opened, the network does not fit it, or the run failed.
        """
        start = time.monotonic()
        runner = self._opened(index)
        with closing(runner.run(pixels)) as results:
            batches = list(results)
        maps = {name: np.concatenate([batch.maps[name] for batch in batches]) for name in self._layers}
        predictions = [int(best) for batch in batches for best in batch.predictions]
        return Computed(
            device=runner.driver.device.name,
            build_hash=runner.driver.accelerator.info().build_hash,
            array=runner.driver.array,
            integers=integers_of(maps, predictions),
            counters=_added(batches),
            seconds=time.monotonic() - start,
            maps={name: values[list(keep)] for name, values in maps.items()} if keep else {},
        )

    def _opened(self, index: int) -> NetworkRunner:
        if self._runner is None or self._choice.simulated:
            driver = self._choice.open((self._seed + index) % (1 << 64))
            self._runner = NetworkRunner(driver, self._network, self._batch, self._layers)
        return self._runner


def _added(batches: list[BatchResult]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(asdict(batch.counters))
    return {name: total[name] for name in COUNTED}
