"""What a set is: its variant, its defects by name, and what of it can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.stimulus.addresses import AddressReport, report_addresses
from tilewright.stimulus.choose import choose
from tilewright.stimulus.defects import CONTRADICTIONS, Defect
from tilewright.stimulus.describe import describe_variant
from tilewright.stimulus.diagnose import address_defects, file_defects, notebook_out_defects, notebook_outs
from tilewright.stimulus.fit import ConvolutionFit, Fit, Match
from tilewright.stimulus.geometry import LINE_FIELDS, Geometry
from tilewright.stimulus.layouts import OutLayout, PsumLayout
from tilewright.stimulus.leftovers import unused_files
from tilewright.stimulus.names import Kind
from tilewright.stimulus.reader import StimulusSet, Unused
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.weights import Pairs


@dataclass(frozen=True)
class Findings:
    """A set, read and understood.

    Attributes:
        stimulus: the set.
        fit: what its files and lines mean.
        comparable: for each convolution, its files of sums that can be compared with integers.
        details: the variant, one entry a property.
        defects: known defects of the set, contradictions among them.
        unused: files that take no part, each with the reason.
        notes: what a user should know beside: unused files, what can be replayed where that is not everything.
    """

    stimulus: StimulusSet
    fit: Fit
    comparable: tuple[tuple[ConvolutionFit, tuple[Match, ...]], ...]
    details: dict[str, str]
    defects: tuple[Defect, ...]
    unused: tuple[Unused, ...]
    notes: tuple[str, ...]

    @property
    def geometry(self) -> Geometry:
        """Sizes of the layer."""
        return self.fit.geometry

    @property
    def outs(self) -> tuple[Match, ...]:
        """Out files that can be compared."""
        return tuple(match for _, matches in self.comparable for match in matches if match.file.kind is Kind.OUT)

    @property
    def contradictions(self) -> tuple[Defect, ...]:
        """Defects that say that two files cannot both be right."""
        return tuple(defect for defect in self.defects if defect.name in CONTRADICTIONS)

    @property
    def channels(self) -> int:
        """Channels of a line, 8 or 16: the size of the array that the set is made for."""
        paired = self.fit.orientation.pairs is not Pairs.NONE
        return LINE_FIELDS[-1] if paired else max(self.fit.weights.shape[-2:])

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
        StimulusError: files are missing, or no reading explains the sums; names file and line.
    """
    fit = choose(stimulus, overrides)
    addresses = [report_addresses(lines, fit.geometry, len(fit.weights)) for lines in stimulus.addresses]
    without = notebook_outs(fit)
    comparable = tuple((one, tuple(match for match in one.matches if match not in without)) for one in fit.convolutions)
    unused, copies = unused_files(stimulus, fit)
    out_defects = notebook_out_defects(stimulus, fit, without)
    defects = (*file_defects(stimulus, fit, without, out_defects), *copies, *address_defects(stimulus, fit, addresses))
    details = describe_variant(stimulus, fit, comparable, addresses)
    if out_defects and details["out"] == "not comparable":
        details["out"] = "dequantised, not comparable"
    notes = (*_unused_notes(stimulus, unused), *_notes(stimulus, fit, addresses), *_untested(fit, comparable))
    return Findings(stimulus, fit, comparable, details, defects, tuple(unused), notes)


def _unused_notes(stimulus: StimulusSet, unused: list[Unused]) -> list[str]:
    """One line a reason, with the names of all of its files."""
    names: dict[str, list[str]] = {}
    for one in unused:
        names.setdefault(one.reason, []).append(stimulus.relative(one.path))
    return [f"{', '.join(files)}: not used: {reason}" for reason, files in names.items()]


def _outs_without_activations(stimulus: StimulusSet, fit: Fit) -> list[str]:
    """Out files that are not compared for want of activations."""
    outs = [(one, file) for one in fit.convolutions for file in one.files.sums if file.kind is Kind.OUT]
    names = [stimulus.relative(file.table.path) for one, file in outs if not one.computed.outputs]
    return [f"{', '.join(names)}: not compared, as not all activations are known"] if names else []


def _untested(fit: Fit, comparable: Sequence[tuple[ConvolutionFit, Sequence[Match]]]) -> list[str]:
    """Weights that no comparison depends on: of taps that neither outputs nor partial sums of the set hold."""
    layouts = [match.layout for _, matches in comparable for match in matches]
    taps = {layout.tap for layout in layouts if isinstance(layout, PsumLayout)}
    if None in taps or any(isinstance(layout, OutLayout) for layout in layouts):
        return []
    missing = sorted(set(range(fit.geometry.taps)) - taps)
    return [f"weights of tap(s) {', '.join(map(str, missing))} take part in no comparison"] if missing else []


def _notes(stimulus: StimulusSet, fit: Fit, addresses: list[AddressReport]) -> list[str]:
    notes = [
        f"{stimulus.relative(lines.path)}: {report.layout}"
        for lines, report in zip(stimulus.addresses, addresses, strict=True)
        if report.layout.endswith("not needed")
    ]
    if fit.blank:
        notes.append("every sum that is compared is 0: every reading gives them, so they show nothing of the weights")
    if not fit.complete:
        notes += _outs_without_activations(stimulus, fit)
        tiles = [tile for one in fit.convolutions for tile in one.tiles]
        given = sum(table.rows for one in fit.convolutions for table in one.files.activations)
        known = sum(int(tile.known.sum()) for tile in tiles)
        notes.append(
            f"replayed: partial sums of {given} given rows and {known - given} recovered rows of "
            f"{fit.geometry.positions * len(tiles)}"
        )
    return notes
