"""axi_dma in scatter-gather mode: random chains, stalls on all ports; the whole memory is compared afterwards."""

import random
from dataclasses import dataclass

import cocotb
from cocotb.triggers import RisingEdge
from dma_bench import (
    BASE,
    BYTES,
    DEC_ERR,
    ERR_IRQ,
    HALTED,
    IDLE,
    INT_ERR,
    IOC_IRQ,
    RESET,
    RUN,
    SIZE,
    SLV_ERR,
    Beat,
    Bench,
    mismatch,
    stalls,
    throughput,
)
from dma_memory import DECERR, SLVERR, StrictMemory

from tilewright.hardware import pg021
from tilewright.hardware.pg021 import CURDESC, CURDESC_MSB, DMACR, DMASR, MM2S, S2MM, TAILDESC, TAILDESC_MSB

CYCLIC, SG, ERRORS = pg021.DMACR_CYCLIC, pg021.DMASR_SG_INCLUDED, pg021.DMASR_ERRORS
SG_INT_ERR, SG_SLV_ERR = pg021.DMASR_SG_INTERNAL_ERROR, pg021.DMASR_SG_SLAVE_ERROR
SG_DEC_ERR, DLY_IRQ = pg021.DMASR_SG_DECODE_ERROR, pg021.DMASR_DELAY_IRQ

# Descriptor: offsets of words, and bits
NEXT, BUFFER, CONTROL = pg021.DESCRIPTOR_NEXT, pg021.DESCRIPTOR_BUFFER, pg021.DESCRIPTOR_CONTROL
STATUS, DESCRIPTOR_BYTES = pg021.DESCRIPTOR_STATUS, pg021.DESCRIPTOR_PITCH
FIRST, LAST, COMPLETE = pg021.CONTROL_FIRST, pg021.CONTROL_LAST, pg021.STATUS_COMPLETE
STATUS_INT, STATUS_SLV, STATUS_DEC = pg021.STATUS_INTERNAL_ERROR, pg021.STATUS_SLAVE_ERROR, pg021.STATUS_DECODE_ERROR

# Of the window: descriptors, buffers to send, buffers to fill
CHAINS, SENDS, FILLS = 0x0, 0x8000, 0x18000

# The longest test takes 0.4 ms.
dma_test = cocotb.test(timeout_time=4, timeout_unit="ms")


@dataclass
class Descriptor:
    address: int
    buffer: int
    length: int
    flags: int = 0


