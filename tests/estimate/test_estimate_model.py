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
from tilewright.cli.plots import Plot, checked_plot
from tilewright.compiler.network import compile_network
from tilewright.compiler.stream import WeightsItem
from tilewright.compiler.timing import time_program
from tilewright.compiler.timing.fifo import ThresholdFifoTiming, ascending
from tilewright.compiler.timing.results import OutputTiming, SumsTiming, WordsTiming
from tilewright.compiler.timing.supply import WordSupply
from tilewright.errors import CompileError, ParameterError
from tilewright.estimate.estimate import Estimate, estimate_compiled, estimate_network
from tilewright.hardware.block_ram import block_rams, blocks_of, ultra_rams
from tilewright.hardware.parameters import ARRAY_SIZES, HardwareParameters
from tilewright.network.network import Network


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
    assert sum(layer.beats.results for layer in result.layers) + 4 == result.beats_out
    assert max(layer.memory_words for layer in result.layers) == result.peak_words
    assert sum(layer.commands for layer in result.layers) == len(result.commands)
    for index, layer in enumerate(result.layers):
        timings = [command.timing for command in result.commands if command.layer == index]
        assert sum(timing.cycles for timing in timings) == layer.command_cycles
        assert layer.command_cycles == layer.mac_cycles + layer.stalls.total + layer.other
        assert layer.other >= 0
    for before, after in pairwise(result.commands):
        assert after.timing.start == before.timing.start + before.timing.cycles


@pytest.mark.parametrize("n", ARRAY_SIZES)
@pytest.mark.parametrize("seed", range(6))
def test_totals_are_sums(n: int, seed: int) -> None:
    rng = np.random.default_rng([seed, n])
    network = networks.random_network(rng)
    for batch, read_back, stall_probability in ((1, (), 0.0), (3, [layer.name for layer in network.layers[:-1]], 0.3)):
        result = estimate_network(network, HardwareParameters(n=n), batch, read_back, stall_probability)
        assert_adds_up(result)
        assert result.macs == network.macs * batch


@pytest.mark.parametrize("n", ARRAY_SIZES)
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
    slowest = estimate_network(small, HardwareParameters(n=16), stall_probability=0.99)
    assert cycles[-1] > 10 * slowest.beats_in
    assert slowest.program_cycles == pytest.approx(100 * slowest.beats_in, rel=0.1)


def test_larger_batches_and_arrays_cost_less_an_image(vgg: Network) -> None:
    for n in ARRAY_SIZES:
        each = [estimate_network(vgg, HardwareParameters(n=n), batch).program_cycles / batch for batch in (1, 4, 16)]
        assert all(later <= 1.001 * earlier for earlier, later in pairwise(each))
    assert (
        estimate_network(vgg, HardwareParameters(n=8)).program_cycles
        > estimate_network(vgg, HardwareParameters(n=16)).program_cycles
        > estimate_network(vgg, HardwareParameters(n=32)).program_cycles
    )


def test_a_layer_never_beats_the_array(vgg: Network) -> None:
    for n in ARRAY_SIZES:
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


def test_vgg16_keeps_a_64x64_array_busy(vgg: Network) -> None:
    """Of 32 images, whose maps fill the activation memory, over a stream of 128 bits."""
    result = estimate_network(vgg, HardwareParameters(n=64, stream_w=128), 32)
    assert result.peak_words <= result.hardware.array.act_depth == 8192
    assert result.program_utilisation >= 0.93


@pytest.mark.parametrize(("stream_w", "rushed"), [(64, 487), (128, 974)])
def test_the_dma_reads_512_of_its_own_words_ahead(stream_w: int, rushed: int) -> None:
    """The memory brings half of what the stream takes; of what waits in the FIFO, and comes meanwhile, none is late."""
    hardware = HardwareParameters(n=16, stream_w=stream_w)
    supply = WordSupply(4096, 0.5, hardware)
    steps = np.diff(supply.take(100_000, 2048))
    assert (steps[: rushed - 1] == hardware.word_pitch).all()
    assert steps[rushed - 1 :].mean() == pytest.approx(2 * hardware.word_pitch, rel=0.02)


# ---- block RAM


