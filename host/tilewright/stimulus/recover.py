"""Activation rows that a set lacks, from the partial sums of one tap: unique where the tap's weights are invertible."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.stimulus.geometry import Ints

_CODE_MAX = 15


@dataclass(frozen=True)
class Recovered:
    """Activations of one input-channel tile.

    Attributes:
        rows: int64 (positions, rows); zero where not known.
        known: bool (positions,).
        refused: bool (positions,): no activations in 0..15 give the partial sums there.
        conflicts: given rows that do not give the partial sums.
    """

    rows: Ints
    known: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]
    conflicts: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """Smaller is more credible: no conflicts, nothing refused, most rows known."""
        return self.conflicts, int(self.refused.sum()), -int(self.known.sum())


def given_rows(given: Ints, positions: int) -> Recovered:
    """The rows of a file alone, the others not known."""
    rows = np.zeros((positions, given.shape[1]), dtype=np.int64)
    rows[: len(given)] = given
    known = np.arange(positions) < len(given)
    return Recovered(rows, known, np.zeros(positions, dtype=bool))


def recover_rows(given: Ints, weights: Ints, sums: Ints) -> Recovered:
    """Solves weights @ row = sums for each position whose row is not given.

    The solution is rounded and then checked in integers; a determinant other than 0 makes it the only one.

    Args:
        given: (rows given, rows of the array): activations of the first positions.
        weights: (columns, rows) of one tap.
        sums: (positions, columns), partial sums of that tap.

    Returns:
        The given and the recovered rows; only the given ones where the weights are singular or not square.
    """
    start = given_rows(given, len(sums))
    conflicts = int((given @ weights.T != sums[: len(given)]).any(axis=1).sum())
    if weights.shape[0] != weights.shape[1] or abs(np.linalg.det(weights.astype(np.float64))) < 0.5:
        return replace(start, conflicts=conflicts)
    solved = np.rint(np.linalg.solve(weights.astype(np.float64), sums.T.astype(np.float64)).T).astype(np.int64)
    exact = ((solved >= 0) & (solved <= _CODE_MAX)).all(axis=1) & (solved @ weights.T == sums).all(axis=1)
    rows = np.where(start.known[:, None], start.rows, np.where(exact[:, None], solved, 0))
    return Recovered(rows, start.known | exact, ~start.known & ~exact, conflicts)
