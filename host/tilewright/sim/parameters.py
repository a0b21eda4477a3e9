"""What can be chosen of the simulated hardware."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tilewright.program import ArrayParameters
from tilewright.sim.errors import SimulatorBuildError

ARRAY_SIZES = (8, 16, 32)


@dataclass(frozen=True)
class SocParameters:
    """Parameters of the module ``soc`` (cores/soc/rtl/soc.v).

    Attributes:
        n: rows and columns of the array: 8, 16 or 32.
        acc_w: bits of an accumulator.
        act_depth: words of n activations in the activation memory.
        acc_depth: accumulators in a column.
        wgt_depth: weight FIFO in groups of 64 bits (n = 32: 128).
        out_depth: result positions held.
        sram_latency: read latency of the memories in cycles: 1 or 2.
    """

    n: int = 8
    acc_w: int = 28
    act_depth: int = 8192
    acc_depth: int = 1024
    wgt_depth: int = 512
    out_depth: int = 64
    sram_latency: int = 2

    def __post_init__(self) -> None:
        """Raise SimulatorBuildError for an array size that the RTL does not have."""
        if self.n not in ARRAY_SIZES:
            sizes = ", ".join(map(str, ARRAY_SIZES))
            raise SimulatorBuildError(f"array size {self.n}: the hardware exists for {sizes} rows and columns")

    @property
    def array(self) -> ArrayParameters:
        """What a compiler must know of this hardware."""
        return ArrayParameters(n=self.n, acc_w=self.acc_w, act_depth=self.act_depth, acc_depth=self.acc_depth)

    @property
    def verilog(self) -> dict[str, int]:
        """The parameters under their names in Verilog."""
        return {name.upper(): value for name, value in asdict(self).items()}

    @property
    def longest_quiet_time(self) -> int:
        """Upper bound in cycles for a working accelerator without a handshake on any port.

        The weight FIFO can hold all weights that are left, each tile of n rows of them is used for up to ``acc_depth``
        cycles, and only the last pass of an output tile sends results. Twice that, and 4096 cycles for the ends.
        """
        rows_a_group = max(1, 64 // (4 * self.n))
        tiles_held = self.wgt_depth * rows_a_group // self.n + 2
        return 2 * tiles_held * self.acc_depth + 4096
