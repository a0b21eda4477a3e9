"""Exceptions of the simulated device that no board has."""

from __future__ import annotations

from tilewright.errors import SimulationError


class SimulatorBuildError(SimulationError):
    """The simulated hardware could not be built: a tool or a source is missing, or a build step failed.

    To do: install what the message names (`make setup`), or correct the line of your Verilog that it names.
    """


class OverlayFileError(SimulationError):
    """A .bit is not one of :mod:`tilewright.sim.metadata`, a .hwh is damaged, or the two do not belong together.

    To do: write the .bit anew (`tilewright simulate`), and keep it beside its .hwh.
    """


class BusError(SimulationError):
    """A register access that a board would answer with a bus error, or never.

    Raised for an address where nothing is, a response other than OKAY, no response, and when the hardware broke a rule
    of AXI, or an assertion of its RTL.
    """


class DdrExhaustedError(SimulationError, MemoryError):
    """The simulated DDR has no room for a buffer.

    To do: free buffers that are no longer used, or allocate smaller ones.
    """
