"""Runs a layer on the simulated device, so that a build that counts its branches writes the profile to optimise for.

python -m tilewright.sim.exercise '{"n": 8}'
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pynq

from tilewright.compiler import compile_raw_and_relu
from tilewright.layer import ConvLayer
from tilewright.results import TRAILER_BEATS
from tilewright.sim import SocParameters, open_overlay

CHANNELS, SIDE = 64, 8


def exercise(parameters: SocParameters) -> None:
    """A convolution of random integers, raw and with ReLU, while the memory stalls as usual.

    Through pynq's own channels, which drive both modes of the DMA.
    """
    rng = np.random.default_rng(0)
    weights = rng.integers(-8, 8, (CHANNELS, CHANNELS, 3, 3)).astype(np.int8)
    codes = rng.integers(0, 16, (1, CHANNELS, SIDE, SIDE)).astype(np.uint8)
    program = compile_raw_and_relu(ConvLayer("exercise", weights, codes, padding=1), parameters.array)
    overlay = open_overlay(parameters, seed=1)
    dma = overlay.axi_dma_0
    send = pynq.allocate(program.beats.shape, np.uint64, target=overlay.device)
    receive = pynq.allocate((program.output_beats + TRAILER_BEATS,), np.uint64, target=overlay.device)
    send[:] = program.beats
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    dma.recvchannel.wait()
    program.unpack(np.array(receive))


if __name__ == "__main__":
    exercise(SocParameters(**json.loads(sys.argv[1])))
