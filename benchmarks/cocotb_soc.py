"""cocotb test module of simulation.py: a program through the whole system, by cocotbext-axi, as a test bench would.

Parameters come in the environment: PROGRAM and RESULTS (files of beats), PROGRAMS (how often it is run), SEED, STALLS
(probability), REPORT (a file). ``device_soc.py`` is the other side, and its report the same.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiRamRead, AxiRamWrite, AxiReadBus, AxiWriteBus

from tilewright.hardware.pg021 import (
    ADDRESS,
    DMACR_RUN,
    DMASR_IDLE,
    MM2S,
    MM2S_DMACR,
    MM2S_LENGTH,
    S2MM,
    S2MM_DMACR,
    S2MM_DMASR,
    S2MM_LENGTH,
)

MM2S_SA, S2MM_DA = MM2S + ADDRESS, S2MM + ADDRESS
RESULTS_AT = 1 << 23
POLL_CYCLES = 100


def stalls(seed: int, probability: float) -> Iterator[bool]:
    """Whether each cycle withholds ready or valid, as the simulated device's DDR does."""
    rng = random.Random(seed)
    while True:
        yield rng.random() < probability


@cocotb.test()
async def programs(dut):
    """Send the program, receive its results, compare them, as often as told; write how long each took."""
    program, expected = (np.fromfile(os.environ[key], dtype="<u8") for key in ("PROGRAM", "RESULTS"))
    seed, probability = int(os.environ["SEED"]), float(os.environ["STALLS"])
    cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
    reset = {"reset": dut.aresetn, "reset_active_level": False}
    ram = AxiRamRead(AxiReadBus.from_prefix(dut, "m_axi_mm2s"), dut.aclk, **reset, size=1 << 24)
    sink = AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi_s2mm"), dut.aclk, **reset, size=1 << 24, mem=ram.mem)
    dma = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil_dma"), dut.aclk, **reset)
    AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil_acc"), dut.aclk, **reset)
    channels = (ram.ar_channel, ram.r_channel, sink.aw_channel, sink.w_channel, sink.b_channel)
    for number, channel in enumerate(channels):
        channel.set_pause_generator(stalls(seed + number, probability))
    dut.aresetn.value = 0
    for _ in range(16):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 1
    for register in (MM2S_DMACR, S2MM_DMACR):
        await dma.write_dword(register, DMACR_RUN)
    seconds, first_ended = [], None
    for _ in range(int(os.environ["PROGRAMS"])):
        start = time.monotonic()
        ram.write(0, program.tobytes())
        ram.write(RESULTS_AT, bytes(expected.nbytes))
        for register, address, length in ((S2MM_DA, RESULTS_AT, expected.nbytes), (MM2S_SA, 0, program.nbytes)):
            await dma.write_dword(register, address)
            await dma.write_dword(register + 4, 0)
            await dma.write_dword(S2MM_LENGTH if register == S2MM_DA else MM2S_LENGTH, length)
        while not await dma.read_dword(S2MM_DMASR) & DMASR_IDLE:
            for _ in range(POLL_CYCLES):
                await RisingEdge(dut.aclk)
        got = np.frombuffer(bytes(ram.read(RESULTS_AT, expected.nbytes)), dtype="<u8")
        seconds.append(time.monotonic() - start)
        first_ended = first_ended or time.monotonic()
        assert np.array_equal(got, expected), "the results differ"
    report = {"first_ended": first_ended, "program_s": seconds}
    Path(os.environ["REPORT"]).write_text(json.dumps(report), encoding="ascii")
