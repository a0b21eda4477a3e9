"""Files of a folder that a replay does not use, each with the reason; a copy that differs in places contradicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilewright.stimulus.choose import Fit
from tilewright.stimulus.defects import Defect, DefectName
from tilewright.stimulus.geometry import Ints
from tilewright.stimulus.names import Kind
from tilewright.stimulus.reader import PartFile, StimulusSet, Unused
from tilewright.stimulus.textfile import Table

# Part of a file's numbers (those that are not zero) that makes it a copy of another: by chance, few agree.
_COPY = 0.5


def unused_files(stimulus: StimulusSet, fit: Fit) -> tuple[list[Unused], list[Defect]]:
    """All files that take no part in a replay.

    Args:
        stimulus: the set.
        fit: its reading.

    Returns:
        The files with their reasons, and the copies among them that contradict what is used.
    """
    unused, defects = [*stimulus.unused], []
    used = {
        Kind.ACTIVATION: [table for one in fit.convolutions for table in one.files.activations],
        Kind.WEIGHT: [table for one in fit.convolutions for table in one.files.weight_tables],
    }
    for part in fit.assignment.leftover:
        reason, message = _compare(stimulus, part, used[part.kind])
        unused.append(Unused(part.name.path, reason))
        if message:
            defects.append(Defect(DefectName.COPY_CONTRADICTS, stimulus.relative(part.name.path), message))
    return unused, defects


def _compare(stimulus: StimulusSet, part: PartFile, used: Sequence[Table]) -> tuple[str, str]:
    """Why a file is not used, and how it contradicts what is."""
    stands = _name(stimulus, used)
    lines = [(table, row) for table in used if table.fields == part.table.fields for row in range(table.rows)]
    rows = part.table.rows
    best: tuple[float, int, int] = (-1.0, 0, 0)
    values = np.array([table.values[row] for table, row in lines]).reshape(-1, part.table.fields)
    for start in range(0, len(lines) - rows + 1, rows):
        best = max(best, (*_agreement(part.table.values, values[start : start + rows]), start))
    agreement, wrong, start = best
    if agreement == 1.0:
        return f"a copy of what {stands} holds", ""
    if agreement < _COPY:
        return f"{stands} explains the sums, this file holds other numbers", ""
    row, field = np.argwhere(part.table.values != values[start : start + rows])[0].tolist()
    table, other = lines[start + row]
    message = (
        f"line {part.table.lines[row]}, field {field} holds {part.table.values[row, field]}, but "
        f"{stimulus.relative(table.path)}:{table.lines[other]} {table.values[other, field]}; "
        f"{wrong} of {part.table.values.size} numbers differ, and the latter explain the sums better"
    )
    return f"nearly a copy of what {stands} holds, which explains the sums better", message


def _agreement(first: Ints, second: Ints) -> tuple[float, int]:
    """Part of the numbers that are not zero in both which agree, and how many differ."""
    different = int((first != second).sum())
    telling = int(((first != 0) | (second != 0)).sum())
    return (1.0 - different / telling if telling else 1.0), different


def _name(stimulus: StimulusSet, tables: Sequence[Table]) -> str:
    first, last = (stimulus.relative(table.path) for table in (tables[0], tables[-1]))
    return first if len(tables) == 1 else f"{first} to {last}"
