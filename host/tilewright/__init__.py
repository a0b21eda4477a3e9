"""Quantised networks on a systolic array, simulated or on boards.

    import tilewright as tw

    network = tw.load("vgg16")        # or a file, or a module with a sample
    board = tw.open("sim", array=16)  # or "board", "remote"
    run = board.run(network, images, check=True)  # arrays, files, a folder
    run.predictions, run.equal, run.cycles, run.report()

help(tw.load), help(tw.open), help(board.run) say what each takes. Modules:

    tilewright.network    networks as integers, what numpy makes of them
    tilewright.compiler   from layers to programs
    tilewright.hardware   programs beat by beat
    tilewright.driver     programs through pynq
    tilewright.runs       runs and comparisons, one by one
    tilewright.estimate   cycles without a run
    tilewright.sim        the simulated board
    tilewright.pytorch    PyTorch's own integers
    tilewright.errors     what is raised
"""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.face.board import open
    from tilewright.face.load import load

__version__ = "0.1.0"

__all__ = ["__version__", "load", "open"]
__getattr__ = late_names(__name__, {"load": "face.load", "open": "face.board"})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
