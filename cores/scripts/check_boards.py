"""Set every board's project up and check it without Vivado; exit status 1 where something is wrong.

python cores/scripts/check_boards.py [BOARD...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "host")]


def choices(name: str) -> list[dict[str, float]]:
    """What a board is checked with: its own array, another one, another stream and clock."""
    wide = {"N": 32, "STREAM_W": 128} if name.startswith("pynq") else {"N": 8}
    return [{}, {**wide, "CLOCK": 125}]


def main(names: list[str]) -> int:
    """Check boards, all where none is named."""
    from board_checks.project import check_board
    from tilewright.boards.board import all_boards, board_of

    wrong = 0
    for board in [board_of(name) for name in names] if names else all_boards().values():
        for given in choices(board.name):
            with tempfile.TemporaryDirectory() as folder:
                found = check_board(board, Path(folder), given)
            text = " ".join(f"{name} {value:g}" for name, value in given.items()) or "its own array and clock"
            print(f"{board.title}, {text}: {'right' if not found else f'{len(found)} findings'}")
            print("".join(f"  {each}\n" for each in found), end="")
            wrong += len(found)
    print("Nothing here has run in Vivado or on hardware.")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
