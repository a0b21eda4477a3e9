"""What a set is: its variant, its defects by name, and what of it can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tilewright.errors import StimulusError
from tilewright.stimulus.addresses import describe_addresses
from tilewright.stimulus.defects import Defect, DefectName
from tilewright.stimulus.describe import describe_variant
from tilewright.stimulus.detect import Fit, OutMatch, detect
from tilewright.stimulus.geometry import Geometry
from tilewright.stimulus.reader import StimulusSet, SumFile
from tilewright.stimulus.sizes import Overrides, find_geometry


@dataclass(frozen=True)
class Findings:
    """A set, read and understood.

    Attributes:
        stimulus: the set.
        geometry: sizes of its layer.
        fit: meaning of its lines.
        outs: out files that can be compared with integers.
        details: the variant, one entry a property.
        defects: known defects of the set.
        notes: what can be replayed, where that is not everything.
    """

    stimulus: StimulusSet
    geometry: Geometry
    fit: Fit
    outs: tuple[OutMatch, ...]
    details: dict[str, str]
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]

    @property
    def variant(self) -> str:
        """The variant in one line."""
        return "; ".join(f"{key}: {value}" for key, value in self.details.items())


def examine(stimulus: StimulusSet, overrides: Overrides) -> Findings:
    """Decides a set's variant and names its defects.

    Args:
        stimulus: the set.
        overrides: what the user says.

    Returns:
        All that a replay needs.

    Raises:
        StimulusError: the set is damaged or ambiguous; names file and line.
    """
    geometry = find_geometry(stimulus, overrides)
    fit = detect(stimulus, geometry, overrides)
    _check_recovery(fit)
    acc, acc_defects = _check_addresses(stimulus, geometry)
    outs, out_defects = _comparable_outs(stimulus, fit)
    rows, psums = _row_defects(stimulus, geometry, fit), _psum_defects(stimulus, geometry, fit)
    defects = (*rows, *_weight_defects(stimulus, fit), *out_defects, *psums, *acc_defects)
    details = describe_variant(stimulus, geometry, fit, outs, acc)
    if out_defects and not outs:
        details["out"] = "dequantised, not comparable"
    return Findings(stimulus, geometry, fit, outs, details, defects, _notes(stimulus, geometry, fit))


def _check_recovery(fit: Fit) -> None:
    """Where most missing rows follow from psum but some do not, those lines are damaged."""
    for ic, tile in enumerate(fit.tiles):
        if not tile.refused.any():
            continue
        row = int(tile.refused.argmax())
        match = next((match for match in fit.psums if match.layout.ic == ic), fit.psums[0])
        where = f"{match.file.table.path}:{match.layout.line(match.file, row)}"
        raise StimulusError(
            f"{where}: no activations in 0..15 give these partial sums ({int(tile.refused.sum())} such row(s)); the "
            "line or the weights of its tap are damaged"
        )


def _check_addresses(stimulus: StimulusSet, geometry: Geometry) -> tuple[str, list[Defect]]:
    """Layout of the address file in words, and its defect."""
    if stimulus.acc is None:
        return "none", []
    text, right = describe_addresses(stimulus.acc, geometry, stimulus.ic_tiles)
    if right:
        return text, []
    message = (
        f"addresses are {text}: they count outputs, but a tap stores {geometry.positions} positions; right is "
        f"kij*{geometry.positions} + source position"
    )
    return text, [Defect(DefectName.ADDRESSES, stimulus.relative(stimulus.acc.path), message)]


def _comparable_outs(stimulus: StimulusSet, fit: Fit) -> tuple[tuple[OutMatch, ...], list[Defect]]:
    """Out files that integers can be compared with, and what is wrong with the others."""
    outs: list[OutMatch] = []
    defects: list[Defect] = []
    if not fit.outs:
        for file in stimulus.outs:
            defects.extend(_notebook_out_defects(stimulus, file) if _is_notebooks(file) else ())
    for match in fit.outs:
        if match.mismatches and not fit.complete and _is_notebooks(match.file):
            defects.extend(_notebook_out_defects(stimulus, match.file))
            continue
        outs.append(match)
        if match.layout.step is not None:
            message = (
                f"outputs are dequantised and rounded (step {match.layout.step:.4g}); compared after the same step, "
                "the integers themselves are lost"
            )
            defects.append(Defect(DefectName.DEQUANTISED, stimulus.relative(match.file.table.path), message))
    return tuple(outs), defects


def _is_notebooks(file: SumFile) -> bool:
    """The notebook's cell for out.txt heads its lines ``out0col7...``; other cells and projects ``time0...``."""
    return any(comment.startswith("#out0col7") for comment in file.table.comments)


def _notebook_out_defects(stimulus: StimulusSet, file: SumFile) -> Iterable[Defect]:
    name = stimulus.relative(file.table.path)
    yield Defect(
        DefectName.TILES_MISSING,
        name,
        f"outputs add the partial sums of all input-channel tiles, but only {stimulus.ic_tiles} input-channel and "
        f"{stimulus.oc_tiles} output-channel tile are in the set",
    )
    yield Defect(
        DefectName.DEQUANTISED,
        name,
        "outputs are rounded dequantised floats (the notebook's out cell, by its header #out0col7), not integers: none "
        f"of the {file.table.values.size} can be compared with an integer unit",
    )


def _row_defects(stimulus: StimulusSet, geometry: Geometry, fit: Fit) -> Iterable[Defect]:
    for ic, table in enumerate(stimulus.activations):
        if not fit.complete:
            recovered = int(fit.tiles[ic].known.sum()) - table.rows
            yield Defect(
                DefectName.ROWS_MISSING,
                stimulus.relative(table.path),
                f"{table.rows} activation rows of {geometry.positions}; {recovered} follow from the partial sums "
                "(invertible weights, one solution in 0..15)",
            )


def _weight_defects(stimulus: StimulusSet, fit: Fit) -> Iterable[Defect]:
    table = stimulus.weight_tables[0]
    says_column = any(comment.startswith("#col0row7") for comment in table.comments)
    if says_column and fit.orientation.weight_line == "ic":
        yield Defect(
            DefectName.TRANSPOSED,
            stimulus.relative(table.path),
            "weights are transposed against their own header: a line is an input channel, the header says column "
            f"(output channel); so in all {len(stimulus.weight_tables)} weight file(s)",
        )


def _psum_defects(stimulus: StimulusSet, geometry: Geometry, fit: Fit) -> Iterable[Defect]:
    for match in fit.psums:
        name = stimulus.relative(match.file.table.path)
        if match.file.table.space_padded:
            yield Defect(DefectName.PSUM_SPACES, name, "fields are padded with spaces, not zeros; read as zeros")
        if match.layout.tap is not None and geometry.taps > 1 and match.file.tap is None:
            text = f"partial sums of tap {match.layout.tap} only, of {geometry.taps}"
            yield Defect(DefectName.PSUM_ONE_TAP, name, text)


def _notes(stimulus: StimulusSet, geometry: Geometry, fit: Fit) -> tuple[str, ...]:
    notes = [f"{stimulus.relative(path)}: ignored, its name says nothing" for path in stimulus.ignored]
    if not fit.complete:
        given = stimulus.activations[0].rows
        known = [int(tile.known.sum()) for tile in fit.tiles]
        notes.append(
            f"replayed: partial sums of {given} given rows and {sum(known) - given * len(known)} recovered rows of "
            f"{geometry.positions * len(known)}"
        )
    return tuple(notes)
