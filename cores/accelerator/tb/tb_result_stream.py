"""result_stream: stream words, then a trailer with their number, their CRC-32 and the decoder's two; many packets."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.commands import End
from tilewright.hardware.results import TRAILER_BEATS, Trailer

BEAT_BITS, WORD_BITS, WORD_BEATS = 64, 128, 2


def beats_of(data, bits):
    """The beats of so many bits, the lowest first."""
    return [data >> low & (1 << BEAT_BITS) - 1 for low in range(0, bits, BEAT_BITS)]


def words_of(rng, count):
    return [rng.getrandbits(WORD_BITS) for _ in range(count)]


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = dut.m_rst.value = 1
    dut.s_valid.value = dut.trailer_request.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = dut.m_rst.value = 0


async def send(dut, rng, body, valid_share, ready_share, late=0):
    """One packet: its stream words, and the cycles in which they left, transfer by transfer.

    Args:
        dut, rng: its stalls.
        body: words before the trailer; it is asked for while the last `late` of them are still to come, one a cycle.
        valid_share, ready_share: of the cycles.
    """
    width = int(dut.STREAM_W.value)
    code, sequence, images, program = (rng.getrandbits(bits) for bits in (8, 16, 32, 32))
    dut.error_code.value, dut.error_sequence.value = code, sequence
    dut.images_crc.value, dut.program_crc.value = images, program
    packet, left, sent, done, held, ended = [], [], 0, False, None, False
    for cycle in range(100 + 80 * len(body)):
        asked = sent >= len(body) - late
        valid = sent < len(body) and (asked or rng.random() < valid_share)
        ready = rng.random() < ready_share
        dut.s_valid.value, dut.s_data.value = valid, body[sent] if valid else rng.getrandbits(WORD_BITS)
        dut.trailer_request.value, dut.m_ready.value = asked, ready
        await ReadOnly()
        assert bool(dut.trailer_done.value) == ended, "trailer_done comes the cycle after the last word"
        inside = len(packet) <= len(body) * WORD_BEATS
        assert inside or not dut.s_ready.value, "a word is taken within the trailer"
        sent += bool(valid and dut.s_ready.value)
        moved = (int(dut.m_data.value), bool(dut.m_last.value)) if dut.m_valid.value else None
        assert held is None or moved == held, "what waits stays"
        held = moved if not ready else None
        done, ended = ended, moved is not None and ready and moved[1]
        if moved is not None and ready:
            packet += beats_of(moved[0], width)
            left.append(cycle)
        await FallingEdge(dut.clk)
        if done:
            break
    assert done, f"{len(packet)} beats and no end"
    dut.trailer_request.value = 0
    assert packet[:-TRAILER_BEATS] == [beat for word in body for beat in beats_of(word, WORD_BITS)]
    trailer = Trailer.of_packet(np.array(packet, dtype=np.uint64))
    assert (trailer.error_code, trailer.error_sequence) == (code, sequence)
    assert trailer.read == End(images, program)
    assert trailer.result_beats == len(body) * WORD_BEATS
    # trailer_request has fallen
    dut.s_valid.value = 0
    for _ in range(2):
        await FallingEdge(dut.clk)
        assert not dut.m_valid.value and not dut.trailer_done.value
    return left


@cocotb.test()
async def packets_with_trailers(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    for _ in range(24):
        body = words_of(rng, rng.choice([0, 1, 2, 30]))
        late = rng.randint(0, 1) if body else 0
        await send(dut, rng, body, rng.choice([0.3, 1.0]), rng.choice([0.3, 0.6, 1.0]), late)


@cocotb.test()
async def a_transfer_a_cycle(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    left = await send(dut, rng, words_of(rng, 50), 1.0, 1.0)
    trailer = 2 * WORD_BITS // int(dut.STREAM_W.value)
    assert left[-trailer - 1] - left[0] == len(left) - trailer - 1, "a bubble in a stream without stalls"
    assert left[-1] - left[-trailer - 1] == trailer + 2, "two cycles more than the trailer has words, for the CRC"


async def soft_reset(dut):
    """All but the output; what waits there must not change."""
    dut.s_valid.value = dut.trailer_request.value = dut.m_ready.value = 0
    await ReadOnly()
    before = bool(dut.m_valid.value), dut.m_valid.value and (int(dut.m_data.value), bool(dut.m_last.value))
    await FallingEdge(dut.clk)
    dut.rst.value = 1
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    if before[0]:
        assert (True, (int(dut.m_data.value), bool(dut.m_last.value))) == (bool(dut.m_valid.value), before[1])


async def drop(dut):
    """Resets the output."""
    dut.m_rst.value = 1
    await FallingEdge(dut.clk)
    dut.m_rst.value = 0
    for _ in range(3):
        assert not dut.m_valid.value
        await FallingEdge(dut.clk)


async def cycle(dut, left):
    """One clock cycle; what leaves goes to `left`. Whether the trailer is said to be done."""
    await ReadOnly()
    if dut.m_valid.value and dut.m_ready.value:
        left.append((int(dut.m_data.value), bool(dut.m_last.value)))
    done = bool(dut.trailer_done.value)
    await FallingEdge(dut.clk)
    return done


@cocotb.test()
async def reset_within_a_packet(dut):
    """Whole words wait at the output: they survive the reset of the rest, in order, and nothing follows them."""
    rng = random.Random(cocotb.RANDOM_SEED)
    width = int(dut.STREAM_W.value)
    await start(dut)
    await cycle(dut, [])
    # The last transfer that is taken is a word's first half, or its second.
    for dropped, taken in ((False, 4), (True, 4), (False, 5), (False, 4), (True, 5)):
        body, left = words_of(rng, 12), []
        dut.s_valid.value = 1
        number = 0
        for _ in range(24):
            dut.s_data.value, dut.m_ready.value = body[number], len(left) < taken
            await ReadOnly()
            number += bool(dut.s_ready.value)
            if dut.m_valid.value and dut.m_ready.value:
                left.append((int(dut.m_data.value), bool(dut.m_last.value)))
            await FallingEdge(dut.clk)
        assert not dut.s_ready.value
        await soft_reset(dut)
        if dropped:
            await drop(dut)
        before = len(left)
        dut.m_ready.value = 1
        for _ in range(8):
            await cycle(dut, left)
        beats = [beat for data, last in left for beat in beats_of(data, width) if not last]
        # One word in the register before the output is lost.
        kept = WORD_BEATS * (number - 1) if not dropped else before * width // BEAT_BITS
        assert before == taken and beats == [beat for word in body for beat in beats_of(word, WORD_BITS)][:kept]
        await send(dut, rng, words_of(rng, 5), 1.0, 0.5)


@cocotb.test()
async def reset_while_words_leave(dut):
    """Of a cycle: nothing of the word that just leaves is in the next packet's CRC-32."""
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    for ahead in range(5, 9):
        dut.s_valid.value = dut.m_ready.value = 1
        for word in words_of(rng, ahead):
            dut.s_data.value = word
            await FallingEdge(dut.clk)
        dut.s_valid.value, dut.rst.value = 0, 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        for _ in range(6):
            await FallingEdge(dut.clk)
        await send(dut, rng, words_of(rng, 3), 1.0, 1.0)


@cocotb.test()
async def an_old_end_is_not_the_new_one(dut):
    """A trailer's last word waits while all else is reset, and leaves within the next trailer, which is not over."""
    trailer = 2 * WORD_BITS // int(dut.STREAM_W.value)
    await start(dut)
    for waiting in range(1, trailer // 2 + 1):  # transfers of the last word that wait
        left = []
        dut.trailer_request.value = 1
        while len(left) < trailer - waiting:
            dut.m_ready.value = 1
            await cycle(dut, left)
        dut.m_ready.value = 0
        for _ in range(6):
            await cycle(dut, left)
        assert dut.m_valid.value and bool(dut.m_last.value) == (waiting == 1)
        await soft_reset(dut)
        dut.trailer_request.value = 1
        for _ in range(8):
            assert not await cycle(dut, left)
        dut.m_ready.value = 1
        while len(left) < 2 * trailer:
            assert not await cycle(dut, left), f"done after {len(left)} transfers"
        assert await cycle(dut, left)
        assert [last for _, last in left] == ([False] * (trailer - 1) + [True]) * 2
        dut.trailer_request.value = 0
        await cycle(dut, left)
