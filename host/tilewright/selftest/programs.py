"""Programs that run long, to be stopped in the middle or to be timed."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.layer import Run, compile_runs
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program
from tilewright.network.layer import ConvLayer


def long_program(array: ArrayParameters, runs: int) -> Program:
    """A layer of 64 -> 32 channels on 32x32 outputs, again and again: 300,000 cycles each on 8x8, 19,000 on 32x32.

    Args:
        array: parameters of the accelerator.
        runs: how often.

    Returns:
        The program; each of its outputs is int32 (1, 32, 32, 32).
    """
    codes = np.full((1, 64, 32, 32), 15, dtype=np.uint8)
    layer = ConvLayer("long", np.ones((32, 64, 3, 3), dtype=np.int8), codes, padding=1)
    return compile_runs([Run(layer)] * runs, array)
