"""cocotb test module of simulation.py: one program through the whole system, by cocotbext-axi, as a test bench would.

Parameters come in the environment: PROGRAM and RESULTS (files of beats), SEED, STALLS (probability), REPORT (a file).
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

MM2S_DMACR, MM2S_SA, MM2S_LENGTH = 0x00, 0x18, 0x28
S2MM_DMACR, S2MM_DMASR, S2MM_DA, S2MM_LENGTH = 0x30, 0x34, 0x48, 0x58
RUN, IDLE = 1, 2
RESULTS_AT = 1 << 23
POLL_CYCLES = 100


def stalls(seed: int, probability: float) -> Iterator[bool]:
    """Whether each cycle withholds ready or valid, as the simulated device's DDR does."""
    rng = random.Random(seed)
    while True:
        yield rng.random() < probability


@cocotb.test()
async def one_program(dut):
    """Send the program, receive its results, compare them, write how fast it went."""
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
    ram.write(0, program.tobytes())
    for register in (MM2S_DMACR, S2MM_DMACR):
        await dma.write_dword(register, RUN)
    start, begun = time.perf_counter(), cocotb.utils.get_sim_time("ns")
    for register, address, length in ((S2MM_DA, RESULTS_AT, expected.nbytes), (MM2S_SA, 0, program.nbytes)):
        await dma.write_dword(register, address)
        await dma.write_dword(register + 4, 0)
        await dma.write_dword(S2MM_LENGTH if register == S2MM_DA else MM2S_LENGTH, length)
    while not await dma.read_dword(S2MM_DMASR) & IDLE:
        for _ in range(POLL_CYCLES):
            await RisingEdge(dut.aclk)
    seconds, cycles = time.perf_counter() - start, (cocotb.utils.get_sim_time("ns") - begun) / 10
    got = np.frombuffer(bytes(ram.read(RESULTS_AT, expected.nbytes)), dtype="<u8")
    assert np.array_equal(got, expected), "the results differ"
    Path(os.environ["REPORT"]).write_text(json.dumps({"cycles": cycles, "seconds": seconds}), encoding="ascii")
