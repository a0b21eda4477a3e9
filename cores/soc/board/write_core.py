"""Write board.core and docs/boards/*.md from the boards' data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "host")]

from tilewright.boards.board import Board, all_boards  # noqa: E402
from tilewright.boards.families import ZYNQ_7000  # noqa: E402
from tilewright.boards.page import index, page  # noqa: E402
from tilewright.boards.speeds import read_rates  # noqa: E402

HEAD = """CAPI=2:
# Written by write_core.py from the boards' data (host/tilewright/boards/data): make boards.
name: tilewright:soc:board:0.1.0
description: Vivado projects that make a bitstream of the accelerator for a board; not run on hardware yet

generators:
  board:
    interpreter: python3
    command: board_generator.py
    description: The Tcl and constraints of a board's project, from the board's data

filesets:
  rtl:
    depend: [">=tilewright:ip:accelerator:0.2.0"]

parameters:
  # Numbers have no defaults here: each board has its own. They reach the Tcl as the project's generics
"""
NUMBERS = {
    "N": "Rows and columns of the array: 8, 16, 32 or 64",
    "DSP_COLUMNS": "Columns whose PEs are DSPs, two in one: even, 0 to N",
    "DSP_CHAIN": "Rows after which a chain of DSPs is broken, 0 never",
    "STREAM_W": "Bits of the streams: 64, or 128 for N of 16 and more",
    "ACC_W": "Bits of an accumulator: 28 to 32",
    "ACT_DEPTH": "Activation memory in words of N activations",
    "ACT_ULTRA": "1: the activation memory is UltraRAM",
    "ACC_DEPTH": "Accumulators in a column",
    "WGT_DEPTH": "Weight store in groups",
    "THR_DEPTH": "Threshold FIFO in beats",
    "OUT_DEPTH": "Result positions held",
    "LOG_DEPTH": "CONV commands that the log holds",
    "IMAGE_LINE": "Bytes of the longest row of an image",
    "SRAM_LATENCY": "Read latency of the memories: 1 or 2",
    "TIMING_MAY_FAIL": "1: a bitstream is written although timing is missed",
}


def core(boards: Mapping[str, Board]) -> str:
    """The text of board.core."""
    lines = [HEAD.rstrip("\n")]
    for name, text in NUMBERS.items():
        lines.append(f'  {name}: {{datatype: int, paramtype: vlogparam, description: "{text}"}}')
    lines.append('  CLOCK: {datatype: real, paramtype: vlogparam, description: "MHz asked for"}')
    lines += ["", "generate:"]
    for name in boards:
        lines.append(f"  {name}: {{generator: board, position: append, parameters: {{board: {name}}}}}")
    lines += ["", "targets:", "  default: &default", "    filesets: [rtl]"]
    for board in boards.values():
        flag = "xc7" if board.kind is ZYNQ_7000 else "xcup"
        lines += [
            "",
            f"  {board.name}:",
            "    <<: *default",
            f"    description: {board.title}; `--setup` writes the project and needs no Vivado",
            f"    flags: {{{flag}: true}}",
            f"    generate: [{board.name}]",
            "    flow: vivado",
            f"    flow_options: {{part: {board.part}}}",
            f"    parameters: [{', '.join([*NUMBERS, 'CLOCK'])}]",
            "    # make_wrapper's name for the block design",
            "    toplevel: tilewright_wrapper",
        ]
    return "\n".join([*lines, ""])


def texts(boards: Mapping[str, Board]) -> dict[Path, str]:
    """What is written, by file."""
    rates = read_rates(ROOT / "docs" / "results")
    pages = {ROOT / "docs" / "boards" / f"{board.name}.md": page(board, rates) for board in boards.values()}
    return {HERE / "board.core": core(boards), ROOT / "docs" / "boards" / "README.md": index(boards), **pages}


def main() -> None:
    """Write the files that are not up to date."""
    for file, text in texts(all_boards()).items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"written: {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
