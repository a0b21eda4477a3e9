"""Runs a set through the RTL and compares every partial sum and output that its files give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.layer import Run, compile_runs
from tilewright.driver import Driver
from tilewright.stimulus.detect import OutMatch, PsumMatch
from tilewright.stimulus.findings import Findings
from tilewright.stimulus.geometry import ARRAY_SIZE, Ints
from tilewright.stimulus.layers import layer_of_tiles, tap_layer

_LISTED = 20


@dataclass(frozen=True)
class Mismatch:
    """One sum of a file that the accelerator does not give.

    Attributes:
        file: the file, relative to the set.
        line: its line.
        column: output channel of the file's tile, 0 to 7.
        in_file: the file's integer.
        computed: the accelerator's.
    """

    file: str
    line: int
    column: int
    in_file: int
    computed: int

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: column {self.column} holds {self.in_file}, the accelerator gives {self.computed}"
        )


@dataclass(frozen=True)
class Comparison:
    """One file against the accelerator.

    Attributes:
        kind: ``out`` or ``psum``.
        compared: integers compared.
        mismatches: those that differ.
    """

    kind: str
    compared: int
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True)
class Replay:
    """Outcome of :func:`replay`.

    Attributes:
        findings: the set.
        n: rows and columns of the array that ran it.
        comparisons: one a file.
        program_cycles: from BEGIN to the end of the trailer, DMA included, all programs.
        layer_cycles: of the convolutions in them.
        seed: of the simulated device; None on a board.
    """

    findings: Findings
    n: int
    comparisons: tuple[Comparison, ...]
    program_cycles: int
    layer_cycles: int
    seed: int | None

    @property
    def mismatches(self) -> list[Mismatch]:
        """All mismatches."""
        return [mismatch for comparison in self.comparisons for mismatch in comparison.mismatches]

    def compared(self, kind: str) -> int:
        """Integers compared in files of a kind."""
        return sum(comparison.compared for comparison in self.comparisons if comparison.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types; ``outputs`` counts all integers compared, of out and psum files."""
        mismatches = self.mismatches
        return {
            "directory": str(self.findings.stimulus.directory),
            "mismatches": len(mismatches),
            "outputs": self.compared("out") + self.compared("psum"),
            "variant": self.findings.variant,
            "compared": {kind: self.compared(kind) for kind in ("out", "psum")},
            "details": self.findings.details,
            "defects": [defect.as_json() for defect in self.findings.defects],
            "notes": list(self.findings.notes),
            "array": self.n,
            "program_cycles": self.program_cycles,
            "layer_cycles": self.layer_cycles,
            "seed": self.seed,
            "listed": [asdict(mismatch) for mismatch in mismatches[:_LISTED]],
        }


def replay(findings: Findings, driver: Driver) -> Replay:
    """Runs a set's layer, and its single taps where it has partial sums, on the accelerator.

    Outputs come from the whole layer, with the accelerator's ReLU where the files hold outputs after ReLU. Partial sums
    come from raw 1x1 convolutions of the padded positions, one output-channel tile a tap.

    Args:
        findings: the set.
        driver: of the accelerator.

    Returns:
        All comparisons; mismatches are in it and raise nothing.

    Raises:
        LayerError: the layer does not fit the accelerator.
        TilewrightError: a run failed.
    """
    device = _Device(driver)
    comparisons = [*_replay_outs(findings, device.run), *_replay_psums(findings, device.run, driver.array.acc_depth)]
    seed = driver.seed
    return Replay(findings, driver.array.n, tuple(comparisons), device.program_cycles, device.layer_cycles, seed)


class _Device:
    """Runs layers and adds up their cycles."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.program_cycles = 0
        self.layer_cycles = 0

    def run(self, runs: Sequence[Run]) -> tuple[npt.NDArray[np.int32], ...]:
        result = self._driver.run(compile_runs(runs, self._driver.array))
        self.program_cycles += result.counters.cycles
        self.layer_cycles += result.counters.layer_cycles
        return result.outputs


RunLayers = Callable[[Sequence[Run]], tuple[npt.NDArray[np.int32], ...]]


def _replay_outs(findings: Findings, run: RunLayers) -> Iterator[Comparison]:
    """Out files: the whole layer, raw, after ReLU or both, as the files need."""
    if not findings.outs:
        return
    fit = findings.fit
    layer = layer_of_tiles(findings.stimulus.directory.name, findings.geometry, fit.activations, fit.weights)
    modes = sorted({match.layout.relu for match in findings.outs})
    results = dict(zip(modes, run([Run(layer, relu) for relu in modes]), strict=True))
    for match in findings.outs:
        tiles = results[match.layout.relu].reshape(-1, ARRAY_SIZE, findings.geometry.outputs)
        yield _compare_out(findings, match, tiles[match.file.oc].T.astype(np.int64))


def _compare_out(findings: Findings, match: OutMatch, outputs: Ints) -> Comparison:
    table = match.file.table
    computed = match.layout.as_written(outputs)
    mismatches = []
    for row, field in np.argwhere(table.values != computed).tolist():
        column = ARRAY_SIZE - 1 - field if match.layout.columns_reversed else field
        name = findings.stimulus.relative(table.path)
        found, got = int(table.values[row, field]), int(computed[row, field])
        mismatches.append(Mismatch(name, table.lines[row], column, found, got))
    return Comparison("out", computed.size, tuple(mismatches))


def _replay_psums(findings: Findings, run: RunLayers, most_positions: int) -> Iterator[Comparison]:
    """Psum files: every tap and known position, of the input-channel tiles that the files hold."""
    fit, geometry = findings.fit, findings.geometry
    ic_tiles, oc_tiles = fit.weights.shape[:2]
    sums = np.zeros((ic_tiles, oc_tiles, geometry.taps, geometry.positions, ARRAY_SIZE), dtype=np.int64)
    known = np.zeros(sums.shape, dtype=bool)
    for ic in range(ic_tiles):
        layouts = [match.layout for match in fit.psums if match.layout.ic in (ic, None)]
        taps = sorted({tap for layout in layouts for tap in _taps(layout.tap, geometry.taps)})
        positions = np.flatnonzero(fit.tiles[ic].known)
        for chunk in np.array_split(positions, -(-len(positions) // most_positions)) if taps else ():
            layer = tap_layer(f"taps of tile {ic}", fit.tiles[ic].rows[chunk], fit.weights[ic][:, taps])
            (outputs,) = run([Run(layer)])
            block = outputs.reshape(oc_tiles, len(taps), ARRAY_SIZE, len(chunk)).swapaxes(-1, -2)
            where = (slice(None), np.array(taps)[:, None], chunk)
            sums[ic][where] = block
            known[ic][where] = True
    for match in fit.psums:
        yield _compare_psum(findings, match, sums[:, match.file.oc], known[:, match.file.oc])


def _compare_psum(findings: Findings, match: PsumMatch, sums: Ints, known: npt.NDArray[np.bool_]) -> Comparison:
    layout, name = match.layout, findings.stimulus.relative(match.file.table.path)
    found, computed, mask = layout.rows(match.file), layout.expected(sums), layout.mask(known)
    mismatches = []
    for row, column in np.argwhere((found != computed) & mask).tolist():
        line = layout.line(match.file, row)
        mismatches.append(Mismatch(name, line, column, int(found[row, column]), int(computed[row, column])))
    return Comparison("psum", int(mask.sum()), tuple(mismatches))


def _taps(tap: int | None, taps: int) -> Sequence[int]:
    return range(taps) if tap is None else (tap,)
