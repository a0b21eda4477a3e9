"""A process of simulation.py: a program on the simulated device, through pynq and the driver, as a user's script would.

Parameters come in the environment, as for ``cocotb_soc.py``; PROGRAM is that of :func:`layer`.
"""

import json
import os
import time
from pathlib import Path

import numpy as np

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.network.layer import ConvLayer
from tilewright.sim import open_overlay


def layer() -> ConvLayer:
    """Random integers in the shape of features.24."""
    rng = np.random.default_rng(1)
    weights = rng.integers(-7, 8, (16, 256, 3, 3), dtype=np.int8)
    return ConvLayer("features.24", weights, rng.integers(0, 16, (1, 256, 4, 4), dtype=np.uint8), padding=1)


def main() -> None:
    """Run the program as often as told, compare its results; write how long each run took."""
    beats, expected = (np.fromfile(os.environ[key], dtype="<u8") for key in ("PROGRAM", "RESULTS"))
    driver = Driver(open_overlay(8, stall_probability=float(os.environ["STALLS"]), seed=int(os.environ["SEED"])))
    program = compile_layer(layer(), driver.array)
    if not np.array_equal(program.beats, beats):
        raise SystemExit("the program is not cocotb's")
    outputs, seconds, first_ended = program.unpack(expected), [], 0.0
    for _ in range(int(os.environ["PROGRAMS"])):
        start = time.monotonic()
        result = driver.run(program)
        seconds.append(time.monotonic() - start)
        first_ended = first_ended or time.monotonic()
        if not np.array_equal(result.outputs, outputs):
            raise SystemExit("the results differ")
    report = {"first_ended": first_ended, "program_s": seconds, "program_cycles": result.counters.cycles}
    Path(os.environ["REPORT"]).write_text(json.dumps(report), encoding="ascii")


if __name__ == "__main__":
    main()
