"""What a network costs on an array, without simulation: cycles, stalls, beats, memory (``docs/estimate.md``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.compiler.planner import Placement
from tilewright.compiler.stages import Stage
from tilewright.compiler.stream import ConvItem, ImageItem, Item, ThresholdsItem, WeightsItem
from tilewright.compiler.timing import CommandTiming, time_program
from tilewright.errors import CompileError
from tilewright.hardware import assumed_clock
from tilewright.hardware.block_ram import block_rams
from tilewright.hardware.commands import LEAD_BEATS, Image
from tilewright.hardware.parameters import HardwareParameters
from tilewright.hardware.program_format import HEADER, IMAGE
from tilewright.network.network import Network

# Share of a layer's cycles in which it issues positions, from which on nothing else counts as its bound
COMPUTE_BOUND = 0.9


@dataclass(frozen=True)
class Stalls:
    """Cycles in which the array waits, by cause; ``docs/registers.md`` says what each counter counts."""

    weights: int
    activations: int
    thresholds: int
    output: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.activations + self.thresholds + self.output


@dataclass(frozen=True)
class Beats:
    """64-bit beats that a layer's commands take from the stream, and those that they return.

    Attributes:
        weights, thresholds, image: data.
        commands: headers, descriptors, fields of IMAGE, the beats of zeros before weights and thresholds.
        results: sums, and maps that are read back.
    """

    weights: int
    thresholds: int
    image: int
    commands: int
    results: int

    @property
    def program(self) -> int:
        """All that the program spends on the layer."""
        return self.weights + self.thresholds + self.image + self.commands


@dataclass(frozen=True)
class LayerEstimate:
    """A layer: all its CONV commands, whatever runs between them.

    Attributes:
        name: of the layer.
        commands: CONV commands, READs included.
        command_cycles: from the end of the command before each to its own, summed.
        macs: multiplications of the batch, as :attr:`tilewright.network.network.Network.macs` counts them: true
            channels
            only, positions that pooling drops included (the array skips them); 0 for an average.
        peak_macs: multiplications a cycle that the array can do.
        mac_cycles: output positions issued.
        stalls: cycles in which it waits.
        beats: of its commands.
        folded_words: activation words, one a cycle, that its images are folded into.
        memory_words: of the activation memory that live at one time while it runs, at most.
    """

    name: str
    commands: int
    command_cycles: int
    macs: int
    peak_macs: int
    mac_cycles: int
    stalls: Stalls
    beats: Beats
    folded_words: int
    memory_words: int

    @property
    def other(self) -> int:
        """Cycles that are neither work nor a stall: between commands, before the first, of a READ."""
        return self.command_cycles - self.mac_cycles - self.stalls.total

    @property
    def command_utilisation(self) -> float:
        """Share of the array's multiplications that the layer's own are: macs / (peak_macs * command_cycles)."""
        return self.macs / (self.peak_macs * self.command_cycles)

    @property
    def macs_a_beat(self) -> float:
        """Multiplications for each beat of the program: operational intensity."""
        return self.macs / self.beats.program

    @property
    def bound_by(self) -> str:
        """What its time is spent on: ``compute``, or else what takes most of the cycles without work.

        The array waits for weights while the stream brings what lies before them: such a wait counts for that of which
        the layer has the most beats, or images that take the most cycles.
        """
        if self.mac_cycles >= COMPUTE_BOUND * self.command_cycles:
            return "compute"
        causes = {**asdict(self.stalls), "overhead": self.other}
        cause = max(causes, key=lambda name: causes[name])
        if cause != "weights":
            return cause
        beats = self.beats
        payload = {
            "weights": beats.weights,
            "thresholds": beats.thresholds,
            "image": max(beats.image, self.folded_words),
        }
        return max(payload, key=lambda name: payload[name])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "other": self.other,
            "command_utilisation": self.command_utilisation,
            "macs_a_beat": self.macs_a_beat,
            "bound_by": self.bound_by,
        }


@dataclass(frozen=True)
class CommandEstimate:
    """One CONV command.

    Attributes:
        layer: index of its layer.
        timing: its cycles.
    """

    layer: int
    timing: CommandTiming


@dataclass(frozen=True)
class Estimate:
    """A batch on an array.

    Attributes:
        network: its name.
        hardware: the array and its memories.
        batch: images a program.
        stall_probability: that a cycle of the memory brings no beat.
        program_cycles: from the program's first beat to the end of the trailer (the counter CYCLES).
        beats_in, beats_out: of the program, and of results and trailer.
        layers: in order.
        commands: in order.
        peak_words: words of the activation memory that live at one time, at most.
        block_rams: BRAM36 by memory.
    """

    network: str
    hardware: HardwareParameters
    batch: int
    stall_probability: float
    program_cycles: int
    beats_in: int
    beats_out: int
    layers: tuple[LayerEstimate, ...]
    commands: tuple[CommandEstimate, ...]
    peak_words: int
    block_rams: dict[str, float]

    @property
    def macs(self) -> int:
        """Multiplications of the batch."""
        return sum(layer.macs for layer in self.layers)

    @property
    def program_utilisation(self) -> float:
        """Share of the array's multiplications that the network's own are: macs / (n * n * program_cycles)."""
        return self.macs / (self.hardware.n**2 * self.program_cycles)

    @property
    def drain_cycles(self) -> int:
        """Cycles behind the last command: its last results and the trailer."""
        return self.program_cycles - sum(layer.command_cycles for layer in self.layers)

    def as_dict(self, clock_mhz: float) -> dict[str, Any]:
        """For JSON; the commands are left out. Images a second: at an assumed clock, programs without a gap."""
        return {
            "network": self.network,
            "array": self.hardware.n,
            "hardware": asdict(self.hardware),
            "batch": self.batch,
            "stall_probability": self.stall_probability,
            "program_cycles": self.program_cycles,
            "cycles_an_image": self.program_cycles / self.batch,
            "drain_cycles": self.drain_cycles,
            "macs": self.macs,
            "program_utilisation": self.program_utilisation,
            **assumed_clock.as_dict(self.batch, self.program_cycles, clock_mhz),
            "beats_in": self.beats_in,
            "beats_out": self.beats_out,
            "memory_words": self.hardware.act_depth,
            "peak_words": self.peak_words,
            "block_rams": self.block_rams,
            "block_rams_total": sum(self.block_rams.values()),
            "layers": [layer.as_dict() for layer in self.layers],
        }


def estimate_network(
    network: Network,
    hardware: HardwareParameters,
    batch: int = 1,
    read_back: Collection[str] = (),
    stall_probability: float = 0.0,
) -> Estimate:
    """What a batch of a network costs.

    Args:
        network: the network.
        hardware: that it runs on.
        batch: images a program.
        read_back: names of layers whose maps are read back.
        stall_probability: that a cycle of the memory brings no beat; 0 is exact, above it the mean is predicted.

    Returns:
        The estimate.

    Raises:
        CompileError: the network does not fit, or the probability is not below 1.
    """
    return estimate_compiled(compile_network(network, hardware.array, batch, read_back), hardware, stall_probability)


def estimate_compiled(
    compiled: CompiledNetwork, hardware: HardwareParameters, stall_probability: float = 0.0
) -> Estimate:
    """:func:`estimate` for a network that is compiled.

    Raises:
        CompileError: it was compiled for other hardware, or the probability is not below 1.
    """
    if compiled.array != hardware.array:
        raise CompileError(f"the network is compiled for {compiled.array}; the hardware has {hardware.array}")
    if not 0.0 <= stall_probability < 1.0:
        raise CompileError(f"stall probability {stall_probability}: 0 or more, and below 1")
    timing = time_program(compiled.items, hardware, stall_probability)
    steps = compiled.placement.schedule.steps
    convs = [item for item in compiled.items if isinstance(item, ConvItem)]
    commands = tuple(
        CommandEstimate(steps[item.step].stage, command) for item, command in zip(convs, timing.commands, strict=True)
    )
    words = _words_by_step(compiled.placement)
    return Estimate(
        network=compiled.network.name,
        hardware=hardware,
        batch=compiled.batch,
        stall_probability=stall_probability,
        program_cycles=timing.cycles,
        beats_in=timing.beats_in,
        beats_out=timing.beats_out,
        layers=tuple(_layer(compiled, stage, commands, words) for stage in compiled.stages),
        commands=commands,
        peak_words=compiled.placement.peak,
        block_rams=block_rams(hardware),
    )


def _layer(
    compiled: CompiledNetwork, stage: Stage, commands: Sequence[CommandEstimate], words: Sequence[int]
) -> LayerEstimate:
    timings = [command.timing for command in commands if command.layer == stage.index]
    steps = compiled.placement.schedule.steps
    items = [item for item in compiled.items if steps[item.step].stage == stage.index]
    images = [item.command for item in items if isinstance(item, ImageItem)]
    h, w = stage.layer.sums_size(compiled.network.in_sizes[stage.index])
    return LayerEstimate(
        name=stage.name,
        commands=len(timings),
        command_cycles=sum(timing.cycles for timing in timings),
        macs=stage.layer.macs_a_position * h * w * compiled.batch,
        peak_macs=compiled.array.n**2,
        mac_cycles=sum(timing.mac_cycles for timing in timings),
        stalls=Stalls(
            weights=sum(timing.stall_weights for timing in timings),
            activations=sum(timing.stall_activations for timing in timings),
            thresholds=sum(timing.stall_thresholds for timing in timings),
            output=sum(timing.stall_output for timing in timings),
        ),
        beats=_beats(items, timings),
        folded_words=sum(_folded_words(command, compiled.array.n) for command in images),
        memory_words=max(live for live, step in zip(words, steps, strict=True) if step.stage == stage.index),
    )


def _beats(items: Sequence[Item], timings: Sequence[CommandTiming]) -> Beats:
    images = [item for item in items if isinstance(item, ImageItem)]
    convs = [item for item in items if isinstance(item, ConvItem)]
    weights = [item for item in items if isinstance(item, WeightsItem)]
    thresholds = [item for item in items if isinstance(item, ThresholdsItem)]
    before_data = len(images) * IMAGE.beats + (len(weights) + len(thresholds)) * LEAD_BEATS
    return Beats(
        weights=sum(item.beats - LEAD_BEATS for item in weights),
        thresholds=sum(item.beats - LEAD_BEATS for item in thresholds),
        image=sum(item.beats - IMAGE.beats for item in images),
        commands=len(items) * HEADER.beats + before_data + sum(item.beats for item in convs),
        results=sum(timing.result_beats for timing in timings),
    )


def _folded_words(command: Image, n: int) -> int:
    """Activation words of n values that an IMAGE command's taps become: their high nibbles and their low ones."""
    tiles = -(-command.kernel_h * command.run_bytes // n)
    return 2 * tiles * command.out_h * command.out_w * command.images


def _words_by_step(placement: Placement) -> list[int]:
    """Words of the activation memory that live in each step."""
    alive = placement.lifetimes()
    steps = range(len(placement.schedule.steps))
    return [sum(item.buffer.words for item in alive if item.first <= step <= item.last) for step in steps]
