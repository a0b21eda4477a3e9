"""weight_loader: every tile whole and in order, loads never before the hand-over of the tile before, end marks.

A tile counts as started while it is in part in the shadow; an end mark inside a tile is
reported, and nothing is loaded after it.
"""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.s_end.value = dut.s_group.value = dut.tile_take.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def tiles_in_order(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    groups_a_tile = int(dut.N.value) // int(dut.ROWS.value)
    tiles = 60
    await start(dut)
    stream = [(rng.getrandbits(64), index == tiles * groups_a_tile - 1) for index in range(tiles * groups_a_tile)]
    sent, taken, loaded, shadow_at_take = 0, 0, [], []
    for cycle in range(20 * len(stream)):
        if taken == tiles:
            break
        full_rate = cycle > 300
        dut.s_valid.value = sent < len(stream) and (full_rate or rng.random() < 0.6)
        dut.s_group.value, dut.s_end.value = stream[min(sent, len(stream) - 1)]
        dut.tile_take.value = bool(dut.tile_ready.value) and (full_rate or rng.random() < 0.5)
        await ReadOnly()
        assert bool(dut.tile_started.value) == (sent % groups_a_tile != 0)
        if dut.s_valid.value and dut.s_ready.value:
            sent += 1
        if dut.tile_take.value:
            taken += 1
            shadow_at_take.append(sent - int(bool(dut.s_valid.value and dut.s_ready.value)))
            assert bool(dut.tile_last.value) == (taken == tiles)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        if dut.load_valid.value:
            loaded.append((int(dut.load_index.value), int(dut.load_data.value)))
    assert taken == tiles and not dut.torn.value
    assert shadow_at_take == [(tile + 1) * groups_a_tile for tile in range(tiles)]
    assert loaded == [(index % groups_a_tile, group) for index, (group, _) in enumerate(stream)]


@cocotb.test()
async def end_mark_inside_a_tile(dut):
    groups_a_tile = int(dut.N.value) // int(dut.ROWS.value)
    await start(dut)
    for marked in range(groups_a_tile - 1):
        for index in range(marked + 1):
            assert not dut.torn.value
            dut.s_valid.value, dut.s_end.value, dut.s_group.value = 1, index == marked, index
            await FallingEdge(dut.clk)
        for _ in range(3):
            assert dut.torn.value and dut.tile_started.value and not dut.tile_ready.value and not dut.s_ready.value
            await FallingEdge(dut.clk)
        dut.s_valid.value, dut.rst.value = 0, 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        assert not dut.torn.value and not dut.tile_started.value
