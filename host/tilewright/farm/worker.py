"""What a worker of dask holds: its device, and the network that shards run."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from distributed import WorkerPlugin, get_worker

from tilewright.errors import FarmError, TilewrightError
from tilewright.farm.device import Computed, DeviceChoice, ShardRunner
from tilewright.network.file import load_network

# Of a worker, as `dask worker --resources device=1` gives it
RESOURCE = "device"


@dataclass(frozen=True)
class Answer:
    """What a worker says of a shard.

    Attributes:
        worker: its name, which it keeps when its process is started again.
        computed: what its device gave; None where it failed.
        failure: why; empty where it did not.
    """

    worker: str
    computed: Computed | None = None
    failure: str = ""


class FarmPlugin(WorkerPlugin):
    """The network and the device of each worker; the scheduler hands it to workers that come later, too.

    Its name is of what it holds: another run on the same workers has a plugin of its own.

    Args:
        network: content of the network file.
        devices: of workers by name; a name that is not among them takes ``""``.
        batch: images a program, at most.
        layers: names of the maps that are read back.
        seed: of simulated devices' stalls.
    """

    def __init__(
        self, network: bytes, devices: dict[str, DeviceChoice], batch: int, layers: tuple[str, ...], seed: int
    ) -> None:
        self._network, self._devices, self._batch, self._layers, self._seed = network, devices, batch, layers, seed
        content = network + repr((sorted(devices.items()), batch, layers, seed)).encode()
        self.name = f"tilewright-farm-{hashlib.sha256(content).hexdigest()[:16]}"

    def setup(self, worker: Any) -> None:
        """Called by dask once the plugin has reached a worker; the device is opened with the first shard."""
        self.worker = str(worker.name)
        self._turn = threading.Lock()
        self._runner: ShardRunner | None = None

    def run(self, index: int, pixels: npt.NDArray[np.uint8], keep: tuple[int, ...]) -> Answer:
        """Runs a shard; arguments as of :meth:`tilewright.farm.device.ShardRunner.run`."""
        try:
            with self._turn:
                if self._runner is None:
                    self._runner = self._opened()
                return Answer(self.worker, self._runner.run(index, pixels, keep))
        except (TilewrightError, OSError) as error:
            self._runner = None
            return Answer(self.worker, failure=f"{type(error).__name__}: {error}")

    def _opened(self) -> ShardRunner:
        with TemporaryDirectory(prefix="tilewright-") as folder:
            file = Path(folder) / "network.safetensors"
            file.write_bytes(self._network)
            network = load_network(file)
        choice = self._devices.get(self.worker, self._devices[""])
        return ShardRunner(choice, network, self._batch, self._layers, self._seed)


def run_shard(plugin: str, index: int, pixels: npt.NDArray[np.uint8], keep: tuple[int, ...] = ()) -> Answer:
    """The task: runs a shard on the device of the worker that executes this.

    Args:
        plugin: name of the run's plugin.
        index: of the shard.
        pixels: its images, uint8 (images, channels, h, w).
        keep: images of the shard whose maps the answer shall hold.

    Raises:
        FarmError: the worker has no plugin of a farm.
    """
    worker: Any = get_worker()
    if plugin not in worker.plugins:
        raise FarmError(f"worker {worker.name} (process {os.getpid()}) has not got the network: start the farm again")
    answer: Answer = worker.plugins[plugin].run(index, pixels, keep)
    return answer
