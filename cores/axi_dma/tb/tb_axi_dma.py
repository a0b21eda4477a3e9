"""axi_dma against a memory and streams that stall at random; the whole memory is compared after every transfer."""

import random
from itertools import repeat

import cocotb
from cocotb.triggers import RisingEdge
from dma_bench import (
    ADDRESS,
    ADDRESS_MSB,
    BASE,
    BYTES,
    COMPLETE,
    DEC_ERR,
    DMACR,
    DMASR,
    ERR_IRQ,
    FULL,
    HALTED,
    IDLE,
    INT_ERR,
    IOC_IRQ,
    LENGTH,
    MM2S,
    RESET,
    RUN,
    S2MM,
    SIZE,
    SLV_ERR,
    Beat,
    Bench,
    stalls,
    throughput,
)
from dma_memory import DECERR, SLVERR, StrictMemory

from axi_strict import not_ready_before

# Beats that S2MM takes before it has a transfer for them
EARLY = 4

# The longest test takes 0.2 ms.
dma_test = cocotb.test(timeout_time=2, timeout_unit="ms")


async def bench(dut, stall=0.0, latency=8, run=True):
    b = await Bench(dut).start()
    b.stall(stall)
    b.memory.latency(latency)
    if run:
        await b.run_channels()
    return b


@dma_test
async def registers(dut):
    b = await bench(dut, run=False)
    for channel in (MM2S, S2MM):
        assert await b.read(channel + DMACR) == 0x0001_0002
        assert await b.read(channel + DMASR) == 0x1
        for offset in (0x08, 0x0C, 0x10, 0x14, ADDRESS, ADDRESS_MSB, 0x20, 0x24, LENGTH, 0x2C):
            assert await b.read(channel + offset) == 0, f"{channel + offset:#x}"
        await b.write(channel + LENGTH, 64)
        assert await b.read(channel + LENGTH) == 0, "LENGTH is ignored while halted"
        await b.write(channel + ADDRESS, 0xFFFF_FFFF)
        await b.write(channel + ADDRESS_MSB, 0xFFFF_FFFF)
        assert await b.read(channel + ADDRESS) == 0xFFFF_FFFF
        assert await b.read(channel + ADDRESS_MSB) == (1 << (int(dut.ADDR_W.value) - 32)) - 1
        await b.write(channel + DMACR, 0xFFFF_FFFB)
        assert await b.read(channel + DMACR) == 0xFFFF_7003
        await b.write(channel + DMACR, 0x0000_0001)
        assert await b.read(channel + DMACR) == 0x00FF_0003, "a threshold of 0 has no effect"
        assert await b.read(channel + DMASR) == 0x0, "Idle is 0 before the first transfer"
        await b.write(channel + DMACR, 0)
        assert await b.read(channel + DMASR) == 0x1
    channels = range(0, 0x60, 4)
    values = [await b.read(address) for address in channels]
    for address in range(0x60, 0x400, 4):
        await b.write(address, 0x5555_5553)
        assert await b.read(address) == 0
    assert [await b.read(address) for address in channels] == values, "an address beyond the channels changes none"
    assert not b.memory.bursts_read and not b.memory.bursts_written
    await b.reset(S2MM)
    assert await b.read(MM2S + DMACR) == await b.read(S2MM + DMACR) == 0x0001_0002


@dma_test
async def register_accesses_in_a_row_under_stalls(dut):
    b = await bench(dut, run=False)
    write, read = b.registers.write_if, b.registers.read_if
    channels = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
    values = dict.fromkeys((MM2S + ADDRESS, S2MM + ADDRESS), 0)
    for _ in range(16):
        for channel in channels:
            channel.set_pause_generator(stalls(random.Random(b.rng.getrandbits(32)), b.rng.choice((0.0, 0.5, 0.8))))
        accesses = []
        for _ in range(8):
            address = b.rng.choice(list(values))
            values[address] = b.rng.getrandbits(32)
            accesses.append(cocotb.start_soon(b.write(address, values[address])))
        for access in accesses:
            await access
        reads = {address: cocotb.start_soon(b.read(address)) for address in [*values, MM2S + DMACR, S2MM + DMASR]}
        got = {address: await access for address, access in reads.items()}
        assert got == {**values, MM2S + DMACR: 0x0001_0002, S2MM + DMASR: HALTED}


