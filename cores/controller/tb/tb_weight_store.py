"""weight_store: every tile whole and in order, read as soon as it may be, never before; end marks; places freed."""

import random
from collections import deque
from itertools import pairwise

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.s_end.value = dut.s_group.value = dut.tile_take.value = dut.swap.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


class Store:
    """What the module must do, a cycle at a time."""

    def __init__(self, dut) -> None:
        self.groups = int(dut.N.value) // int(dut.ROWS.value)
        self.latency, self.depth = int(dut.LATENCY.value), int(dut.DEPTH.value)
        self.pushed: list[tuple[int, int]] = []  # group, end mark
        self.whole = 0  # tiles
        self.begun = 0
        self.reading = 0  # groups left of the tile that is being read
        self.waits = False  # the shadow holds a tile whose swap has not come
        self.ready, self.ready_for = False, 0  # and for how many cycles
        self.loads: list[tuple[bool, int]] = [(False, 0)] * self.latency
        self.freed = False

    @property
    def room(self) -> int:
        return self.depth - len(self.pushed) + self.begun * self.groups

    def cycle(self, push: tuple[int, int] | None, take: bool, swap: bool) -> bool:
        """Goes on by a cycle; says whether a tile begins to be read in it."""
        begins = self.whole > self.begun and (not self.waits or swap)
        self.waits = begins or (self.waits and not swap)
        self.freed = begins
        if begins:
            self.begun, self.reading = self.begun + 1, self.groups
        index = self.groups - self.reading if self.reading else -1
        self.loads.append((self.reading > 0, (self.begun - 1) * self.groups + index))
        self.ready_for = self.ready_for + 1 if self.ready else 0
        self.ready = index == self.groups - 4 or (self.ready and not take)
        self.reading = max(0, self.reading - 1)
        if push is not None:
            self.pushed.append(push)
            self.whole = len(self.pushed) // self.groups
        return begins


@cocotb.test()
async def tiles_in_order(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    store = Store(dut)
    tiles, taken, due, loaded = 120, 0, None, 0
    total = tiles * store.groups
    for cycle in range(40 * total):
        quick = cycle // 100 % 2 == 0
        more = len(store.pushed) < total and store.room > 0 and (rng.random() < (1.0 if quick else 0.4))
        tile, index = divmod(len(store.pushed), store.groups)
        push = (rng.getrandbits(len(dut.s_group)), int(index == store.groups - 1 and tile % 7 == 6)) if more else None
        dut.s_valid.value = push is not None
        dut.s_group.value, dut.s_end.value = push or (rng.getrandbits(32), 1)
        take = store.ready and store.ready_for >= 2 and due is None and rng.random() < (1.0 if quick else 0.2)
        swap = due == 0
        dut.tile_take.value, dut.swap.value = take, swap
        await ReadOnly()
        assert bool(dut.tile_ready.value) == store.ready and bool(dut.freed.value) == store.freed
        assert not dut.torn.value
        if take:
            assert bool(dut.tile_last.value) == (taken % 7 == 6)
            taken += 1
        valid, index = store.loads[-store.latency]
        assert bool(dut.load_valid.value) == valid
        if valid:
            assert int(dut.load_index.value) == index % store.groups
            assert int(dut.load_data.value) == store.pushed[index][0], f"group {index}"
            loaded += 1
        leftover = store.waits or store.whole > store.begun or len(store.pushed) % store.groups != 0
        due = (0 if quick else rng.choice([0, 0, 3])) if take else None if swap or due is None else due - 1
        store.cycle(push, take, swap)
        await FallingEdge(dut.clk)
        assert bool(dut.leftover.value) == leftover
        if taken == tiles and due is None and not store.reading:
            break
    for _ in range(store.latency + 1):
        dut.s_valid.value = dut.tile_take.value = dut.swap.value = 0
        loaded += bool(dut.load_valid.value)
        await FallingEdge(dut.clk)
    assert taken == tiles and loaded == total and not dut.leftover.value


@cocotb.test()
async def a_pass_lasts_as_long_as_its_weights(dut):
    """With the sequencer's timing: taken in the cycle after tile_ready, tile_take behind that, the swap behind that."""
    await start(dut)
    groups = int(dut.N.value) // int(dut.ROWS.value)
    room, takes, ready = int(dut.DEPTH.value), [], deque([0] * 4, maxlen=4)
    for cycle in range(12 * groups):
        dut.s_valid.value, dut.s_group.value = room > 0, cycle
        room += groups * bool(dut.freed.value) - (room > 0)
        ready.append(bool(dut.tile_ready.value) and not any(list(ready)[1:]))
        dut.tile_take.value, dut.swap.value = ready[1], ready[0]
        if ready[1]:
            takes.append(cycle)
        await FallingEdge(dut.clk)
    assert len(takes) >= 8 and {b - a for a, b in pairwise(takes)} == {groups}, f"{takes}"


@cocotb.test()
async def end_mark_inside_a_tile(dut):
    groups = int(dut.N.value) // int(dut.ROWS.value)
    await start(dut)
    for marked in range(groups - 1):
        for index in range(groups):
            assert bool(dut.torn.value) == (index > marked)
            dut.s_valid.value, dut.s_end.value, dut.s_group.value = 1, index == marked, index
            await FallingEdge(dut.clk)
        dut.s_valid.value = 0
        for _ in range(groups + 3):
            await FallingEdge(dut.clk)
            assert dut.torn.value and dut.leftover.value and not dut.tile_ready.value and not dut.load_valid.value
        dut.rst.value = 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        assert not dut.torn.value and not dut.leftover.value
