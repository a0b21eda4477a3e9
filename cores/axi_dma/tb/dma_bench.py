"""What the test benches of both modes of axi_dma share: the core with its memory, streams and register master."""

import logging
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster
from cocotbext.axi.stream import define_stream
from dma_memory import DmaMemory, ProtocolMonitor

from tilewright.hardware import pg021
from tilewright.hardware.pg021 import ADDRESS, ADDRESS_MSB, DMACR, DMASR, LENGTH, MM2S, S2MM

BeatBus, Beat, BeatSource, BeatSink, _ = define_stream("Beat", signals=["tdata", "tkeep", "tlast", "tvalid", "tready"])

RUN, RESET, IOC_IRQ, ERR_IRQ = pg021.DMACR_RUN, pg021.DMACR_RESET, pg021.DMASR_IOC_IRQ, pg021.DMASR_ERROR_IRQ
HALTED, IDLE = pg021.DMASR_HALTED, pg021.DMASR_IDLE
INT_ERR, SLV_ERR, DEC_ERR = pg021.DMASR_INTERNAL_ERROR, pg021.DMASR_SLAVE_ERROR, pg021.DMASR_DECODE_ERROR
COMPLETE = IDLE | IOC_IRQ

# Of a beat, and tkeep of a whole one
BYTES = int(cocotb.top.DATA_W.value) // 8
FULL = (1 << BYTES) - 1

# The window lies across 4 GiB, where addresses go so far, so that bursts carry into the upper address word.
BASE, SIZE = 0xFFFF_0000 if int(cocotb.top.ADDR_W.value) > 32 else 0x8000_0000, 0x3_0000


def stalls(rng, probability):
    """Pauses in runs: each run of stalled or free cycles has a random length."""
    while True:
        stalled = rng.random() < probability
        yield from [stalled] * rng.randint(1, 6)


