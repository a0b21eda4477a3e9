"""pe: every product of an activation and a weight, and the hand-over of weights with and without gaps."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


def idle(dut):
    dut.act.value = dut.swap.value = dut.load.value = dut.weight.value = dut.psum_in.value = 0


@cocotb.test()
async def every_product(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    idle(dut)
    for weight in range(-8, 8):
        await FallingEdge(dut.clk)
        dut.load.value, dut.weight.value = 1, weight & 15
        await FallingEdge(dut.clk)
        dut.load.value, dut.swap.value = 0, 1
        await FallingEdge(dut.clk)
        dut.swap.value = 0
        for act in range(16 + 1):
            dut.act.value = act % 16
            await FallingEdge(dut.clk)
            # psum_in belongs to the activation of the cycle before: with 100 the output is 100 + product
            dut.psum_in.value = 100
            if act >= 1:
                assert dut.psum_out.value.to_signed() == 100 + (act - 1) * weight, f"{act - 1} * {weight}"


@cocotb.test()
async def load_and_swap_in_one_cycle_hand_over_the_old_shadow(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    idle(dut)
    shadow = active = None
    later = 0  # an activation follows its swap bit by a cycle
    products: list[int | None] = [None, None, None]
    for _ in range(2000):
        load, swap = rng.random() < 0.5, rng.random() < 0.3
        weight, act, psum = rng.randrange(-8, 8), rng.randrange(16), rng.randrange(-500, 500)
        await FallingEdge(dut.clk)
        if products[2] is not None:
            assert dut.psum_out.value.to_signed() == products[2]
        dut.load.value, dut.weight.value = load, weight & 15
        dut.swap.value, dut.act.value, dut.psum_in.value = swap, later, psum & 0x7FF
        later = act
        if swap:
            active = shadow
        product = None if active is None else act * active
        if load:
            shadow = weight
        products = [product, products[0], products[1]]
        products[2] = None if products[2] is None else products[2] + psum