@pytest.mark.parametrize(
    ("width", "depth", "blocks"),
    [
        (32, 16384, 16),
        (64, 16384, 32),
        (128, 8192, 32),
        (128, 5000, 32),
        (4, 65536, 8),
        (65, 4096, 8),
        (129, 4096, 15),
        (256, 8192, 64),
        (256, 4096, 29),
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
    totals = {n: sum(block_rams(HardwareParameters(n=n)).values()) for n in ARRAY_SIZES}
    assert totals == {8: 66, 16: 74, 32: 105, 64: 199}
    # Without the DMA: what `fusesoc run --target synth tilewright:ip:accelerator --N 8` reports
    assert totals[8] - block_rams(HardwareParameters(n=8))["DMA"] == 64


@pytest.mark.parametrize(("n", "total"), [(16, 84), (32, 108), (64, 202)])
def test_a_wide_stream_widens_memories(n: int, total: int) -> None:
    """Weight store where it makes the groups wider, threshold FIFO (as many beats) and the DMA (as many words)."""
    narrow, wide = (block_rams(HardwareParameters(n=n, stream_w=width)) for width in (64, 128))
    changed = {name: (narrow[name], wide[name]) for name in narrow if narrow[name] != wide[name]}
    groups = {"weight store": (8, 15)} if n == 16 else {}
    assert changed == {**groups, "threshold FIFO": (1, 2), "DMA": (2, 4)}
    assert sum(wide.values()) == total
    deep = HardwareParameters(n=n, stream_w=128, thr_depth=2048)
    assert block_rams(deep)["threshold FIFO"] == block_rams(deep)["DMA"] == 4


def test_ultra_rams() -> None:
    """As wide and as deep as words and banks of the activation memory need."""
    assert {n: ultra_rams(HardwareParameters(n=n)) for n in ARRAY_SIZES} == {8: 8, 16: 4, 32: 4, 64: 8}
    assert {n: ultra_rams(HardwareParameters(n=n, stream_w=128)) for n in ARRAY_SIZES[1:]} == {16: 4, 32: 4, 64: 8}


# ---- output


def run(network: Network, *arguments: str) -> str:
    """What the command prints on standard output."""
    app = typer.Typer()

    @app.command()
    def command(
        plot: Path | None = None, dark: bool = False, as_json: bool = False, stall_probability: float = 0.0
    ) -> None:
        chosen = checked_plot(plot, dark)
        estimate_command(network, HardwareParameters(n=16), 2, (), stall_probability, 100.0, chosen, as_json)

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


def test_pictures_are_written(small: Network, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = [f"small{end}" for end in ("", "-memory", "-network", "-roofline")]
    run(small, "--plot", str(tmp_path / "small.png"))
    run(small, "--plot", str(tmp_path / "small.svg"), "--dark", "--as-json")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        f"{name}.{kind}" for name in names for kind in ("png", "svg")
    )
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in tmp_path.glob("*.png"))
    assert all("#1e2129" in file.read_text(encoding="utf-8") for file in tmp_path.glob("*.svg"))


def test_plot_that_cannot_be_written_is_named(small: Network, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "small.png", tmp_path / "small.xyz"):
        with pytest.raises(CompileError, match=path.name):
            estimate_command(small, HardwareParameters(), 1, (), 0.0, 100.0, Plot(path), True)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- the model's parts


def test_ascending_keeps_its_distance() -> None:
    times = ascending(np.array([5, 1, 20, 3]), 4)
    np.testing.assert_array_equal(times, [5, 9, 20, 24])


@pytest.mark.parametrize("stream_w", [64, 128])
@pytest.mark.parametrize("latency", [1, 2])
def test_threshold_fifo_is_that_of_the_hardware(latency: int, stream_w: int) -> None:
    """Against threshold_fifo behind a sender that counts its places and pushes a cycle later, register by register."""
    rng = np.random.default_rng([latency, stream_w])
    for _ in range(30):
        words, depth = 40, int(rng.choice([8, 16, 32]))
        hardware = HardwareParameters(n=16, thr_depth=depth, sram_latency=latency, stream_w=stream_w)
        pitch = hardware.word_pitch
        wanted = np.cumsum(rng.integers(0, 5, words) * (rng.random(words) < 0.7)) + np.arange(words) * pitch
        ready = np.cumsum(rng.integers(1, 4, 2 * words) * (rng.random(2 * words) < 0.7)) + np.arange(2 * words)
        taken, popped = simulate_threshold_fifo(wanted, ready, hardware)
        fifo = ThresholdFifoTiming(words, hardware)
        at = 0
        while at < words:
            count = min(int(rng.integers(1, 9)), fifo.pushable, words - at)
            if count:
                lower = np.maximum(wanted[at : at + count], fifo.space_times(count))
                lower[0] = max(lower[0], taken[at - 1] + pitch if at else 0)
                fifo.take(ascending(lower, pitch))
                np.testing.assert_array_equal(ascending(lower, pitch), taken[at : at + count])
            at += count
            while fifo.held:
                first = fifo.pops
                size = int(rng.integers(1, fifo.held + 1))
                floor = int(popped[first - 1]) + 1 if first else 0
                lower = np.maximum(ready[first : first + size], floor)
                got = fifo.pop(size, lambda visible, w=lower: ascending(np.maximum(visible, w)))
                np.testing.assert_array_equal(got, popped[first : first + size])


def simulate_threshold_fifo(
    wanted: np.ndarray, ready: np.ndarray, hardware: HardwareParameters
) -> tuple[np.ndarray, ...]:
    """Cycles in which words are taken and their beats popped, each when its side wants it or as soon as it can."""
    words, queue, places = len(wanted), hardware.sram_latency + 3, hardware.thr_depth // 2
    wide, pitch = hardware.stream_w == 128, hardware.word_pitch
    taken, popped = np.zeros(words, np.int64), np.zeros(2 * words, np.int64)
    held = claimed = count = takes = gets = cycle = left = pops = 0
    arriving, pushes, room, leaving = [False] * hardware.sram_latency, [], True, False
    while gets < 2 * words:
        pushed = bool(pushes) and pushes.pop(0)
        leaves = (left if wide else count) > 0 and bool(cycle >= ready[gets])
        if leaves:
            popped[gets] = cycle
            gets += 1
        pop = (count > 0 and (left == 0 or (left == 1 and leaves))) if wide else leaves
        left = (2 if pop else left - int(leaves)) if wide else 0
        pops += int(pop)
        freed = pop and (wide or pops % 2 == 0)
        take = (
            takes < words
            and places > 0
            and cycle >= wanted[takes]
            and (takes == 0 or cycle >= taken[takes - 1] + pitch)
        )
        if take:
            taken[takes] = cycle
            takes += 1
            pushes = [True] * (1 if wide else 2)
        read = held > 0 and room
        held, count, claimed = held + pushed - read, count + arriving[-1] - pop, claimed + read - leaving
        room, leaving = claimed < queue, pop
        places += int(freed) - int(take)
        arriving = [read, *arriving[:-1]]
        cycle += 1
    return taken, popped


@pytest.mark.parametrize("latency", [1, 2])
@pytest.mark.parametrize(("n", "stream_w"), [(8, 64), (16, 64), (16, 128), (32, 64), (32, 128)])
def test_results_are_those_of_the_hardware(n: int, stream_w: int, latency: int) -> None:
    """Against result_buffer, read_buffer and result_stream, written out register by register; then a trailer."""
    rng = np.random.default_rng([n, stream_w, latency])
    for _ in range(20):
        depth = int(rng.choice([2, 8, 64]))
        hardware = HardwareParameters(n=n, stream_w=stream_w, sram_latency=latency, out_depth=depth)
        output = OutputTiming(hardware)
        sums, words = SumsTiming(hardware, output), WordsTiming(hardware, output)
        buffers = SumsBuffer(depth, hardware.sum_cycles, n // 4, latency), WordsBuffer(64 * n // 32, 32 // n, latency)
        clock = Clock(*buffers, 128 // stream_w)
        for _ in range(6):
            count, pause = int(rng.integers(1, 3 * depth)), int(rng.choice([0, 1, 2, 40]))
            first = clock.cycle + pause
            issued = clock.issue(buffers[0], first, count)
            assert sums.issue(first, count, blocked=words.empty_at) == (issued[0], issued[-1])
            first = clock.when_empty(buffers[0])
            assert sums.empty_at == first
            passes = int(rng.integers(1, 4))
            for number in range(passes):
                last = number == passes - 1
                issued = clock.issue(buffers[1], first, count, last)
                assert words.issue(first, count, last) == issued[-1]
                first = clock.cycle + int(rng.choice([0, 3]))
        assert clock.when_empty(buffers[1]) == words.empty_at
        request = clock.cycle + int(rng.choice([0, 1, 2, 30]))
        assert clock.end(request) == output.end(request)


class SumsBuffer:
    """result_buffer; positions are stored so many cycles after their issue."""

    def __init__(self, depth: int, delay: int, words: int, latency: int) -> None:
        self.words, self.places = words, depth
        self.coming, self.arriving = [False] * delay, [False] * (latency + 1)
        self.reserved = self.held = self.claimed = self.queue = self.part = 0
        self.empty = self.room = True
        self.reserve = self.popped = self.freed = False

    def space(self) -> bool:
        return self.places > 0

    def clock(self, issue: bool, pop: bool, last: bool) -> None:
        """One cycle, in which a position is issued, a word leaves, or neither."""
        read = self.held > 0 and self.room
        taken = read and self.part == self.words - 1
        self.places, self.freed = self.places + self.freed - issue, taken
        self.empty = self.reserved == 0 and not self.reserve and self.claimed == 0
        self.reserved += self.reserve - taken
        self.held += self.coming[-1] - taken
        self.claimed += read - self.popped
        self.room = self.claimed < len(self.arriving) + 3
        self.queue += self.arriving[-1] - pop
        self.part = (self.part + read) % self.words
        self.coming, self.arriving = [issue, *self.coming[:-1]], [read, *self.arriving[:-1]]
        self.reserve, self.popped = issue, pop


class WordsBuffer:
    """read_buffer, and the sequencer's count of the words that share a place."""

    def __init__(self, places: int, words: int, latency: int) -> None:
        self.places, self.words = places, words
        self.coming = [False] * (latency + 2)
        self.reserved = self.queue = self.word = 0
        self.empty, self.reserve, self.freed = True, False, False

    def space(self) -> bool:
        return self.word > 0 or self.places > 0

    def clock(self, issue: bool, pop: bool, last: bool) -> None:
        begins = issue and self.word == 0
        whole = issue and (last or self.word == self.words - 1)
        self.word = 0 if whole else self.word + issue
        self.places += self.freed - begins
        self.empty = self.reserved == 0 and not self.reserve
        self.reserved += self.reserve - self.freed
        self.queue += self.coming[-1] - pop
        self.coming = [whole, *self.coming[:-1]]
        self.reserve, self.freed = begins, pop


class Clock:
    """Issues positions to both buffers; words that a READ brings leave before sums, all through result_stream."""

    def __init__(self, sums: SumsBuffer, words: WordsBuffer, transfers: int) -> None:
        self.buffers, self.transfers = (sums, words), transfers
        self.cycle = self.waiting = self.leaving = 0
        self.word = False  # the register before the output
        self.trailer: str | None = None

    def step(self, issuing: object = None, last: bool = False, asked: bool = False) -> None:
        source = self.buffers[0] if self.buffers[1].empty else self.buffers[1]
        pop = source.queue > 0 and self.waiting < 2
        ready = self.leaving < 2
        free = ready or not self.word
        move = self.waiting > 0 and free and self.trailer is None
        following = {"wait": "settle", "settle": "crc", "crc": "sent"}
        load = move or (self.trailer == "crc" and ready)
        if self.trailer in following and ready:
            self.trailer = following[self.trailer]
        elif asked and self.trailer is None and self.waiting == 0 and free:
            self.trailer, load = "wait", True
        self.leaving = self.transfers if self.word and ready else max(0, self.leaving - 1)
        self.word = load if free else self.word
        self.waiting += pop - move
        for each in self.buffers:
            each.clock(each is issuing, pop and each is source, last)
        self.cycle += 1

    def issue(self, buffer: SumsBuffer | WordsBuffer, first: int, count: int, last: bool = True) -> list[int]:
        """Cycles in which positions are issued, each when there is space."""
        issued: list[int] = []
        while len(issued) < count:
            goes = self.cycle >= first and buffer.space()
            if goes:
                issued.append(self.cycle)
            self.step(buffer if goes else None, last and len(issued) == count)
        return issued

    def when_empty(self, buffer: SumsBuffer | WordsBuffer) -> int:
        """The first cycle from now on in which a buffer is empty, behind the ones that its reservations take."""
        for _ in range(3):
            self.step()
        while not buffer.empty:
            self.step()
        return self.cycle

    def end(self, request: int) -> int:
        """The cycle in which the trailer's last transfer leaves the output's register, asked for in a cycle."""
        while self.trailer != "sent" or self.word or self.leaving:
            self.step(asked=self.cycle >= request)
        return self.cycle if self.transfers == 2 else self.cycle - 1
