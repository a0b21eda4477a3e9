"""What can be chosen of the simulated hardware."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tilewright.parameters import AcceleratorParameters


@dataclass(frozen=True)
class SocParameters(AcceleratorParameters):
    """Parameters of the module ``soc`` (cores/soc/rtl/soc.v): those of its accelerator, and one of its DMA.

    Attributes:
        scatter_gather: whether the DMA has scatter-gather mode, in which the registers of direct mode are absent.
    """

    scatter_gather: bool = False

    @property
    def verilog(self) -> dict[str, int]:
        """The parameters under their names in Verilog."""
        return {name.upper(): int(value) for name, value in asdict(self).items()}
