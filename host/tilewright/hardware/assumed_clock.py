"""Images a second at a clock that is assumed.

No board has run this hardware; what static reports and place and route say of its clock is in docs/results.
Every figure of a speed on a board comes from here, so that each says so.
"""

from __future__ import annotations

DEFAULT_CLOCK_MHZ = 100.0


def images_per_second(images: int, cycles: float, clock_mhz: float = DEFAULT_CLOCK_MHZ) -> float:
    """Images a second by the accelerator's cycles, the host's part not counted; 0 before the first program.

    Args:
        images: that the programs held.
        cycles: of these programs.
        clock_mhz: assumed.
    """
    return images * clock_mhz * 1e6 / cycles if cycles else 0.0


def as_dict(images: int, cycles: float, clock_mhz: float = DEFAULT_CLOCK_MHZ) -> dict[str, float]:
    """:func:`images_per_second` as JSON types, with the clock."""
    return {
        "assumed_clock_mhz": clock_mhz,
        "images_per_s_at_assumed_clock": images_per_second(images, cycles, clock_mhz),
    }


def in_words(images: int, cycles: float, clock_mhz: float = DEFAULT_CLOCK_MHZ) -> str:
    """:func:`images_per_second` for people."""
    speed = images_per_second(images, cycles, clock_mhz)
    return f"{speed:.1f} images/s at an assumed {clock_mhz:g} MHz, not reached"
