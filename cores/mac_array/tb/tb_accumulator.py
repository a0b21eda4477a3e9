"""accumulator: random sums at random addresses, as close in time as allowed, with and without ReLU and shift."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge


@cocotb.test()
async def random_sums(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    latency, depth, acc_w = int(dut.LATENCY.value), int(dut.DEPTH.value), int(dut.ACC_W.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.valid.value, dut.psum.value = 1, 0, 0
    for _ in range(4):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    sums: dict[int, int] = {}
    last_use = dict.fromkeys(range(depth), -100)
    psums = deque([0] * latency)
    expected: deque[int] = deque()
    outputs = 0
    for cycle in range(3000):
        address = rng.randrange(depth)
        valid = rng.random() < 0.8 and cycle - last_use[address] >= latency + 2
        first = address not in sums
        last, relu, shift = rng.random() < 0.2, rng.random() < 0.5, rng.random() < 0.4
        psum = rng.choice((rng.randrange(-1024, 1024), -1024, 1023))
        dut.valid.value, dut.first.value, dut.last.value = valid, first, last
        dut.relu.value, dut.shift.value, dut.addr.value = relu, shift, address
        if valid:
            last_use[address] = cycle
            total = psum * (16 if shift else 1) + sums.pop(address, 0)
            if last:
                expected.append(max(total, 0) if relu else total)
            else:
                sums[address] = total
        psums.append(psum)
        dut.psum.value = psums.popleft() & 0x7FF
        await FallingEdge(dut.clk)
        if dut.out_valid.value:
            got = int(dut.out_data.value)
            got -= (got >> (acc_w - 1)) << acc_w
            assert got == expected.popleft()
            outputs += 1
    assert outputs > 200 and len(expected) <= 2


@cocotb.test()
async def relu_looks_at_the_sign(dut):
    """And at no other bit: random sums stay far below 2**26."""
    latency, acc_w = int(dut.LATENCY.value), int(dut.ACC_W.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.valid.value, dut.addr.value, dut.shift.value = 1, 0, 0, 0
    dut.first.value, dut.last.value, dut.relu.value, dut.psum.value = 0, 1, 1, 0
    for _ in range(4):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    for bit in range(acc_w - 1):
        for stored in (1 << bit, -1 << bit):
            dut.memory.ram.words[0].value = stored & (1 << acc_w) - 1
            dut.valid.value = 1
            await FallingEdge(dut.clk)
            dut.valid.value = 0
            await ClockCycles(dut.clk, latency, FallingEdge)
            assert dut.out_valid.value and int(dut.out_data.value) == max(stored, 0), f"{stored:#x}"
