"""accelerator: programs of the real compilers against numpy, every error code, registers, counters and the log."""

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from random_networks import random_layer, random_network

from axi_protocol import axi, stream, watch
from tilewright.compiler.layer import Run, compile_layer, compile_runs, expected_results
from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.errors import CompileError
from tilewright.hardware import registers
from tilewright.hardware.beats import STREAM_WORD_BEATS
from tilewright.hardware.commands import Body, Conv, Mode, Thresholds, Weights
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program, decode_program, encode_program, seal_program
from tilewright.hardware.program_format import BEGIN, BEGIN_FORMAT_VERSION, LOAD, THRESHOLDS
from tilewright.hardware.registers import ErrorCode
from tilewright.hardware.results import Trailer
from tilewright.network.inference import infer

STALLS = ("STALL_WEIGHTS", "STALL_ACTIVATIONS", "STALL_OUTPUT", "STALL_THRESHOLDS")
LOGGED = ("CYCLES", "MAC_CYCLES", *STALLS)


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


class Bench:
    """Clock, reset and the three AXI interfaces, with monitors."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        n, act_depth, acc_depth = (int(getattr(dut, name).value) for name in ("N", "ACT_DEPTH", "ACC_DEPTH"))
        self.stream_w = int(dut.STREAM_W.value)
        self.array = ArrayParameters(n=n, act_depth=act_depth, acc_depth=acc_depth)
        clock, reset = dut.aclk, dut.aresetn
        cocotb.start_soon(Clock(clock, 10, "ns").start())
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), clock, reset, reset_active_level=False)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), clock, reset, reset_active_level=False)
        for end in (self.source, self.sink):
            end.log.setLevel(logging.WARNING)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), clock, reset, reset_active_level=False)

    async def start(self) -> "Bench":
        dut = self.dut
        dut.aresetn.value = dut.m_axis_aresetn.value = 0
        for _ in range(5):
            await RisingEdge(dut.aclk)
        ports = axi(dut, "s_axil_"), stream(dut, "s_axis_"), stream(dut, "m_axis_")
        self.into, self.out = ports[1][0], ports[2][0]
        cocotb.start_soon(watch(RisingEdge(dut.aclk), lambda: not dut.aresetn.value, *ports))
        dut.aresetn.value = dut.m_axis_aresetn.value = 1
        return self

    def stall(self, probability: float) -> None:
        self.source.set_pause_generator(stalls(self.rng, probability))
        self.sink.set_pause_generator(stalls(self.rng, probability))

    async def send(self, beats) -> np.ndarray:
        """Send one packet; returns the packet that comes back. A stream of 128 bits fills half a word up with zeros."""
        await self.source.send(AxiStreamFrame(np.asarray(beats, dtype="<u8").tobytes()))
        frame = await with_timeout(self.sink.recv(), 5, "ms")
        return np.frombuffer(bytes(frame.tdata), dtype="<u8")

    async def read(self, address: int) -> int:
        return await self.lite.read_dword(address)

    async def counter(self, name: str) -> int:
        address: int = getattr(registers, f"REG_{name}")
        return await self.read(address) | await self.read(address + 4) << 32

    async def soft_reset(self) -> None:
        """A result that waits stays: the monitor of m_axis looks."""
        await self.lite.write_dword(registers.REG_CONTROL, 1)
        await ClockCycles(self.dut.aclk, 3)

    async def drop_program(self) -> None:
        """Resets the sender of s_axis, as the DMA does: all it has not sent is gone, of a begun frame, too."""
        self.into.may_withdraw = True
        self.source.assert_reset(True)
        self.source.clear()
        await ClockCycles(self.dut.aclk, 2)
        self.source.assert_reset(False)
        self.into.may_withdraw = False

    async def drop_results(self) -> None:
        """Resets both ends of m_axis, as the DMA does: what waits there is gone."""
        self.out.may_withdraw = True
        self.sink.assert_reset(True)
        self.dut.m_axis_aresetn.value = 0
        await ClockCycles(self.dut.aclk, 16)
        assert not self.dut.m_axis_tvalid.value
        self.dut.m_axis_aresetn.value = 1
        self.sink.assert_reset(False)
        self.sink.clear()
        self.out.may_withdraw = False

    async def check(self, runs: list[Run]) -> Program:
        program = compile_runs(runs, self.array)
        got = await self.send(program.beats)
        np.testing.assert_array_equal(got, expected_results(runs, program), f"{[run.layer for run in runs]}")
        return program

    def random_network(self, layers: int, batch: int, largest: int = 8, widest: int = 20) -> CompiledNetwork:
        """One that the device's memories hold; every map is read back."""
        while True:
            size = self.rng.randint(largest // 2, largest), self.rng.randint(largest // 2, largest)
            network = random_network(self.rng, layers, size, widest)
            try:
                return compile_network(network, self.array, batch, [layer.name for layer in network.layers[:-1]])
            except CompileError:
                assert self.array.act_depth < 4096, "the device's memories are large enough"

    def small_network(self) -> CompiledNetwork:
        """One of the smaller ones of ten, for speed; for 32x32, which Icarus simulates slowly, the smallest."""
        networks = [self.random_network(layers=2, batch=1, largest=4, widest=8) for _ in range(10)]
        return sorted(networks, key=lambda compiled: compiled.beats)[0 if self.array.n == 32 else 3]

    async def check_network(self, compiled: CompiledNetwork) -> Program:
        """Every code of every layer and every last accumulator."""
        network = compiled.network
        data = np.random.default_rng(self.rng.getrandbits(32))
        pixels = data.integers(0, 256, (compiled.batch, *network.image)).astype(np.uint8)
        program = compiled.program(pixels)
        got = compiled.collect(program.unpack(await self.send(program.beats)))
        expected = {layer.name: outputs for layer, outputs in infer(network, pixels)}
        assert got.keys() == expected.keys()
        for name, outputs in expected.items():
            np.testing.assert_array_equal(got[name], outputs, f"{network}: {name}")
        return program

    async def log(self) -> list[dict[str, int]]:
        """The entries of the log."""
        entries = []
        for index in range(await self.read(registers.REG_LOG) & 0xFFFF):
            await self.lite.write_dword(registers.REG_LOG_INDEX, index)
            entries.append({name: await self.read(getattr(registers, f"REG_LOG_{name}")) for name in LOGGED})
        return entries


@cocotb.test()
async def random_layers_with_random_stalls(dut):
    bench = await Bench(dut).start()
    for number in range(6):
        bench.stall((0.0, 0.2, 0.6)[number % 3])
        layers = [random_layer(bench.rng) for _ in range(bench.rng.randint(1, 3))]
        runs = [Run(layer, relu=bool(bench.rng.randrange(2))) for layer in layers]
        program = await bench.check(runs)
        status = await bench.read(registers.REG_STATUS)
        assert status & 0x0F == 0b0010, f"program {number}: done and nothing else, status is {status:#x}"
        assert await bench.read(registers.REG_PROGRAM) == program.program_id
        assert await bench.counter("BEATS_IN") == len(program.beats)
        assert await bench.counter("BEATS_OUT") == program.output_beats + 4


def in_two_parts(program: Program, acc_base: int) -> Program:
    """The program of one layer with two input tiles: the sums of the first tile are held, the second one's resume."""
    begin, load, conv, weights, _ = decode_program(program.beats)
    first, second = np.array(weights.data).reshape(conv.oc_tiles, 2, -1).transpose(1, 0, 2)
    shared = replace(conv, ic_tiles=1, acc_base=acc_base, acc_tile_stride=conv.positions)
    hold = replace(shared, mode=Mode.RAW, hold=True)
    resume = replace(shared, act_base=conv.act_base + conv.act_tile_stride, resume=True)
    commands = [begin, load, hold, Weights(first.ravel(), last=True), resume, Weights(second.ravel(), last=True)]
    return replace(program, beats=encode_program(commands))


@cocotb.test()
async def sums_are_held_and_resumed_with_random_stalls(dut):
    bench = await Bench(dut).start()
    n = bench.array.n
    for number in range(3):
        bench.stall((0.0, 0.2, 0.6)[number])
        layer = random_layer(bench.rng, ic=bench.rng.randint(n + 1, 2 * n), oc=bench.rng.randint(n + 1, 2 * n))
        run = Run(layer, relu=number == 1)
        program = in_two_parts(compile_runs([run], bench.array), acc_base=bench.rng.randint(0, 500))
        got = await bench.send(program.beats)
        np.testing.assert_array_equal(got, expected_results([run], program), f"{layer}")


@cocotb.test()
async def random_networks_with_random_stalls(dut):
    """Whole networks in one program: thresholds, pooling, write-back, dependencies, read-back; and their log."""
    bench = await Bench(dut).start()
    for number in range(6):
        bench.stall((0.0, 0.3, 0.6)[number % 3])
        compiled = bench.random_network(layers=bench.rng.randint(2, 4), batch=1 + number % 2)
        program = await bench.check_network(compiled)
        log = await bench.log()
        assert len(log) == sum(isinstance(command, Conv) for command in decode_program(program.beats)), "READs included"
        for before, after in pairwise(log):
            assert all(before[name] <= after[name] for name in LOGGED) and before["CYCLES"] < after["CYCLES"]
        for name in ("MAC_CYCLES", *STALLS):
            assert log[-1][name] == await bench.counter(name), name
        assert log[-1]["CYCLES"] < await bench.counter("CYCLES")


@cocotb.test()
async def one_small_network(dut):
    """Few cycles, for the largest array."""
    bench = await Bench(dut).start()
    bench.stall(0.1)
    await bench.check_network(bench.small_network())


@cocotb.test()
async def squeezed_layer_takes_at_most_620_cycles(dut):
    """features.27: 16 -> 16 channels, 3x3, padding 1, 4x4 outputs; the limit of 620 cycles is that of the 8x8 array."""
    bench = await Bench(dut).start()
    layer = random_layer(bench.rng, 1, 10**6, ic=16, oc=16, h=4, w=4, kernel_h=3, kernel_w=3, stride=1, padding=1)
    program = await bench.check([Run(layer)])
    load = decode_program(program.beats)[1].payload()
    waits = len(load) * 64 // bench.stream_w
    assert await bench.counter("STALL_ACTIVATIONS") >= waits, "nothing else goes on while the first LOAD does"
    n = bench.array.n
    tiles = max(1, 16 // n) ** 2
    cycles, macs = await bench.counter("LAYER_CYCLES"), await bench.counter("MAC_CYCLES")
    dut._log.info("features.27 on %dx%d: %d cycles, %d positions", n, n, cycles, macs)
    assert macs == tiles * 9 * 16
    ideal = tiles * 9 * max(16, n * n // 16 if n < 32 else 64)
    assert cycles <= ideal + 44 + 3 * n, f"{cycles} cycles, ideal {ideal}"
    if n == 8:
        assert cycles <= 620, f"{cycles} cycles"


class Faults:
    """Programs with one mistake each, made from a good one: BEGIN, LOAD, CONV, WEIGHTS, END.

    The methods return by name the beats, the error that they must give and the number of the command that must have it.
    """

    # The counter that runs until the watchdog ends a program
    WAITS: ClassVar = {
        "no weights": "STALL_WEIGHTS",
        "no thresholds": "STALL_THRESHOLDS",
        "CONV waits in vain": "STALL_ACTIVATIONS",
    }

    def __init__(self, good: Program) -> None:
        self.good, self.array = good, good.array
        self.begin, self.load, self.conv, self.weights, _ = decode_program(good.beats)
        self.load_at = 1 + BEGIN.beats
        self.conv_at = self.load_at + 1 + len(self.load.payload())
        self.images = [slice(self.load_at + 1 + LOAD.beats, self.conv_at)]
        self.weights_at = self.conv_at + 8
        self.tile = self.array.n**2 // 16  # beats of a weight tile
        self.codes = replace(self.conv, mode=Mode.CODES, out_base=100, out_tile_stride=16, out_image_stride=32)
        self.set = np.arange(THRESHOLDS.beats * self.array.n, dtype=np.uint64)  # any thresholds of one output tile
        self.thresholds = Thresholds(np.tile(self.set, self.conv.oc_tiles))
        self.read = Conv(2, 2, 2, 2, self.conv.ic_tiles, 1, 1, 1, 1, 1, 0, 4, 8, 0, 0, Mode.READ)

    def of(self, *commands: Body) -> np.ndarray:
        return encode_program([self.begin, *commands])

    def changed(self, position: int, xor: int, fix_crc: bool = True) -> np.ndarray:
        """The good program with some bits of a beat inverted."""
        beats = np.array(self.good.beats)
        beats[position] ^= np.uint64(xor)
        return seal_program(beats, self.images) if fix_crc else beats

    def with_conv(self, **changes: int | bool | Mode) -> np.ndarray:
        return self.of(self.load, replace(self.conv, **changes), self.weights)

    def with_weights(self, beats: int, last: bool = True) -> np.ndarray:
        """So many beats of weights more or fewer; their values do not matter."""
        data = np.resize(self.weights.data, len(self.weights.data) + beats)
        return self.of(self.load, self.conv, Weights(data, last))

    def headers(self) -> dict[str, tuple[Sequence[int], ErrorCode, int]]:
        beats, load, conv, weights = self.good.beats, self.load_at, self.conv_at, self.weights_at
        one_beat = int(beats[load]) >> 32 << 32 ^ 1 << 32
        return {
            "magic": (self.changed(1, 1), ErrorCode.BAD_MAGIC, 0),
            "no BEGIN": (beats[load:], ErrorCode.BAD_MAGIC, 1),
            "format 2": (self.changed(1, 1 << 32), ErrorCode.BAD_FORMAT, 0),
            "format 1": (self.changed(1, 2 << 32), ErrorCode.BAD_FORMAT, 0),
            "N": (self.changed(2, 0x18), ErrorCode.BAD_PARAMETERS, 0),
            "opcode": (self.changed(load, 0x70), ErrorCode.UNKNOWN_OPCODE, 1),
            "flag of LOAD": (self.changed(load, 0x100), ErrorCode.BAD_DESCRIPTOR, 1),
            "second flag of WEIGHTS": (self.changed(weights, 0x200), ErrorCode.BAD_DESCRIPTOR, 3),
            "sequence": (self.changed(conv, 1 << 16), ErrorCode.BAD_SEQUENCE, 3),
            "second BEGIN": (self.of(self.load, self.begin), ErrorCode.BAD_SEQUENCE, 2),
            "length of BEGIN": (self.changed(0, 1 << 32), ErrorCode.BAD_LENGTH, 0),
            "length of LOAD": (self.changed(load, one_beat), ErrorCode.BAD_LENGTH, 1),
            "length of CONV": (self.changed(conv, 1 << 32), ErrorCode.BAD_LENGTH, 2),
            "TLAST early": (beats[: weights + 5], ErrorCode.TLAST_EARLY, 3),
            "TLAST in a descriptor": (beats[: conv + 5], ErrorCode.TLAST_EARLY, 2),
            "TLAST missing": (np.append(beats, np.uint64(0)), ErrorCode.TLAST_MISSING, 4),
            "weight": (self.changed(len(beats) - 4, 1 << 9, fix_crc=False), ErrorCode.BAD_CRC, 4),
            "first image beat": (self.changed(load + 2, 1 << 63, fix_crc=False), ErrorCode.BAD_CRC, 4),
            "last image beat": (self.changed(conv - 1, 1, fix_crc=False), ErrorCode.BAD_CRC, 4),
            **{
                f"bit {bit} of END": (self.changed(len(beats) - 1, 1 << bit, fix_crc=False), ErrorCode.BAD_CRC, 4)
                for bit in (0, 31, 32, 63)
            },
        }

    def descriptors(self) -> dict[str, tuple[Sequence[int], ErrorCode, int]]:
        wrong = {
            "stride 3": self.with_conv(stride=3),
            "kernel 0": self.with_conv(kernel_h=0),
            "kernel 8": self.with_conv(kernel_w=8),
            "kernel of width 9": self.with_conv(kernel_w=9),
            "kernel of height 15": self.with_conv(kernel_h=15),
            "no images": self.with_conv(images=0),
            "no input tiles": self.with_conv(ic_tiles=0),
            "pool of an odd height": self.with_conv(mode=Mode.CODES, pool=True, out_h=3),
            "pool of an odd width": self.with_conv(mode=Mode.CODES, pool=True, out_w=3),
            "pool of raw sums": self.with_conv(mode=Mode.RAW, pool=True),
            "pool of a READ": self.with_conv(mode=Mode.READ, pool=True),
            "dilation": self.changed(self.conv_at + 2, 3 << 58),
            "upsampled reads": self.changed(self.conv_at + 2, 1 << 60),
            "reserved bit of beat 1": self.changed(self.conv_at + 2, 1 << 61),
            "another window of pooling": self.changed(self.conv_at + 7, 1 << 23),
            "padded pooling": self.changed(self.conv_at + 7, 1 << 25),
            "hold of codes": self.with_conv(mode=Mode.CODES, hold=True),
            "hold of sums after ReLU": self.with_conv(mode=Mode.RELU, hold=True),
            "resume of a READ": self.with_conv(mode=Mode.READ, resume=True),
            "reserved bit of beat 6": self.changed(self.conv_at + 7, 1 << 39),
        }
        return {name: (beats, ErrorCode.BAD_DESCRIPTOR, 2) for name, beats in wrong.items()}

    def addresses(self) -> dict[str, tuple[Sequence[int], ErrorCode, int]]:
        """What is found while a CONV runs carries its number, though the stream has gone on."""
        depth, load, acts, align = self.array.act_depth, self.load, ErrorCode.ACT_OVERFLOW, self.array.alignment
        first = replace(self.codes, out_base=depth)
        last = replace(self.codes, out_tile_stride=depth - 103)  # the second tile ends a word beyond the memory
        codes = (load, last, self.thresholds, self.weights)
        end = replace(load, address=depth - len(load.data) * 16 // self.array.n)  # what a READ sends before the error
        cases = {
            "activation base": (self.with_conv(act_base=depth - 2), acts, 2),
            "tile stride": (self.with_conv(act_tile_stride=depth, ic_tiles=2), acts, 2),
            "READ": (self.of(end, replace(self.read, act_base=depth - 1)), acts, 2),
            "first code": (self.of(load, first, self.thresholds, self.weights), acts, 2),
            "last code": (self.of(*codes), acts, 2),
            "last code, a CONV behind": (self.of(*codes, self.conv, self.weights), acts, 2),
            "last code, a READ behind": (self.of(*codes, self.read), acts, 2),
            "LOAD": (self.of(replace(load, address=depth), self.conv, self.weights), acts, 1),
            "last word of LOAD": (self.of(replace(load, address=depth - align), self.conv, self.weights), acts, 1),
            "images": (self.with_conv(images=900), ErrorCode.ACC_OVERFLOW, 2),
            "first accumulator": (self.with_conv(acc_base=self.array.acc_depth - 3), ErrorCode.ACC_OVERFLOW, 2),
            "second tile's sums": (self.with_conv(acc_tile_stride=self.array.acc_depth), ErrorCode.ACC_OVERFLOW, 2),
        }
        if align > 1:
            beats = self.of(replace(load, address=align // 2), self.conv)
            cases["LOAD within 128 bits"] = (beats, ErrorCode.BAD_DESCRIPTOR, 1)
        return cases

    def supplies(self) -> dict[str, tuple[Sequence[int], ErrorCode, int]]:
        """Weights, thresholds and waits: too few, too many, in vain."""
        load, conv, weights, codes, thresholds = self.load, self.conv, self.weights, self.codes, self.thresholds
        least = STREAM_WORD_BEATS
        tile, part = (Weights(weights.data[:beats], last=False) for beats in (self.tile, least))
        some, one_set = Thresholds(self.set[:least]), Thresholds(self.set)
        sets, short = Thresholds(np.tile(self.set, 9)), Thresholds(thresholds.data[:-least])
        too_many = Thresholds(np.resize(self.set, 8 * len(self.set) + 600))  # more than columns and FIFO hold
        torn, long = Weights(part.data, last=True), replace(conv, out_h=4, out_w=16)
        return {
            "128 bits of weights less": (self.with_weights(-least), ErrorCode.WEIGHTS_SHORT, 2),
            "the same behind a long CONV": (self.of(load, long, weights, conv, torn), ErrorCode.WEIGHTS_SHORT, 4),
            "a weight tile less": (self.with_weights(-self.tile), ErrorCode.WEIGHTS_SHORT, 2),
            "a weight tile less, not marked": (self.with_weights(-self.tile, last=False), ErrorCode.WEIGHTS_SHORT, 2),
            "no weights": (self.of(load, conv), ErrorCode.WEIGHTS_SHORT, 2),
            "a weight tile more": (self.with_weights(self.tile), ErrorCode.WEIGHTS_LONG, 2),
            "weights not marked": (self.with_weights(0, last=False), ErrorCode.WEIGHTS_LONG, 2),
            "weights after the last": (self.of(load, conv, weights, tile), ErrorCode.WEIGHTS_LONG, 5),
            "part of a tile after the last": (self.of(load, conv, weights, part), ErrorCode.WEIGHTS_LONG, 5),
            "part of a tile and nothing else": (self.of(part), ErrorCode.WEIGHTS_LONG, 2),
            "weights of a READ": (self.of(load, self.read, tile), ErrorCode.WEIGHTS_LONG, 4),
            "no thresholds": (self.of(load, codes, weights), ErrorCode.THRESHOLDS_SHORT, 2),
            "128 bits of thresholds less": (self.of(load, codes, short, weights), ErrorCode.THRESHOLDS_SHORT, 2),
            "a set more": (self.of(load, codes, thresholds, weights, one_set), ErrorCode.THRESHOLDS_LONG, 6),
            "128 bits of thresholds more": (
                self.of(load, codes, thresholds, weights, some),
                ErrorCode.THRESHOLDS_LONG,
                6,
            ),
            "128 bits of thresholds and nothing else": (self.of(some), ErrorCode.THRESHOLDS_LONG, 2),
            "more sets than fit": (self.of(load, conv, weights, sets), ErrorCode.THRESHOLDS_LONG, 5),
            "thresholds before any CONV": (self.of(load, load, too_many), ErrorCode.NEVER_READY, 3),
            "CONV waits in vain": (self.with_conv(after=1), ErrorCode.NEVER_READY, 2),
            "second tile waits in vain": (self.with_conv(ic_tiles=2, step=True), ErrorCode.NEVER_READY, 2),
            "READ waits in vain": (self.of(load, replace(self.read, after=1)), ErrorCode.NEVER_READY, 2),
            "LOAD waits in vain": (self.of(load, conv, weights, replace(load, after=2)), ErrorCode.NEVER_READY, 4),
            "LOAD waits for what follows": (self.of(replace(load, after=1), conv, weights), ErrorCode.NEVER_READY, 1),
        }


@cocotb.test()
async def every_error_is_answered_and_the_next_program_is_exact(dut):
    bench = await Bench(dut).start()
    bench.stall(0.1)
    two_tiles = {"ic": bench.array.n + 1, "oc": bench.array.n + 1}
    layer = random_layer(bench.rng, 1, **two_tiles, h=2, w=2, kernel_h=1, kernel_w=1, stride=1, padding=0)
    faults = Faults(compile_layer(layer, bench.array))
    network = bench.small_network()
    seen: set[ErrorCode] = set()
    cases = {**faults.headers(), **faults.descriptors(), **faults.addresses(), **faults.supplies()}
    for number, (name, (beats, code, sequence)) in enumerate(cases.items()):
        trailer = Trailer.of_packet(await bench.send(beats))
        got = (ErrorCode(trailer.error_code), trailer.error_sequence)
        assert got == (code, sequence), f"{name}: expected {(code, sequence)}, got {got}"
        error = await bench.read(registers.REG_ERROR)
        assert error == code | sequence << 16, f"{name}: ERROR is {error:#x}"
        assert await bench.read(registers.REG_STATUS) & 0b0100
        if name in Faults.WAITS:
            waited = {stall for stall in STALLS if await bench.counter(stall) > 1000}
            assert waited == {Faults.WAITS[name]}, f"{name}: {waited}"
        if code not in seen:
            sticky = Trailer.of_packet(await bench.send(faults.good.beats))
            assert (sticky.error_code, sticky.result_beats) == (code, 0), f"{name}: the error stays until soft reset"
        await bench.soft_reset()
        assert await bench.read(registers.REG_ERROR) == 0
        await (bench.check_network(network) if number % 2 else bench.check([Run(layer)]))
        seen.add(code)
    assert seen == set(ErrorCode) - {ErrorCode.NONE}


@cocotb.test()
async def the_outside_may_keep_it_waiting(dut):
    """Longer than the watchdog waits: without beats to take, and with results that are not taken."""
    bench = await Bench(dut).start()
    oc = 4 * bench.array.n
    shape = {"ic": 1, "oc": oc, "h": 24, "w": 24, "kernel_h": 1, "kernel_w": 1, "stride": 1, "padding": 0}
    runs = [Run(random_layer(bench.rng, 1, limit=oc * 24 * 24, **shape))]
    program = compile_runs(runs, bench.array)
    bench.sink.pause = True
    await bench.source.send(AxiStreamFrame(program.beats.astype("<u8").tobytes()))
    for starved in (True, False):
        await ClockCycles(dut.aclk, 25)
        bench.source.pause = starved
        await ClockCycles(dut.aclk, 1200)
    bench.sink.pause = False
    frame = await with_timeout(bench.sink.recv(), 1, "ms")
    np.testing.assert_array_equal(np.frombuffer(bytes(frame.tdata), "<u8"), expected_results(runs, program))
    assert await bench.counter("STALL_OUTPUT") > 1000, "there are more results than the buffer holds"


@cocotb.test()
async def registers_and_interrupt(dut):
    bench = await Bench(dut).start()
    n, latency = bench.array.n, int(dut.SRAM_LATENCY.value)
    assert await bench.read(registers.REG_ID) == registers.REG_ID_RESET
    assert await bench.read(registers.REG_ARRAY) == n | 4 << 8 | 4 << 16 | 28 << 24
    assert await bench.read(registers.REG_ACT_DEPTH) == max(8192, 128 * 1024 * 2 // n)
    assert await bench.read(registers.REG_ACC_DEPTH) == 1024
    assert await bench.read(registers.REG_DEPTHS) == 4096 | int(dut.OUT_DEPTH.value) << 16
    assert await bench.read(registers.REG_FORMAT) == BEGIN_FORMAT_VERSION | latency << 16
    assert await bench.read(registers.REG_POSTPROC) == 28 | 8 << 8 | 512 << 16
    style = int(dut.DSP_COLUMNS.value) | int(dut.DSP_CHAIN.value) << 8 | bench.stream_w << 16
    assert await bench.read(registers.REG_STYLE) == style
    assert await bench.read(registers.REG_LOG) == 512 << 16
    assert await bench.read(0xFFC) == 0
    await bench.lite.write_dword(registers.REG_CONTROL, 2)
    assert not dut.irq.value
    await bench.check([Run(random_layer(bench.rng, 1, 200))])
    for _ in range(6):
        await RisingEdge(dut.aclk)
    assert dut.irq.value and await bench.read(registers.REG_IRQ_STATUS) == 1
    await bench.lite.write_dword(registers.REG_IRQ_STATUS, 1)
    assert await bench.read(registers.REG_IRQ_STATUS) == 0
    await RisingEdge(dut.aclk)
    assert not dut.irq.value


@cocotb.test()
async def soft_reset_in_mid_program(dut):
    bench = await Bench(dut).start()
    network = bench.random_network(layers=3, batch=1)
    beats = network.program(np.zeros((1, *network.network.image), dtype=np.uint8)).beats
    each = bench.stream_w // 64
    words = [sum(int(beat) << 64 * k for k, beat in enumerate(beats[i : i + each])) for i in range(0, len(beats), each)]
    for count in (5, *(bench.rng.randrange(6, len(words)) for _ in range(3)), len(words) - 1):
        for word in words[:count]:
            dut.s_axis_tdata.value, dut.s_axis_tvalid.value, dut.s_axis_tlast.value = word, 1, 0
            await RisingEdge(dut.aclk)
            while not dut.s_axis_tready.value:
                await RisingEdge(dut.aclk)
        dut.s_axis_tvalid.value = 0
        await bench.soft_reset()
        assert await bench.read(registers.REG_PROGRAM) == 0, "the program is forgotten"
        await bench.drop_results()
        await bench.check_network(network)


@cocotb.test()
async def a_soft_reset_keeps_the_results_that_wait(dut):
    """AXI4-Stream 2.2.1; where m_axis has no reset, these two stream words lead the next packet."""
    bench = await Bench(dut).start()
    network = bench.random_network(layers=1, batch=1)
    program = network.program(np.zeros((1, *network.network.image), dtype=np.uint8))
    for resets in (0, 1):
        bench.sink.pause = True
        await bench.source.send(AxiStreamFrame(program.beats.tobytes()))
        while not await bench.read(registers.REG_STATUS) & registers.STATUS_OUTPUT_BLOCKED.mask:
            pass
        await ClockCycles(dut.aclk, 200)
        await bench.drop_program()
        waits = int(dut.m_axis_tdata.value)
        for _ in range(2):
            await bench.soft_reset()
            await ClockCycles(dut.aclk, 20)
            assert (dut.m_axis_tvalid.value, int(dut.m_axis_tdata.value)) == (1, waits)
        if resets:
            await bench.drop_results()
        before = bench.out.beats
        bench.sink.pause = False
        await ClockCycles(dut.aclk, 200)
        kept = 4 if int(dut.STREAM_W.value) == 64 else 2  # two words, each as two beats or whole
        assert bench.out.beats - before == (0 if resets else kept)
        assert not dut.m_axis_tvalid.value
        await bench.drop_results()
        await bench.check_network(network)
