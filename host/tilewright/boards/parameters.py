"""What is built for a board: the accelerator's parameters and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.boards.board import Board
from tilewright.errors import ParameterError
from tilewright.hardware.parameters import AcceleratorParameters, ArrayParameters

CLOCK = "CLOCK"
# 1: a bitstream is written although timing is missed
TIMING_MAY_FAIL = "TIMING_MAY_FAIL"
# Of the module, and not of AcceleratorParameters: least and most
_OTHERS = {"DSP_CHAIN": (0, 64), "ACT_ULTRA": (0, 1), "IMAGE_LINE": (128, 8192)}


@dataclass(frozen=True)
class BuildParameters:
    """A choice for a board.

    Attributes:
        verilog: every parameter of the module ``accelerator`` but BUILD_HASH.
        clock_mhz: asked for.
    """

    verilog: dict[str, int]
    clock_mhz: float

    @property
    def n(self) -> int:
        """Rows and columns of the array."""
        return self.verilog["N"]

    @property
    def stream_w(self) -> int:
        """Bits of the streams."""
        return self.verilog["STREAM_W"]


def build_parameters(board: Board, given: Mapping[str, float] | None = None) -> BuildParameters:
    """A board's parameters, with others where they are given.

    With another N, what depends on it follows unless it is given: depths, and columns of DSPs, of which there are no
    more than the board's own choice has DSPs.

    Args:
        board: whose choice it is.
        given: names of Verilog parameters, and CLOCK in MHz.

    Raises:
        ParameterError: a name is unknown, or the hardware cannot be built with a value.
    """
    asked = dict(given or {})
    clock_mhz = float(asked.pop(CLOCK, board.clock.mhz))
    if unknown := asked.keys() - board.accelerator.keys():
        raise ParameterError(f"no parameters {', '.join(sorted(unknown))}; there are {', '.join(board.accelerator)}")
    if broken := [name for name, value in asked.items() if value != int(value)]:
        raise ParameterError(f"{', '.join(broken)}: whole numbers")
    values = {name: int(value) for name, value in asked.items()}
    n = values.get("N", board.accelerator["N"])
    own = dict(board.accelerator) if n == board.accelerator["N"] else _of_size(board, n)
    verilog = {**own, **values}
    _check(verilog)
    return BuildParameters(verilog, clock_mhz)


def _of_size(board: Board, n: int) -> dict[str, int]:
    """The board's parameters for an array of another size."""
    own = board.accelerator
    dsps = own["N"] * own["DSP_COLUMNS"] // 2
    defaults = AcceleratorParameters(n=n)
    return {
        **own,
        "N": n,
        "DSP_COLUMNS": min(n, 2 * dsps // n // 2 * 2),
        "STREAM_W": own["STREAM_W"] if n >= 16 else 64,
        "ACT_DEPTH": ArrayParameters.of_size(n).act_depth,
        "OUT_DEPTH": 1024 if n < 16 else 512,
        "ACC_DEPTH": defaults.acc_depth,
    }


def _check(verilog: Mapping[str, int]) -> None:
    for name, (least, most) in _OTHERS.items():
        if not least <= verilog[name] <= most:
            raise ParameterError(f"{name} {verilog[name]}: {least} to {most}")
    AcceleratorParameters(**{name.lower(): value for name, value in verilog.items() if name not in _OTHERS})
