"""Registers, both DMA channels and the activation memory."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.driver.dma import describe_status
from tilewright.hardware import pg021
from tilewright.hardware.registers import REG_ID, REG_ID_RESET
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.selftest.memory import memory_program, memory_words
from tilewright.selftest.vectors import Vector

MAY_BE_ZERO = ("build_hash", "dsp_columns", "dsp_chain")


def test_identity(driver: Driver) -> None:
    """ID, version and program format are those that this library drives; the sizes make sense."""
    assert driver.accelerator.read(REG_ID) == REG_ID_RESET
    driver.accelerator.check_identity()
    sizes = {name: value for name, value in asdict(driver.accelerator.info()).items() if isinstance(value, int)}
    assert all(value > 0 or name in MAY_BE_ZERO for name, value in sizes.items()), sizes


def test_vectors_are_for_this_accelerator(driver: Driver, vectors: dict[str, Vector]) -> None:
    """There are golden vectors for its parameters."""
    assert {vector.program.array for vector in vectors.values()} == {driver.array}


def test_dma_resets(driver: Driver) -> None:
    """After a reset both channels run, without an error."""
    driver.recover()
    for offset in (pg021.MM2S_DMASR, pg021.S2MM_DMASR):
        status = driver.dma.read(offset)
        assert not status & (pg021.DMASR_ERRORS | pg021.DMASR_HALTED), describe_status(driver.dma)


@pytest.mark.parametrize("share", ["one block", "all"])
def test_memory_and_dma(driver: Driver, share: str) -> None:
    """Random words through both channels and the activation memory; twice in the same buffers, with other words."""
    count = 1 if share == "one block" else None
    for seed in range(2):
        words = memory_words(driver.array, seed)[:count]
        program = memory_program(driver.array, words)
        result = driver.run(program)
        assert (result.counters.beats_in, result.counters.mac_cycles) == (len(program.beats), 0)
        assert result.counters.beats_out == program.output_beats + TRAILER_BEATS
        wrong = np.argwhere(np.concatenate(result.outputs) != words)
        assert not len(wrong), (
            f"{len(wrong)} of {words.size} nibbles differ; the first in block {wrong[0][0]}, row of the array "
            f"{wrong[0][1]}, word {wrong[0][2:]}"
        )
