"""Runs a layer on the simulated device, so that a build that counts its branches writes the profile to optimise for.

python -m tilewright.sim.exercise '{"n": 8}'
"""

from __future__ import annotations

import json
import sys

import numpy as np

from tilewright.compiler.layer import compile_raw_and_relu
from tilewright.driver import Driver
from tilewright.network.layer import ConvLayer
from tilewright.sim import SocParameters, open_overlay

CHANNELS, SIDE = 64, 8


def exercise(parameters: SocParameters) -> None:
    """A convolution of random integers, raw and with ReLU, while the memory stalls as usual."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-8, 8, (CHANNELS, CHANNELS, 3, 3)).astype(np.int8)
    codes = rng.integers(0, 16, (1, CHANNELS, SIDE, SIDE)).astype(np.uint8)
    driver = Driver(open_overlay(parameters, seed=1))
    driver.run(compile_raw_and_relu(ConvLayer("exercise", weights, codes, padding=1), driver.array))


if __name__ == "__main__":
    exercise(SocParameters(**json.loads(sys.argv[1])))
