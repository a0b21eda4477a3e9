"""Runs a set through the RTL and compares every partial sum and output that its files give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.layer import Run, compile_runs
from tilewright.driver import Driver
from tilewright.stimulus.findings import Findings
from tilewright.stimulus.fit import ConvolutionFit, Match
from tilewright.stimulus.geometry import Ints
from tilewright.stimulus.layers import layer_of_tiles, tap_layer
from tilewright.stimulus.layouts import Computed, OutLayout, PsumLayout
from tilewright.stimulus.remarks import remark

_LISTED = 20


@dataclass(frozen=True)
class Mismatch:
    """One sum of a file that the accelerator does not give.

    Attributes:
        file: the file, relative to the set.
        line: its line.
        column: output channel of the file's tile, from 0.
        in_file: the file's integer.
        computed: the accelerator's.
        remark: the name of the difference, or nothing.
    """

    file: str
    line: int
    column: int
    in_file: int
    computed: int
    remark: str = ""

    def __str__(self) -> str:
        named = f": {self.remark}" if self.remark else ""
        return (
            f"{self.file}:{self.line}: column {self.column} holds {self.in_file}, the accelerator gives "
            f"{self.computed}{named}"
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
    def equal(self) -> bool:
        """Whether every sum is equal and no file contradicts another."""
        return not self.mismatches and not self.findings.contradictions

    @property
    def mismatches(self) -> list[Mismatch]:
        """All mismatches."""
        return [mismatch for comparison in self.comparisons for mismatch in comparison.mismatches]

    @property
    def listed(self) -> list[Mismatch]:
        """The first mismatches, for a report."""
        return self.mismatches[:_LISTED]

    def compared(self, kind: str) -> int:
        """Integers compared in files of a kind."""
        return sum(comparison.compared for comparison in self.comparisons if comparison.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types; ``outputs`` counts all integers compared, of out and psum files."""
        stimulus = self.findings.stimulus
        return {
            "directory": str(stimulus.directory),
            "mismatches": len(self.mismatches),
            "outputs": self.compared("out") + self.compared("psum"),
            "variant": self.findings.variant,
            "compared": {kind: self.compared(kind) for kind in ("out", "psum")},
            "details": self.findings.details,
            "defects": [defect.as_json() for defect in self.findings.defects],
            "contradictions": len(self.findings.contradictions),
            "unused": [
                {"file": self.findings.stimulus.relative(one.path), "reason": one.reason}
                for one in self.findings.unused
            ],
            "notes": list(self.findings.notes),
            "array": self.n,
            "program_cycles": self.program_cycles,
            "layer_cycles": self.layer_cycles,
            "seed": self.seed,
            "listed": [asdict(mismatch) for mismatch in self.listed],
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
    comparisons: list[Comparison] = []
    for one, matches in findings.comparable:
        computed = _run_convolution(findings, one, matches, device.run, driver.array.acc_depth)
        comparisons += [_compare(findings, match, computed) for match in matches]
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


def _run_convolution(
    findings: Findings, one: ConvolutionFit, matches: Sequence[Match], run: RunLayers, most_positions: int
) -> Computed:
    """The sums of a convolution that its files are compared with, from the accelerator."""
    layouts = [match.layout for match in matches]
    relus = {layout.relu for layout in layouts if isinstance(layout, OutLayout)}
    psums = [layout for layout in layouts if isinstance(layout, PsumLayout)]
    outputs = _run_layer(findings, one, sorted(relus), run) if relus else {}
    sums, known = _run_taps(one, psums, run, most_positions)
    return Computed(findings.geometry, sums, known, outputs)


def _run_layer(findings: Findings, one: ConvolutionFit, relus: Sequence[bool], run: RunLayers) -> dict[bool, Ints]:
    """The whole layer, raw, after ReLU or both, as the files need."""
    layer = layer_of_tiles(findings.stimulus.directory.name, findings.geometry, one.activations, one.weights)
    columns, positions = one.weights.shape[3], findings.geometry.outputs
    results = run([Run(layer, relu) for relu in relus])
    return {
        relu: result.reshape(-1, columns, positions).swapaxes(1, 2).astype(np.int64)
        for relu, result in zip(relus, results, strict=True)
    }


def _run_taps(
    one: ConvolutionFit, layouts: Sequence[PsumLayout], run: RunLayers, most_positions: int
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Partial sums of every tap and known position, of the input-channel tiles that the files hold."""
    ic_tiles, oc_tiles, all_taps, columns, _ = one.weights.shape
    sums = np.zeros(one.computed.sums.shape, dtype=np.int64)
    known = np.zeros(one.computed.known.shape, dtype=bool)
    for ic in range(ic_tiles):
        of_tile = [layout for layout in layouts if layout.ic in (ic, None)]
        taps = sorted({tap for layout in of_tile for tap in (range(all_taps) if layout.tap is None else (layout.tap,))})
        positions = np.flatnonzero(one.tiles[ic].known)
        for chunk in np.array_split(positions, -(-len(positions) // most_positions)) if taps else ():
            layer = tap_layer(f"taps of tile {ic}", one.tiles[ic].rows[chunk], one.weights[ic][:, taps])
            (outputs,) = run([Run(layer)])
            block = outputs.reshape(oc_tiles, len(taps), columns, len(chunk)).swapaxes(-1, -2)
            sums[ic][(slice(None), np.array(taps)[:, None], chunk)] = block
            known[ic][np.array(taps)[:, None], chunk] = True
    return sums, known


def _compare(findings: Findings, match: Match, computed: Computed) -> Comparison:
    layout, file = match.layout, match.file
    oc = match.file.oc if computed.sums.shape[1] > 1 else 0
    found, expected = layout.rows(file, computed.columns), layout.expected(computed, oc)
    mask = layout.mask(computed, oc)
    name = findings.stimulus.relative(file.table.path)
    mismatches = []
    for row, column in np.argwhere((found != expected) & mask).tolist():
        in_file, got = int(found[row, column]), int(expected[row, column])
        named = remark(in_file, got)
        mismatches.append(Mismatch(name, layout.line(file, row), column, in_file, got, named[1] if named else ""))
    return Comparison(file.kind.value, int(mask.sum()), tuple(mismatches))
