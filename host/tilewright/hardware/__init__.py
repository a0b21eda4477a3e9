"""What the RTL and Python agree on: registers, parameters, beats, commands, programs, results."""

from typing import TYPE_CHECKING

from tilewright.hardware import assumed_clock
from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.hardware.parameters import ArrayParameters
    from tilewright.hardware.program import Program, decode_program

__all__ = ["ArrayParameters", "Program", "assumed_clock", "decode_program"]
__getattr__ = late_names(__name__, {"ArrayParameters": "parameters", "Program": "program", "decode_program": "program"})
