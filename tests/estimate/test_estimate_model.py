"""The estimate as a model: what must hold of any network, without a device. The RTL is in tests/runs."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import networks
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tilewright.cli.estimate import estimate_command
from tilewright.compiler.network import compile_network
from tilewright.compiler.stream import WeightsItem
from tilewright.compiler.timing import time_program
from tilewright.compiler.timing.fifo import FifoTiming, ascending
from tilewright.compiler.timing.results import ResultTiming
from tilewright.errors import CompileError, ParameterError
from tilewright.estimate.estimate import Estimate, estimate_compiled, estimate_network
from tilewright.hardware.block_ram import block_rams, blocks_of
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.network import Network

ARRAYS = [8, 16, 32]


@pytest.fixture(scope="module")
def vgg() -> Network:
    return networks.vgg_network(0)


@pytest.fixture(scope="module")
def small() -> Network:
    return networks.small_network(0)


def assert_adds_up(result: Estimate) -> None:
    """Totals are the sums of their parts, and nothing is negative."""
    assert sum(layer.command_cycles for layer in result.layers) + result.drain_cycles == result.program_cycles
    assert result.drain_cycles > 0
    assert sum(layer.beats.program for layer in result.layers) + 6 == result.beats_in
    assert sum(layer.beats.results for layer in result.layers) + 3 == result.beats_out
    assert max(layer.memory_words for layer in result.layers) == result.peak_words
    assert sum(layer.commands for layer in result.layers) == len(result.commands)
    for index, layer in enumerate(result.layers):
        timings = [command.timing for command in result.commands if command.layer == index]
        assert sum(timing.cycles for timing in timings) == layer.command_cycles
        assert layer.command_cycles == layer.mac_cycles + layer.stalls.total + layer.other
        assert layer.other >= 0
    for before, after in pairwise(result.commands):
        assert after.timing.start == before.timing.start + before.timing.cycles


@pytest.mark.parametrize("n", ARRAYS)
@pytest.mark.parametrize("seed", range(6))
def test_totals_are_sums(n: int, seed: int) -> None:
    rng = np.random.default_rng([seed, n])
    network = networks.random_network(rng)
    for batch, read_back, stall_probability in ((1, (), 0.0), (3, [layer.name for layer in network.layers[:-1]], 0.3)):
        result = estimate_network(network, HardwareParameters(n=n), batch, read_back, stall_probability)
        assert_adds_up(result)
        assert result.macs == network.macs * batch


@pytest.mark.parametrize("n", ARRAYS)
def test_vgg16_takes_less_than_a_second(vgg: Network, n: int) -> None:
    """A second on a machine with nothing else to do; this one may be busy."""
    for batch in (1, 16):
        start = time.perf_counter()
        result = estimate_network(vgg, HardwareParameters(n=n), batch)
        assert time.perf_counter() - start < 5
        assert_adds_up(result)


def test_vgg16_keeps_the_array_busy(vgg: Network) -> None:
    assert vgg.macs == 220_631_040
    for n, batch in ((8, 1), (16, 4), (32, 16)):
        assert estimate_network(vgg, HardwareParameters(n=n), batch).program_utilisation > 0.97


def test_more_stalls_cost_more(small: Network) -> None:
    cycles = [
        estimate_network(small, HardwareParameters(n=16), stall_probability=p).program_cycles
        for p in (0.0, 0.05, 0.2, 0.5, 0.9)
    ]
    assert cycles == sorted(cycles)
    assert cycles[-1] > 2 * cycles[0]
    slowest = estimate_network(small, HardwareParameters(n=16), stall_probability=0.99)
    assert slowest.program_cycles == pytest.approx(100 * slowest.beats_in, rel=0.1)


def test_larger_batches_and_arrays_cost_less_an_image(vgg: Network) -> None:
    for n in ARRAYS:
        each = [estimate_network(vgg, HardwareParameters(n=n), batch).program_cycles / batch for batch in (1, 4, 16)]
        assert all(later <= 1.001 * earlier for earlier, later in pairwise(each))
    assert (
        estimate_network(vgg, HardwareParameters(n=8)).program_cycles
        > estimate_network(vgg, HardwareParameters(n=16)).program_cycles
        > estimate_network(vgg, HardwareParameters(n=32)).program_cycles
    )


def test_a_layer_never_beats_the_array(vgg: Network) -> None:
    for n in ARRAYS:
        for layer in estimate_network(vgg, HardwareParameters(n=n), 4).layers:
            assert layer.command_cycles >= layer.mac_cycles >= layer.macs / n**2
            assert 0 < layer.command_utilisation <= 1
            assert layer.bound_by in {"compute", "weights", "image", "thresholds", "activations", "output", "overhead"}


def test_what_bounds_a_layer(vgg: Network) -> None:
    bounds = [layer.bound_by for layer in estimate_network(vgg, HardwareParameters(n=32)).layers]
    assert bounds[0] == "image"
    assert bounds[1] == "compute"
    assert bounds[-3:] == ["weights"] * 3


def test_smaller_buffers_are_never_faster(small: Network) -> None:
    large = estimate_network(small, HardwareParameters(n=8), 2)
    for tight in ({"wgt_depth": 16}, {"thr_depth": 16}, {"out_depth": 2}, {"thr_sets": 1}):
        result = estimate_network(small, HardwareParameters(n=8, **tight), 2)
        assert_adds_up(result)
        assert result.program_cycles >= large.program_cycles


def test_programs_that_would_never_end_are_refused(small: Network) -> None:
    items = compile_network(small, HardwareParameters().array).items
    without = [item for item in items if not (isinstance(item, WeightsItem) and item.step == 2)]
    with pytest.raises(CompileError, match="never end"):
        time_program(without, HardwareParameters())


def test_what_does_not_fit_is_refused(small: Network) -> None:
    compiled = compile_network(small, HardwareParameters(n=8).array)
    with pytest.raises(CompileError, match="compiled for 8x8"):
        estimate_compiled(compiled, HardwareParameters(n=16))
    with pytest.raises(CompileError, match="stall probability 1"):
        estimate_compiled(compiled, HardwareParameters(n=8), 1.0)
    with pytest.raises(ParameterError, match="array size 12"):
        HardwareParameters(n=12)


# ---- block RAM


@pytest.mark.parametrize(
    ("width", "depth", "blocks"),
    [
        (32, 16384, 16),
        (64, 16384, 32),
        (128, 8192, 30),
        (65, 4096, 8),
        (129, 4096, 15),
        (28, 1024, 1),
        (28, 2048, 2),
        (28, 128, 0.5),
        (192, 512, 3),
        (65, 512, 1),
        (28, 64, 0),
    ],
)
def test_blocks_are_those_of_yosys(width: int, depth: int, blocks: float) -> None:
    """`synth_xilinx -family xc7` on cores/sram/rtl/sram.v gives these."""
    assert blocks_of(width, depth) == blocks


def test_block_rams_by_memory() -> None:
    totals = {n: sum(block_rams(HardwareParameters(n=n)).values()) for n in ARRAYS}
    assert totals == {8: 54, 16: 62, 32: 83}
    # Without the DMA: what `fusesoc run --target synth tilewright:ip:accelerator --N 8` reports
    assert totals[8] - block_rams(HardwareParameters(n=8))["DMA"] == 52


# ---- output


def run(network: Network, *arguments: str) -> str:
    """What the command prints on standard output."""
    app = typer.Typer()

    @app.command()
    def command(plot: Path | None = None, as_json: bool = False, stall_probability: float = 0.0) -> None:
        estimate_command(network, 16, 2, (), stall_probability, 100.0, plot, as_json)

    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json(small: Network) -> None:
    facts = json.loads(run(small, "--as-json"))
    expected = estimate_network(small, HardwareParameters(n=16), 2)
    assert facts["program_cycles"] == expected.program_cycles
    assert facts["images_per_s_at_assumed_clock"] == pytest.approx(2 * 100e6 / expected.program_cycles)
    assert facts["program_utilisation"] == expected.program_utilisation
    assert facts["block_rams_total"] == sum(facts["block_rams"].values())
    assert [layer["name"] for layer in facts["layers"]] == [layer.name for layer in small.layers]
    keys = {"name", "commands", "command_cycles", "macs", "mac_cycles", "command_utilisation"}
    keys |= {"stalls", "other", "beats", "bound_by"}
    for layer in facts["layers"]:
        assert keys <= layer.keys()
        assert layer["stalls"].keys() == {"weights", "activations", "thresholds", "output"}
        assert {"weights", "thresholds", "image"} <= layer["beats"].keys()


def test_table_names_every_layer(small: Network) -> None:
    text = run(small, "--stall-probability", "0.1")
    assert all(layer.name in text for layer in small.layers)
    assert "stall probability 0.1" in text


def test_plot_is_written(small: Network, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run(small, "--plot", str(tmp_path / "small.png"), "--as-json")
    assert (tmp_path / "small.png").read_bytes().startswith(b"\x89PNG")
    run(small, "--plot", str(tmp_path / "small.svg"), "--as-json")
    assert b"<svg" in (tmp_path / "small.svg").read_bytes()


def test_plot_that_cannot_be_written_is_named(small: Network, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "small.png", tmp_path / "small.xyz"):
        with pytest.raises(CompileError, match=path.name):
            estimate_command(small, 8, 1, (), 0.0, 100.0, path, True)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- the model's parts


def test_ascending_keeps_its_distance() -> None:
    times = ascending(np.array([5, 1, 20, 3]), 4)
    np.testing.assert_array_equal(times, [5, 9, 20, 24])


@pytest.mark.parametrize("latency", [1, 2])
def test_fifo_is_that_of_the_hardware(latency: int) -> None:
    """Against stream_fifo behind a sender that counts its places and pushes a cycle later, register by register."""
    rng = np.random.default_rng(latency)
    for _ in range(30):
        words, depth = 60, int(rng.choice([2, 4, 16]))
        wanted_push = np.cumsum(rng.integers(1, 4, words) * (rng.random(words) < 0.7)) + np.arange(words)
        wanted_pop = np.cumsum(rng.integers(1, 4, words) * (rng.random(words) < 0.7)) + np.arange(words)
        pushed, popped = simulate_fifo(wanted_push, wanted_pop, depth, latency)
        fifo = FifoTiming(words, depth, latency)
        at = 0
        while at < words:
            count = min(int(rng.integers(1, 9)), fifo.pushable, words - at)
            if count:
                lower = np.maximum(wanted_push[at : at + count], fifo.space_times(count))
                lower[0] = max(lower[0], pushed[at - 1] if at else 0)
                fifo.push(ascending(lower) + 1)
                np.testing.assert_array_equal(fifo._pushed[at : at + count], pushed[at : at + count])
            at += count
            while fifo.held:
                first = fifo.pops
                size = int(rng.integers(1, fifo.held + 1))
                wanted = wanted_pop[first : first + size]
                floor = int(popped[first - 1]) + 1 if first else 0
                wanted = np.maximum(wanted, floor)
                got = fifo.pop(size, lambda visible, w=wanted: ascending(np.maximum(visible, w)))
                np.testing.assert_array_equal(got, popped[first : first + size])


def simulate_fifo(wanted_push: np.ndarray, wanted_pop: np.ndarray, depth: int, latency: int) -> tuple[np.ndarray, ...]:
    """Cycles in which the words are pushed and popped, each when its side wants it or as soon as the FIFO lets it."""
    words, queue, places = len(wanted_push), latency + 3, depth
    pushed, popped = np.zeros(words, np.int64), np.zeros(words, np.int64)
    held = claimed = count = takes = puts = gets = cycle = 0
    arriving, push, room, leaving = [False] * latency, False, True, False
    while gets < words:
        pop = count > 0 and cycle >= wanted_pop[gets]
        take = takes < words and places > 0 and cycle >= wanted_push[takes]
        read = held > 0 and room
        if push:
            pushed[puts] = cycle
            puts += 1
        if pop:
            popped[gets] = cycle
            gets += 1
        held, count, claimed = held + push - read, count + arriving[-1] - pop, claimed + read - leaving
        room, leaving = claimed < queue, pop
        takes, places, push = takes + take, places - take + pop, take
        arriving = [read, *arriving[:-1]]
        cycle += 1
    return pushed, popped


@pytest.mark.parametrize("latency", [1, 2])
@pytest.mark.parametrize("n", [8, 32])
def test_results_are_those_of_the_hardware(n: int, latency: int) -> None:
    """Against result_reader, written out register by register: raw sums and words, in turns."""
    rng = np.random.default_rng([n, latency])
    for _ in range(20):
        depth = int(rng.choice([2, 8, 64]))
        delays, beats = (2 * n + 3 + latency, 2 + latency), (n // 2, max(1, n // 16))
        hardware = [ResultBuffer(depth, *both, latency) for both in zip(delays, beats, strict=True)]
        sums, words = (ResultTiming(depth, d + 1, b, latency) for d, b in zip(delays, beats, strict=True))
        clock = Clock(hardware)
        for _ in range(6):
            count, pause = int(rng.integers(1, 3 * depth)), int(rng.choice([0, 1, 2, 40]))
            first = clock.cycle + pause
            issued = clock.issue(0, first, count)
            assert sums.issue(first, count, blocked=words.sent) == (issued[0], issued[-1])
            first = clock.when_empty(0)
            assert sums.empty_at == first
            issued = clock.issue(1, first, count)
            assert words.issue(first, count) == (issued[0], issued[-1])
        assert clock.when_empty(1) == words.empty_at


class ResultBuffer:
    """A result_reader with its queue; positions are stored so many cycles after their issue."""

    def __init__(self, depth: int, delay: int, beats: int, latency: int) -> None:
        self.beats = beats
        self.coming, self.arriving = [False] * delay, [False] * latency
        self.reserved = self.held = self.claimed = self.queue = self.part = 0
        self.empty = self.room = True
        self.reserve = self.popped = self.freed = False
        self.places = depth

    @property
    def valid(self) -> bool:
        return self.queue > 0

    @property
    def space(self) -> bool:
        return self.places > 0

    def clock(self, issue: bool, pop: bool) -> None:
        """One cycle, in which a position is issued, a beat leaves, or neither."""
        read = self.held > 0 and self.room
        taken = read and self.part == self.beats - 1
        self.places, self.freed = self.places + self.freed - issue, taken
        self.empty = self.reserved == 0 and not self.reserve and self.claimed == 0
        self.reserved += self.reserve - taken
        self.held += self.coming[-1] - taken
        self.claimed += read - self.popped
        self.room = self.claimed < len(self.arriving) + 3
        self.queue += self.arriving[-1] - pop
        self.part = (self.part + read) % self.beats
        self.coming, self.arriving = [issue, *self.coming[:-1]], [read, *self.arriving[:-1]]
        self.reserve, self.popped = issue, pop


class Clock:
    """Issues positions to two buffers; beats of the second leave before those of the first."""

    def __init__(self, buffers: list[ResultBuffer]) -> None:
        self.buffers, self.cycle = buffers, 0

    def step(self, buffer: int | None = None) -> None:
        leaving = 1 if self.buffers[1].valid else 0
        for index, each in enumerate(self.buffers):
            each.clock(index == buffer, index == leaving and each.valid)
        self.cycle += 1

    def issue(self, buffer: int, first: int, count: int) -> list[int]:
        """Cycles in which positions are issued, each when there is space."""
        issued: list[int] = []
        while len(issued) < count:
            goes = self.cycle >= first and self.buffers[buffer].space
            if goes:
                issued.append(self.cycle)
            self.step(buffer if goes else None)
        return issued

    def when_empty(self, buffer: int) -> int:
        """The first cycle from now on in which a buffer is empty, behind the ones that its reservations take."""
        for _ in range(3):
            self.step()
        while not self.buffers[buffer].empty:
            self.step()
        return self.cycle