@dma_test
async def random_sends(dut):
    b = await bench(dut)
    for index in range(24):
        b.stall((0.0, 0.2, 0.6)[index % 3])
        b.memory.latency(b.rng.choice((1, 8, 40)))
        await b.check_send(b.random_address(), b.random_length(b.longest))
    b.check_memory("reads change nothing")


@dma_test
async def random_receives(dut):
    b = await bench(dut)
    for index in range(24):
        b.stall((0.0, 0.2, 0.6)[index % 3])
        b.memory.latency(b.rng.choice((1, 8, 40)))
        data = b.rng.randbytes(b.random_length(b.longest))
        await b.check_receive(b.random_address(), len(data) + b.rng.choice((0, 1, 8, 1000)), data)


@dma_test
async def every_short_length(dut):
    b = await bench(dut, latency=1)
    for length in range(1, 4 * BYTES + 2):
        address = BASE + 0x1000 - BYTES * b.rng.randint(1, 3)
        await b.check_send(address, length)
        await b.check_receive(address, length, b.rng.randbytes(length))


@dma_test
async def both_ways_at_once(dut):
    b = await bench(dut, stall=0.2, latency=20)
    for _ in range(4):
        data = b.rng.randbytes(b.random_length(b.longest))
        send = cocotb.start_soon(b.check_send(BASE + BYTES * b.rng.randrange(512), b.random_length(b.longest)))
        await b.check_receive(BASE + 0x8000 + BYTES * b.rng.randrange(512), b.longest, data)
        await send


@dma_test
async def blocked_ends_fill_the_fifo_and_no_more(dut):
    b = await bench(dut, latency=2)
    depth = int(dut.FIFO_DEPTH.value)
    length = BYTES * (depth + 200)
    b.sink.pause = True
    send = cocotb.start_soon(b.check_send(BASE + 0x1000, length))
    await b.cycles(4 * depth)
    requested = sum(beats for _, beats in b.memory.bursts_read)
    # One burst less where the next one would not fit; 4 beats have left for the queue behind the FIFO.
    assert depth - int(dut.BURST.value) < requested <= depth + 4
    b.sink.pause = False
    await send
    b.memory.stall(lambda: repeat(True))
    receive = cocotb.start_soon(b.check_receive(BASE + 0x1000, length, b.rng.randbytes(length)))
    await b.cycles(4 * depth)
    # Two have left for the register behind the FIFO, with an address that is not taken.
    assert b.monitor.stream_in - EARLY - 2 in (depth - 1, depth)
    b.memory.stall(None)
    await receive


@dma_test
async def four_beats_are_taken_before_length_and_no_more(dut):
    """Halted, running, behind a packet: they lead the next packet, until a reset drops them."""
    b = await bench(dut, run=False)
    first, second, third = (b.rng.randbytes(length) for length in (5 * BYTES, 3 * BYTES, 10 * BYTES))
    for packet in (first, second, third):
        b.send_beats(packet)
    await b.cycles(50)
    assert b.monitor.stream_in == EARLY
    await b.run_channels()
    await b.cycles(50)
    assert b.monitor.stream_in == EARLY
    taken = 0
    for data in (first, second):
        await b.command(S2MM, BASE, 512)
        await b.wait_status(S2MM, IDLE)
        await b.cycles(50)
        taken += len(data) // BYTES
        assert b.monitor.stream_in == taken + EARLY
        b.expect(BASE, data)
        b.check_memory("packet by packet")
        assert await b.read(S2MM + LENGTH) == len(data)
    await b.reset_once()
    await b.cycles(50)
    assert b.monitor.stream_in == taken + 2 * EARLY, "four are gone, the next four are taken"
    await b.run_channels()
    await b.command(S2MM, BASE, 512)
    await b.wait_status(S2MM, IDLE)
    b.expect(BASE, third[BYTES * EARLY :])
    b.check_memory("stale beats lead: one reset of the DMA is not enough")


