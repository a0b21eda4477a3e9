"""Cycles of a program, CONV command by CONV command, as the hardware's counters and its log show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.compiler.stream import ConvItem, Item, ThresholdsItem, WeightsItem
from tilewright.compiler.timing.decoder import BEGIN_WORDS, END_WORDS, DecoderTiming, LoadTiming, words_of
from tilewright.compiler.timing.fifo import ThresholdFifoTiming
from tilewright.compiler.timing.sequencer import SequencerTiming
from tilewright.compiler.timing.supply import WordSupply
from tilewright.compiler.timing.thresholds import ThresholdTiming
from tilewright.compiler.timing.weights import WeightTiming
from tilewright.errors import CompileError
from tilewright.hardware.beats import STREAM_WORD_BEATS
from tilewright.hardware.commands import LEAD_BEATS, Conv, Mode
from tilewright.hardware.parameters import HardwareParameters
from tilewright.hardware.results import TRAILER_BEATS

# From the last word, and from the cycle in which the engine is empty, to that in which the decoder asks for the trailer
SETTLE_CYCLES, IDLE_CYCLES = 8, 3
# From the trailer's last beat to the end of the count
END_CYCLES = 1
# From a CONV command's last position to the cycles that its entry in the log holds
LOG_CYCLES = 1


@dataclass(frozen=True)
class CommandTiming:
    """What the log says of a CONV command, less what it said of the one before.

    Attributes:
        conv: the command.
        start: cycle of the entry before, 0 for the first.
        cycles: from there to its last position.
        mac_cycles: positions issued.
        stall_weights, stall_activations, stall_thresholds, stall_output: cycles in which it waits, by cause.
        result_beats: beats that it returns.
    """

    conv: Conv
    start: int
    cycles: int
    mac_cycles: int
    stall_weights: int
    stall_activations: int
    stall_thresholds: int
    stall_output: int
    result_beats: int


@dataclass(frozen=True)
class ProgramTiming:
    """Timing of a program.

    Attributes:
        cycles: the counter CYCLES.
        beats_in, beats_out: beats of the program, and of its results and their trailer.
        commands: one entry a CONV command, READs included.
    """

    cycles: int
    beats_in: int
    beats_out: int
    commands: tuple[CommandTiming, ...]


def time_program(items: Sequence[Item], hardware: HardwareParameters, stall_probability: float = 0.0) -> ProgramTiming:
    """Cycles of a program.

    Args:
        items: of :class:`tilewright.compiler.network.CompiledNetwork`.
        hardware: that it runs on.
        stall_probability: that a cycle of the memory brings no beat, 0 or more and below 1.

    Returns:
        Its timing; without stalls that of the hardware, cycle by cycle.

    Raises:
        CompileError: the program would never end.
    """
    words = BEGIN_WORDS + END_WORDS + sum(words_of(1 + item.beats) for item in items)
    groups = sum(item.beats - LEAD_BEATS for item in items if isinstance(item, WeightsItem)) // hardware.group_beats
    threshold_words = sum(words_of(item.beats - LEAD_BEATS) for item in items if isinstance(item, ThresholdsItem))
    convs = [item.conv for item in items if isinstance(item, ConvItem)]
    described: list[int] = []
    supply = WordSupply(words, stall_probability, hardware)
    weights = WeightTiming(hardware, groups)
    thresholds = ThresholdFifoTiming(threshold_words, hardware)
    sets = ThresholdTiming(hardware, thresholds)
    sequencer = SequencerTiming(hardware, convs, weights, sets, described)
    decoder = DecoderTiming(hardware, items, supply, weights, thresholds, sets, described)
    before = -1
    for _ in decoder.run(sequencer):
        if not sequencer.advance() and supply.taken == before:
            raise CompileError("the program would never end: a command waits for what none before it makes")
        before = supply.taken
    sequencer.advance()
    if decoder.end is None or not sequencer.finished:
        raise CompileError("the program would never end: weights or thresholds are missing")
    request = max(decoder.end + SETTLE_CYCLES, sequencer.idle_at + IDLE_CYCLES)
    cycles = sequencer.output.end(request) + END_CYCLES
    commands = _commands(convs, sequencer, decoder.loads, hardware)
    beats_out = sum(command.result_beats for command in commands) + TRAILER_BEATS
    return ProgramTiming(cycles, words * STREAM_WORD_BEATS, beats_out, commands)


def _commands(
    convs: Sequence[Conv], sequencer: SequencerTiming, loads: Sequence[LoadTiming], hardware: HardwareParameters
) -> tuple[CommandTiming, ...]:
    result = []
    start = closed = 0
    for index, (conv, timing) in enumerate(zip(convs, sequencer.timings, strict=True)):
        # A LOAD that goes on while no CONV command is open counts as a wait for activations.
        loading = sum(max(0, min(timing.accepted, load.last) - max(closed, load.first) + 1) for load in loads)
        logged = timing.last_issue + LOG_CYCLES
        result.append(
            CommandTiming(
                conv=conv,
                start=start,
                cycles=logged - start,
                mac_cycles=0 if conv.mode is Mode.READ else conv.passes * conv.positions,
                stall_weights=timing.stall_weights,
                stall_activations=timing.stall_activations + loading,
                stall_thresholds=timing.stall_thresholds,
                stall_output=timing.stall_output,
                result_beats=_result_beats(conv, hardware),
            )
        )
        start, closed = logged, sequencer.closed_at(index)
    return tuple(result)


def _result_beats(conv: Conv, hardware: HardwareParameters) -> int:
    if conv.mode is Mode.CODES or conv.hold:
        return 0
    if conv.mode is Mode.READ:
        return hardware.array.load_beats(conv.ic_tiles * conv.positions)
    return conv.oc_tiles * conv.positions * hardware.n // 2
