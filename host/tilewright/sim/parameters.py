"""What can be chosen of the simulated hardware."""

from __future__ import annotations

import reprlib
from dataclasses import asdict, dataclass

from tilewright.errors import ParameterError
from tilewright.hardware.parameters import AcceleratorParameters


@dataclass(frozen=True)
class SocParameters(AcceleratorParameters):
    """Parameters of the module ``soc`` (cores/soc/rtl/soc.v): those of its accelerator, and two of its own.

    Attributes:
        scatter_gather: whether the DMA has scatter-gather mode, in which the registers of direct mode are absent.
        protocol: whether monitors look at every AXI port (cores/protocol): what breaks a rule of AXI raises a BusError
            with the port and the specification's paragraph. A build of its own, and slower.
    """

    scatter_gather: bool = False
    protocol: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("scatter_gather", "protocol"):
            value = getattr(self, name)
            if type(value) is not bool:
                raise ParameterError(f"{name} {reprlib.repr(value)}: true or false")

    @property
    def verilog(self) -> dict[str, int]:
        """The parameters under their names in Verilog."""
        return {name.upper(): int(value) for name, value in asdict(self).items()}
