"""axi_intc against a model of its registers, with random stalls on all channels, and with the accesses of pynq."""

import random
from itertools import pairwise

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from axi_protocol import axi, watch
from axi_strict import StrictLiteMaster

ISR, IPR, IER, IAR, SIE, CIE, IVR, MER = range(0, 0x20, 4)
REGISTERS = (ISR, IPR, IER, IAR, SIE, CIE, IVR, MER)
NONE = 0xFFFF_FFFF
# From an input to irq: three registers
LATENCY = 4


def stalls(rng: random.Random):
    while True:
        yield rng.random() < 0.4


class Model:
    """The registers as PG099 describes them; `settle` before each look: a high input is latched at once."""

    def __init__(self, inputs: int) -> None:
        self.mask = (1 << inputs) - 1
        self.high = self.latched = self.enabled = 0
        self.master = self.hardware = False

    def settle(self) -> None:
        if self.hardware:
            self.latched |= self.high

    def write(self, address: int, value: int) -> None:
        bits = value & self.mask
        if address == ISR and not self.hardware:
            self.latched = bits
        elif address == IER:
            self.enabled = bits
        elif address == IAR:
            self.latched &= ~bits
        elif address == SIE:
            self.enabled |= bits
        elif address == CIE:
            self.enabled &= ~bits
        elif address == MER:
            self.master = bool(value & 1)
            self.hardware |= bool(value & 2)
        self.settle()

    def read(self, address: int) -> int:
        pending = self.latched & self.enabled
        lowest = (pending & -pending).bit_length() - 1 if pending else NONE
        master = int(self.master) | self.hardware << 1
        values = {ISR: self.latched, IPR: pending, IER: self.enabled, IVR: lowest, MER: master}
        return values.get(address, 0)

    @property
    def irq(self) -> bool:
        return self.master and self.latched & self.enabled != 0


def begin(dut):
    """Clock, reset, and a monitor for the port."""
    cocotb.start_soon(Clock(dut.s_axi_aclk, 10, "ns").start())
    dut.s_axi_aresetn.value = 0
    dut.intr.value = 0
    port = axi(dut, "s_axi_")
    cocotb.start_soon(watch(RisingEdge(dut.s_axi_aclk), lambda: not dut.s_axi_aresetn.value, port))
    return port[0]


async def start(dut) -> tuple[AxiLiteMaster, Model, random.Random]:
    rng = random.Random(cocotb.RANDOM_SEED)
    begin(dut)
    bus = AxiLiteBus.from_prefix(dut, "s_axi")
    master = AxiLiteMaster(bus, dut.s_axi_aclk, dut.s_axi_aresetn, reset_active_level=False)
    write, read = master.write_if, master.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
        channel.set_pause_generator(stalls(rng))
    await ClockCycles(dut.s_axi_aclk, 3)
    dut.s_axi_aresetn.value = 1
    await ClockCycles(dut.s_axi_aclk, 2)
    return master, Model(int(dut.INPUTS.value)), rng


async def drive(dut, model: Model, high: int) -> None:
    dut.intr.value = model.high = high
    model.settle()
    await ClockCycles(dut.s_axi_aclk, LATENCY)


@cocotb.test()
async def registers_after_reset(dut):
    master, model, _ = await start(dut)
    for address in (*REGISTERS, 0x20, 0x24, 0x100, 0x1FC):
        assert await master.read_dword(address) == model.read(address), hex(address)
    for address in (0x20, 0x24, 0x10C, 0x11C):
        await master.write_dword(address, 0xFFFF_FFFF)
    for address in REGISTERS:
        assert await master.read_dword(address) == model.read(address), "an address beyond the registers changes none"


@cocotb.test()
async def random_accesses(dut):
    master, model, rng = await start(dut)
    seen = set()
    for step in range(400):
        if rng.random() < 0.4:
            await drive(dut, model, rng.getrandbits(32) & rng.getrandbits(32) & model.mask)
        address = rng.choice(REGISTERS)
        if rng.random() < 0.5:
            # Late, so that software interrupts are tried first
            value = rng.getrandbits(32) & (~2 if address == MER and step < 100 else NONE)
            await master.write_dword(address, value)
            model.write(address, value)
            await ClockCycles(dut.s_axi_aclk, LATENCY)
        assert await master.read_dword(address) == model.read(address), f"step {step}: register {address:#x}"
        assert bool(dut.irq.value) == model.irq, f"step {step}: irq"
        seen.add(model.irq)
    assert seen == {False, True}


@cocotb.test()
async def pynq_waits(dut):
    """add_event and set of pynq's _InterruptController: one event an interrupt, none lost, none spurious."""
    master, model, rng = await start(dut)
    await master.write_dword(IER, 0)
    inputs = int(dut.INPUTS.value)
    for number in [rng.randrange(inputs) for _ in range(12)]:
        await master.write_dword(SIE, 1 << number)
        await master.write_dword(MER, 3)
        await ClockCycles(dut.s_axi_aclk, LATENCY)
        assert not dut.irq.value, "nothing is high: nothing is pending"
        await drive(dut, model, 1 << number)
        assert dut.irq.value
        assert await master.read_dword(IPR) == 1 << number
        await master.write_dword(CIE, 1 << number)
        await drive(dut, model, 0)
        await master.write_dword(IAR, 1 << number)
        await ClockCycles(dut.s_axi_aclk, LATENCY)
        assert not dut.irq.value
        assert await master.read_dword(ISR) == 0


@cocotb.test()
async def an_input_that_stays_high_pends_again(dut):
    master, model, _ = await start(dut)
    await master.write_dword(IER, 1)
    await drive(dut, model, 1)
    assert await master.read_dword(ISR) == 0, "hardware inputs are not enabled"
    await master.write_dword(MER, 3)
    levels = []
    for high in (1, 1, 0, 0):
        await drive(dut, model, high)
        levels.append(bool(dut.irq.value))
        await master.write_dword(IAR, 1)
        await ClockCycles(dut.s_axi_aclk, LATENCY)
        levels.append(bool(dut.irq.value))
    assert levels == [True, True, True, True, True, False, False, False]
    assert any(a != b for a, b in pairwise(levels))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_strict_master_that_does_not_wait_for_answers(dut):
    """Address and data in any order, the next write offered before the last one's answer is taken."""
    port, rng = begin(dut), random.Random(cocotb.RANDOM_SEED)
    master, model = StrictLiteMaster(dut, "s_axi_", dut.s_axi_aclk, cocotb.RANDOM_SEED), Model(int(dut.INPUTS.value))
    await ClockCycles(dut.s_axi_aclk, 3)
    dut.s_axi_aresetn.value = 1
    for _ in range(20):
        writes = [(rng.choice((ISR, IER, IAR, SIE, CIE)), rng.getrandbits(32), 0xF) for _ in range(rng.randint(1, 5))]
        await master.write(*writes)
        for address, value, _ in writes:
            model.write(address, value)
        assert await master.read(*REGISTERS) == [model.read(address) for address in REGISTERS]
        await RisingEdge(dut.s_axi_aclk)
        port.quiet()
