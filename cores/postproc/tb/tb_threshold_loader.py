"""threshold_loader: every beat at its place, sets claimed and freed in order, in every combination of events."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from threshold_model import FOURS, GROUPS, SPREAD, THR_W

from tilewright.hardware.program_format import THRESHOLDS

BEATS = THRESHOLDS.beats
# The group that is written when a beat has come
GROUP_OF_BEAT = {1: 0, 2: 1, 4: 2, 5: 3}


def thresholds_of(beats: list[int]) -> dict[str, int]:
    """The thresholds of a channel's beats, of any content, by name; of t12 the pieces that are there."""
    values = {
        name: place.bits.extract(beats[place.beat])
        for name, place in THRESHOLDS.fields.items()
        if place.beat < len(beats)
    }
    values[f"t{SPREAD}"] = sum(values.get(f"t{SPREAD}_{index}", 0) << 4 * index for index in range(BEATS))
    return values


async def start(dut) -> None:
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.set_take.value = dut.set_free.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def sets_in_order(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, sets = int(dut.N.value), int(dut.SETS.value)
    beats_a_set = BEATS * n
    await start(dut)
    beats = complete = claimed = freed = 0  # of the stream; sets of each kind
    shown_ready = shown_pending = claimed_before = False
    channel: list[int] = []  # its beats that were taken
    fours: tuple[int, int, list[int]] | None = None  # column, set, words
    coming: tuple[int, int, list[int]] | None = None  # a cycle later
    four = 0  # the one that is written
    events, fullest, waited, idle = set(), 0, 0, 0
    for cycle in range(12600):
        # Phases: the stream waits for free sets; events leave a set of each kind, for those that fall together with the
        # end of a set; every set is taken and freed soon, and the stream is seldom enough for nothing to be pending.
        phase = cycle % 2520 // 840
        ready, held = complete - claimed, complete - freed
        fullest = max(fullest, held)
        begun = beats % beats_a_set != 0
        valid = rng.random() < (0.02 if phase == 2 and not begun else 0.9)
        data = rng.getrandbits(64)
        completes = valid and held < sets and beats % beats_a_set == beats_a_set - 1
        happens = rng.random() < (0.002 if phase == 0 else 1.0 if completes else 0.15)
        spare = 0 if completes or phase == 2 else 1
        # set_ready is still that of before in the cycle after a claim.
        take = happens and shown_ready and not claimed_before and ready > spare and rng.random() < 0.5
        free = happens and claimed - freed > spare and rng.random() < 0.5
        dut.s_valid.value, dut.s_data.value = valid, data
        dut.set_take.value, dut.set_free.value = take, free
        await ReadOnly()
        assert bool(dut.s_ready.value) == (held < sets), "the stream waits when every set is held, and only then"
        assert bool(dut.set_ready.value) == shown_ready
        assert int(dut.set.value) == claimed % sets
        assert bool(dut.pending.value) == shown_pending
        taken = valid and held < sets
        waited += valid and not taken
        idle += not shown_pending
        await FallingEdge(dut.clk)
        column, beat = divmod(beats % beats_a_set, BEATS)
        assert int(dut.wr_en.value) == (1 << column if taken and beat in GROUP_OF_BEAT else 0)
        if taken:
            channel = [*channel[:beat], data]
        if taken and beat in GROUP_OF_BEAT:
            group = GROUP_OF_BEAT[beat]
            assert (int(dut.wr_set.value), int(dut.wr_group.value)) == (complete % sets, group)
            values = thresholds_of(channel)
            expected = sum(values[f"t{threshold}"] << THR_W * i for i, threshold in enumerate(GROUPS[group]))
            assert int(dut.wr_data.value) == expected
        four = min(four + 1, len(FOURS) - 1)
        if coming:
            fours, coming, four = coming, None, 0
        if taken and beat == BEATS - 1:
            values = thresholds_of(channel)
            coming = (column, complete - 1, [values[f"t{number}"] | data >> 63 << THR_W for number in FOURS])
        assert int(dut.four_wr_en.value) == (1 << fours[0] if fours else 0)
        if fours:
            assert int(dut.four_wr_set.value) == fours[1] % sets, "numbered by the set before"
            assert (int(dut.four_wr_index.value), int(dut.four_wr_data.value)) == (four, fours[2][four])
        shown_ready, shown_pending, claimed_before = ready > 0, ready > 0 or begun or taken, take
        beats, complete, claimed, freed = beats + taken, complete + completes, claimed + take, freed + free
        events.add((completes, take, free))
    assert len(events) == 8, f"seen: {events}"
    assert fullest == sets and waited > 100 and complete > 2 * sets and idle > 20


@cocotb.test()
async def reset_forgets_all_sets(dut):
    """Complete, claimed and begun ones: the first beat after it is the first of set 0."""
    n, sets = int(dut.N.value), int(dut.SETS.value)
    await start(dut)
    for _ in range(2):
        assert dut.s_ready.value and not dut.set_ready.value and not dut.pending.value and int(dut.set.value) == 0
        for beat in range(sets * BEATS * n - 1):
            dut.s_valid.value, dut.set_take.value = 1, beat == BEATS * n + 5
            await FallingEdge(dut.clk)
            writes = beat % BEATS in GROUP_OF_BEAT
            assert int(dut.wr_en.value) == (1 << beat // BEATS % n if writes else 0)
            assert int(dut.wr_set.value) == beat // BEATS // n
        assert dut.pending.value and int(dut.set.value) == 1
        await FallingEdge(dut.clk)
        assert not dut.s_ready.value
        dut.rst.value, dut.s_valid.value = 1, 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        assert not dut.wr_en.value and not dut.four_wr_en.value
