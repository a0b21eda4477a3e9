"""The block design of the simulated hardware: a board's, with the accelerator that was chosen."""

from __future__ import annotations

from dataclasses import asdict, replace

from tilewright.boards.board import Board
from tilewright.boards.design import DMA, BlockDesign, block_design
from tilewright.boards.hwh import hwh
from tilewright.boards.parameters import BuildParameters
from tilewright.hardware.parameters import AcceleratorParameters
from tilewright.hardware.rtl_hash import build_hash
from tilewright.sim.build import cores_folder
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE, ProcessingSystem


def board_parameters(board: Board) -> SocParameters:
    """The hardware that a board is built with unless another is asked for."""
    known = AcceleratorParameters.__dataclass_fields__
    own = {name.lower(): value for name, value in board.accelerator.items() if name.lower() in known}
    return SocParameters(**asdict(AcceleratorParameters(**own)))


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
