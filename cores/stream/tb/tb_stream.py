"""Any module with a stream in and a stream out that keeps words and their order: stream_fifo, stream_register."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge
from cocotbext.axi.stream import define_stream

from axi_protocol import Passage, stream, watch
from axi_strict import not_ready_before

WordBus, Word, WordSource, WordSink, _ = define_stream("Word", signals=["data", "valid", "ready"])


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    source = WordSource(WordBus.from_prefix(dut, "s"), dut.clk, dut.rst)
    sink = WordSink(WordBus.from_prefix(dut, "m"), dut.clk, dut.rst)
    for _ in range(3):
        await RisingEdge(dut.clk)
    ports = stream(dut, "s_"), stream(dut, "m_")
    passage = Passage(ports[0][0], ports[1][0])
    cocotb.start_soon(watch(RisingEdge(dut.clk), lambda: bool(dut.rst.value), *ports, passages=(passage,)))
    dut.rst.value = 0
    return source, sink, passage


@cocotb.test()
async def words_and_order_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width = len(dut.s_data)
    source, sink, passage = await start(dut)
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.95), (0.0, 0.0), (0.3, None)]:
        source.set_pause_generator(stalls(rng, probability_in))
        strict = probability_out is None
        sink.set_pause_generator(not_ready_before(dut.m_valid) if strict else stalls(rng, probability_out))
        words = [rng.getrandbits(width) for _ in range(200)]
        for word in words:
            await source.send(Word(data=word))
        for index, word in enumerate(words):
            got = int((await sink.recv()).data)
            assert got == word, f"word {index}: expected {word:#x}, got {got:#x}"
        await RisingEdge(dut.clk)
        passage.quiet()


@cocotb.test()
async def one_word_a_cycle(dut):
    source, *_ = await start(dut)
    for word in range(300):
        await source.send(Word(data=word & 0xFF))
    taken = []
    for cycle in range(320):
        await RisingEdge(dut.clk)
        if dut.m_valid.value and dut.m_ready.value:
            taken.append(cycle)
    assert len(taken) == 300
    assert taken[-1] - taken[0] == 299, "a bubble in a stream without stalls"


@cocotb.test()
async def reset_empties(dut):
    source, sink, _ = await start(dut)
    sink.pause = True
    for word in range(3):
        await source.send(Word(data=word))
    for _ in range(10):
        await RisingEdge(dut.clk)
    assert dut.m_valid.value
    dut.rst.value = 1
    for _ in range(3):
        await RisingEdge(dut.clk)
    assert not dut.m_valid.value
    dut.rst.value = 0
    sink.clear()
    sink.pause = False
    await source.send(Word(data=0x5A))
    assert int((await sink.recv()).data) == 0x5A


@cocotb.test()
async def capacity_and_latencies_of_the_fifo(dut):
    """Filled with a gap behind each word, and emptied by one."""
    if not hasattr(dut, "DEPTH"):
        return
    latency, capacity = int(dut.LATENCY.value), int(dut.DEPTH.value) + int(dut.LATENCY.value) + 3
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    pushed, cycle = [], 0

    async def next_cycle(valid, ready):
        nonlocal cycle
        dut.s_valid.value, dut.s_data.value, dut.m_ready.value = valid, cycle & 0xFF, ready
        await ReadOnly()
        if valid and dut.s_ready.value:
            pushed.append(cycle)
        assert bool(dut.m_valid.value) == bool(pushed and cycle >= pushed[0] + latency + 2)
        await FallingEdge(dut.clk)
        cycle += 1

    while cycle < 3 * capacity + 10:
        await next_cycle(cycle % 2, 0)
    assert len(pushed) == capacity
    left = cycle
    for _ in range(6):
        await next_cycle(1, cycle == left)
    assert pushed[capacity:] == [left + 3]
