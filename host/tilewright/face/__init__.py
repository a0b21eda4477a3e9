"""The few calls that most users need: a network, a board, a run; ``tilewright`` hands them on."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.face.board import Board
    from tilewright.face.run import BoardRun

__all__ = ["Board", "BoardRun"]
__getattr__ = late_names(__name__, {"Board": "board", "BoardRun": "run"})
