"""AXI4-Stream infrastructure with Xilinx's ports: packets come out the same, with their side bands, whatever stalls."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

PAYLOAD = ("tdata", "tkeep", "tlast")
SIDE_BANDS = ("tid", "tdest", "tuser")


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


async def start(dut):
    prefix = "s_axis_" if hasattr(dut, "s_axis_aclk") else ""
    clock, reset = getattr(dut, f"{prefix}aclk"), getattr(dut, f"{prefix}aresetn")
    cocotb.start_soon(Clock(clock, 10, "ns").start())
    reset.value = 0
    if hasattr(dut, "s_axis_tstrb"):
        dut.s_axis_tstrb.value = 0
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), clock, reset, reset_active_level=False)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), clock, reset, reset_active_level=False)
    await ClockCycles(clock, 3)
    reset.value = 1
    return clock, source, sink


async def watch_handshake(dut, clock):
    """m_axis_tvalid and its payload must stay while the beat is not taken."""
    held = None
    while True:
        await FallingEdge(clock)
        now = [str(getattr(dut, f"m_axis_{name}").value) for name in PAYLOAD]
        if held is not None:
            assert dut.m_axis_tvalid.value, "m_axis_tvalid fell before the beat was taken"
            assert now == held, "the beat changed before it was taken"
        held = now if dut.m_axis_tvalid.value and not dut.m_axis_tready.value else None


@cocotb.test()
async def packets_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    clock, source, sink = await start(dut)
    cocotb.start_soon(watch_handshake(dut, clock))
    has_side_bands = hasattr(dut, "m_axis_tuser")
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.0)]:
        source.set_pause_generator(stalls(rng, probability_in))
        sink.set_pause_generator(stalls(rng, probability_out))
        packets = [(rng.randbytes(rng.randint(1, 150)), rng.randint(0, 1)) for _ in range(25)]
        for packet, bit in packets:
            extra = dict.fromkeys(SIDE_BANDS, bit) if has_side_bands else {}
            await source.send(AxiStreamFrame(packet, **extra))
        for index, (packet, bit) in enumerate(packets):
            frame = await sink.recv()
            assert bytes(frame.tdata) == packet, f"packet {index} of {len(packet)} bytes"
            if has_side_bands:
                assert all(getattr(frame, name) in (bit, [bit] * len(packet)) for name in SIDE_BANDS)


@cocotb.test()
async def a_packet_waits_for_its_end(dut):
    """In packet mode, where it fits."""
    if not hasattr(dut, "PACKET") or not int(dut.PACKET.value):
        return
    clock, source, sink = await start(dut)
    size = len(dut.s_axis_tdata) // 8
    for beats, fits in ((int(dut.DEPTH.value), True), (4 * int(dut.DEPTH.value), False)):
        source.pause = False
        await source.send(AxiStreamFrame(bytes(beats * size)))
        taken = False
        for _ in range(40 * beats):
            await RisingEdge(clock)
            taken = taken or bool(dut.s_axis_tvalid.value and dut.s_axis_tready.value and dut.s_axis_tlast.value)
            if dut.m_axis_tvalid.value and not taken:
                assert not fits, "a beat before the packet's end is in"
        assert len((await sink.recv()).tdata) == beats * size
