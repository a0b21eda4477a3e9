"""What is wrong is refused with its reason, and the next run is exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.errors import DeviceError, DeviceTimeoutError
from tilewright.hardware.registers import ErrorCode
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.selftest.programs import long_program
from tilewright.selftest.vectors import Vector

# Of a program that takes long, on a board too: 1.5 ms at an assumed 100 MHz on 32x32, 24 ms on 8x8
LONG_RUNS = 8
SHORT_SECONDS = 100e-6


def test_damaged_program_is_refused(
    driver: Driver, vectors: dict[str, Vector], still_works: Callable[[], None]
) -> None:
    """One bit of a weight: the CRC-32 in hardware finds it."""
    program = vectors["features.27"].program
    beats = program.beats.copy()
    beats[-10] ^= np.uint64(1 << 7)
    with pytest.raises(DeviceError) as caught:
        driver.run(dataclasses.replace(program, beats=beats))
    assert caught.value.code == ErrorCode.BAD_CRC, str(caught.value)
    still_works()


def test_transfer_that_ends_early_is_refused(
    driver: Driver, vectors: dict[str, Vector], still_works: Callable[[], None]
) -> None:
    """TLAST before END."""
    program = vectors["features.27"].program
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + TRAILER_BEATS)
    send[:] = program.beats
    with pytest.raises(DeviceError) as caught:
        driver.run_in(program, send, receive, send_bytes=send.nbytes - 8 * 20)
    assert caught.value.code == ErrorCode.TLAST_EARLY, str(caught.value)
    still_works()


def test_time_out_says_what_runs(driver: Driver, still_works: Callable[[], None]) -> None:
    """A program that takes longer than it may."""
    with pytest.raises(DeviceTimeoutError, match="no result within") as caught:
        driver.run(long_program(driver.array, LONG_RUNS), timeout=SHORT_SECONDS)
    assert caught.value.report is not None and "busy" in str(caught.value.report)
    still_works()
