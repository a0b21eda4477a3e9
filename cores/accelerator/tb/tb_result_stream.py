"""result_stream: beats, then a trailer with their number, their CRC-32 and the decoder's two; packet after packet."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.commands import End
from tilewright.hardware.results import Trailer


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = dut.m_rst.value = 1
    dut.s_valid.value = dut.trailer_request.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = dut.m_rst.value = 0


async def send(dut, rng, body, valid_share, ready_share, late=0):
    """One packet: its beats, and the cycles in which they left.

    Args:
        dut, rng: its stalls.
        body: beats before the trailer; it is asked for while the last `late` of them are still to come, one a cycle.
        valid_share, ready_share: of the cycles.
    """
    code, sequence, images, program = (rng.getrandbits(width) for width in (8, 16, 32, 32))
    dut.error_code.value, dut.error_sequence.value = code, sequence
    dut.images_crc.value, dut.program_crc.value = images, program
    packet, left, sent, done, held, ended = [], [], 0, False, None, False
    for cycle in range(100 + 40 * len(body)):
        asked = sent >= len(body) - late
        valid = sent < len(body) and (asked or rng.random() < valid_share)
        ready = rng.random() < ready_share
        dut.s_valid.value, dut.s_data.value = valid, body[sent] if valid else rng.getrandbits(64)
        dut.trailer_request.value, dut.m_ready.value = asked, ready
        await ReadOnly()
        assert bool(dut.trailer_done.value) == ended, "trailer_done comes the cycle after the last beat"
        assert len(packet) <= len(body) or not dut.s_ready.value, "a beat is taken within the trailer"
        sent += bool(valid and dut.s_ready.value)
        beat = (int(dut.m_data.value), bool(dut.m_last.value)) if dut.m_valid.value else None
        assert held is None or beat == held, "a beat that waits stays"
        held = beat if not ready else None
        done, ended = ended, beat is not None and ready and beat[1]
        if beat is not None and ready:
            packet.append(beat[0])
            left.append(cycle)
        await FallingEdge(dut.clk)
        if done:
            break
    assert done, f"{len(packet)} beats and no end"
    dut.trailer_request.value = 0
    assert packet[:-3] == body
    trailer = Trailer.of_packet(np.array(packet, dtype=np.uint64))
    assert (trailer.error_code, trailer.error_sequence) == (code, sequence)
    assert trailer.read == End(images, program)
    assert trailer.result_beats == len(body)
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
        body = [rng.getrandbits(64) for _ in range(rng.choice([0, 1, 2, 30]))]
        late = rng.randint(0, 1) if body else 0
        await send(dut, rng, body, rng.choice([0.3, 1.0]), rng.choice([0.3, 0.6, 1.0]), late)


@cocotb.test()
async def a_beat_a_cycle(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    left = await send(dut, rng, [rng.getrandbits(64) for _ in range(50)], 1.0, 1.0)
    assert left[49] - left[0] == 49, "a bubble in a stream without stalls"
    assert left[-1] - left[49] == 4, "one cycle more than the trailer has beats, for the CRC"


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
    """One clock cycle; a beat that leaves goes to `left`. Whether the trailer is said to be done."""
    await ReadOnly()
    if dut.m_valid.value and dut.m_ready.value:
        left.append((int(dut.m_data.value), bool(dut.m_last.value)))
    done = bool(dut.trailer_done.value)
    await FallingEdge(dut.clk)
    return done


@cocotb.test()
async def reset_within_a_packet(dut):
    """Two beats wait at the output: they survive the reset of the rest, in order, and nothing follows them."""
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    await cycle(dut, [])
    for dropped in (False, True, False):
        body, left = [rng.getrandbits(64) for _ in range(9)], []
        dut.s_valid.value, dut.m_ready.value = 1, 1
        for number, beat in enumerate(body):
            dut.s_data.value, dut.m_ready.value = beat, number < 5
            await cycle(dut, left)
        assert not dut.s_ready.value
        await soft_reset(dut)
        if dropped:
            await drop(dut)
        before = len(left)
        dut.m_ready.value = 1
        for _ in range(6):
            await cycle(dut, left)
        assert left == [(beat, False) for beat in body[: before + (0 if dropped else 2)]] and before > 1
        await send(dut, rng, [rng.getrandbits(64) for _ in range(5)], 1.0, 0.5)


@cocotb.test()
async def an_old_end_is_not_the_new_one(dut):
    """A trailer's last beat waits while all else is reset, and leaves within the next trailer, which is not over."""
    await start(dut)
    left = []
    dut.trailer_request.value = 1
    while len(left) < 2:
        dut.m_ready.value = 1
        await cycle(dut, left)
    dut.m_ready.value = 0
    for _ in range(4):
        await cycle(dut, left)
    assert dut.m_valid.value and dut.m_last.value
    await soft_reset(dut)
    dut.trailer_request.value = 1
    for _ in range(4):
        assert not await cycle(dut, left)
    dut.m_ready.value = 1
    while len(left) < 6:
        assert not await cycle(dut, left), f"done after {len(left)} beats"
    assert await cycle(dut, left)
    assert [last for _, last in left] == [False, False, True] * 2