class SgBench(Bench):
    """The core with its memory, to which the descriptors' port leads, too."""

    def __init__(self, dut):
        super().__init__(dut)
        args = (dut.aclk, dut.axi_resetn)
        self.descriptors = self.MEMORY(dut, *args, BASE, self.memory.data, "m_axi_sg", "m_axi_sg")
        self.free = list(range(BASE + CHAINS, BASE + SENDS, DESCRIPTOR_BYTES))
        self.rng.shuffle(self.free)
        self.heads = {}
        self.shortest = BYTES if int(dut.BURST.value) == 16 else 2 * BYTES

    def stall(self, probability):
        super().stall(probability)
        make = (lambda: stalls(random.Random(self.rng.getrandbits(32)), probability)) if probability else None
        self.descriptors.stall(make)

    def latency(self, cycles):
        for memory in (self.memory, self.descriptors):
            memory.latency(cycles)

    def errors(self, regions):
        self.memory.errors = self.descriptors.errors = regions

    # Descriptors in memory

    def poke(self, address, data):
        """Write memory behind the core's back."""
        self.memory.data[address - BASE : address - BASE + len(data)] = data
        self.expect(address, data)

    def word(self, address):
        return int.from_bytes(self.memory.data[address - BASE : address - BASE + 4], "little")

    def place(self, buffers, lane=None):
        """Write a chain with a descriptor for each (buffer, length, flags); its last one leads nowhere.

        With a lane, it leads to where the next chain of that lane begins: the core reads it with the descriptor.
        """
        chain = [Descriptor(self.free.pop(), *buffer) for buffer in buffers]
        end = BASE + SIZE + 0x100
        if lane is not None:
            chain[0].address = self.heads.get(lane, chain[0].address)
            end = self.heads[lane] = self.free.pop()
        for descriptor, successor in zip(chain, [*(each.address for each in chain[1:]), end], strict=True):
            # Reserved words and bits mean nothing
            self.poke(descriptor.address, self.rng.randbytes(DESCRIPTOR_BYTES))
            self.poke(descriptor.address + NEXT, (successor | self.rng.randrange(64)).to_bytes(8, "little"))
            self.poke(descriptor.address + BUFFER, descriptor.buffer.to_bytes(8, "little"))
            self.poke(descriptor.address + CONTROL, (descriptor.length | descriptor.flags).to_bytes(4, "little"))
            self.poke(descriptor.address + STATUS, self.rng.getrandbits(31).to_bytes(4, "little"))
        return chain

    def expect_status(self, descriptor, value):
        self.expect(descriptor.address + STATUS, value.to_bytes(4, "little"))

    # Channels

    async def status(self, channel):
        """DMASR without the counters; SGIncld is always set."""
        status = await self.read(channel + DMASR)
        assert status & SG
        return status & 0xFFFF & ~SG

    async def wait_status(self, channel, mask, polls=4000):
        return await super().wait_status(channel, mask, polls) & 0xFFFF & ~SG

    async def begin(self, channel, first, control=RUN):
        """Set CURDESC and run: what pynq does before it writes TAILDESC."""
        await self.write(channel + CURDESC, first & 0xFFFF_FFFF)
        await self.write(channel + CURDESC_MSB, first >> 32)
        await self.write(channel + DMACR, control)
        assert await self.status(channel) & (HALTED | IDLE) == 0

    async def tail(self, channel, last):
        await self.write(channel + TAILDESC, last & 0xFFFF_FFFF)
        await self.write(channel + TAILDESC_MSB, last >> 32)

    async def go(self, channel, chain, control=RUN):
        await self.begin(channel, chain[0].address, control)
        await self.tail(channel, chain[-1].address)

    async def check_idle(self, channel, chain):
        """Wait for the end without errors, clear the interrupt, stop."""
        assert await self.wait_status(channel, IDLE | HALTED) == IDLE | IOC_IRQ
        await self.write(channel + DMASR, IOC_IRQ)
        assert await self.status(channel) == IDLE
        assert await self.pointer(channel) == chain[-1].address
        await self.stop(channel)

    async def stop(self, channel):
        await self.write(channel + DMACR, 0)
        assert await self.status(channel) == HALTED, "an idle channel halts at once"

    async def pointer(self, channel):
        return await self.read(channel + CURDESC) | await self.read(channel + CURDESC_MSB) << 32

    async def check_failed(self, channel, errors, at):
        """The channel has halted, CURDESC names the descriptor, nothing but a reset helps."""
        assert await self.wait_status(channel, HALTED) & ~IOC_IRQ == HALTED | errors | ERR_IRQ
        assert await self.pointer(channel) == at.address
        assert not self.memory.outstanding and not self.descriptors.outstanding
        await self.write(channel + DMACR, RUN)
        await self.tail(channel, at.address)
        await self.write(channel + DMASR, 0xFFFF_FFFF)
        assert await self.status(channel) == HALTED | errors

    # Transfers

    def random_packets(self, most=600):
        return [self.random_length(most) for _ in range(self.rng.randint(1, 4))]

    def place_sends(self, lengths, lane=None):
        """A chain that sends packets of these lengths, each in up to four pieces."""
        buffers = []
        for length in lengths:
            pieces = self.pieces(length)
            for index, piece in enumerate(pieces):
                address = BASE + SENDS + self.rng.randrange(0, FILLS - SENDS - piece - BYTES, BYTES)
                flags = (FIRST if index == 0 else 0) | (LAST if index == len(pieces) - 1 else 0)
                buffers.append((address, piece, flags))
        return self.place(buffers, lane)

    def pieces(self, length):
        cuts = sorted({self.rng.randrange(0, length, BYTES) for _ in range(self.rng.randint(0, 3))} - {0})
        return [high - low for low, high in zip([0, *cuts], [*cuts, length], strict=True)]

    def sent(self, chain):
        """The packets that a chain sends; expects its status words."""
        packets, packet = [], b""
        for each in chain:
            start = each.buffer - BASE
            packet += bytes(self.expected[start : start + each.length])
            self.expect_status(each, COMPLETE | each.length)
            if each.flags & LAST:
                packets.append(packet)
                packet = b""
        return packets

    async def check_packets(self, packets):
        for packet in packets:
            got = await self.receive_packet()
            assert got == packet, mismatch("packet", packet, got)

    def place_fills(self, packets, lane=None):
        """Buffers that these packets end in, with what is expected of them."""
        buffers, results, offset = [], [], FILLS + BYTES * self.rng.randrange(32)
        for packet in packets:
            rest, first = packet, True
            while rest or first:
                whole = -(-len(packet) // BYTES) * BYTES
                length = self.rng.choice((self.shortest, BYTES * self.rng.randint(1, 60), whole))
                taken, rest = rest[:length], rest[length:]
                buffers.append((BASE + offset, length, self.rng.choice((0, FIRST, LAST))))
                results.append((taken, (FIRST if first else 0) | (0 if rest else LAST)))
                offset += length + BYTES * self.rng.randrange(3)
                first = False
        assert offset <= SIZE
        chain = self.place(buffers, lane)
        for descriptor, (data, flags) in zip(chain, results, strict=True):
            self.expect(descriptor.buffer, data)
            self.expect_status(descriptor, COMPLETE | flags | len(data))
        return chain

    async def check_both(self):
        """A chain each way, to show that the core works as before."""
        sends = self.place_sends(self.random_packets())
        packets = [self.rng.randbytes(length) for length in self.random_packets()]
        fills = self.place_fills(packets)
        expected = self.sent(sends)
        for packet in packets:
            self.send_beats(packet)
        await self.go(MM2S, sends)
        await self.go(S2MM, fills)
        await self.check_packets(expected)
        for channel, chain in ((MM2S, sends), (S2MM, fills)):
            await self.check_idle(channel, chain)
        self.check_memory("both ways")
        assert self.sink.empty() and self.source.empty()
        await self.cycles(1)
        self.monitor.quiet()
        self.free += [each.address for each in sends + fills]


class StrictBench(SgBench):
    """Memory ports, descriptors included, that wait for valid before they are ready."""

    MEMORY = StrictMemory


async def bench(dut, stall=0.0, latency=8):
    b = await SgBench(dut).start()
    b.stall(stall)
    b.latency(latency)
    return b


@dma_test
async def registers(dut):
    b = await bench(dut)
    mask = (1 << int(dut.ADDR_W.value)) - 1
    for channel in (MM2S, S2MM):
        assert await b.read(channel + DMACR) == 0x0001_0002
        assert await b.read(channel + DMASR) == 0x0001_0009
        for offset in (CURDESC, CURDESC_MSB, TAILDESC, TAILDESC_MSB, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C):
            assert await b.read(channel + offset) == 0, f"{channel + offset:#x}"
        for offset in (0x18, 0x1C, 0x28):
            await b.write(channel + offset, 0xFFFF_FFFF)
            assert await b.read(channel + offset) == 0, "the registers of direct mode are absent"
        for offset, value in ((CURDESC, 0xFFFF_FFC0), (CURDESC_MSB, 0xFFFF_FFFF)):
            for register in (offset, offset + TAILDESC - CURDESC):
                await b.write(channel + register, 0xFFFF_FFFF)
                assert await b.read(channel + register) == value & (mask >> 32 if value & 1 else mask)
        assert await b.read(channel + DMASR) == 0x0001_0009, "a tail does not start a halted channel"
        await b.write(channel + DMACR, 0xFFFF_FFFB)
        assert await b.read(channel + DMACR) == 0xFFFF_7013
        assert await b.read(channel + DMASR) == 0x00FF_0008
        await b.write(channel + CURDESC, 0)
        assert await b.read(channel + CURDESC) == mask & 0xFFFF_FFC0, "CURDESC is written while halted"
        await b.write(channel + DMACR, 0)
        assert await b.read(channel + DMACR) == 0x00FF_0002, "a threshold of 0 has no effect"
        assert await b.read(channel + DMASR) == 0x00FF_0009
    assert not b.descriptors.bursts_read and not b.descriptors.bursts_written
    await b.reset(S2MM)
    assert await b.read(MM2S + DMACR) == await b.read(S2MM + DMACR) == 0x0001_0002


@dma_test
async def random_chains_both_ways(dut):
    b = await bench(dut)
    for index in range(9):
        b.stall((0.0, 0.2, 0.6)[index % 3])
        b.latency(b.rng.choice((1, 8, 40)))
        await b.check_both()


@dma_test
async def a_slave_that_waits_for_address_and_data(dut):
    """A3.3.1, for descriptors, too."""
    b = await StrictBench(dut).start()
    for _ in range(2):
        await b.check_both()


@dma_test
async def chains_grow_while_they_run(dut):
    """A new tail continues with the last descriptor's successor, idle or not."""
    b = await bench(dut, latency=10)
    for index in range(12):
        b.stall((0.0, 0.4)[index % 2])
        packets = [b.rng.randbytes(length) for length in b.random_packets(200)]
        sends = b.place_sends(b.random_packets(200), "sends")
        fills = b.place_fills(packets, "fills")
        expected = b.sent(sends)
        for packet in packets:
            b.send_beats(packet)
        if index == 0:
            await b.begin(MM2S, sends[0].address)
            await b.begin(S2MM, fills[0].address)
        await b.tail(MM2S, sends[-1].address)
        await b.tail(S2MM, fills[-1].address)
        await b.check_packets(expected)
        if index % 3 == 2:
            for channel in (MM2S, S2MM):
                await b.wait_status(channel, IDLE)
            b.check_memory("grown")
    await b.check_idle(MM2S, sends)
    await b.check_idle(S2MM, fills)
    b.check_memory("grown")


@dma_test
async def tail_moves_while_the_chain_runs(dut):
    b = await bench(dut, latency=20)
    chain = b.place_sends([400, 300, 200, 100])
    expected = b.sent(chain)
    await b.begin(MM2S, chain[0].address)
    for each in chain:
        await b.tail(MM2S, each.address)
    await b.check_packets(expected)
    await b.check_idle(MM2S, chain)
    b.check_memory("all descriptors, each once")


@dma_test
async def tail_moves_in_any_cycle(dut):
    """Also in the one in which the fetch of the old tail ends."""
    b = await bench(dut)
    for delay in range(40):
        sends = b.place_sends([8, 8])
        packets = [b.rng.randbytes(8) for _ in range(2)]
        fills = b.place_fills(packets)
        expected = b.sent(sends)
        for packet in packets:
            b.send_beats(packet)
        for channel, chain in ((MM2S, sends), (S2MM, fills)):
            await b.begin(channel, chain[0].address)
            await b.tail(channel, chain[0].address)
            await b.cycles(delay)
            await b.tail(channel, chain[-1].address)
        await b.check_packets(expected)
        await b.check_idle(MM2S, sends)
        await b.check_idle(S2MM, fills)
        b.check_memory(f"{delay} cycles after the first tail")
        b.free += [each.address for each in sends + fills]


@dma_test
async def half_a_tail_changes_nothing(dut):
    b = await bench(dut)
    chain = b.place_sends([800, 8, 8, 8])
    expected = b.sent(chain)
    b.sink.pause = True
    await b.go(MM2S, chain)
    await b.write(MM2S + TAILDESC, chain[-2].address & 0xFFFF_FFFF)
    b.sink.pause = False
    await b.check_packets(expected)
    await b.check_idle(MM2S, chain)
    b.check_memory("up to the tail whose upper word was written")


@dma_test
async def cyclic_chain_until_stopped(dut):
    """As pynq does: the last descriptor leads to the first, the tail is none of them; stop, then reset."""
    b = await bench(dut, stall=0.2)
    for length in (1, 3):
        chain = b.place_sends([64 + 8 * index for index in range(length)])
        chain = chain if length > 1 else chain[-1:]
        b.poke(chain[-1].address + CONTROL, (chain[-1].length | LAST).to_bytes(4, "little"))
        b.poke(chain[-1].address + NEXT, chain[0].address.to_bytes(8, "little"))
        packets = b.sent(chain)
        await b.begin(MM2S, chain[0].address, RUN | CYCLIC)
        await b.tail(MM2S, BASE + SIZE - 64)
        for _ in range(4):
            await b.check_packets(packets)
        assert await b.status(MM2S) == IOC_IRQ, "neither idle nor halted"
        b.monitor.stream_may_break = True
        await b.write(MM2S + DMACR, 0)
        await b.wait_status(MM2S, HALTED)
        await b.reset()
        b.check_memory("a status is the same in each round")
        await b.go(MM2S, chain)
        await b.check_failed(MM2S, SG_INT_ERR, chain[0])
        await b.reset()
        await b.check_both()


@dma_test
async def completed_descriptors_are_refused(dut):
    b = await bench(dut, latency=20)
    for channel in (MM2S, S2MM):
        packet = b.rng.randbytes(160)
        chain = b.place([(BASE + FILLS + 80 * index, 80, LAST) for index in range(3)])
        b.poke(chain[2].address + STATUS, COMPLETE.to_bytes(4, "little"))
        if channel == S2MM:
            b.send_beats(packet)
            for index, each in enumerate(chain[:2]):
                b.expect(each.buffer, packet[80 * index : 80 * index + 80])
                b.expect_status(each, COMPLETE | 80 | (LAST if index else FIRST))
            expected = []
        else:
            expected = b.sent(chain[:2])
        await b.go(channel, chain)
        await b.check_packets(expected)
        await b.check_failed(channel, SG_INT_ERR, chain[2])
        b.check_memory("those before it are done")
        await b.reset()
        await b.check_both()


@dma_test
async def descriptors_that_cannot_be_read_or_written(dut):
    b = await bench(dut)
    for channel in (MM2S, S2MM):
        for response, bits in ((SLVERR, SG_SLV_ERR), (DECERR, SG_DEC_ERR)):
            for bad, offset in ((0, 0x00), (1, 0x18), (2, 0x10)):
                chain = b.place([(BASE + FILLS + 64 * index, 64, LAST) for index in range(3)])
                address = chain[bad].address + offset
                b.errors({range(address, address + 8): response})
                data = b.rng.randbytes(64)
                for each in chain[:bad]:
                    b.expect_status(each, COMPLETE | 64 | (FIRST | LAST) * (channel == S2MM))
                    if channel == S2MM:
                        b.send_beats(data)
                        b.expect(each.buffer, data)
                await b.go(channel, chain)
                await b.check_failed(channel, bits, chain[bad])
                b.check_memory(f"descriptor {bad} cannot be read")
                b.errors({})
                await b.reset()
            chain = b.place([(BASE + FILLS, 64, LAST)] * 2)
            b.sink.pause = True
            await b.go(channel, chain)
            await b.cycles(60)
            # Both have been fetched; the first one's status cannot be written
            b.errors({range(chain[0].address + 0x18, chain[0].address + 0x20): response})
            data = b.rng.randbytes(64)
            if channel == S2MM:
                b.send_beats(data)
                b.expect(chain[0].buffer, data)
            b.sink.pause = False
            await b.check_failed(channel, bits, chain[0])
            if channel == MM2S:
                assert await b.receive_packet() == await b.receive_packet() == b.expected[FILLS : FILLS + 64]
                b.expect_status(chain[1], COMPLETE | 64)
            b.check_memory("the first one's status is not written; the second one had begun")
            b.errors({})
            await b.reset()
            await b.check_both()


@dma_test
async def buffers_in_error(dut):
    b = await bench(dut, stall=0.2)
    good = BASE + FILLS
    cases = [
        (MM2S, (good, 0, LAST), INT_ERR, 0),
        (MM2S, (good + BYTES // 2, 8, LAST), INT_ERR, 0),
        (MM2S, (good, 12, 0), INT_ERR, 0),
        (MM2S, (good, BYTES // 2, 0), INT_ERR, 0),
        (MM2S, (good + 0x1000, 64, LAST), SLV_ERR, 0),
        (MM2S, (BASE + SIZE, 64, LAST), DEC_ERR, 0),
        (S2MM, (good, 0, 0), INT_ERR, 0),
        (S2MM, (good + BYTES // 2, 64, 0), INT_ERR, 0),
        (S2MM, (good, 12, 0), INT_ERR, 12),
        (S2MM, (good + 0x1000, 64, 0), SLV_ERR, 64),
        (S2MM, (BASE + SIZE, 64, 0), DEC_ERR, 64),
    ]
    for channel, bad, bits, taken in cases:
        b.errors({range(good + 0x1000, good + 0x1040): SLVERR})
        chain = b.place([(BASE + FILLS, 64, LAST), bad, (BASE + FILLS, 64, LAST)])
        packets = [b.rng.randbytes(64) for _ in range(2)]
        if channel == S2MM:
            b.expect(chain[0].buffer, packets[0])
            b.expect_status(chain[0], COMPLETE | FIRST | LAST | 64)
            if bad[1] == 12:
                b.expect(good, packets[1][:12])
            for packet in packets:
                b.send_beats(packet)
            expected = []
        else:
            expected = b.sent(chain[:1])
        await b.go(channel, chain)
        await b.check_packets(expected)
        status = await b.wait_status(channel, HALTED)
        assert status & ERRORS == bits and status & ERR_IRQ
        await b.write(channel + DMASR, IOC_IRQ)
        flags = 0 if channel == MM2S else FIRST | LAST if taken == 64 else FIRST
        b.expect_status(chain[1], COMPLETE | bits << 24 | flags | taken)
        assert await b.pointer(channel) == chain[1].address
        b.check_memory(f"{channel:#x} {bad}")
        b.errors({})
        await b.reset()
        await b.check_both()


@dma_test
async def stop_between_descriptors(dut):
    """RS cleared: the present descriptor is completed; software goes on with the first that is not."""
    b = await bench(dut, latency=15)
    for index in range(6):
        b.stall((0.0, 0.5)[index % 2])
        sends = b.place_sends([b.rng.randint(64, 400) for _ in range(4)])
        packets = [b.rng.randbytes(b.rng.randint(64, 400)) for _ in range(4)]
        fills = b.place_fills(packets)
        expected = b.sent(sends)
        for packet in packets:
            b.send_beats(packet)
        rest = {MM2S: sends, S2MM: fills}
        receiver = cocotb.start_soon(b.check_packets(expected))
        while rest:
            for channel, chain in rest.items():
                await b.go(channel, chain)
            await b.cycles(b.rng.randint(0, 300))
            for channel in list(rest):
                await b.write(channel + DMACR, 0)
                status = await b.wait_status(channel, HALTED)
                assert status & ERRORS == 0
                await b.write(channel + DMASR, IOC_IRQ)
                left = [each for each in rest[channel] if not b.word(each.address + STATUS) & COMPLETE]
                assert left == rest[channel][len(rest[channel]) - len(left) :], "in order"
                rest[channel] = left
                if not left:
                    del rest[channel]
        await receiver
        b.check_memory("stopped and continued")
        b.free += [each.address for each in sends + fills]


@dma_test
async def a_channel_that_waits_for_its_stream_stops(dut):
    b = await bench(dut)
    chain = b.place([(BASE + FILLS, 64, 0)])
    await b.go(S2MM, chain)
    await b.cycles(100)
    assert await b.status(S2MM) == 0, "neither idle nor halted"
    await b.stop(S2MM)
    b.send_beats(b.rng.randbytes(4 * BYTES))
    await b.cycles(50)
    b.check_memory("halted: four beats are kept")
    await b.reset()
    await b.check_both()


@dma_test
async def packet_that_ends_with_an_empty_beat(dut):
    """It has filled a buffer exactly, so its end comes in the next one."""
    b = await bench(dut, stall=0.2)
    data = b.rng.randbytes(64)
    chain = b.place([(BASE + FILLS, 64, 0), (BASE + FILLS + 64, 64, 0)])
    b.expect(chain[0].buffer, data)
    b.expect_status(chain[0], COMPLETE | FIRST | 64)
    b.expect_status(chain[1], COMPLETE | LAST)
    b.send_beats(data, last=False)
    b.source.send_nowait(Beat(tdata=0, tkeep=0, tlast=1))
    await b.go(S2MM, chain)
    await b.check_idle(S2MM, chain)
    b.check_memory("no byte in the second buffer")


@dma_test
async def reset_in_mid_transfer(dut):
    b = await bench(dut)
    for index in range(10):
        b.stall(b.rng.choice((0.0, 0.3, 0.7)))
        b.latency(b.rng.choice((1, 10, 60)))
        sends = b.place_sends([600, 700])
        packets = [b.rng.randbytes(700)]
        fills = b.place_fills(packets)
        for packet in packets:
            b.send_beats(packet)
        if index % 3 != 0:
            await b.go(MM2S, sends)
        if index % 3 != 1:
            await b.go(S2MM, fills)
        await b.cycles(b.rng.randint(0, 400))
        await b.reset((MM2S, S2MM)[index % 2])
        assert not b.memory.outstanding and not b.descriptors.outstanding
        assert b.monitor.writes.written == b.monitor.writes.granted
        written = bytes(b.memory.data)
        await b.cycles(200)
        assert b.memory.data == written, "nothing is written after a reset"
        b.expected[:] = written
        for channel in (MM2S, S2MM):
            assert await b.read(channel + DMASR) == 0x0001_0009
            assert await b.read(channel + DMACR) == 0x0001_0002
            assert await b.pointer(channel) == 0
        await b.check_both()


@dma_test
async def chain_right_after_reset(dut):
    b = await bench(dut, latency=300)
    b.sink.pause = True
    chain = b.place_sends([2000])
    await b.go(MM2S, chain)
    await b.cycles(350)
    b.monitor.stream_may_break = True
    await b.write(MM2S + DMACR, RESET)
    chain = b.place_sends([100, 50])
    expected = b.sent(chain)
    await b.go(MM2S, chain)
    assert await b.read(MM2S + DMACR) & RESET, "the reset is still in progress"
    while await b.read(MM2S + DMACR) & RESET:
        pass
    b.monitor.stream_may_break = False
    b.sink.clear()
    b.sink.pause = False
    await b.check_packets(expected)
    await b.check_idle(MM2S, chain)
    b.check_memory("after a reset")


@dma_test
async def packets_are_counted_for_interrupts(dut):
    b = await bench(dut)
    introut = {MM2S: dut.mm2s_introut, S2MM: dut.s2mm_introut}
    for channel in (MM2S, S2MM):
        for number in range(1, 8):
            if channel == MM2S:
                chain = b.place([(BASE + SENDS, 64, FIRST), (BASE + SENDS, 64, LAST)], channel)
                b.sent(chain)
            else:
                packet = b.rng.randbytes(100)
                chain = b.place([(BASE + FILLS, 64, 0), (BASE + FILLS + 64, 64, 0)], channel)
                b.send_beats(packet)
                b.expect(BASE + FILLS, packet)
                b.expect_status(chain[0], COMPLETE | FIRST | 64)
                b.expect_status(chain[1], COMPLETE | LAST | 36)
            if number == 1:
                await b.begin(channel, chain[0].address, RUN | IOC_IRQ | 3 << 16)
            await b.tail(channel, chain[-1].address)
            assert await b.wait_status(channel, IDLE) == IDLE | (IOC_IRQ if number % 3 == 0 else 0)
            assert await b.read(channel + DMASR) >> 16 & 0xFF == 3 - number % 3, "packets still to come"
            assert bool(introut[channel].value) == (number % 3 == 0)
            await b.write(channel + DMASR, IOC_IRQ)
            await b.cycles(3)
            assert not introut[channel].value
        b.check_memory("packets in two parts")
        await b.stop(channel)
    b.sink.clear()


@dma_test
async def packets_that_wait_interrupt_after_the_delay(dut):
    b = await bench(dut, latency=1)
    chain = b.place([(BASE + SENDS, 8, LAST)] * 2)
    b.sent(chain)
    await b.begin(MM2S, chain[0].address, RUN | DLY_IRQ | 9 << 16 | 2 << 24)
    await b.tail(MM2S, chain[-1].address)
    await b.wait_status(MM2S, IDLE)
    cycles = 0
    while not dut.mm2s_introut.value:
        await RisingEdge(dut.aclk)
        cycles += 1
        assert cycles < 300
    assert 200 < cycles <= 2 * 125 + 5
    assert await b.read(MM2S + DMASR) == IDLE | SG | DLY_IRQ | 9 << 16, "packets are counted anew"
    await b.write(MM2S + DMASR, DLY_IRQ)
    await b.cycles(400)
    assert await b.status(MM2S) == IDLE, "one delay interrupt"
    b.check_memory("delay")


@dma_test
async def errors_interrupt(dut):
    b = await bench(dut)
    for channel, introut in ((MM2S, dut.mm2s_introut), (S2MM, dut.s2mm_introut)):
        for enable in (IOC_IRQ, ERR_IRQ):
            chain = b.place([(BASE, 0, LAST)])
            b.send_beats(bytes(8))
            await b.go(channel, chain, RUN | enable)
            await b.wait_status(channel, HALTED)
            await b.cycles(2)
            assert bool(introut.value) == (enable == ERR_IRQ)
            await b.write(channel + DMASR, ERR_IRQ)
            await b.cycles(2)
            assert not introut.value
            await b.reset()


@dma_test
async def large_descriptors_keep_the_rate(dut):
    b = await bench(dut, latency=40)
    length = 0x400 * BYTES
    chain = b.place([(BASE + SENDS + length * index, length, LAST * (index == 2)) for index in range(3)])
    expected = b.sent(chain)
    rate = cocotb.start_soon(throughput(b, dut.m_axis_mm2s_tvalid, dut.m_axis_mm2s_tready, 3 * length // BYTES))
    await b.go(MM2S, chain)
    await b.check_packets(expected)
    assert await rate >= 0.95
    await b.check_idle(MM2S, chain)
    packet = b.rng.randbytes(3 * length)
    chain = b.place([(BASE + SENDS + length * index, length, 0) for index in range(3)])
    for index, each in enumerate(chain):
        b.expect(each.buffer, packet[length * index : length * (index + 1)])
        b.expect_status(each, COMPLETE | length | (FIRST, 0, LAST)[index])
    b.send_beats(packet)
    rate = cocotb.start_soon(throughput(b, dut.m_axi_s2mm_wvalid, dut.m_axi_s2mm_wready, 3 * length // BYTES))
    await b.go(S2MM, chain)
    assert await rate >= 0.93
    await b.check_idle(S2MM, chain)
    b.check_memory("three large buffers")
