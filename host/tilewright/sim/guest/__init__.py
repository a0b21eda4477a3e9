"""A third party's overlay on the simulated device: a .hwh with an AXI DMA, and the Verilog of one IP behind it."""

from tilewright.sim.guest.design import ThirdParty
from tilewright.sim.guest.errors import ThirdPartyError

__all__ = ["ThirdParty", "ThirdPartyError"]
