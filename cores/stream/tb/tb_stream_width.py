"""Width converters stream_narrow, stream_widen: packets come out byte by byte the same, whatever stalls."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from axi_protocol import Passage, stream, watch
from axi_strict import not_ready_before


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
    ports = stream(dut, "s_"), stream(dut, "m_")
    passage = Passage(ports[0][0], ports[1][0])
    cocotb.start_soon(watch(RisingEdge(dut.clk), lambda: bool(dut.rst.value), *ports, passages=(passage,)))
    dut.rst.value = 0
    return source, sink, passage


@cocotb.test()
async def a_first_packet_shorter_than_a_beat(dut):
    """Comes first: the registers hold no data yet, so that a byte without tkeep would be X."""
    source, sink, _ = await start(dut)
    await source.send(AxiStreamFrame(b"\x92"))
    assert bytes((await sink.recv()).tdata) == b"\x92"


@cocotb.test()
async def packets_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    source, sink, passage = await start(dut)
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.0), (0.3, None)]:
        source.set_pause_generator(stalls(rng, probability_in))
        strict = probability_out is None
        sink.set_pause_generator(not_ready_before(dut.m_tvalid) if strict else stalls(rng, probability_out))
        packets = [rng.randbytes(rng.randint(1, 70)) for _ in range(60)]
        for packet in packets:
            await source.send(AxiStreamFrame(packet))
        for index, packet in enumerate(packets):
            frame = await sink.recv()
            assert bytes(frame.tdata) == packet, f"packet {index} of {len(packet)} bytes"
        await RisingEdge(dut.clk)
        passage.quiet()


@cocotb.test()
async def no_bubbles_in_the_narrow_stream(dut):
    source, sink, _ = await start(dut)
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
