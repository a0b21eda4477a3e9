"""axi_gpio against a model of PG144's registers, with random stalls on all channels, and with a strict master."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from axi_protocol import axi, watch
from axi_strict import StrictLiteMaster

DATA, TRI, DATA2, TRI2, GIER, ISR, IER = 0x00, 0x04, 0x08, 0x0C, 0x11C, 0x120, 0x128
CHANNELS = (DATA, TRI, DATA2, TRI2)
# From a pin to DATA: two registers; to the interrupt: four
SETTLED = 5


def stalls(rng: random.Random):
    while True:
        yield rng.random() < 0.4


class Model:
    """DATA and TRI of both channels as PG144 describes them."""

    def __init__(self, dut) -> None:
        self.masks = [(1 << len(dut.gpio_io_o)) - 1, (1 << len(dut.gpio2_io_o)) - 1 if int(dut.DUAL.value) else 0]
        self.fixed = [bool(int(dut.ALL_OUTPUTS.value)), bool(int(dut.ALL_INPUTS2.value))]
        self.out, self.pins = [0, 0], [0, 0]
        self.tri = [0 if self.fixed[0] else self.masks[0], self.masks[1]]

    def write(self, address: int, value: int) -> None:
        channel = address // DATA2
        if address in (DATA, DATA2):
            self.out[channel] = value & self.masks[channel]
        elif not self.fixed[channel]:
            self.tri[channel] = value & self.masks[channel]

    def read(self, address: int) -> int:
        channel = address // DATA2
        tri = self.tri[channel]
        return (self.pins[channel] & tri) | (self.out[channel] & ~tri) if address in (DATA, DATA2) else tri

    def drive(self, dut, rng: random.Random) -> None:
        """Puts random values on the pins."""
        self.pins = [rng.getrandbits(32) & mask for mask in self.masks]
        dut.gpio_io_i.value, dut.gpio2_io_i.value = self.pins


def begin(dut):
    """Clock, reset, and a monitor for the port."""
    cocotb.start_soon(Clock(dut.s_axi_aclk, 10, "ns").start())
    dut.s_axi_aresetn.value = 0
    dut.gpio_io_i.value = dut.gpio2_io_i.value = 0
    port = axi(dut, "s_axi_")
    cocotb.start_soon(watch(RisingEdge(dut.s_axi_aclk), lambda: not dut.s_axi_aresetn.value, port))
    return port[0]


async def start(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    begin(dut)
    bus = AxiLiteBus.from_prefix(dut, "s_axi")
    master = AxiLiteMaster(bus, dut.s_axi_aclk, dut.s_axi_aresetn, reset_active_level=False)
    write, read = master.write_if, master.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
        channel.set_pause_generator(stalls(rng))
    await ClockCycles(dut.s_axi_aclk, 5)
    dut.s_axi_aresetn.value = 1
    await ClockCycles(dut.s_axi_aclk, 5)
    return master, rng


@cocotb.test()
async def registers_are_those_of_pg144(dut):
    master, rng = await start(dut)
    model = Model(dut)
    assert int(dut.gpio_io_t.value) == model.tri[0]
    for _ in range(60):
        model.drive(dut, rng)
        address, value = rng.choice(CHANNELS), rng.getrandbits(32)
        await master.write_dword(address, value)
        model.write(address, value)
        await ClockCycles(dut.s_axi_aclk, SETTLED)
        for address in CHANNELS:
            assert await master.read_dword(address) == model.read(address), hex(address)
        assert (int(dut.gpio_io_o.value), int(dut.gpio_io_t.value)) == (model.out[0], model.tri[0])


@cocotb.test()
async def an_input_that_changes_interrupts(dut):
    if not int(dut.INTERRUPT.value):
        return
    master, _ = await start(dut)
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


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_strict_master_that_does_not_wait_for_answers(dut):
    """Address and data in any order, the next access offered before the last answer is taken, both kinds at once."""
    port, rng, model = begin(dut), random.Random(cocotb.RANDOM_SEED), Model(dut)
    master = StrictLiteMaster(dut, "s_axi_", dut.s_axi_aclk, cocotb.RANDOM_SEED)
    await ClockCycles(dut.s_axi_aclk, 3)
    dut.s_axi_aresetn.value = 1
    for _ in range(20):
        model.drive(dut, rng)
        writes = [(rng.choice(CHANNELS), rng.getrandbits(32), 0xF) for _ in range(rng.randint(1, 5))]
        # What it reads depends on which comes first; the monitor looks at how the answers wait
        reading = cocotb.start_soon(master.read(*CHANNELS))
        await master.write(*writes)
        await reading
        for address, value, _ in writes:
            model.write(address, value)
        assert await master.read(*CHANNELS) == [model.read(address) for address in CHANNELS]
        await RisingEdge(dut.s_axi_aclk)
        port.quiet()
