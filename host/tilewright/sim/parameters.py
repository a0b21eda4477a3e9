"""What can be chosen of the simulated hardware."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tilewright.parameters import AcceleratorParameters


@dataclass(frozen=True)
class SocParameters(AcceleratorParameters):
    """Parameters of the module ``soc`` (cores/soc/rtl/soc.v): those of its accelerator."""

    @property
    def verilog(self) -> dict[str, int]:
        """The parameters under their names in Verilog."""
        return {name.upper(): value for name, value in asdict(self).items()}
