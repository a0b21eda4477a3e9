"""Layers against the golden vectors: every integer, every time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tilewright.driver import Driver
from tilewright.driver.flight import RunResult
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.selftest.vectors import NAMES, Vector

RunVector = Callable[[Vector], RunResult]

REPEATS = 10


@pytest.mark.parametrize("name", NAMES)
def test_results_are_exact(name: str, vectors: dict[str, Vector], run_exactly: RunVector) -> None:
    """Sums raw and after ReLU; an 8-bit image, codes by thresholds, pooling, codes read back."""
    run_exactly(vectors[name])


@pytest.mark.parametrize("name", NAMES)
def test_repeats_are_exact(name: str, vectors: dict[str, Vector], run_exactly: RunVector) -> None:
    """A second run that differs is a bug of buffers or of resets."""
    for _ in range(REPEATS):
        run_exactly(vectors[name])


@pytest.mark.parametrize("name", NAMES)
def test_counters(name: str, driver: Driver, vectors: dict[str, Vector], run_exactly: RunVector) -> None:
    """What does not depend on the memory is exact, the rest is in order."""
    vector = vectors[name]
    counters = run_exactly(vector).counters
    assert counters.beats_in == len(vector.program.beats)
    assert counters.beats_out == vector.program.output_beats + TRAILER_BEATS
    assert 0 < counters.mac_cycles < counters.layer_cycles < counters.cycles, str(counters)
    stalls = (counters.stall_weights, counters.stall_activations, counters.stall_output, counters.stall_thresholds)
    assert sum(stalls) < counters.cycles, str(counters)
    if vector.layer is not None:
        layer, n = vector.layer, driver.array.n
        tiles = -(-layer.out_channels // n) * -(-layer.in_channels // n)
        positions = layer.images * layer.out_size[0] * layer.out_size[1]
        raw_and_relu = 2
        assert counters.mac_cycles == raw_and_relu * tiles * layer.kernel[0] * layer.kernel[1] * positions
