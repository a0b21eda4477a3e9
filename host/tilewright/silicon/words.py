"""How figures of sizes and speeds are written: the letter of their kind, names of resources, what they are worth."""

from __future__ import annotations

from tilewright.silicon.area import AreaModel
from tilewright.silicon.budget import OTHER_LUTS, Design
from tilewright.silicon.clock import ERROR, FASTER
from tilewright.silicon.kinds import Kind

LETTERS = {Kind.MEASURED: "m", Kind.ESTIMATED: "e", Kind.EXTRAPOLATED: "x"}
RESOURCES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "block_ram": "Block RAM", "ultra_ram": "UltraRAM"}


def marked(text: str, kind: Kind) -> str:
    """A figure with the letter of its kind."""
    return f"{text} {LETTERS[kind]}"


def taken(design: Design, name: str) -> str:
    """A resource's share."""
    share = design.shares[name]
    return marked(f"{share.share:.0%}", share.taken.kind) if share.of else "none"


def notes(area: AreaModel) -> str:
    """What figures of sizes and clocks are worth, three lines."""
    errors = " and ".join(f"{error:.1%} of {RESOURCES[name]}" for name, error in area.worst_error.items())
    unseen = [max(each) for each in area.errors_left_out().values() if each]
    left_out = f" ({max(unseen):.1%} of one left out)" if unseen else ""
    return (
        "m measured: Yosys synthesised this configuration. e estimated. x extrapolated. Nothing has run on hardware.\n"
        f"Areas: a fit to {len(area.points)} netlists, wrong by at most {errors}{left_out}; "
        f"{OTHER_LUTS:,} LUTs for AMD's IPs.\n"
        f"Clock: the static report of 7-series -1, +-{ERROR:.0%}, not placed; on UltraScale+ {FASTER:.2f} times that."
    )
