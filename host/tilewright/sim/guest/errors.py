"""Exceptions of third parties' overlays."""

from __future__ import annotations

from tilewright.errors import SimulationError


class ThirdPartyError(SimulationError):
    """A block design or its Verilog cannot be simulated: names what is missing or not supported.

    To do: give the Verilog that it names, or leave the IP out; docs/third_party.md has what is supported.
    """
