"""A set under one reading: what each file of sums is, and how much of it the reading explains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.stimulus.geometry import Geometry, Ints
from tilewright.stimulus.layouts import Computed, Layout
from tilewright.stimulus.names import Kind
from tilewright.stimulus.recover import Recovered
from tilewright.stimulus.roles import Assignment, Convolution, SumFile
from tilewright.stimulus.weights import Orientation

# Part of a file's sums (those that are not zero) that a reading must give to be believed. A wrong reading gives few by
# chance; a wrong activation leaves more than that right.
CREDIBLE = 0.25


@dataclass(frozen=True, eq=False)
class Match:
    """A file of sums with the reading that fits it best.

    Attributes:
        file: the file.
        layout: the reading.
        wrong: sums that differ.
        compared: sums that are compared.
        telling: those of them that are not zero, in the file or computed.
        named: those that differ in a way that has a name: minus zero, off by one.
        first: the first that differs, in words.
        relu_matters: whether an output is negative before ReLU.
    """

    file: SumFile
    layout: Layout
    wrong: int
    compared: int
    telling: int
    named: int
    first: str
    relu_matters: bool

    @property
    def equal(self) -> float:
        """Part of the telling sums that is equal; 0 to 1."""
        return 1.0 - self.wrong / self.telling if self.telling else 1.0

    @property
    def explained(self) -> float:
        """The same, where a difference that has a name counts as half a one."""
        return 1.0 - (self.wrong - self.named / 2) / self.telling if self.telling else 1.0


@dataclass(frozen=True, eq=False)
class Unread:
    """A file of sums whose size fits no reading.

    Attributes:
        file: the file.
        reason: why.
    """

    file: SumFile
    reason: str


@dataclass(frozen=True, eq=False)
class ConvolutionFit:
    """A convolution under one reading.

    Attributes:
        files: its files.
        weights: int64 (ic_tiles, oc_tiles, taps, columns, rows).
        tiles: activations of each input-channel tile.
        matches: its files of sums with their readings; without out files where activations are not known.
        unread: those that have none.
        computed: all of its sums, in numpy.
    """

    files: Convolution
    weights: Ints
    tiles: tuple[Recovered, ...]
    matches: tuple[Match, ...]
    unread: tuple[Unread, ...]
    computed: Computed

    @property
    def activations(self) -> Ints:
        """int64 (ic_tiles, positions, rows)."""
        return np.stack([tile.rows for tile in self.tiles])


@dataclass(frozen=True)
class Fit:
    """A set under one reading.

    Attributes:
        assignment: which files make which convolution.
        orientation: meaning of weight lines and fields.
        geometry: sizes of the layer.
        convolutions: each convolution.
        complete: whether the activation files hold all positions.
        rivals: credible readings that take other files.
    """

    assignment: Assignment
    orientation: Orientation
    geometry: Geometry
    convolutions: tuple[ConvolutionFit, ...]
    complete: bool
    rivals: tuple[Fit, ...] = ()

    @property
    def credible(self) -> bool:
        """Whether it explains a good part of a file at least."""
        return any(match.explained >= CREDIBLE for match in self.deciding)

    @property
    def paths(self) -> set[Path]:
        """Activation and weight files that it takes."""
        files = [one.files for one in self.convolutions]
        return {table.path for one in files for table in (*one.activations, *one.weight_tables)}

    @property
    def blank(self) -> bool:
        """Whether every sum that is compared is 0."""
        return not any(match.telling for match in self.matches)

    @property
    def activations(self) -> Ints:
        """Of the first convolution: int64 (ic_tiles, positions, rows)."""
        return self.convolutions[0].activations

    @property
    def weights(self) -> Ints:
        """Of the first convolution: int64 (ic_tiles, oc_tiles, taps, columns, rows)."""
        return self.convolutions[0].weights

    @property
    def matches(self) -> tuple[Match, ...]:
        """Of all convolutions."""
        return tuple(match for convolution in self.convolutions for match in convolution.matches)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Of all convolutions."""
        return tuple(unread for convolution in self.convolutions for unread in convolution.unread)

    @property
    def deciding(self) -> tuple[Match, ...]:
        """Files that decide: outputs of a set that lacks activation rows do not, its partial sums do."""
        return tuple(match for match in self.matches if self.complete or match.file.kind is Kind.PSUM)

    @property
    def mismatches(self) -> int:
        """Sums that differ, and rows that cannot be recovered."""
        tiles = [tile for convolution in self.convolutions for tile in convolution.tiles]
        refused = sum(int(tile.refused.sum()) * tile.rows.shape[1] for tile in tiles)
        return refused + sum(match.wrong for match in self.deciding)

    @property
    def exact(self) -> bool:
        """Whether every file of sums is read and equal."""
        left_out = self.unread or self.assignment.unplaced
        return bool(self.deciding) and not left_out and self.mismatches == 0

    @property
    def explained(self) -> float:
        """How many files the reading explains, one that it explains in part as that part."""
        refused = sum(float(tile.refused.mean()) for convolution in self.convolutions for tile in convolution.tiles)
        return round(sum(match.explained for match in self.deciding) - refused, 9)

    @property
    def rank(self) -> tuple[float, int, int]:
        """Larger is more credible: files explained, fewest left out, fewest sums that differ."""
        return self.explained, -len(self.unread) - len(self.assignment.unplaced), -self.mismatches
