"""The clocks of the PL as they run, beside those that the bitstream was made for.

pynq sets them as it loads an overlay: 3.1 writes the divisors of the .hwh to whatever PLL the board's image has set up,
4.0 the divisors that make the .hwh's frequency of it. Where the .hwh is of another board, or of a processing system
that was set up for another crystal, the clock is not the one that timing was met for, and nothing else shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pynq.ps import Clocks

from tilewright.boards.families import FAMILIES, Family
from tilewright.driver.manifest import MANIFEST, manifest_clock_mhz

# pynq takes 33.333 MHz for any crystal of an UltraScale+, and two neighbouring divisors differ by more
TOLERANCE = 1e-3


@dataclass(frozen=True)
class ClockReading:
    """A clock of the PL.

    Attributes:
        index: among the PL's clocks.
        running_mhz: by the board's registers and pynq's crystal; None where they cannot be read.
        hwh_mhz: that Vivado met timing for, by the .hwh.
        manifest_mhz: of the accelerator, by the manifest beside the bitstream; None without one, and of other clocks.
    """

    index: int
    running_mhz: float | None
    hwh_mhz: float
    manifest_mhz: float | None

    def differences(self, bitstream: Path) -> list[str]:
        """What does not agree, a sentence each.

        Args:
            bitstream: whose clock it is.
        """
        name, found = f"PL clock {self.index}", []
        told = {f"{bitstream.stem}.hwh": self.hwh_mhz, f"the {MANIFEST} beside {bitstream.name}": self.manifest_mhz}
        for source, mhz in told.items():
            if mhz is None or self.running_mhz is None or _same(self.running_mhz, mhz):
                continue
            fast = self.running_mhz > mhz
            effect = "timing was not met for that: results may be wrong" if fast else "runs take longer than stated"
            found.append(f"{name} runs at {self.running_mhz:g} MHz, {source} says {mhz:g} MHz; {effect}")
        if self.manifest_mhz is not None and not _same(self.hwh_mhz, self.manifest_mhz):
            first, second = told
            found.append(f"{name}: {first} says {self.hwh_mhz:g} MHz, {second} {self.manifest_mhz:g} MHz")
        return found


def read_clocks(overlay: Any) -> tuple[ClockReading, ...]:
    """The PL's clocks that the overlay's .hwh turns on; none where it names no processing system or no frequencies."""
    bitstream = Path(overlay.bitfile_name or ".")
    for entry in overlay.ip_dict.values():
        ip = str(entry["type"]).rpartition(":")[0]
        family = next((each for each in FAMILIES.values() if each.ip == ip), None)
        if family is not None:
            designed = _designed(family, entry["parameters"])
            running = _running(overlay.device, designed)
            manifest = {0: manifest_clock_mhz(bitstream)}
            return tuple(
                ClockReading(index, running[index], mhz, manifest.get(index)) for index, mhz in designed.items()
            )
    return ()


def _designed(family: Family, parameters: Mapping[str, Any]) -> dict[int, float]:
    """Frequencies of the clocks that are on, MHz by index."""
    found = {}
    for index in range(family.pl_clocks):
        mhz = parameters.get(family.clock_frequency(index))
        if str(parameters.get(family.clock_enable(index))) == "1" and mhz is not None:
            found[index] = float(mhz)
    return found


def _running(device: Any, indices: Iterable[int]) -> dict[int, float | None]:
    """Frequencies in MHz by index, None where the device has no such registers."""
    found: dict[int, float | None] = {}
    with _clocks_of(device):
        for index in indices:
            try:
                found[index] = float(getattr(Clocks, f"fclk{index}_mhz"))
            except Exception:  # of an architecture that pynq does not know, a PLL without input, a server's own
                found[index] = None
    return found


@contextmanager
def _clocks_of(device: Any) -> Iterator[None]:
    """pynq's clocks are one device's, for ever the first one's: of this one for as long as it takes."""
    if not hasattr(Clocks, "set_device"):
        # pynq 3.0, on the KV260's and Ultra96V2's images, knows the registers of the board that it runs on only
        yield
        return
    before = Clocks.device
    _set_device(device)
    try:
        yield
    finally:
        _set_device(before)


def _set_device(device: Any) -> None:
    Clocks.set_device(device)
    if hasattr(Clocks, "_real_instance"):
        del Clocks._real_instance


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(one, other)
