"""Width converters stream_narrow, stream_widen: packets come out byte by byte the same, whatever stalls."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

PAYLOAD = ("tdata", "tkeep", "tlast")


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m"), dut.clk, dut.rst)
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    return source, sink


async def watch_handshake(dut):
    """m_tvalid and its payload must stay while the beat is not taken."""
    held = None
    while True:
        await FallingEdge(dut.clk)
        now = [str(getattr(dut, f"m_{name}").value) for name in PAYLOAD]
        if held is not None and not dut.rst.value:
            assert dut.m_tvalid.value, "m_tvalid fell before the beat was taken"
            assert now == held, "the beat changed before it was taken"
        held = now if dut.m_tvalid.value and not dut.m_tready.value else None


@cocotb.test()
async def a_first_packet_shorter_than_a_beat(dut):
    """Comes first: the registers hold no data yet, so that a byte without tkeep would be X."""
    source, sink = await start(dut)
    await source.send(AxiStreamFrame(b"\x92"))
    assert bytes((await sink.recv()).tdata) == b"\x92"


@cocotb.test()
async def packets_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    source, sink = await start(dut)
    cocotb.start_soon(watch_handshake(dut))
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.0)]:
        source.set_pause_generator(stalls(rng, probability_in))
        sink.set_pause_generator(stalls(rng, probability_out))
        packets = [rng.randbytes(rng.randint(1, 70)) for _ in range(60)]
        for packet in packets:
            await source.send(AxiStreamFrame(packet))
        for index, packet in enumerate(packets):
            frame = await sink.recv()
            assert bytes(frame.tdata) == packet, f"packet {index} of {len(packet)} bytes"


@cocotb.test()
async def no_bubbles_in_the_narrow_stream(dut):
    source, sink = await start(dut)
    narrow = "s" if len(dut.s_tdata) < 64 else "m"
    beats = 64 * 8 // (min(len(dut.s_tdata), len(dut.m_tdata)) // 8)
    await source.send(AxiStreamFrame(bytes(64 * 8)))
    moved, valid, ready = [], getattr(dut, f"{narrow}_tvalid"), getattr(dut, f"{narrow}_tready")
    for cycle in range(2 * beats):
        await RisingEdge(dut.clk)
        if valid.value and ready.value:
            moved.append(cycle)
    assert len(moved) == beats
    assert moved[-1] - moved[0] == beats - 1, "a bubble in a stream without stalls"
    assert len((await sink.recv()).tdata) == 64 * 8
