"""accelerator: programs of the real compiler against the numpy reference, every error code, registers and counters."""

import logging
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from tilewright import registers
from tilewright.compiler import Run, compile_layer, compile_runs, expected_results
from tilewright.layer import ConvLayer
from tilewright.packing import crc32_of
from tilewright.program import ArrayParameters, Program
from tilewright.registers import ErrorCode
from tilewright.results import Trailer


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


def random_layer(rng: random.Random, images: int | None = None, limit: int = 1500, **fixed: int) -> ConvLayer:
    """A layer of random shape and integers, of at most `limit` passes x positions on an 8x8 array."""
    data = np.random.default_rng(rng.getrandbits(32))
    while True:
        shape = {
            "ic": rng.randint(1, 20), "oc": rng.randint(1, 20), "h": rng.randint(1, 6), "w": rng.randint(1, 6),
            "kernel_h": rng.randint(1, 7), "kernel_w": rng.randint(1, 7), "stride": rng.randint(1, 2),
            "padding": rng.randrange(4), **fixed,
        }  # fmt: skip
        out_h = (shape["h"] + 2 * shape["padding"] - shape["kernel_h"]) // shape["stride"] + 1
        out_w = (shape["w"] + 2 * shape["padding"] - shape["kernel_w"]) // shape["stride"] + 1
        count = images or rng.randint(1, 3)
        tiles = -(-shape["ic"] // 8) * -(-shape["oc"] // 8) * shape["kernel_h"] * shape["kernel_w"]
        if out_h > 0 and out_w > 0 and tiles * max(4, count * out_h * out_w) <= limit:
            break
    weights = data.integers(-8, 8, (shape["oc"], shape["ic"], shape["kernel_h"], shape["kernel_w"])).astype(np.int8)
    codes = data.integers(0, 16, (count, shape["ic"], shape["h"], shape["w"])).astype(np.uint8)
    return ConvLayer("random", weights, codes, shape["stride"], shape["padding"])


class Bench:
    """Clock, reset and the three AXI interfaces."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.array = ArrayParameters(n=int(dut.N.value))
        clock, reset = dut.aclk, dut.aresetn
        cocotb.start_soon(Clock(clock, 10, "ns").start())
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), clock, reset, reset_active_level=False)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), clock, reset, reset_active_level=False)
        for stream in (self.source, self.sink):
            stream.log.setLevel(logging.WARNING)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), clock, reset, reset_active_level=False)

    async def start(self) -> "Bench":
        self.dut.aresetn.value = 0
        for _ in range(5):
            await RisingEdge(self.dut.aclk)
        self.dut.aresetn.value = 1
        return self

    def stall(self, probability: float) -> None:
        self.source.set_pause_generator(stalls(self.rng, probability))
        self.sink.set_pause_generator(stalls(self.rng, probability))

    async def send(self, beats) -> np.ndarray:
        """Send one packet; returns the packet that comes back."""
        await self.source.send(AxiStreamFrame(np.asarray(beats, dtype="<u8").tobytes()))
        frame = await with_timeout(self.sink.recv(), 5, "ms")
        return np.frombuffer(bytes(frame.tdata), dtype="<u8")

    async def read(self, address: int) -> int:
        return await self.lite.read_dword(address)

    async def counter(self, address: int) -> int:
        return await self.read(address) | await self.read(address + 4) << 32

    async def soft_reset(self) -> None:
        await self.lite.write_dword(registers.REG_CONTROL, 1)

    async def check(self, runs: list[Run]) -> Program:
        program = compile_runs(runs, self.array)
        got = await self.send(program.beats)
        np.testing.assert_array_equal(got, expected_results(runs, program), f"{[run.layer for run in runs]}")
        return program


def with_crc(beats) -> np.ndarray:
    """The program with the CRC-32 that its beats now have."""
    beats = np.array(beats)
    beats[-1] = crc32_of(beats[:-1])
    return beats


@cocotb.test()
async def random_layers_with_random_stalls(dut):
    bench = await Bench(dut).start()
    for number in range(10):
        bench.stall(bench.rng.choice([0.0, 0.2, 0.6]))
        layers = [random_layer(bench.rng) for _ in range(bench.rng.randint(1, 3))]
        runs = [Run(layer, relu=bool(bench.rng.randrange(2))) for layer in layers]
        program = await bench.check(runs)
        status = await bench.read(registers.REG_STATUS)
        assert status & 0x0F == 0b0010, f"program {number}: done and nothing else, status is {status:#x}"
        assert await bench.read(registers.REG_PROGRAM) == program.program_id
        assert await bench.counter(registers.REG_BEATS_IN) == len(program.beats)
        assert await bench.counter(registers.REG_BEATS_OUT) == program.output_beats + 3


@cocotb.test()
async def squeezed_layer_takes_at_most_620_cycles(dut):
    """features.27: 16 -> 16 channels, 3x3, padding 1, 4x4 outputs; the limit of 620 cycles is that of the 8x8 array."""
    bench = await Bench(dut).start()
    layer = random_layer(bench.rng, 1, 10**6, ic=16, oc=16, h=4, w=4, kernel_h=3, kernel_w=3, stride=1, padding=1)
    await bench.check([Run(layer)])
    n = bench.array.n
    tiles = max(1, 16 // n) ** 2
    cycles, macs = await bench.counter(registers.REG_LAYER_CYCLES), await bench.counter(registers.REG_MAC_CYCLES)
    dut._log.info("features.27 on %dx%d: %d cycles, %d positions", n, n, cycles, macs)
    assert macs == tiles * 9 * 16
    ideal = tiles * 9 * max(16, n * n // 16 if n < 32 else 64)
    assert cycles <= ideal + 44 + 3 * n, f"{cycles} cycles, ideal {ideal}"
    if n == 8:
        assert cycles <= 620, f"{cycles} cycles"


@cocotb.test()
async def every_error_is_answered_and_the_next_program_is_exact(dut):
    bench = await Bench(dut).start()
    bench.stall(0.2)
    layer = random_layer(bench.rng, 1, 300, ic=9, oc=9, h=3, w=3, kernel_h=2, kernel_w=2, stride=1, padding=1)
    good = compile_layer(layer, bench.array)
    load = 3
    conv = load + 1 + (int(good.beats[load]) >> 32)

    def change(position: int, xor: int, fix_crc: bool = True) -> np.ndarray:
        beats = np.array(good.beats)
        beats[position] ^= np.uint64(xor)
        return with_crc(beats) if fix_crc else beats

    def resize_conv(groups: int) -> np.ndarray:
        """The same program with so many weight groups more or fewer; values do not matter."""
        beats_a_group = max(1, bench.array.n // 16)
        header = int(good.beats[conv]) + (groups * beats_a_group << 32)
        weights = good.beats[conv + 7 : -2]
        count = len(weights) + groups * beats_a_group
        parts = [good.beats[:conv], [np.uint64(header)], good.beats[conv + 1 : conv + 7], np.resize(weights, count)]
        return with_crc(np.concatenate([*parts, good.beats[-2:]]).astype(np.uint64))

    groups_a_tile = max(4, bench.array.n) if bench.array.n > 8 else 4
    cases = {
        "magic": (change(1, 1), ErrorCode.BAD_MAGIC, 0),
        "no BEGIN": (good.beats[load:], ErrorCode.BAD_MAGIC, 1),
        "format": (change(1, 3 << 32), ErrorCode.BAD_FORMAT, 0),
        "N": (change(2, 0x18), ErrorCode.BAD_PARAMETERS, 0),
        "opcode": (change(load, 0x70), ErrorCode.UNKNOWN_OPCODE, 1),
        "flags": (change(load, 0x100), ErrorCode.BAD_DESCRIPTOR, 1),
        "sequence": (change(conv, 1 << 16), ErrorCode.BAD_SEQUENCE, 3),
        "length of BEGIN": (change(0, 1 << 32), ErrorCode.BAD_LENGTH, 0),
        "length of CONV": (change(conv, (int(good.beats[conv]) >> 32 ^ 3) << 32), ErrorCode.BAD_LENGTH, 2),
        "stride 3": (change(conv + 2, 3 << 56 ^ 1 << 56), ErrorCode.BAD_DESCRIPTOR, 2),
        "kernel 0": (change(conv + 2, 2 << 48), ErrorCode.BAD_DESCRIPTOR, 2),
        "reserved": (change(conv + 5, 1), ErrorCode.BAD_DESCRIPTOR, 2),
        "LOAD address": (change(load + 1, 1 << 20), ErrorCode.ACT_OVERFLOW, 1),
        "activation base": (change(conv + 3, 8192 - 4), ErrorCode.ACT_OVERFLOW, 2),
        "images": (change(conv + 2, 900 << 32), ErrorCode.ACC_OVERFLOW, 2),
        "output width": (change(conv + 1, 0x1000 << 48), ErrorCode.ACC_OVERFLOW, 2),
        "a weight group less": (resize_conv(-1), ErrorCode.WEIGHTS_SHORT, 2),
        "a weight tile less": (resize_conv(-groups_a_tile), ErrorCode.WEIGHTS_SHORT, 2),
        "a weight tile more": (resize_conv(groups_a_tile), ErrorCode.WEIGHTS_LONG, 2),
        "TLAST early": (good.beats[: conv + 12], ErrorCode.TLAST_EARLY, 2),
        "TLAST missing": (np.append(good.beats, np.uint64(0)), ErrorCode.TLAST_MISSING, 3),
        "CRC": (change(len(good.beats) - 4, 1 << 9, fix_crc=False), ErrorCode.BAD_CRC, 3),
    }
    for name, (beats, code, sequence) in cases.items():
        trailer = Trailer.of_packet(await bench.send(beats))
        got = (ErrorCode(trailer.error_code), trailer.error_sequence)
        assert got == (code, sequence), f"{name}: expected {(code, sequence)}, got {got}"
        error = await bench.read(registers.REG_ERROR)
        assert error == code | sequence << 16, f"{name}: ERROR is {error:#x}"
        assert await bench.read(registers.REG_STATUS) & 0b0100
        sticky = Trailer.of_packet(await bench.send(good.beats))
        assert sticky.error_code == code and sticky.result_beats == 0, f"{name}: the error must stay until soft reset"
        await bench.soft_reset()
        assert await bench.read(registers.REG_ERROR) == 0
        await bench.check([Run(layer)])


@cocotb.test()
async def registers_and_interrupt(dut):
    bench = await Bench(dut).start()
    n = bench.array.n
    assert await bench.read(registers.REG_ID) == registers.REG_ID_RESET
    assert await bench.read(registers.REG_ARRAY) == n | 4 << 8 | 4 << 16 | 28 << 24
    assert await bench.read(registers.REG_ACT_DEPTH) == 8192
    assert await bench.read(registers.REG_ACC_DEPTH) == 1024
    assert await bench.read(0xFFC) == 0
    await bench.lite.write_dword(registers.REG_CONTROL, 2)
    assert not dut.irq.value
    await bench.check([Run(random_layer(bench.rng, 1, 200))])
    for _ in range(3):
        await RisingEdge(dut.aclk)
    assert dut.irq.value and await bench.read(registers.REG_IRQ_STATUS) == 1
    await bench.lite.write_dword(registers.REG_IRQ_STATUS, 1)
    assert await bench.read(registers.REG_IRQ_STATUS) == 0
    await RisingEdge(dut.aclk)
    assert not dut.irq.value


@cocotb.test()
async def soft_reset_in_mid_program(dut):
    bench = await Bench(dut).start()
    layer = random_layer(bench.rng, 1, 400)
    program = compile_layer(layer, bench.array)
    for beats in (5, len(program.beats) // 2, len(program.beats) - 1):
        for beat in program.beats[:beats]:
            dut.s_axis_tdata.value, dut.s_axis_tvalid.value, dut.s_axis_tlast.value = int(beat), 1, 0
            await RisingEdge(dut.aclk)
            while not dut.s_axis_tready.value:
                await RisingEdge(dut.aclk)
        dut.s_axis_tvalid.value = 0
        await bench.soft_reset()
        bench.sink.assert_reset(True)  # forgets the packet that the reset cut short
        for _ in range(10):
            await RisingEdge(dut.aclk)
        bench.sink.assert_reset(False)
        bench.sink.clear()
        await bench.check([Run(layer)])