@dma_test
async def reset_reaches_the_other_end_of_the_streams(dut):
    """Both outputs are low for 16 cycles, in which no stream moves, and DMACR.Reset reads 0 only after them."""
    b = await bench(dut)
    outputs = (dut.mm2s_prmry_reset_out_n, dut.s2mm_prmry_reset_out_n)
    cycles = []

    async def watch_outputs():
        while True:
            await RisingEdge(dut.aclk)
            assert outputs[0].value == outputs[1].value
            if not outputs[0].value:
                cycles.append((int(dut.m_axis_mm2s_tvalid.value), int(dut.s_axis_s2mm_tready.value)))

    assert all(output.value for output in outputs)
    cocotb.start_soon(watch_outputs())
    b.monitor.stream_may_break = True
    b.sink.pause = True
    for channel in (MM2S, S2MM):
        b.send_beats(b.rng.randbytes(BYTES * 40))
        await b.command(MM2S, BASE, 512)
        await b.cycles(40)
        cycles.clear()
        await b.reset_once(channel)
        assert len(cycles) == 16
        assert cycles[1:] == [(0, 0)] * 15
    dut.axi_resetn.value = 0
    await b.cycles(3)
    assert not any(output.value for output in outputs)


@dma_test
async def recovery_leaves_no_stale_beat(dut):
    """DMA, stream, DMA: whatever was pending, the next packet begins with its own first beat."""
    b = await bench(dut)
    for pending in (0, 1, 3, 4, 5, 30):
        b.send_beats(b.rng.randbytes(BYTES * pending))
        await b.cycles(b.rng.randint(0, 40))
        await b.reset(b.rng.choice((MM2S, S2MM)))
        await b.run_channels()
        await b.check_both_exact()


@dma_test
async def a_write_error_ends_a_transfer_whose_stream_stands_still(dut):
    b = await bench(dut)
    burst = BYTES * int(dut.BURST.value)
    for response, bits in ((SLVERR, SLV_ERR), (DECERR, DEC_ERR)):
        b.memory.errors = {range(BASE, BASE + 8): response}
        b.send_beats(b.rng.randbytes(2 * burst), last=False)
        await b.command(S2MM, BASE, 8 * burst)
        assert await b.wait_status(S2MM, HALTED, polls=40) == HALTED | bits | ERR_IRQ
        b.memory.errors = {}
        await b.reset()
        b.expected[:] = b.memory.data
        await b.run_channels()
        await b.check_both_exact()


class StrictBench(Bench):
    """Both memory ports and both streams wait for valid before they are ready."""

    MEMORY = StrictMemory


@dma_test
async def a_slave_that_waits_for_address_and_data(dut):
    """A3.3.1: a write channel's ready may wait for the other one's valid."""
    b = await StrictBench(dut).start()
    await b.run_channels()
    for length in (1, BYTES, BYTES + 1, BYTES * int(dut.BURST.value), *(b.random_length(b.longest) for _ in range(3))):
        b.sink.set_pause_generator(not_ready_before(dut.m_axis_mm2s_tvalid))
        await b.check_send(b.random_address(), length)
        await b.check_receive(b.random_address(), length, b.rng.randbytes(length))
    await b.cycles(1)
    b.monitor.quiet()


