"""mac_array: passes back to back at the shortest distance the weights allow, and with gaps, against numpy.

The time table follows the contract of the module's header: the groups of pass k+1 are sent in the cycle of pass k's
swap or later, and before its own swap.
"""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


class Stimulus:
    """The inputs of one cycle."""

    def __init__(self) -> None:
        self.load: tuple[int, int] | None = None  # index, data
        self.act = 0
        self.swap = 0
        self.command: dict[str, int] | None = None


def pack(values, bits: int) -> int:
    return sum((int(value) & ((1 << bits) - 1)) << (bits * index) for index, value in enumerate(values))


def column_delay(column: int, dsp_columns: int) -> int:
    """Cycles by which a column follows column 0: pairs of DSP columns share theirs."""
    return sum(not (c < dsp_columns and c % 2) for c in range(1, column + 1))


COMMAND = ("first", "last", "relu", "raise", "final", "tag", "addr")


def plan(rng, n: int, rows: int, acc_w: int, tag_w: int, passes: int, positions: int, relu: bool, gaps: bool):
    """Time table of two output-channel tiles; the results (tiles, positions, n) and tags that they must give.

    Most passes take the sums of those before them 16-fold. The first pass of each tile has the least or the greatest
    partial sums. Every position has a tag, those that are not the last of their sum too.
    """
    tiles, groups = 2, n // rows
    weights = rng.integers(-8, 8, (tiles, passes, n, n))  # row = input channel, column = output channel
    acts = rng.integers(0, 16, (tiles, passes, positions, n))
    weights[0, 0], weights[1, 0], acts[:, 0] = -8, 7, 15
    raises = rng.random((tiles, passes)) < 0.8
    tags = rng.integers(0, 1 << tag_w, (tiles, passes, positions))
    sums = np.zeros((tiles, positions, n), np.int64)
    for step in range(passes):
        sums = sums * 16 ** raises[:, step, None, None].astype(np.int64)
        sums += np.einsum("txr,trc->txc", acts[:, step], weights[:, step])
    table: dict[int, Stimulus] = {}
    at = lambda cycle: table.setdefault(cycle, Stimulus())  # noqa: E731
    previous, start = 0, groups + 2
    for tile in range(tiles):
        for step in range(passes):
            window = np.arange(previous, start)
            chosen = np.sort(rng.choice(window, groups, replace=False)) if gaps else window[:groups]
            for index, cycle in enumerate(chosen):
                lines = weights[tile, step, index * rows : (index + 1) * rows].reshape(-1)
                at(int(cycle)).load = (index, pack(lines, 4))
            for position in range(positions):
                stimulus = at(start + position)
                stimulus.act = pack(acts[tile, step, position], 4)
                stimulus.swap = int(position == 0)
                final = tile == tiles - 1 and step == passes - 1 and position == positions - 1
                first, last = int(step == 0), int(step == passes - 1)
                entries = (first, last, relu, raises[tile, step], final, tags[tile, step, position], position)
                stimulus.command = {name: int(entry) for name, entry in zip(COMMAND, entries, strict=True)}
            previous = start
            start += max(positions, groups) + (int(rng.integers(0, 6)) if gaps else 0)
    sums = (sums + (1 << acc_w - 1)) % (1 << acc_w) - (1 << acc_w - 1)
    return table, np.maximum(sums, 0) if relu else sums, tags[:, -1].reshape(-1)


async def drive(dut, table: dict[int, Stimulus], n: int, acc_w: int, tag_w: int):
    """Play the time table; returns for each column the list of (cycle, value, tag), and the cycle of out_final."""
    seen: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
    finals = []
    mask = (1 << acc_w) - 1
    for cycle in range(max(table) + 3 * n + 12):
        stimulus = table.get(cycle, Stimulus())
        dut.load_valid.value = int(stimulus.load is not None)
        dut.load_index.value, dut.load_data.value = stimulus.load or (0, 0)
        dut.act_data.value, dut.act_swap.value = stimulus.act, stimulus.swap
        dut.acc_valid.value = int(stimulus.command is not None)
        for name, entry in (stimulus.command or {}).items():
            getattr(dut, f"acc_{name}").value = entry
        await FallingEdge(dut.clk)
        valid = int(dut.out_valid.value)
        if valid:
            data, tags = dut.out_data.value, dut.out_tag.value
            for column in range(n):
                if valid >> column & 1:
                    value = int(data[(column + 1) * acc_w - 1 : column * acc_w]) & mask
                    tag = int(tags[(column + 1) * tag_w - 1 : column * tag_w])
                    seen[column].append((cycle, value - ((value >> (acc_w - 1)) << acc_w), tag))
        if dut.out_final.value:
            finals.append(cycle)
    return seen, finals


@cocotb.test()
async def passes_against_numpy(dut):
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    names = ("N", "ROWS", "ACC_W", "TAG_W", "DSP_COLUMNS")
    n, rows, acc_w, tag_w, dsp_columns = (int(getattr(dut, name).value) for name in names)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.load_valid.value = dut.act_swap.value = dut.acc_valid.value = 0
    for _ in range(3 * n):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    cases = [
        (1, 3, 0, 0),
        (7, 3, 1, 1),
        (4, 2, 1, 0),
        (16, 3, 0, 0),
        (1, 2, 0, 1),
        (33, 1, 0, 1),
        (5, 9, 0, 0),  # sums of all bits, and beyond
    ]
    # The first two reach all there is of a large array, which is slow.
    for positions, passes, relu, gaps in cases[:2] if n > 32 else cases:
        table, expected, tags = plan(rng, n, rows, acc_w, tag_w, passes, positions, bool(relu), bool(gaps))
        seen, finals = await drive(dut, table, n, acc_w, tag_w)
        for column in range(n):
            got = np.array([value for _, value, _ in seen[column]])
            want = expected[:, :, column].reshape(-1)
            np.testing.assert_array_equal(got, want, f"column {column}, {positions} positions, {passes} passes")
            np.testing.assert_array_equal([tag for *_, tag in seen[column]], tags, f"tags of column {column}")
            delays = {cycle - cycle_0 for (cycle, *_), (cycle_0, *_) in zip(seen[column], seen[0], strict=True)}
            delay = column_delay(column, dsp_columns)
            assert delays == {delay}, f"column {column} must follow column 0 by {delay} cycles, not {delays}"
        assert finals == [seen[n - 1][-1][0]], "out_final comes with the last result of the last column"
