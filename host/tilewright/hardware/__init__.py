"""What the RTL and Python agree on: registers, parameters, beats, commands, programs, results."""

from tilewright.hardware import assumed_clock

__all__ = ["assumed_clock"]
