"""axil_slave in front of a memory: random stalls and strobes, a strict master, what registers see and when."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from axi_protocol import axi, watch
from axi_strict import StrictLiteMaster

WORDS = 8


def stalls(rng: random.Random):
    while True:
        yield rng.random() < 0.4


class Memory:
    """Registers at the port: they read in the cycle of rd_en and show it in the one RD_CYCLES later only.

    Attributes:
        words: what they hold.
        writes: word, data and strobes of each wr_en, with its cycle.
        reads: word of each rd_en, with its cycle.
        answers: cycles in which an answer to a write was taken.
    """

    def __init__(self, dut) -> None:
        self.words = [0] * (1 << len(dut.wr_word))
        self.writes: list[tuple[int, int, int, int]] = []
        self.reads: list[tuple[int, int]] = []
        self.answers: list[int] = []
        self.cycle = 0
        self._dut = dut
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut, rng, answered = self._dut, random.Random(cocotb.RANDOM_SEED), True
        cycles = int(dut.RD_CYCLES.value)
        shown = deque([0] * cycles, cycles)  # in the next cycle, in the one after
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            reads = not dut.rst.value and dut.rd_en.value
            word = int(dut.rd_word.value) if reads else None
            shown.append(self.words[word] if reads else rng.getrandbits(32))
            dut.rd_data.value = shown[0]
            if dut.rst.value:
                answered = True
                continue
            if reads:
                self.reads.append((word, self.cycle))
            if dut.wr_en.value:
                word, data, strobes = (int(dut.wr_word.value), int(dut.wr_data.value), int(dut.wr_strb.value))
                self.writes.append((word, data, strobes, self.cycle))
                mask = sum(0xFF << 8 * lane for lane in range(4) if strobes >> lane & 1)
                self.words[word] = (self.words[word] & ~mask) | (data & mask)
                assert dut.s_axil_bvalid.value and answered, "wr_en comes with its answer, after the one before"
                answered = False
            if dut.s_axil_bvalid.value and dut.s_axil_bready.value:
                self.answers.append(self.cycle)
                answered = True


def begin(dut):
    """Clock, reset, registers, and a monitor for the port."""
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    port = axi(dut, "s_axil_")
    cocotb.start_soon(watch(RisingEdge(dut.clk), lambda: bool(dut.rst.value), port))
    return port[0], Memory(dut)


@cocotb.test()
async def random_accesses(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    begin(dut)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    write, read = master.write_if, master.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
        channel.set_pause_generator(stalls(rng))
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    model = bytearray(4 * WORDS)
    for _ in range(300):
        address = rng.randrange(4 * WORDS)
        if rng.random() < 0.5:
            data = rng.randbytes(rng.randint(1, 4 - address % 4))
            await master.write(address, data)
            model[address : address + len(data)] = data
        else:
            length = rng.randint(1, 4 - address % 4)
            assert (await master.read(address, length)).data == bytes(model[address : address + length])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_strict_master_that_does_not_wait_for_answers(dut):
    """Address and data in any order, the next access offered before the last answer is taken, both kinds at once."""
    (port, memory), rng = begin(dut), random.Random(cocotb.RANDOM_SEED)
    master = StrictLiteMaster(dut, "s_axil_", dut.clk, cocotb.RANDOM_SEED)
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    top = 1 << len(dut.wr_word)
    for _ in range(60):
        words = [rng.randrange(top // 2) for _ in range(rng.randint(1, 5))]
        writes = [(4 * word, rng.getrandbits(32), rng.getrandbits(4)) for word in words]
        others = [4 * rng.randrange(top // 2, top) for _ in range(rng.randint(1, 5))]
        reading = cocotb.start_soon(master.read(*others))
        await master.write(*writes)
        assert await reading == [memory.words[address // 4] for address in others]
        assert [(4 * word, data, strobes) for word, data, strobes, _ in memory.writes] == writes
        assert [4 * word for word, _ in memory.reads] == others
        assert await master.read(*(4 * word for word in words)) == [memory.words[word] for word in words]
        memory.writes.clear()
        memory.reads.clear()
        await RisingEdge(dut.clk)
        port.quiet()


@cocotb.test()
async def a_reset_forgets_what_waits(dut):
    port, memory = begin(dut)
    for name in ("awvalid", "wvalid", "bready", "arvalid", "rready", "awaddr", "araddr", "wdata", "wstrb"):
        getattr(dut, f"s_axil_{name}").value = 0
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = dut.s_axil_arvalid.value = 1
    for cycles in range(1, 7):
        await ClockCycles(dut.clk, cycles)
        dut.rst.value = 1
        await ClockCycles(dut.clk, 2)
        for name in ("s_axil_awready", "s_axil_bvalid", "s_axil_arready", "s_axil_rvalid", "wr_en", "rd_en"):
            assert not getattr(dut, name).value, name
        dut.rst.value = 0
    assert port.name and memory.answers == []


@cocotb.test()
async def when_what_comes(dut):
    """Ready a cycle after both valids, then wr_en with its answer; a read after that answer sees what was written."""
    _, memory = begin(dut)
    for name in ("awvalid", "wvalid", "arvalid"):
        getattr(dut, f"s_axil_{name}").value = 0
    dut.s_axil_bready.value = dut.s_axil_rready.value = 1
    dut.s_axil_awaddr.value, dut.s_axil_wdata.value, dut.s_axil_wstrb.value, dut.s_axil_araddr.value = 4, 77, 15, 4
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    dut.s_axil_awvalid.value = 1
    await ClockCycles(dut.clk, 5)
    assert not dut.s_axil_awready.value, "address and data are taken together"
    dut.s_axil_wvalid.value = 1
    await ClockCycles(dut.clk, 2)
    assert dut.s_axil_awready.value and dut.s_axil_wready.value
    dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
    await ClockCycles(dut.clk, 1)
    assert dut.s_axil_bvalid.value and dut.wr_en.value
    dut.s_axil_arvalid.value = 1
    await ClockCycles(dut.clk, 2)
    assert dut.s_axil_arready.value
    dut.s_axil_arvalid.value = 0
    await ClockCycles(dut.clk, 1 + int(dut.RD_CYCLES.value))
    assert not dut.s_axil_rvalid.value
    await ClockCycles(dut.clk, 1)
    assert dut.s_axil_rvalid.value and int(dut.s_axil_rdata.value) == 77
    assert memory.reads[-1][1] - memory.writes[-1][3] == 3
    assert memory.answers == [memory.writes[-1][3]]
