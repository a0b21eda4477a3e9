"""AXI4-Stream infrastructure with Xilinx's ports: packets come out the same, with their side bands, whatever stalls."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from axi_protocol import Passage, stream, watch
from axi_strict import not_ready_before

SIDE_BANDS = ("tid", "tdest", "tuser")


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


async def start(dut):
    """Clock, reset, both ends, and monitors for both ports, which compare what goes in with what comes out."""
    prefix = "s_axis_" if hasattr(dut, "s_axis_aclk") else ""
    clock, reset = getattr(dut, f"{prefix}aclk"), getattr(dut, f"{prefix}aresetn")
    cocotb.start_soon(Clock(clock, 10, "ns").start())
    reset.value = 0
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), clock, reset, reset_active_level=False)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), clock, reset, reset_active_level=False)
    if hasattr(dut, "s_axis_tstrb"):
        cocotb.start_soon(drive_strobes(dut, clock))
    ports = stream(dut, "s_axis_"), stream(dut, "m_axis_")
    passage = Passage(ports[0][0], ports[1][0])
    cocotb.start_soon(watch(RisingEdge(clock), lambda: not reset.value, *ports, passages=(passage,)))
    await ClockCycles(clock, 3)
    reset.value = 1
    return clock, source, sink, passage


async def drive_strobes(dut, clock):
    """Random strobes for each beat; the source drives none."""
    rng = random.Random(cocotb.RANDOM_SEED)
    while True:
        await RisingEdge(clock)
        if not dut.s_axis_tvalid.value or dut.s_axis_tready.value:
            dut.s_axis_tstrb.value = rng.getrandbits(len(dut.s_axis_tstrb))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def packets_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    clock, source, sink, passage = await start(dut)
    widths = {name: len(getattr(dut, f"s_axis_{name}")) for name in SIDE_BANDS if hasattr(dut, f"s_axis_{name}")}
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.0), (0.3, None)]:
        source.set_pause_generator(stalls(rng, probability_in))
        strict = probability_out is None
        sink.set_pause_generator(not_ready_before(dut.m_axis_tvalid) if strict else stalls(rng, probability_out))
        packets = [rng.randbytes(rng.randint(1, 150)) for _ in range(25)]
        for packet in packets:
            side_bands = {name: [rng.getrandbits(width) for _ in packet] for name, width in widths.items()}
            await source.send(AxiStreamFrame(packet, **side_bands))
        for index, packet in enumerate(packets):
            frame = await sink.recv()
            assert bytes(frame.tdata) == packet, f"packet {index} of {len(packet)} bytes"
        await RisingEdge(clock)
        passage.quiet()


@cocotb.test()
async def a_packet_waits_for_its_end(dut):
    """In packet mode, where it fits."""
    if not hasattr(dut, "PACKET") or not int(dut.PACKET.value):
        return
    clock, source, sink, passage = await start(dut)
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
        passage.quiet()
