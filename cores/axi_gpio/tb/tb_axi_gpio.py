"""axi_gpio against a model of PG144's registers, with random stalls on all channels."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

DATA, TRI, DATA2, TRI2, GIER, ISR, IER = 0x00, 0x04, 0x08, 0x0C, 0x11C, 0x120, 0x128
# From a pin to DATA: two registers; to the interrupt: four
SETTLED = 5


def stalls(rng: random.Random):
    while True:
        yield rng.random() < 0.4


async def start(dut):
    cocotb.start_soon(Clock(dut.s_axi_aclk, 10, "ns").start())
    dut.s_axi_aresetn.value = 0
    dut.gpio_io_i.value = dut.gpio2_io_i.value = 0
    master = AxiLiteMaster(
        AxiLiteBus.from_prefix(dut, "s_axi"), dut.s_axi_aclk, dut.s_axi_aresetn, reset_active_level=False
    )
    await ClockCycles(dut.s_axi_aclk, 5)
    dut.s_axi_aresetn.value = 1
    await ClockCycles(dut.s_axi_aclk, 5)
    return master


@cocotb.test()
async def registers_are_those_of_pg144(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    master = await start(dut)
    for channel in (master.write_if.aw_channel, master.write_if.w_channel, master.read_if.r_channel):
        channel.set_pause_generator(stalls(rng))
    mask, dual = (1 << len(dut.gpio_io_o)) - 1, bool(int(dut.DUAL.value))
    mask2 = (1 << len(dut.gpio2_io_o)) - 1 if dual else 0
    fixed, fixed2 = (bool(int(dut.ALL_OUTPUTS.value)), bool(int(dut.ALL_INPUTS2.value)))
    out = {1: 0, 2: 0}
    tri = {1: 0 if fixed else mask, 2: mask2}
    assert int(dut.gpio_io_t.value) == tri[1]
    for _ in range(60):
        pins, pins2 = rng.getrandbits(32) & mask, rng.getrandbits(32) & mask2
        dut.gpio_io_i.value, dut.gpio2_io_i.value = pins, pins2
        value = rng.getrandbits(32)
        address = rng.choice([DATA, TRI, DATA2, TRI2])
        await master.write_dword(address, value)
        if address == DATA:
            out[1] = value & mask
        elif address == TRI and not fixed:
            tri[1] = value & mask
        elif address == DATA2:
            out[2] = value & mask2
        elif address == TRI2 and not fixed2:
            tri[2] = value & mask2
        await ClockCycles(dut.s_axi_aclk, SETTLED)
        assert await master.read_dword(DATA) == (pins & tri[1]) | (out[1] & ~tri[1])
        assert await master.read_dword(DATA2) == (pins2 & tri[2]) | (out[2] & ~tri[2])
        assert await master.read_dword(TRI) == tri[1]
        assert await master.read_dword(TRI2) == tri[2]
        assert (int(dut.gpio_io_o.value), int(dut.gpio_io_t.value)) == (out[1], tri[1])


@cocotb.test()
async def an_input_that_changes_interrupts(dut):
    if not int(dut.INTERRUPT.value):
        return
    master = await start(dut)
    await master.write_dword(TRI, 0xFFFF_FFFF)
    channel2 = int(dut.DUAL.value)
    pins, bit = (dut.gpio2_io_i, 2) if channel2 else (dut.gpio_io_i, 1)
    await master.write_dword(IER, bit)
    pins.value = 1
    await ClockCycles(dut.s_axi_aclk, SETTLED)
    assert not dut.ip2intc_irpt.value and await master.read_dword(ISR) == bit
    await master.write_dword(GIER, 1 << 31)
    await ClockCycles(dut.s_axi_aclk, SETTLED)
    assert dut.ip2intc_irpt.value
    await master.write_dword(ISR, bit)
    await ClockCycles(dut.s_axi_aclk, SETTLED)
    assert not dut.ip2intc_irpt.value and await master.read_dword(ISR) == 0
    assert await master.read_dword(GIER) == 1 << 31 and await master.read_dword(IER) == bit
