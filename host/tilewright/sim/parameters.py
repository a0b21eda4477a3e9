"""What can be chosen of the simulated hardware."""

from __future__ import annotations

import reprlib
from dataclasses import asdict, dataclass

from tilewright.errors import ParameterError
from tilewright.hardware.parameters import AcceleratorParameters


@dataclass(frozen=True)
class SocParameters(AcceleratorParameters):
    """Parameters of the module ``soc`` (cores/soc/rtl/soc.v): those of its accelerator, and one of its DMA.

    Attributes:
        scatter_gather: whether the DMA has scatter-gather mode, in which the registers of direct mode are absent.
    """

    scatter_gather: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.scatter_gather) is not bool:
            raise ParameterError(f"scatter_gather {reprlib.repr(self.scatter_gather)}: true or false")

    @property
    def verilog(self) -> dict[str, int]:
        """The parameters under their names in Verilog."""
        return {name.upper(): int(value) for name, value in asdict(self).items()}
