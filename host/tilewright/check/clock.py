"""The clock of the programmable logic: what its registers say, and what the accelerator's own counter shows."""

from __future__ import annotations

from typing import Any

from pynq import Clocks

from tilewright.bitstreams.manifest import MANIFEST
from tilewright.check.design import SYSTEMS, Design
from tilewright.check.findings import Finding, State, judged
from tilewright.driver import Driver
from tilewright.driver.clocks import ClockReading, read_clocks
from tilewright.selftest.programs import long_program

# Of the clock that is said: fewer cycles a second say nothing, more are too many
SLOWEST_SEEN, FASTEST_SEEN = 0.5, 1.02
# Of the long program: 24 ms on 8x8 at 100 MHz, 1.5 ms on 32x32
LONG_RUNS = 8
_COUNTED = "cycles counted a second"
_DIVISORS = {
    SYSTEMS[0]: "PCW_FCLK{}_PERIPHERAL_DIVISOR{}",
    SYSTEMS[1]: "PSU__CRL_APB__PL{}_REF_CTRL__DIVISOR{}",
}


def running_mhz() -> float:
    """PL clock 0 by the registers of the active device's processing system."""
    return float(Clocks.fclk0_mhz)


def check_clocks(overlay: Any, design: Design) -> list[Finding]:
    """Frequencies of the PL's clocks against what the design was made for.

    Args:
        overlay: that is loaded.
        design: the bitstream's own words.
    """
    readings = read_clocks(overlay)
    if not readings:
        found = f"{running_mhz():g} MHz here, and the .hwh says no more"
        return [Finding("clock", "FCLK0", State.NOT_KNOWN, "", found)]
    return [_clock(reading, design) for reading in readings]


def _clock(reading: ClockReading, design: Design) -> Finding:
    name = f"FCLK{reading.index}"
    told = {"the .hwh": reading.hwh_mhz, MANIFEST: reading.manifest_mhz}
    expected = " and ".join(f"{mhz:g} MHz, assumed by {source}" for source, mhz in told.items() if mhz is not None)
    if reading.running_mhz is None:
        return Finding("clock", name, State.NOT_KNOWN, expected, "pynq cannot read this board's clocks")
    wrong = reading.differences(design.bitstream)
    advice = (
        f"{'; '.join(wrong)}. pynq sets what the .hwh says, by divisors or by a frequency, and the PLL is what the "
        "board's image made it: use the .hwh of this .bit, made for this board; to go on, set pynq.Clocks to no more "
        "than that"
    )
    found = f"{reading.running_mhz:g} MHz here ({_divisors(design, reading.index)})"
    return judged("clock", name, not wrong, expected, found, advice)


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


def _divisors(design: Design, index: int) -> str:
    """Those that run, and those of the .hwh: pynq 3.1 sets these, pynq 4.0 any that make the frequency."""
    control: Any = Clocks._instance.PL_CLK_CTRLS[index]
    text = f"divisors {int(control.DIVISOR0)} x {int(control.DIVISOR1)}"
    pattern = _DIVISORS.get(design.system, "")
    asked = [design.system_parameters.get(pattern.format(index, number)) for number in (0, 1)]
    return text if None in asked else f"{text}, the .hwh has {asked[0]} x {asked[1]}"
