"""The table of boards in Markdown, from what boards.py prints as JSON."""

from __future__ import annotations

from typing import Any

RESOURCES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "block_ram": "block RAM", "ultra_ram": "UltraRAM"}
LETTERS = {"measured": "m", "estimated": "e", "extrapolated": "x"}


def boards_table(facts: dict[str, Any]) -> str:
    """A row a part, and what its figures are worth."""
    clock = facts["static_report"]
    heads = ["part", "array", "columns of DSPs", "stream", *RESOURCES.values()]
    heads += ["img/s at an assumed 100 MHz, batch 1", "best batch", "MHz of the static report", "img/s there, batch 1"]
    heads += ["best batch", f"with a memory of {facts['assumed_memory_mb_per_s'] / 1e3:g} GB/s"]
    rows = [heads, ["---"] * len(heads), *(row_of(board, len(heads)) for board in facts["boards"])]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    fit = facts["area_fit"]
    lines += [
        "",
        "m measured: Yosys synthesised this very configuration; e estimated; x extrapolated.",
        "**Nothing has run on hardware.**",
        f"Areas: a sum of {len(fit['terms']['lut'])} terms fitted to {fit['points']} netlists, wrong by at most "
        f"{fit['worst_error']['lut']:.1%} of LUTs and {fit['worst_error']['ff']:.1%} of FFs{left_out(fit)}; "
        f"{facts['other_luts']:,} LUTs of each share are set aside for AMD's IPs.",
        f"Limits: {', '.join(f'{limit:.0%} of {RESOURCES[key]}' for key, limit in facts['limits'].items())}.",
        "Cycles: the exact estimate, a memory that never stalls.",
        f"Clock: the static report of 7-series at -1 (+-{clock['error']:.0%}, not placed); on UltraScale+ "
        f"{clock['ultrascale_plus_times']:.2f} times that, the least ratio of {clock['ultrascale_plus_source']}.",
    ]
    return "\n".join(lines)


def left_out(fit: dict[str, Any]) -> str:
    """How good the fit is for what it has not seen."""
    errors = fit["errors_left_out"]
    if not errors["lut"]:
        return ""
    worst = " and ".join(f"{max(errors[name]):.1%}" for name in ("lut", "ff"))
    return f", and of one that it has not seen by {worst} ({len(errors['lut'])} of them can be left out)"


def row_of(board: dict[str, Any], width: int) -> list[str]:
    """The cells of a part."""
    name = f"{board['part']} ({', '.join(board['boards'])})"
    if not board["fits"]:
        return [name, f"nothing fits: {board['refused'][-1]['too_much']}", *["-"] * (width - 2)]
    one, best, taken = board["batch_1"], board["best_batch"], board["resources"]
    return [
        name,
        f"{board['array']}x{board['array']}",
        f"{board['dsp_columns']} of {board['array']}",
        f"{board['stream_w']} bits",
        *(share(taken[key]) for key in RESOURCES),
        assumed(one),
        f"{assumed(best)} ({best['batch']})",
        marked(board["static_clock_mhz"]),
        marked(one["images_per_s_at_static_clock"]),
        marked(best["images_per_s_at_static_clock"]),
        marked(best["images_per_s_at_static_clock_and_assumed_memory"]),
    ]


def share(resource: dict[str, Any]) -> str:
    """A resource's share of the part."""
    return f"{resource['share']:.0%} {LETTERS[resource['taken']['kind']]}" if resource["of"] else "-"


def marked(figure: dict[str, Any]) -> str:
    """A figure with the letter of its kind."""
    return f"{figure['value']:.0f} {LETTERS[figure['kind']]}"


def assumed(speed: dict[str, Any]) -> str:
    """Images a second at the assumed clock."""
    return marked(speed["images_per_s_at_assumed_clock"])