class Bench:
    """The core with its memory, streams and register master."""

    MEMORY = DmaMemory

    def __init__(self, dut):
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        for bus in ("s_axi_lite", "m_axi_mm2s", "m_axi_s2mm"):
            logging.getLogger(f"cocotb.{dut._name}.{bus}").setLevel(logging.WARNING)
        dut.axi_resetn.value = 0
        args = (dut.aclk, dut.axi_resetn)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi_lite"), *args, reset_active_level=False)
        self.source = BeatSource(BeatBus.from_prefix(dut, "s_axis_s2mm"), *args, reset_active_level=False)
        self.sink = BeatSink(BeatBus.from_prefix(dut, "m_axis_mm2s"), *args, reset_active_level=False)
        self.memory = self.MEMORY(dut, *args, BASE, bytearray(SIZE))
        self.monitor = ProtocolMonitor(dut)
        self.expected = bytearray(self.rng.randbytes(SIZE))
        self.memory.data[:] = self.expected
        # Small bursts are slow: keep the time that a test takes.
        self.longest = 2500 if int(dut.BURST.value) == 16 else 600
        self.length_mask = (1 << int(dut.LENGTH_W.value)) - 1

    async def start(self):
        cocotb.start_soon(Clock(self.dut.aclk, 10, "ns").start())
        await ClockCycles(self.dut.aclk, 4)
        self.dut.axi_resetn.value = 1
        cocotb.start_soon(self.monitor.run(RisingEdge(self.dut.aclk)))
        await self.cycles(4)
        return self

    async def cycles(self, number):
        await ClockCycles(self.dut.aclk, number)

    def stall(self, probability):
        """Stall every channel of memory and streams with this probability; 0: never."""
        make = (lambda: stalls(random.Random(self.rng.getrandbits(32)), probability)) if probability else None
        self.memory.stall(make)
        for stream in (self.source, self.sink):
            if make is None:
                stream.clear_pause_generator()
                stream.pause = False
            else:
                stream.set_pause_generator(make())

    async def read(self, address):
        return await self.registers.read_dword(address)

    async def write(self, address, value):
        await self.registers.write_dword(address, value)

    async def run_channels(self, control=RUN):
        for channel in (MM2S, S2MM):
            await self.write(channel + DMACR, control)
            assert await self.read(channel + DMASR) & HALTED == 0

    async def command(self, channel, address, length):
        await self.write(channel + ADDRESS, address & 0xFFFF_FFFF)
        await self.write(channel + ADDRESS_MSB, address >> 32)
        await self.write(channel + LENGTH, length)

    async def wait_status(self, channel, mask, polls=4000):
        """Poll DMASR until a bit of `mask` is set; its value."""
        for _ in range(polls):
            status = await self.read(channel + DMASR)
            if status & mask:
                return status
        raise AssertionError(f"channel {channel:#x}: status stays {status:#x}, waited for {mask:#x}")

    async def check_complete(self, channel):
        """Wait for the end of a transfer without errors and clear its interrupt."""
        assert await self.wait_status(channel, IDLE | HALTED) == COMPLETE
        await self.write(channel + DMASR, IOC_IRQ)
        assert await self.read(channel + DMASR) == IDLE

    async def reset(self, channel=MM2S):
        """Recovery: soft reset through DMACR, then of the streams, then of the DMA, which has taken beats between."""
        self.monitor.stream_may_break = True
        await self.reset_once(channel)
        self.drop_streams()
        await self.reset_once(channel)
        self.monitor.stream_may_break = False

    async def reset_once(self, channel=MM2S):
        """Soft reset through DMACR of `channel`, waited for."""
        await self.write(channel + DMACR, RESET)
        while await self.read(channel + DMACR) & RESET:
            pass

    def drop_streams(self):
        """Reset both ends of the streams, as the soft reset of the unit at the streams does."""
        for stream in (self.sink, self.source):
            stream.clear()
            stream.assert_reset()

    def random_address(self):
        """A multiple of a beat with space for 16 KiB behind it, often just below a 4 KiB boundary."""
        offset = self.rng.randrange(0, SIZE - 0x8000, BYTES)
        if self.rng.random() < 0.5:
            offset = (offset & ~0xFFF) + 0x1000 - BYTES * self.rng.randint(1, 20)
        return BASE + offset

    def random_length(self, most):
        whole = BYTES * self.rng.randint(1, most // BYTES)
        return self.rng.choice((self.rng.randint(1, 40), self.rng.randint(1, most), whole))

    # Memory to stream

    async def receive_packet(self):
        data = bytearray()
        while True:
            beat = await self.sink.recv()
            keep, last = int(beat.tkeep), bool(beat.tlast)
            assert keep & (keep + 1) == 0 and keep, f"tkeep {keep:#x} has holes"
            assert last or keep == FULL, f"tkeep {keep:#x} before the last beat"
            data += int(beat.tdata).to_bytes(BYTES, "little")[: keep.bit_count()]
            if last:
                return bytes(data)

    async def check_cut_packet(self, address, beats):
        """What came before a read error, and nothing more, was sent, without tlast."""
        await self.cycles(40 + 20 * beats)
        start = address - BASE
        for index in range(beats):
            beat = self.sink.recv_nowait()
            expected = self.expected[start + BYTES * index :][:BYTES]
            assert int(beat.tdata) == int.from_bytes(expected, "little"), f"beat {index}"
            assert not int(beat.tlast), "a packet in error has no tlast"
        assert self.sink.empty(), "beats behind the error"

    async def check_send(self, address, length):
        """Run one MM2S transfer and compare the packet."""
        await self.command(MM2S, address, length)
        got = await self.receive_packet()
        expected = bytes(self.expected[address - BASE : address - BASE + length])
        assert got == expected, mismatch(f"MM2S {address:#x} +{length}", expected, got)
        await self.check_complete(MM2S)
        assert await self.read(MM2S + LENGTH) == length
        assert self.sink.empty(), "beats after tlast"

    # Stream to memory

    def send_beats(self, data, last=True):
        for start in range(0, len(data), BYTES):
            word = data[start : start + BYTES]
            final = last and start + BYTES >= len(data)
            keep = (1 << len(word)) - 1
            self.source.send_nowait(Beat(tdata=int.from_bytes(word, "little"), tkeep=keep, tlast=final))

    def expect(self, address, data):
        self.expected[address - BASE : address - BASE + len(data)] = data

    def check_memory(self, what):
        assert self.memory.data == self.expected, mismatch(what, self.expected, self.memory.data)

    async def check_receive(self, address, length, data):
        """Run one S2MM transfer of a packet that fits and compare the whole memory."""
        self.send_beats(data)
        await self.command(S2MM, address, length)
        await self.check_complete(S2MM)
        self.expect(address, data)
        self.check_memory(f"S2MM {address:#x} +{len(data)} of {length}")
        assert await self.read(S2MM + LENGTH) == len(data)

    async def check_both_exact(self):
        """One transfer each way, to show that the core works as before."""
        await self.check_send(self.random_address(), self.random_length(600))
        data = self.rng.randbytes(self.random_length(600))
        await self.check_receive(self.random_address(), len(data) + self.rng.choice((0, 0, 3, 64)), data)
        await self.cycles(1)
        self.monitor.quiet()


def mismatch(what, expected, got):
    place = next((i for i, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]), None)
    return f"{what}: expected {len(expected)} bytes, got {len(got)}; first difference at {place}"


async def throughput(b, valid, ready, beats):
    """Beats a cycle from the first to the last beat of a channel."""
    cycle, first, seen = 0, None, 0
    while seen < beats:
        await RisingEdge(b.dut.aclk)
        cycle += 1
        if valid.value and ready.value:
            first = cycle if first is None else first
            seen += 1
    rate = (beats - 1) / (cycle - first)
    b.dut._log.info("%d beats in %d cycles: %.4f beats a cycle", beats, cycle - first + 1, rate)
    return rate
