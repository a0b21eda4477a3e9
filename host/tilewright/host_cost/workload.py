"""The process in which instructions are counted: batches of random images through a network, on a stand-in.

``python -m tilewright.host_cost.workload NETWORK ARRAY BATCH BATCHES`` prints what a batch asks of the device, as JSON;
:mod:`tilewright.host_cost.callgrind` starts it. ARRAY is the JSON of :class:`ArrayParameters`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.driver import Driver
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import encode_results
from tilewright.host_cost.client_request import Callgrind
from tilewright.host_cost.stand_in import StandIn, open_stand_in, stop_watching
from tilewright.network.file import load_network
from tilewright.runs.runner import BatchResult, NetworkRunner

# Before anything is counted: every set of buffers has been written as a whole, what is kept has been made
_WARM = 4


class Workload:
    """Batches whose results are known.

    Args:
        file: network file.
        array: parameters of the accelerator.
        batch: images a batch.
    """

    def __init__(self, file: str | Path, array: ArrayParameters, batch: int) -> None:
        network = load_network(file)
        self.driver: Driver = open_stand_in(array)
        self.device: StandIn = self.driver.device
        self.runner = NetworkRunner(self.driver, network, batch)
        random = np.random.default_rng(1)
        self._pixels = [random.integers(0, 256, (batch, *network.image)).astype(np.uint8) for _ in range(2)]
        for pixels in self._pixels:
            program = self.runner.compiled(batch).program(pixels)
            maps = [random.integers(-5000, 5000, each.shape).astype(np.int32) for each in program.outputs]
            packet = encode_results(program.outputs, maps, array.n, program.sent)
            self.device.packets[int(program.beats[-1])] = packet

    def run(self, batches: int) -> Generator[BatchResult, None, None]:
        """Runs batches, of two kinds in turn, so that each set of buffers has its own."""
        pixels: npt.NDArray[np.uint8] = np.concatenate([self._pixels[number % 2] for number in range(batches)])
        return self.runner.run(pixels)

    def asked(self) -> dict[str, int]:
        """What a batch asks of the device: see :class:`tilewright.host_cost.stand_in.Counts`."""
        seen = [dict(vars(self.device.counts)) for _ in self.run(2 * _WARM)]
        before, after = seen[_WARM : _WARM + 2]
        return {name: after[name] - before[name] for name in after}

    def counted(self, batches: int) -> None:
        """Has so many batches counted, from the results of one to those of another."""
        stop_watching(self.driver)
        callgrind = Callgrind()
        for number, _ in enumerate(self.run(_WARM + batches + 1), start=1):
            if number == _WARM:
                callgrind.start()
            elif number == _WARM + batches:
                callgrind.stop()


def main(arguments: Sequence[str]) -> None:
    """Runs the workload."""
    file, array, batch, batches = arguments
    workload = Workload(Path(file), ArrayParameters(**json.loads(array)), int(batch))
    asked = workload.asked()
    workload.counted(int(batches))
    print(json.dumps(asked))


if __name__ == "__main__":
    main(sys.argv[1:])
