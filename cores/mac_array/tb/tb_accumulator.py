"""accumulator: random sums at random addresses, as close in time as allowed, with and without ReLU and a raise."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

PSUM_W = 11
LEAVE_CYCLES = 3  # from a partial sum to its sum at the output


def wrapped(value: int, bits: int) -> int:
    """The signed number that so many bits of a value are."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


async def start(dut) -> None:
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.valid.value, dut.psum.value = 1, 0, 0
    for _ in range(6):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


def any_stored(rng: random.Random, bits: int) -> int:
    """A stored sum: small, beside a power of two, or one whose addition carries through all bits."""
    power = 1 << rng.randrange(bits)
    return wrapped(rng.choice((0, -1, 1, power, -power, power - 1, rng.getrandbits(bits))), bits)


@cocotb.test()
async def random_sums(dut):
    """Each result in its cycle; sums that go on begin, by the back door, at values that reach all bits."""
    rng = random.Random(cocotb.RANDOM_SEED)
    latency, depth, acc_w = int(dut.LATENCY.value), int(dut.DEPTH.value), int(dut.ACC_W.value)
    await start(dut)
    sums = {address: any_stored(rng, acc_w) for address in range(0, depth, 2)}
    for address, value in sums.items():
        dut.memory.ram.words[address].value = value & (1 << acc_w) - 1
    last_use = dict.fromkeys(range(depth), -100)
    psums = deque([0] * (latency - 1))
    expected: deque[int | None] = deque([None] * (latency - 1 + LEAVE_CYCLES - 1))
    outputs = carried = 0
    for cycle in range(6000):
        address = rng.randrange(depth)
        valid = rng.random() < 0.8 and cycle - last_use[address] >= latency + 2
        first = address not in sums or rng.random() < 0.1
        last, relu, raises = rng.random() < 0.2, rng.random() < 0.5, rng.random() < 0.4
        psum = rng.choice((rng.randrange(-1024, 1024), -1024, 1023, 0, 1, -1))
        dut.valid.value, dut.first.value, dut.last.value = valid, first, last
        dut.relu.value, getattr(dut, "raise").value, dut.addr.value = relu, raises, address
        result = None
        if valid:
            last_use[address] = cycle
            before = sums.pop(address, 0)
            base = 0 if first else wrapped(before * 16, acc_w) if raises else before
            total = wrapped(base + psum, acc_w)
            carried += not first and (base ^ total) >> 20 != 0
            if last:
                result = max(total, 0) if relu else total
            else:
                sums[address] = total
        elif last_use[address] + latency + 2 < cycle and rng.random() < 0.2:
            sums[address] = any_stored(rng, acc_w)
            dut.memory.ram.words[address].value = sums[address] & (1 << acc_w) - 1
        expected.append(result)
        psums.append(psum)
        dut.psum.value = psums.popleft() & (1 << PSUM_W) - 1
        await FallingEdge(dut.clk)
        result = expected.popleft()
        assert bool(dut.out_valid.value) == (result is not None)
        if result is not None:
            assert wrapped(int(dut.out_data.value), acc_w) == result
            outputs += 1
    assert outputs > 400 and carried > 100


@cocotb.test()
async def relu_looks_at_the_sign(dut):
    """And at no other bit."""
    latency, acc_w = int(dut.LATENCY.value), int(dut.ACC_W.value)
    await start(dut)
    dut.addr.value = getattr(dut, "raise").value = dut.first.value = 0
    dut.last.value = 1
    for bit in range(acc_w):
        for stored in (1 << bit, -1 << bit):
            stored = wrapped(stored, acc_w)
            for relu in (0, 1):
                dut.memory.ram.words[0].value = stored & (1 << acc_w) - 1
                dut.valid.value, dut.relu.value = 1, relu
                await FallingEdge(dut.clk)
                dut.valid.value, dut.relu.value = 0, not relu
                await ClockCycles(dut.clk, latency - 1 + LEAVE_CYCLES - 1, FallingEdge)
                assert dut.out_valid.value
                assert wrapped(int(dut.out_data.value), acc_w) == (max(stored, 0) if relu else stored), f"{stored:#x}"


@cocotb.test()
async def a_reset_ends_what_is_on_its_way(dut):
    """Neither a result nor a write comes behind it, unless it is already at the memory."""
    latency, acc_w = int(dut.LATENCY.value), int(dut.ACC_W.value)
    await start(dut)
    getattr(dut, "raise").value = dut.first.value = dut.relu.value = dut.addr.value = 0
    dut.psum.value = 1
    for last in (0, 1):
        for wait in range(latency + last):
            await ClockCycles(dut.clk, latency + 4, FallingEdge)
            dut.memory.ram.words[0].value = 1 << acc_w - 2
            dut.valid.value, dut.last.value = 1, last
            await FallingEdge(dut.clk)
            dut.valid.value = 0
            if wait > 0:
                await ClockCycles(dut.clk, wait, FallingEdge)
            dut.rst.value = 1
            for _ in range(latency + 4):
                await FallingEdge(dut.clk)
                dut.rst.value = 0
                assert not dut.out_valid.value
            assert int(dut.memory.ram.words[0].value) == 1 << acc_w - 2
