"""Which library goes together with which hardware: program format and register map of each release."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hardware import registers as reg
from tilewright.hardware.program_format import BEGIN_FORMAT_VERSION


@dataclass(frozen=True)
class Release:
    """A library, and the hardware that it drives.

    Attributes:
        library: its version, or the commits that it was.
        program_format: that it writes.
        registers: major and minor number of the register map.
    """

    library: str
    program_format: int
    registers: tuple[int, int]


# Oldest first; the last is this library
RELEASES = (
    Release("0.1.0 (commit ed99e28)", 1, (0, 1)),
    Release("commits 2af6a3e to b9282d7^, between 0.1.0 and the next release", 2, (0, 2)),
    Release("since commit b9282d7", 3, (0, 2)),
)


def advice(registers: tuple[int, int], program_format: int) -> str:
    """What the owner of a bitstream that this library does not drive can do.

    Args:
        registers: major and minor number that the register VERSION reads.
        program_format: that the register FORMAT reads.
    """
    others = [each for each in RELEASES if (each.registers, each.program_format) == (registers, program_format)]
    written = f"program format {program_format} and register map {registers[0]}.{registers[1]}"
    if not others:
        return f"no library that this one knows of goes together with {written}: look for a newer one"
    return (
        f"{written} belong to Tilewright {others[-1].library}: take that library, or build the bitstream anew "
        "(`tilewright board build`; docs/bitstreams.md)"
    )


def current() -> Release:
    """This library, by its own constants."""
    version = reg.REG_VERSION_RESET
    numbers = (reg.VERSION_MAJOR.extract(version), reg.VERSION_MINOR.extract(version))
    return Release(RELEASES[-1].library, BEGIN_FORMAT_VERSION, numbers)
