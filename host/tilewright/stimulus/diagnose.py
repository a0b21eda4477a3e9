"""Defects of a set by name, from what its reading explains and what not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tilewright.stimulus.addresses import AddressReport
from tilewright.stimulus.defects import Defect, DefectName
from tilewright.stimulus.fit import CREDIBLE, ConvolutionFit, Fit, Match
from tilewright.stimulus.layouts import OutLayout, PsumLayout
from tilewright.stimulus.names import Kind
from tilewright.stimulus.reader import StimulusSet
from tilewright.stimulus.remarks import remark
from tilewright.stimulus.roles import SumFile


def notebook_outs(fit: Fit) -> tuple[Match | SumFile, ...]:
    """Out files of the notebook's kind that no integer unit can match, in a set that lacks activation rows.

    Args:
        fit: the set's reading.

    Returns:
        Each with its reading, or alone where the activations are not known.
    """
    if fit.complete:
        return ()
    found: list[Match | SumFile] = []
    for one in fit.convolutions:
        compared = {id(match.file) for match in one.matches}
        found += [match for match in one.matches if match.wrong and _is_notebooks(match.file)]
        found += [file for file in one.files.sums if id(file) not in compared and _is_notebooks(file)]
    return tuple(found)


def notebook_out_defects(stimulus: StimulusSet, fit: Fit, outs: Iterable[Match | SumFile]) -> list[Defect]:
    """What is wrong with the notebook's out files."""
    ic_tiles, oc_tiles = fit.weights.shape[:2]
    defects = []
    for out in outs:
        table = (out.file if isinstance(out, Match) else out).table
        name = stimulus.relative(table.path)
        tiles = (
            f"outputs add the partial sums of all input-channel tiles, but only {ic_tiles} input-channel and "
            f"{oc_tiles} output-channel tile are in the set"
        )
        dequantised = (
            "outputs are rounded dequantised floats (the notebook's out cell, by its header #out0col7), not integers: "
            f"none of the {table.values.size} can be compared with an integer unit"
        )
        defects += [
            Defect(DefectName.TILES_MISSING, name, tiles),
            Defect(DefectName.DEQUANTISED, name, dequantised),
        ]
    return defects


def file_defects(
    stimulus: StimulusSet, fit: Fit, without: Sequence[Match | SumFile], out_defects: Sequence[Defect]
) -> list[Defect]:
    """Defects of activation, weight, out and psum files.

    Args:
        stimulus: the set.
        fit: its reading.
        without: files of sums that are not compared.
        out_defects: their defects.
    """
    compared = [(one, match) for one in fit.convolutions for match in one.matches if match not in without]
    return [
        *_row_defects(stimulus, fit),
        *_weight_defects(stimulus, fit),
        *out_defects,
        *(defect for _, match in compared for defect in _layout_defects(stimulus, match)),
        *_one_tap(stimulus, fit, [match for _, match in compared]),
        *(defect for one, match in compared for defect in _wrong_sums(stimulus, one, match)),
        *_contradictions(stimulus, fit, [match for _, match in compared]),
    ]


def address_defects(stimulus: StimulusSet, fit: Fit, reports: Sequence[AddressReport]) -> list[Defect]:
    """Defects of address files."""
    defects = []
    positions = fit.geometry.positions
    for lines, report in zip(stimulus.addresses, reports, strict=True):
        name = stimulus.relative(lines.path)
        if report.wrong_layout:
            message = (
                f"addresses are {report.layout}: they count outputs, but a tap stores {positions} positions; right is "
                f"kij*{positions} + source position"
            )
            defects.append(Defect(DefectName.ADDRESSES, name, message))
        if report.contradiction:
            defects.append(Defect(DefectName.ADDRESSES_CONTRADICT, name, report.contradiction))
    return defects


def _is_notebooks(file: SumFile) -> bool:
    """The notebook's cell for out.txt heads its lines ``out0col7...``; other cells and projects ``time0...``."""
    return file.kind is Kind.OUT and any(comment.startswith("#out0col7") for comment in file.table.comments)


def _row_defects(stimulus: StimulusSet, fit: Fit) -> Iterator[Defect]:
    if fit.complete:
        return
    for one in fit.convolutions:
        for ic, (table, tile) in enumerate(zip(one.files.activations, one.tiles, strict=True)):
            recovered = int(tile.known.sum()) - table.rows
            yield Defect(
                DefectName.ROWS_MISSING,
                stimulus.relative(table.path),
                f"{table.rows} activation rows of {fit.geometry.positions}; {recovered} follow from the partial sums "
                "(invertible weights, one solution in 0..15)",
            )
            if tile.refused.any():
                yield _refused_rows(stimulus, one, ic)


