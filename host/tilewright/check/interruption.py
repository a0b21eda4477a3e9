"""A program that is stopped in the middle, reset, and followed by exact ones."""

from __future__ import annotations

from tilewright.check.findings import Finding, State, in_words, judged
from tilewright.driver import Driver
from tilewright.errors import DeviceTimeoutError, TilewrightError
from tilewright.selftest.programs import long_program
from tilewright.selftest.vectors import differences, load_vectors

# As the long program loads, and in its middle; a board's host looks later than it is told to
SECONDS = (20e-6, 200e-6)
LONG_RUNS = 16


def check_interruption(driver: Driver) -> list[Finding]:
    """Stops a long program after some time, each of :data:`SECONDS`; what runs next must be exact.

    Args:
        driver: of the accelerator.
    """
    return [_stopped(driver, seconds) for seconds in SECONDS]


def _stopped(driver: Driver, seconds: float) -> Finding:
    name, expected = f"stopped after {seconds * 1e6:g} us", "a reset, and exact results after it"
    try:
        driver.run(long_program(driver.array, LONG_RUNS), timeout=seconds)
    except DeviceTimeoutError as error:
        state = "" if error.report is None else str(error.report.as_dict()["accelerator"]["decoder"])
    except TilewrightError as error:
        return Finding("interruption", name, State.FAILED, expected, in_words(error), _ADVICE)
    else:
        return Finding("interruption", name, State.NOT_KNOWN, expected, "it had ended by then")
    wrong = exact_after(driver)
    found = wrong or f"stopped with the decoder in {state}, reset, exact after it"
    return judged("interruption", name, not wrong, expected, found, _ADVICE)


_ADVICE = (
    "the soft reset, or the reset that goes from the DMA to the accelerator's results, is missing in the block design: "
    "compare it with cores/soc/board; load the bitstream again before anything else"
)


def exact_after(driver: Driver) -> str:
    """Runs the golden vectors.

    Args:
        driver: of the accelerator.

    Returns:
        What differs, or what was raised; "" where all are exact.
    """
    try:
        for vector in load_vectors(driver.array).values():
            found = differences(vector, driver.run(vector.program).outputs)
            if found:
                return found
    except TilewrightError as error:
        return in_words(error)
    return ""
