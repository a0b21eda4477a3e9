"""Exceptions of third parties' overlays."""

from __future__ import annotations

from tilewright.errors import SimulationError


class ThirdPartyError(SimulationError):
    """A block design or its Verilog cannot be simulated: names what is missing or not supported."""
