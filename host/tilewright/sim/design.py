"""The block design of the simulated hardware: a board's, with the accelerator that was chosen."""

from __future__ import annotations

from dataclasses import asdict, replace

from tilewright.boards.board import Board, board_of
from tilewright.boards.design import DMA, BlockDesign, block_design
from tilewright.boards.hwh import hwh
from tilewright.boards.parameters import BuildParameters
from tilewright.hardware.parameters import AcceleratorParameters
from tilewright.hardware.rtl_hash import build_hash
from tilewright.sim.build import cores_folder
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE, ProcessingSystem


def hardware_of_board(board: str | None, n: int | None = None, stream_w: int | None = None) -> SocParameters:
    """The hardware that a board is built with.

    Args:
        board: of ``tilewright.boards``; None stands for the smallest hardware.
        n: rows and columns of another array than the board's own, without DSPs.
        stream_w: bits of the streams; None takes the board's where the array has them.

    Raises:
        ParameterError: there is no such board, or no such hardware.
    """
    if board is None:
        return SocParameters(n=n or 8, stream_w=stream_w or 64)
    own = board_of(board).accelerator
    if n is None and stream_w is None:
        known = AcceleratorParameters.__dataclass_fields__
        chosen = {name.lower(): value for name, value in own.items() if name.lower() in known}
        return SocParameters(**asdict(AcceleratorParameters(**chosen)))
    n = n or own["N"]
    return SocParameters(n=n, stream_w=stream_w or (own["STREAM_W"] if n >= 16 else 64))


def simulated_design(parameters: SocParameters, board: Board) -> BlockDesign:
    """The block design of a board at its own clock.

    Args:
        parameters: of the module ``soc``; the DMA's mode is the simulation's alone.
        board: that it is for.
    """
    chosen = {name: value for name, value in parameters.verilog.items() if name in board.accelerator}
    build = BuildParameters({**board.accelerator, **chosen}, board.clock.mhz)
    design = block_design(board, build, build_hash(cores_folder()))
    mode = {"c_include_sg": str(int(parameters.scatter_gather))}
    dma = next(cell for cell in design.cells if cell.name == DMA)
    changed = replace(dma, parameters={**dma.parameters, **mode})
    return replace(design, cells=tuple(changed if cell is dma else cell for cell in design.cells))


def simulated_hwh(parameters: SocParameters, system: ProcessingSystem = ZYNQ_ULTRASCALE) -> bytes:
    """The .hwh of the simulated hardware on a board."""
    return hwh(simulated_design(parameters, system.board)).encode()
