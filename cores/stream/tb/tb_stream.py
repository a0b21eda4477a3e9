"""Any module with a stream in and a stream out that keeps words and their order: stream_fifo, stream_register."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from cocotbext.axi.stream import define_stream

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
    dut.rst.value = 0
    return source, sink


async def watch_handshake(dut):
    """m_valid and m_data must stay while the word is not taken."""
    held = None
    while True:
        await FallingEdge(dut.clk)
        valid, ready = bool(dut.m_valid.value), bool(dut.m_ready.value)
        if held is not None and not dut.rst.value:
            assert valid, "m_valid fell before the word was taken"
            assert int(dut.m_data.value) == held, "m_data changed before the word was taken"
        held = int(dut.m_data.value) if valid and not ready else None


@cocotb.test()
async def words_and_order_survive_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width = len(dut.s_data)
    source, sink = await start(dut)
    cocotb.start_soon(watch_handshake(dut))
    for probability_in, probability_out in [(0.0, 0.7), (0.7, 0.0), (0.3, 0.3), (0.0, 0.95), (0.0, 0.0)]:
        source.set_pause_generator(stalls(rng, probability_in))
        sink.set_pause_generator(stalls(rng, probability_out))
        words = [rng.getrandbits(width) for _ in range(200)]
        for word in words:
            await source.send(Word(data=word))
        for index, word in enumerate(words):
            got = int((await sink.recv()).data)
            assert got == word, f"word {index}: expected {word:#x}, got {got:#x}"


@cocotb.test()
async def one_word_a_cycle(dut):
    source, _ = await start(dut)
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
    source, sink = await start(dut)
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
