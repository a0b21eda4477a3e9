"""The clock of the programmable logic: what its registers say, and what the accelerator's own counter shows."""

from __future__ import annotations

from typing import Any

from pynq import Clocks

from tilewright.check.design import SYSTEMS, Design
from tilewright.check.findings import Finding, State, judged
from tilewright.driver import Driver
from tilewright.selftest.programs import long_program

# Vivado's clock is rounded, and pynq reckons with a crystal of 33.333 MHz
TOLERANCE = 1e-3
# Of the clock that is said: fewer cycles a second say nothing, more are too many
SLOWEST_SEEN, FASTEST_SEEN = 0.5, 1.02
# Of the long program: 24 ms on 8x8 at 100 MHz, 1.5 ms on 32x32
LONG_RUNS = 8
_COUNTED = "cycles counted a second"
_DIVISORS = {
    SYSTEMS[0]: "PCW_FCLK0_PERIPHERAL_DIVISOR{}",
    SYSTEMS[1]: "PSU__CRL_APB__PL0_REF_CTRL__DIVISOR{}",
}


def running_mhz() -> float:
    """PL clock 0 by the registers of the active device's processing system."""
    return float(Clocks.fclk0_mhz)


def check_clock(design: Design) -> Finding:
    """Frequency of PL clock 0 against what the design was made for.

    Args:
        design: the bitstream's own words.
    """
    running, asked = running_mhz(), design.clock_mhz
    name, found = "FCLK0", f"{running:g} MHz here ({_divisors(design)})"
    if asked is None:
        return Finding("clock", name, State.NOT_KNOWN, "", f"{found}, and neither .hwh nor manifest says more")
    mhz, source = asked
    return judged(
        "clock",
        name,
        abs(running - mhz) <= TOLERANCE * mhz,
        f"{mhz:g} MHz, assumed by {source}",
        found,
        "pynq sets what the .hwh says, by divisors or by a frequency, and the PLL is what the board's image made it: "
        f"use the .hwh of this .bit, made for this board; to go on, set pynq.Clocks.fclk0_mhz to no more than {mhz:g}",
    )


def check_counted_clock(driver: Driver) -> Finding:
    """Cycles that the accelerator counts in a second: the clock as it is, whatever the registers say.

    Args:
        driver: of the accelerator; a simulated device has no clock but its registers'.
    """
    if driver.simulated is not None:
        return Finding("clock", _COUNTED, State.NOT_KNOWN, "", "a simulated device has no clock but its registers'")
    result = driver.run(long_program(driver.array, LONG_RUNS))
    return counted(result.counters.cycles, result.seconds, running_mhz())


def counted(cycles: int, seconds: float, said_mhz: float) -> Finding:
    """Cycles of a program against the clock that the registers say.

    Args:
        cycles: that the accelerator counted.
        seconds: that the host waited for it: its own work is in them, so that a clock is never slower than it seems.
        said_mhz: by the registers.
    """
    seen = cycles / seconds / 1e6
    expected = f"no more than the {said_mhz:g} MHz of the registers here"
    found = f"{seen:.2f} million, the host's work in the time"
    if seen < SLOWEST_SEEN * said_mhz:
        return Finding("clock", _COUNTED, State.NOT_KNOWN, expected, f"{found}: too much of it to say more")
    advice = (
        "the crystal is not the one that pynq reckons with, or another clock drives the design: it may run faster than "
        "its timing allows; set pynq.Clocks.fclk0_mhz lower before anything else"
    )
    return judged("clock", _COUNTED, seen <= FASTEST_SEEN * said_mhz, expected, found, advice)


def _divisors(design: Design) -> str:
    """Those that run, and those of the .hwh: pynq 3.1 sets these, pynq 4.0 any that make the frequency."""
    control: Any = Clocks._instance.PL_CLK_CTRLS[0]
    text = f"divisors {int(control.DIVISOR0)} x {int(control.DIVISOR1)}"
    pattern = _DIVISORS.get(design.system, "")
    asked = [design.system_parameters.get(pattern.format(number)) for number in (0, 1)]
    return text if None in asked else f"{text}, the .hwh has {asked[0]} x {asked[1]}"
