"""axil_registers: every register, byte strobes, coherent 64-bit counters, interrupts, random stalls on all channels."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from axi_protocol import axi, watch
from axi_strict import StrictLiteMaster
from tilewright.hardware import registers


def stalls(rng: random.Random):
    while True:
        yield rng.random() < 0.4


def begin(dut):
    """Clock, reset, and a monitor for the port."""
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    port = axi(dut, "s_axil_")
    cocotb.start_soon(watch(RisingEdge(dut.clk), lambda: bool(dut.rst.value), port))
    dut.event_done.value = dut.event_error.value = 0
    dut.status.value, dut.error.value, dut.command.value, dut.program_id.value = 0x11, 0x22, 0x33, 0x44
    dut.counters_low.value = dut.counters_high.value = 0
    return port[0]


async def start(dut) -> AxiLiteMaster:
    rng = random.Random(cocotb.RANDOM_SEED)
    begin(dut)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    write, read = master.write_if, master.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
        channel.set_pause_generator(stalls(rng))
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    return master


@cocotb.test()
async def words(dut):
    master = await start(dut)
    expected = {
        registers.REG_ID: registers.REG_ID_RESET,
        registers.REG_VERSION: registers.REG_VERSION_RESET,
        registers.REG_STATUS: 0x11,
        registers.REG_ERROR: 0x22,
        registers.REG_COMMAND: 0x33,
        registers.REG_PROGRAM: 0x44,
        registers.REG_IRQ_STATUS: 0,
        0x800: 0,
    }
    for address, value in expected.items():
        assert await master.read_dword(address) == value, hex(address)
        await master.write_dword(address, 0xFFFFFFFF)
        assert await master.read_dword(address) == value, f"{address:#x} must be read-only"


@cocotb.test()
async def counter_words_belong_together(dut):
    """They count in every cycle, about where the lower halves wrap; another register is read between the halves."""
    master = await start(dut)
    cycle, offsets = 0, [random.getrandbits(64) | 0xFFFF_FF00 for _ in registers.COUNTERS]

    def show() -> None:
        for halves, shift, late in ((dut.counters_low, 0, 0), (dut.counters_high, 32, 1)):
            words = [(offset + cycle - late >> shift) & 0xFFFF_FFFF for offset in offsets]
            halves.value = sum(word << 32 * place for place, word in enumerate(words))

    async def run() -> None:
        nonlocal cycle
        while True:
            show()
            await RisingEdge(dut.clk)
            cycle += 1

    cocotb.start_soon(run())
    for number, address in [*enumerate(registers.COUNTERS.values())] * 40:
        before = cycle
        value = await master.read_dword(address)
        after = cycle
        assert await master.read_dword(registers.REG_ID) == registers.REG_ID_RESET
        value |= await master.read_dword(address + 4) << 32
        assert before <= (value - offsets[number]) % 2**64 <= after, f"{value:#x} in cycles {before} to {after}"
        offsets[number] = random.getrandbits(64) & ~0xFFFF_FFFF | 2**32 - random.randrange(12) - cycle


@cocotb.test()
async def interrupts_and_soft_reset(dut):
    master = await start(dut)
    for event, mask in ((dut.event_done, 1), (dut.event_error, 2)):
        event.value = 1
        await RisingEdge(dut.clk)
        event.value = 0
        assert await master.read_dword(registers.REG_IRQ_STATUS) == mask
        assert not dut.irq.value, "irq is disabled"
        await master.write_dword(registers.REG_CONTROL, 2)
        assert await master.read_dword(registers.REG_CONTROL) == 2
        assert dut.irq.value
        await master.write(registers.REG_IRQ_STATUS + 1, b"\xff")
        assert await master.read_dword(registers.REG_IRQ_STATUS) == mask, "the byte strobe of byte 0 was off"
        await master.write_dword(registers.REG_IRQ_STATUS, mask)
        assert await master.read_dword(registers.REG_IRQ_STATUS) == 0
        assert not dut.irq.value
        await master.write_dword(registers.REG_CONTROL, 0)
    pulses = 0

    async def count():
        nonlocal pulses
        while True:
            await RisingEdge(dut.clk)
            pulses += bool(dut.soft_reset.value)

    cocotb.start_soon(count())
    await master.write_dword(registers.REG_CONTROL, 1)
    assert await master.read_dword(registers.REG_CONTROL) == 0
    assert pulses == 1, "SOFT_RESET lasts one cycle"


@cocotb.test()
async def the_log_at_once(dut):
    """The address of a word of the log comes as soon as the index's answer; the log's memory takes two cycles."""
    begin(dut)
    for name in ("awvalid", "wvalid", "arvalid"):
        getattr(dut, f"s_axil_{name}").value = 0
    dut.s_axil_bready.value = dut.s_axil_rready.value = 1
    words, entry_w = len(dut.log_entry) // 32, len(dut.log_entry)

    async def memory():
        on_its_way = deque([0] * 3, 3)
        while True:
            await FallingEdge(dut.clk)
            on_its_way.append(int(dut.log_index.value) if not dut.rst.value else 0)
            dut.log_entry.value = random.Random(on_its_way[0]).getrandbits(entry_w)

    cocotb.start_soon(memory())
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    dut.s_axil_awaddr.value, dut.s_axil_wstrb.value = registers.REG_LOG_INDEX, 0xF
    for index in range(1, 2 * words):
        dut.s_axil_wdata.value, dut.s_axil_araddr.value = index, registers.REG_LOG_CYCLES + 4 * (index % words)
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 1
        await RisingEdge(dut.s_axil_awready)
        await RisingEdge(dut.clk)
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
        await RisingEdge(dut.clk)
        assert dut.s_axil_bvalid.value, "the answer is taken in this cycle"
        dut.s_axil_arvalid.value = 1
        await RisingEdge(dut.s_axil_arready)
        await RisingEdge(dut.clk)
        dut.s_axil_arvalid.value = 0
        await RisingEdge(dut.s_axil_rvalid)
        await RisingEdge(dut.clk)
        expected = random.Random(index).getrandbits(entry_w) >> 32 * (index % words) & 0xFFFF_FFFF
        assert int(dut.s_axil_rdata.value) == expected


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_strict_master_that_does_not_wait_for_answers(dut):
    """Address and data in any order, any strobes, the next write offered before the last one's answer is taken."""
    port, rng = begin(dut), random.Random(cocotb.RANDOM_SEED)
    master = StrictLiteMaster(dut, "s_axil_", dut.clk, cocotb.RANDOM_SEED)
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    enable = index = 0
    for _ in range(40):
        writes = [
            (rng.choice((registers.REG_CONTROL, registers.REG_LOG_INDEX)), rng.getrandbits(32), rng.getrandbits(4))
            for _ in range(rng.randint(1, 5))
        ]
        await master.write(*writes)
        for address, value, strobes in writes:
            if address == registers.REG_CONTROL and strobes & 1:
                enable = value & 2
            if address == registers.REG_LOG_INDEX and strobes & 3 == 3:
                index = value & 0xFFFF
        values = await master.read(registers.REG_CONTROL, registers.REG_LOG_INDEX, registers.REG_ID)
        assert values == [enable, index, registers.REG_ID_RESET]
        await RisingEdge(dut.clk)
        port.quiet()
