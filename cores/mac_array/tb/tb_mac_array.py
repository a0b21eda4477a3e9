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
        self.command: tuple[int, int, int, int, int] | None = None  # first, last, relu, final, addr


def pack(values, bits: int) -> int:
    return sum((int(value) & ((1 << bits) - 1)) << (bits * index) for index, value in enumerate(values))


def plan(rng, n: int, rows: int, tiles: int, passes: int, positions: int, relu: bool, gaps: bool):
    """Time table of `tiles` output-channel tiles and the results (tiles, positions, n) that they must give."""
    groups = n // rows
    weights = rng.integers(-8, 8, (tiles, passes, n, n))  # row = input channel, column = output channel
    acts = rng.integers(0, 16, (tiles, passes, positions, n))
    sums = np.einsum("tpxr,tprc->txc", acts, weights)
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
                stimulus.command = (int(step == 0), int(step == passes - 1), int(relu), int(final), position)
            previous = start
            start += max(positions, groups) + (int(rng.integers(0, 6)) if gaps else 0)
    return table, np.maximum(sums, 0) if relu else sums


async def drive(dut, table: dict[int, Stimulus], n: int, acc_w: int):
    """Play the time table; returns for each column the list of (cycle, value), and the cycle of out_final."""
    seen: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    finals = []
    mask = (1 << acc_w) - 1
    for cycle in range(max(table) + 3 * n + 12):
        stimulus = table.get(cycle, Stimulus())
        dut.load_valid.value = int(stimulus.load is not None)
        dut.load_index.value, dut.load_data.value = stimulus.load or (0, 0)
        dut.act_data.value, dut.act_swap.value = stimulus.act, stimulus.swap
        dut.acc_valid.value = int(stimulus.command is not None)
        first, last, relu, final, addr = stimulus.command or (0, 0, 0, 0, 0)
        dut.acc_first.value, dut.acc_last.value, dut.acc_relu.value = first, last, relu
        dut.acc_final.value, dut.acc_addr.value = final, addr
        await FallingEdge(dut.clk)
        valid = int(dut.out_valid.value)
        if valid:
            data = dut.out_data.value
            for column in range(n):
                if valid >> column & 1:
                    value = int(data[(column + 1) * acc_w - 1 : column * acc_w]) & mask
                    seen[column].append((cycle, value - ((value >> (acc_w - 1)) << acc_w)))
        if dut.out_final.value:
            finals.append(cycle)
    return seen, finals


@cocotb.test()
async def passes_against_numpy(dut):
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    n, rows, acc_w = int(dut.N.value), int(dut.ROWS.value), int(dut.ACC_W.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.load_valid.value = dut.act_swap.value = dut.acc_valid.value = 0
    for _ in range(3 * n):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    for positions, passes, relu, gaps in [
        (1, 3, 0, 0),
        (4, 2, 1, 0),
        (16, 3, 0, 0),
        (7, 3, 1, 1),
        (1, 2, 0, 1),
        (33, 1, 0, 1),
    ]:
        table, expected = plan(rng, n, rows, 2, passes, positions, bool(relu), bool(gaps))
        seen, finals = await drive(dut, table, n, acc_w)
        for column in range(n):
            got = np.array([value for _, value in seen[column]])
            want = expected[:, :, column].reshape(-1)
            np.testing.assert_array_equal(got, want, f"column {column}, {positions} positions, {passes} passes")
            delays = {cycle - cycle_0 for (cycle, _), (cycle_0, _) in zip(seen[column], seen[0], strict=True)}
            assert delays == {column}, f"column {column} must follow column 0 by {column} cycles, not {delays}"
        assert finals == [seen[n - 1][-1][0]], "out_final comes with the last result of the last column"
