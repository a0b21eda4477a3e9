"""The process in which instructions are counted: batches of random images through a network on a stand-in.

Started by :mod:`tilewright.host_cost.callgrind`: ``python -m tilewright.host_cost.workload``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import encode_results
from tilewright.host_cost.client_request import Callgrind
from tilewright.host_cost.stand_in import open_stand_in, stop_watching
from tilewright.network.file import load_network
from tilewright.runs.runner import NetworkRunner

# Before counting begins: every set of buffers has been written as a whole, caches of Python and numpy are filled
WARM = 4


def main(arguments: list[str]) -> None:
    """Run."""
    file, parameters, batch, batches = arguments
    network = load_network(Path(file))
    driver = open_stand_in(ArrayParameters(**json.loads(parameters)))
    runner = NetworkRunner(driver, network, int(batch))
    rng = np.random.default_rng(1)
    compiled = runner.compiled(int(batch))
    sets = [rng.integers(0, 256, (int(batch), *network.image)).astype(np.uint8) for _ in range(2)]
    for pixels in sets:
        program = compiled.program(pixels)
        maps = [rng.integers(-5000, 5000, each.shape).astype(np.int32) for each in program.outputs]
        packet = encode_results(program.outputs, maps, driver.array.n, program.sent)
        driver.device.packets[int(program.beats[-1])] = packet

    def images(count: int) -> Any:
        return np.concatenate([sets[number % 2] for number in range(count)])

    list(runner.run(images(WARM)))
    counts = driver.device.counts
    before = dict(vars(counts))
    marks = []
    for result in runner.run(images(WARM)):
        marks.append(dict(vars(counts)))
    facts = {name: marks[2][name] - marks[1][name] for name in before}
    stop_watching(driver)
    callgrind = Callgrind()
    n = int(batches)
    for index, _ in enumerate(runner.run(images(n + WARM))):
        if index == 1:
            callgrind.start()
        if index == 1 + n:
            callgrind.stop()
            callgrind.dump("all")
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1:])
