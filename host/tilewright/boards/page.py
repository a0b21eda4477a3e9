"""A board's page, written from its data."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.boards.board import Board
from tilewright.boards.clocks import pl_clock
from tilewright.boards.families import ZYNQ_7000, ZYNQ_ULTRASCALE
from tilewright.boards.guide import guide
from tilewright.boards.speeds import Rate

NOT_RUN = "**Not run on hardware, not yet run in Vivado.** Written by `make boards`"
# What each version does with the clock
PYNQ = {
    ZYNQ_7000.name: "3.1.2, which writes the divisors of the .hwh; 4.0 cannot load an overlay for a Zynq-7000",
    ZYNQ_ULTRASCALE.name: "3.1.2, which writes the divisors of the .hwh, and 4.0.0, which makes its frequency",
}
HEAD = NOT_RUN + " from `host/tilewright/boards/data/{}.json`."


def page(board: Board, rates: Mapping[int, Rate]) -> str:
    """The page of a board, in Markdown.

    Args:
        board: the board.
        rates: images a second by array.
    """
    return "\n".join(
        [
            f"# {board.title}: the first hour",
            "",
            HEAD.format(board.name),
            "",
            *guide(board, rates),
            "## The project's data",
            "",
            f'`tilewright.sim.open_overlay(board="{board.name}")` is this board, simulated, with its .hwh and clock.',
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {text} |" for name, text in _facts(board).items()),
            "",
            "| Registers of | Address |",
            "|---|---|",
            *(f"| `{cell}` | {address} |" for cell, address in board.addresses.items()),
            "",
            *(f"- {note}" for note in board.notes),
            "",
            "Sources: " + "; ".join(f"{name}: {source}" for name, source in board.sources.items()) + ".",
            "",
        ]
    )


def _facts(board: Board) -> dict[str, str]:
    clock = pl_clock(board, board.clock.mhz)
    array, memory = board.accelerator, board.memory
    settings = len(board.processing_system.settings)
    preset = f"Vivado's board file: {', '.join(f'`{name}`' for name in board.board_parts)}"
    halved = " / 2" if clock.halved else ""
    return {
        "Part": f"`{board.part}`",
        "PYNQ images": board.pynq.images,
        "pynq": PYNQ[board.family],
        "Power": board.pynq.power,
        "Network": board.pynq.network,
        "Array, unless another is asked for": (
            f"{array['N']}x{array['N']}, {array['DSP_COLUMNS']} columns of DSPs, streams of {array['STREAM_W']} bits"
        ),
        "Clock": (
            f"assumed {clock.mhz:.6f} MHz: {board.clock.crystal_mhz:g} MHz x {clock.multiplier}{halved} "
            f"({clock.pll}) / ({clock.divisor0} x {clock.divisor1})"
        ),
        "CPU": f"{'A9' if board.kind is ZYNQ_7000 else 'A53'}, assumed {board.clock.cpu_mhz:g} MHz",
        "Memory": f"{memory.kind}, {memory.mib} MiB; {_segments(board)}",
        "Ports": f"registers {board.control.port} ({board.control.width} bits), memory "
        f"{memory.ports[0]} ({memory.width} bits), interrupt {board.interrupt_pin}",
        "Processing system": preset if board.processing_system.preset else f"{settings} settings; no board file needed",
    }


def _segments(board: Board) -> str:
    texts = []
    for segment in board.memory.segments:
        size = "to an end that was not found" if segment.bytes is None else f"{int(segment.bytes, 16) >> 20} MiB"
        texts.append(f"{segment.name} from {segment.base}, {size}")
    return ", ".join(texts)


def index(boards: Mapping[str, Board]) -> str:
    """The page that lists the boards."""
    rows = [
        f"| [{board.title}]({board.name}.md) | `{board.part}` | {board.accelerator['N']}x{board.accelerator['N']} "
        f"| {pl_clock(board, board.clock.mhz).mhz:.6f} | {board.pynq.images} |"
        for board in boards.values()
    ]
    return "\n".join(
        [
            f"# Guides: {', '.join(board.title for board in boards.values())}",
            "",
            f"{NOT_RUN}, which checks every project: [cores/soc/board](../../cores/soc/board/README.md).",
            "Each page leads from the clone to a report of the board: what to buy, commands in order, what to "
            "expect, what to "
            "do when timing fails.",
            "A board more is a file more in `host/tilewright/boards/data`.",
            "",
            "| Board | Part | Array | Assumed MHz | PYNQ images |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
