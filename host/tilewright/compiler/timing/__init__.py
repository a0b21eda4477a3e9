"""Cycles of a program without simulation: a model of stream and array, exact where the memory never stalls.

Each module times one part of the hardware: ``supply`` the DMA, ``decoder`` the command decoder, ``fifo`` a FIFO,
``thresholds`` the columns' threshold sets, ``sequencer`` the passes, ``writeback`` the codes' way back, ``results``
what leaves; ``program`` lets them go on by turns. All cycles are counted from the one in which the decoder takes the
program's first beat.
"""

from tilewright.compiler.timing.program import CommandTiming, ProgramTiming, time_program

__all__ = ["CommandTiming", "ProgramTiming", "time_program"]