@dma_test
async def overlong_packets(dut):
    b = await bench(dut)
    for length, packet in ((8, 16), (64, 65), (60, 64), (1, 2), (128, 400), (120, 1000), (13, 24), (4096, 4104)):
        b.stall(b.rng.choice((0.0, 0.4)))
        address, data = b.random_address(), b.rng.randbytes(packet)
        b.send_beats(data)
        await b.command(S2MM, address, length)
        assert await b.wait_status(S2MM, HALTED) == HALTED | INT_ERR | ERR_IRQ
        b.expect(address, data[:length])
        b.check_memory(f"nothing beyond LENGTH: {length} of {packet}")
        assert await b.read(S2MM + LENGTH) == length
        assert await b.read(S2MM + DMACR) & RUN == 0
        await b.write(S2MM + DMACR, RUN)
        await b.write(S2MM + DMASR, 0xFFFF_FFFF)
        assert await b.read(S2MM + DMASR) == HALTED | INT_ERR, "errors stay until a reset"
        await b.check_send(b.random_address(), 100)
        await b.reset(b.rng.choice((MM2S, S2MM)))
        assert await b.read(S2MM + DMASR) == HALTED
        await b.run_channels()
        await b.check_both_exact()


@dma_test
async def missing_tlast(dut):
    b = await bench(dut)
    data = b.rng.randbytes(256)
    b.send_beats(data, last=False)
    await b.command(S2MM, BASE + BYTES, 256)
    await b.cycles(500)
    assert await b.read(S2MM + DMASR) == 0, "the packet has not ended: neither idle nor in error"
    b.expect(BASE + BYTES, data)
    b.check_memory("what has come is written")
    b.send_beats(b"x")
    assert await b.wait_status(S2MM, HALTED) == HALTED | INT_ERR | ERR_IRQ
    b.check_memory("no byte more")
    await b.reset()
    await b.run_channels()
    b.send_beats(b.rng.randbytes(48), last=False)
    await b.command(S2MM, BASE, 256)
    await b.cycles(200)
    assert await b.read(S2MM + DMASR) == 0
    b.check_memory("a short burst is not written before the packet ends")
    await b.reset()
    b.check_memory("a reset drops it")
    await b.run_channels()
    await b.check_both_exact()


@dma_test
async def malformed_tkeep(dut):
    b = await bench(dut)
    for keep, last in ((FULL >> 1, 0), (0, 0), (FULL - 2, 1), (FULL - 0xF, 1)):
        data, whole = b.rng.randbytes(3 * BYTES), 2 * BYTES
        b.send_beats(data[:whole], last=False)
        b.source.send_nowait(Beat(tdata=int.from_bytes(data[whole:], "little"), tkeep=keep, tlast=last))
        await b.command(S2MM, BASE, 256)
        assert await b.wait_status(S2MM, HALTED) == HALTED | INT_ERR | ERR_IRQ
        assert await b.read(S2MM + LENGTH) == whole + keep.bit_count()
        b.expect(BASE, data[:whole])
        for lane in range(BYTES):
            if keep >> lane & 1:
                b.expect(BASE + whole + lane, data[whole + lane : whole + lane + 1])
        b.check_memory(f"tkeep {keep:#x}")
        await b.reset()
        await b.run_channels()
    data = b.rng.randbytes(32)
    b.send_beats(data, last=False)
    b.source.send_nowait(Beat(tdata=0, tkeep=0, tlast=1))
    await b.command(S2MM, BASE, 32)
    assert await b.wait_status(S2MM, IDLE) == COMPLETE, "an empty last beat ends a packet that fills LENGTH"
    b.expect(BASE, data)
    b.check_memory("empty last beat")
    await b.check_both_exact()


