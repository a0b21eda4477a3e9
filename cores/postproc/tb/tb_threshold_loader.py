"""threshold_loader: every beat at its place, sets claimed and freed in order, in every combination of events."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

BEATS = 5


@cocotb.test()
async def sets_in_order(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, sets = int(dut.N.value), int(dut.SETS.value)
    beats_a_set = BEATS * n
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.set_take.value = dut.set_free.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    beats = complete = claimed = freed = 0  # of the stream; sets of each kind
    events, fullest, waited = set(), 0, 0
    for cycle in range(8000):
        # Phases: the stream waits for free sets; events leave a set of each kind, for those that fall together with the
        # end of a set; every set is taken and freed soon.
        phase = cycle % 1600 // 600
        ready, held = complete - claimed, complete - freed
        fullest = max(fullest, held)
        valid, data = rng.random() < 0.9, rng.getrandbits(64)
        completes = valid and held < sets and beats % beats_a_set == beats_a_set - 1
        happens = rng.random() < (0.002 if phase == 0 else 1.0 if completes else 0.15)
        spare = 0 if completes or phase == 2 else 1
        take = happens and ready > spare and rng.random() < 0.5
        free = happens and claimed - freed > spare and rng.random() < 0.5
        dut.s_valid.value, dut.s_data.value = valid, data
        dut.set_take.value, dut.set_free.value = take, free
        await ReadOnly()
        assert bool(dut.s_ready.value) == (held < sets), "the stream waits when every set is held, and only then"
        assert bool(dut.set_ready.value) == (ready > 0)
        assert int(dut.set.value) == claimed % sets
        assert bool(dut.pending.value) == (ready > 0 or beats % beats_a_set != 0)
        taken = valid and held < sets
        waited += valid and not taken
        await FallingEdge(dut.clk)
        column, beat = divmod(beats % beats_a_set, BEATS)
        assert int(dut.wr_en.value) == (1 << column if taken else 0)
        if taken:
            place = tuple(int(getattr(dut, f"wr_{name}").value) for name in ("set", "beat", "data"))
            assert place == (complete % sets, beat, data)
        beats, complete, claimed, freed = beats + taken, complete + completes, claimed + take, freed + free
        events.add((completes, take, free))
    assert len(events) == 8, f"seen: {events}"
    assert fullest == sets and waited > 100 and complete > 2 * sets