def _refused_rows(stimulus: StimulusSet, one: ConvolutionFit, ic: int) -> Defect:
    """Where most missing rows follow from psum but some do not, those lines are damaged."""
    refused = one.tiles[ic].refused
    psums = [(match, match.layout) for match in one.matches if isinstance(match.layout, PsumLayout)]
    match, layout = next(((match, layout) for match, layout in psums if layout.ic == ic), psums[0])
    line = layout.line(match.file, int(refused.argmax()))
    return Defect(
        DefectName.ROWS_CONTRADICT,
        stimulus.relative(match.file.table.path),
        f"{match.file.table.path}:{line}: no activations in 0..15 give these partial sums ({int(refused.sum())} such "
        "row(s)); the line or the weights of its tap are damaged",
    )


def _weight_defects(stimulus: StimulusSet, fit: Fit) -> Iterator[Defect]:
    tables = fit.convolutions[0].files.weight_tables
    says_column = any(comment.startswith("#col0row7") for comment in tables[0].comments)
    if says_column and fit.orientation.weight_line == "ic":
        yield Defect(
            DefectName.TRANSPOSED,
            stimulus.relative(tables[0].path),
            "weights are transposed against their own header: a line is an input channel, the header says column "
            f"(output channel); so in all {len(tables)} weight file(s)",
        )


def _layout_defects(stimulus: StimulusSet, match: Match) -> Iterator[Defect]:
    name, layout = stimulus.relative(match.file.table.path), match.layout
    if match.file.kind is Kind.PSUM and match.file.table.space_padded:
        yield Defect(DefectName.PSUM_SPACES, name, "fields are padded with spaces, not zeros; read as zeros")
    if isinstance(layout, OutLayout) and layout.step is not None:
        message = (
            f"outputs are dequantised and rounded (step {layout.step:.4g}, fitted to this file); compared after the "
            "same step: the integers themselves are lost, and an error of 1 in the largest may pass for another step"
        )
        yield Defect(DefectName.DEQUANTISED, name, message)


def _one_tap(stimulus: StimulusSet, fit: Fit, compared: Sequence[Match]) -> Iterator[Defect]:
    """Partial sums of one tap where no name says that they are."""
    files = [(match.file, match.layout) for match in compared if isinstance(match.layout, PsumLayout)]
    taps = {layout.tap for _, layout in files}
    if len(taps) > 1 or fit.geometry.taps == 1:
        return
    for file, layout in files:
        if layout.tap is not None and file.tap is None:
            text = f"partial sums of tap {layout.tap} only, of {fit.geometry.taps}"
            yield Defect(DefectName.PSUM_ONE_TAP, stimulus.relative(file.table.path), text)


def _wrong_sums(stimulus: StimulusSet, one: ConvolutionFit, match: Match) -> Iterator[Defect]:
    """The ways in which a file's wrong sums are wrong, where they have a name."""
    layout, oc = match.layout, match.file.oc if one.computed.sums.shape[1] > 1 else 0
    found, expected = layout.rows(match.file, one.computed.columns), layout.expected(one.computed, oc)
    counts: dict[DefectName, list[str]] = {}
    for row, column in np.argwhere((found != expected) & layout.mask(one.computed, oc)).tolist():
        named = remark(int(found[row, column]), int(expected[row, column]))
        if named is not None:
            text = f"line {layout.line(match.file, row)}, column {column}: {named[1]}"
            counts.setdefault(named[0], []).append(text)
    for name, texts in counts.items():
        message = f"{len(texts)} of {match.wrong} wrong sums, the first in {texts[0]}"
        yield Defect(name, stimulus.relative(match.file.table.path), message)


def _contradictions(stimulus: StimulusSet, fit: Fit, compared: Sequence[Match]) -> Iterator[Defect]:
    """Files of sums that the reading does not explain, where it explains others."""
    agreeing = [stimulus.relative(match.file.table.path) for match in compared if match.explained >= CREDIBLE]
    others = f"though {', '.join(agreeing)} agree(s)" if agreeing else "as all others do"
    for match in compared:
        if match.explained < CREDIBLE:
            message = f"{match.wrong} of {match.compared} sums differ, {others}; the first in {match.first}"
            yield Defect(DefectName.FILE_CONTRADICTS, stimulus.relative(match.file.table.path), message)
    for unread in fit.unread:
        table = unread.file.table
        message = f"{table.end}: {unread.reason}; not compared"
        yield Defect(DefectName.FILE_CONTRADICTS, stimulus.relative(table.path), message)
    for one in fit.assignment.unplaced:
        yield Defect(DefectName.FILE_CONTRADICTS, stimulus.relative(one.path), f"{one.reason}; not compared")
