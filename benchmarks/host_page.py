"""The table of what a batch costs a board's processor, in Markdown, from what `tilewright bench --host-cost` prints."""

from __future__ import annotations

from typing import Any


def host_table(facts: dict[str, Any]) -> str:
    """A row a part, and what its figures are worth."""
    heads = ["part", "core", "array", "batch", "instructions", "bytes moved", "ms", "share at an assumed 100 MHz"]
    heads += ["MHz of the static report", "share there", "there with a batch of"]
    rows = [heads, ["---"] * len(heads), *(row_of(board) for board in facts["boards"])]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines += [
        "",
        f"Goal: at most {facts['goal']:.0%} at the static report's clock.",
        "Instructions are counted, seconds follow from a model whose constants are assumed "
        "([board.md](../board.md#what-the-processor-does-meanwhile)). **Nothing has run on hardware.**",
    ]
    return "\n".join(lines)


def row_of(board: dict[str, Any]) -> list[str]:
    """A part's cells."""
    return [
        f"{board['part']} ({', '.join(board['boards'])})",
        board["processor"],
        f"{board['array']}x{board['array']}",
        str(board["batch"]),
        f"{board['instructions']:,}",
        f"{board['bytes_moved']:,}",
        f"{1e3 * board['host_s']:.2f}",
        f"{board['share_at_assumed_clock']:.0%}",
        f"{board['static_clock_mhz']:.0f}",
        f"{board['share_at_static_clock']:.0%}" + ("" if board["reached"] else ", missed"),
        ", ".join(f"{batch}: {share:.0%}" for batch, share in board["others_at_static_clock"].items()) or "-",
    ]
