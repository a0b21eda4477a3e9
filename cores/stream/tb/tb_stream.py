"""Any module with a stream in and a stream out that keeps words and their order: stream_fifo, stream_register."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
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
