"""A third party's overlay on the simulated device: a .hwh as Vivado writes it, and the Verilog of its IPs."""

from tilewright.sim.guest.design import ThirdParty
from tilewright.sim.guest.errors import ThirdPartyError

__all__ = ["ThirdParty", "ThirdPartyError"]
