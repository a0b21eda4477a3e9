"""result_stream: beats, then a trailer with their number and CRC-32; packet after packet."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.results import Trailer


@cocotb.test()
async def packets_with_trailers(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.trailer_request.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(12):
        body = [rng.getrandbits(64) for _ in range(rng.choice([0, 1, 30]))]
        code, sequence, program_id = rng.getrandbits(8), rng.getrandbits(16), rng.getrandbits(32)
        dut.error_code.value, dut.error_sequence.value, dut.program_id.value = code, sequence, program_id
        packet, sent, last = [], 0, False
        while not last:
            valid = sent < len(body) and rng.random() < 0.7
            dut.s_valid.value, dut.s_data.value = valid, body[sent] if valid else rng.getrandbits(64)
            dut.trailer_request.value = sent == len(body)
            dut.m_ready.value = rng.random() < 0.6
            await ReadOnly()
            sent += bool(dut.s_valid.value and dut.s_ready.value)
            if dut.m_valid.value and dut.m_ready.value:
                packet.append(int(dut.m_data.value))
                last = bool(dut.m_last.value)
            assert bool(dut.trailer_done.value) == last
            await FallingEdge(dut.clk)
        dut.trailer_request.value = 0
        assert packet[:-3] == body
        trailer = Trailer.of_packet(np.array(packet, dtype=np.uint64))
        assert (trailer.error_code, trailer.error_sequence, trailer.program_id) == (code, sequence, program_id)
        assert trailer.result_beats == len(body)
        await FallingEdge(dut.clk)