@dma_test
async def zero_length_and_unaligned_address(dut):
    b = await bench(dut)
    sent = 0
    for channel in (MM2S, S2MM):
        for address, length in ((BASE, 0), (BASE + BYTES // 2, 64), (BASE, b.length_mask + 1)):
            sent += 1
            b.source.send_nowait(Beat(tdata=0, tkeep=FULL, tlast=1))
            await b.command(channel, address, length)
            assert await b.wait_status(channel, HALTED) == HALTED | INT_ERR | ERR_IRQ
            await b.cycles(20)
            assert not b.memory.bursts_read and not b.memory.bursts_written
            assert b.monitor.stream_in == sent, "the one beat is taken early, and is lost with the reset"
            other = S2MM - channel
            assert await b.read(other + DMASR) == 0, "the other channel runs on"
            await b.reset(channel)
            await b.run_channels()
    await b.check_both_exact()


@dma_test
async def bus_errors(dut):
    b = await bench(dut)
    for channel in (MM2S, S2MM):
        for response, bits in ((SLVERR, SLV_ERR), (DECERR, DEC_ERR)):
            for bad in (0, 40, 128, 1592):
                b.stall(b.rng.choice((0.0, 0.4)))
                address = BASE + 0x2000
                b.memory.errors = {range(address + bad, address + bad + 8): response}
                b.send_beats(b.rng.randbytes(1600))
                await b.command(channel, address, 1600)
                assert await b.wait_status(channel, HALTED) == HALTED | bits | ERR_IRQ
                assert not b.memory.outstanding
                await b.write(channel + DMACR, RUN)
                assert await b.read(channel + DMASR) == HALTED | bits | ERR_IRQ
                if channel == MM2S:
                    await b.check_cut_packet(address, bad // BYTES)
                b.memory.errors = {}
                await b.reset(b.rng.choice((MM2S, S2MM)))
                b.expected[:] = b.memory.data
                await b.run_channels()
                await b.check_both_exact()
    await b.command(MM2S, BASE + SIZE - 64, 128)
    assert await b.wait_status(MM2S, HALTED) == HALTED | DEC_ERR | ERR_IRQ


@dma_test
async def interrupts(dut):
    b = await bench(dut)
    introut = {MM2S: dut.mm2s_introut, S2MM: dut.s2mm_introut}
    for channel in (MM2S, S2MM):
        for enable in (0, IOC_IRQ, ERR_IRQ):
            await b.write(channel + DMACR, RUN | enable)
            if channel == S2MM:
                b.send_beats(bytes(64))
            await b.command(channel, BASE, 64)
            await b.wait_status(channel, IDLE)
            await b.cycles(2)
            assert bool(introut[channel].value) == (enable == IOC_IRQ)
            assert not introut[S2MM - channel].value
            await b.write(channel + DMASR, ERR_IRQ)
            assert await b.read(channel + DMASR) == COMPLETE
            await b.write(channel + DMASR, IOC_IRQ)
            assert await b.read(channel + DMASR) == IDLE
            assert not introut[channel].value
        for enable in (IOC_IRQ, ERR_IRQ):
            await b.write(channel + DMACR, RUN | enable)
            await b.command(channel, BASE, 0)
            await b.wait_status(channel, HALTED)
            await b.cycles(2)
            assert bool(introut[channel].value) == (enable == ERR_IRQ)
            await b.write(channel + DMASR, ERR_IRQ)
            await b.cycles(2)
            assert not introut[channel].value
            await b.reset()
            await b.run_channels()


@dma_test
async def reset_in_mid_transfer(dut):
    b = await bench(dut)
    for index in range(12):
        b.stall(b.rng.choice((0.0, 0.3, 0.7)))
        b.memory.latency(b.rng.choice((1, 10, 60)))
        send, receive = b.random_address(), b.random_address()
        data = b.rng.randbytes(3000)
        b.send_beats(data)
        channels = ((MM2S,), (S2MM,), (MM2S, S2MM))[index % 3]
        if MM2S in channels:
            await b.command(MM2S, send, 3000)
        if S2MM in channels:
            await b.command(S2MM, receive, 3000)
        await b.cycles(b.rng.randint(0, 400))
        await b.reset((MM2S, S2MM)[index % 2])
        assert not b.memory.outstanding, "a reset ends when nothing is outstanding"
        assert b.monitor.writes.written == b.monitor.writes.granted
        written = sum(beats for _, beats in b.memory.bursts_written) * BYTES
        b.memory.bursts_written.clear()
        b.expect(receive, data[:written])
        b.check_memory(f"{written} bytes were written before the reset")
        for channel in (MM2S, S2MM):
            assert await b.read(channel + DMASR) == HALTED
            assert await b.read(channel + DMACR) == 0x0001_0002
        await b.run_channels()
        await b.check_both_exact()
        b.memory.bursts_written.clear()


@dma_test
async def transfer_right_after_reset(dut):
    b = await bench(dut, latency=300)
    b.sink.pause = True
    await b.command(MM2S, BASE, 4000)
    await b.cycles(100)
    b.monitor.stream_may_break = True
    await b.write(MM2S + DMACR, RESET)
    await b.run_channels()
    data = b.rng.randbytes(200)
    await b.command(S2MM, BASE + 0x4000, 200)
    await b.command(MM2S, BASE + 0x100, 333)
    assert await b.read(MM2S + DMACR) & RESET, "the reset is still in progress"
    while await b.read(MM2S + DMACR) & RESET:
        pass
    b.send_beats(data)
    b.monitor.stream_may_break = False
    b.sink.clear()
    b.sink.pause = False
    assert await b.receive_packet() == b.expected[0x100 : 0x100 + 333]
    assert await b.wait_status(MM2S, IDLE) == COMPLETE
    assert await b.wait_status(S2MM, IDLE) == COMPLETE
    b.expect(BASE + 0x4000, data)
    b.check_memory("S2MM after a reset")


@dma_test
async def stop_completes_the_transfer(dut):
    b = await bench(dut, stall=0.3)
    data = b.rng.randbytes(1000)
    await b.command(S2MM, BASE, 1000)
    await b.command(MM2S, BASE + 0x4000, 1000)
    for channel in (MM2S, S2MM):
        await b.write(channel + LENGTH, 8)
        await b.write(channel + DMACR, 0)
        assert await b.read(channel + DMASR) == 0, "still running"
    b.send_beats(data)
    assert await b.receive_packet() == b.expected[0x4000 : 0x4000 + 1000]
    for channel in (MM2S, S2MM):
        assert await b.wait_status(channel, HALTED) == HALTED | IOC_IRQ
        assert await b.read(channel + LENGTH) == 1000
    b.expect(BASE, data)
    b.check_memory("S2MM ends after a stop")
    await b.run_channels()
    await b.check_both_exact()


@dma_test
async def length_uses_all_bits(dut):
    b = await bench(dut)
    for channel in (MM2S, S2MM):
        await b.command(channel, BASE, b.length_mask)
        assert await b.read(channel + LENGTH) == b.length_mask
    await b.cycles(300)
    assert b.memory.bursts_read[0] == (BASE, int(dut.BURST.value))
    await b.reset()


@dma_test
async def one_beat_a_cycle_to_stream(dut):
    b = await bench(dut, latency=40)
    length = 0x1_0000
    rates = cocotb.start_soon(throughput(b, dut.m_axis_mm2s_tvalid, dut.m_axis_mm2s_tready, length // BYTES))
    await b.check_send(BASE + 0x800 - BYTES, length)
    assert await rates >= 0.99


@dma_test
async def one_beat_a_cycle_to_memory(dut):
    b = await bench(dut, latency=40)
    length = 0x1_0000
    rates = cocotb.start_soon(throughput(b, dut.m_axi_s2mm_wvalid, dut.m_axi_s2mm_wready, length // BYTES))
    await b.check_receive(BASE + 0x800 - BYTES, length, b.rng.randbytes(length))
    assert await rates >= 0.99


@dma_test
async def eight_bursts_outstanding(dut):
    b = await bench(dut, latency=1000)
    await b.command(MM2S, BASE, 4096)
    await b.cycles(500)
    assert [beats for _, beats in b.memory.bursts_read] == [16] * 8
    assert b.memory.outstanding == 8
    assert await b.receive_packet() == b.expected[:4096]
    assert b.memory.most_outstanding == 8
