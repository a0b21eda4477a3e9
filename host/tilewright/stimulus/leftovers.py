"""Files of a folder that a replay does not use, each with the reason; a copy that differs in places contradicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilewright.stimulus.defects import Defect, DefectName
from tilewright.stimulus.fit import CREDIBLE, Fit, Match
from tilewright.stimulus.geometry import Ints
from tilewright.stimulus.names import Kind
from tilewright.stimulus.reader import PartFile, StimulusSet, Unused
from tilewright.stimulus.textfile import Table

# Part of a file's numbers (those that are not zero) that makes it a copy of another: by chance, few agree.
_COPY = 0.5
_OTHER = "this file holds other numbers"


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
    rivals: dict[str, list[str]] = {}
    for part in fit.assignment.leftover:
        name = stimulus.relative(part.name.path)
        reason, message = _compare(stimulus, part, used[part.kind])
        rival = next((rival for rival in fit.rivals if part.name.path in rival.paths), None)
        if message:
            defects.append(Defect(DefectName.COPY_CONTRADICTS, name, message))
        elif reason == _OTHER and rival is not None:
            wrong = next((match for match in rival.matches if match.wrong and match.explained >= CREDIBLE), None)
            reason = "this file as well, read in another order" if wrong is None else "this file fewer of them"
            if wrong is not None:
                rivals.setdefault(_rival_message(stimulus, wrong), []).append(name)
        unused.append(Unused(part.name.path, f"the sums follow from {_name(stimulus, used[part.kind])}, {reason}"))
    defects += [
        Defect(DefectName.COPY_CONTRADICTS, names[0], f"with {', '.join(names)}, {message}")
        for message, names in rivals.items()
    ]
    return unused, defects


def _rival_message(stimulus: StimulusSet, match: Match) -> str:
    """How the same numbers in another order, but for some, explain most of the sums too."""
    return (
        f"{match.wrong} of {match.compared} sums of {stimulus.relative(match.file.table.path)} differ, the first in "
        f"{match.first}; nearly a copy, in another order, of what explains the sums better"
    )


def _compare(stimulus: StimulusSet, part: PartFile, used: Sequence[Table]) -> tuple[str, str]:
    """Why a file is not used, and how it contradicts what is."""
    lines = [(table, row) for table in used if table.fields == part.table.fields for row in range(table.rows)]
    rows = part.table.rows
    best: tuple[float, int, int] = (-1.0, 0, 0)
    values = np.array([table.values[row] for table, row in lines]).reshape(-1, part.table.fields)
    for start in range(0, len(lines) - rows + 1, rows):
        best = max(best, (*_agreement(part.table.values, values[start : start + rows]), start))
    agreement, wrong, start = best
    if agreement == 1.0:
        return "this file is a copy", ""
    if agreement < _COPY:
        return _OTHER, ""
    row, field = np.argwhere(part.table.values != values[start : start + rows])[0].tolist()
    table, other = lines[start + row]
    message = (
        f"line {part.table.lines[row]}, field {field} holds {part.table.values[row, field]}, but "
        f"{stimulus.relative(table.path)}:{table.lines[other]} {table.values[other, field]}; "
        f"{wrong} of {part.table.values.size} numbers differ, and the latter explain the sums better"
    )
    return "this file is nearly a copy", message


def _agreement(first: Ints, second: Ints) -> tuple[float, int]:
    """Part of the numbers that are not zero in both which agree, and how many differ."""
    different = int((first != second).sum())
    telling = int(((first != 0) | (second != 0)).sum())
    return (1.0 - different / telling if telling else 1.0), different


def _name(stimulus: StimulusSet, tables: Sequence[Table]) -> str:
    first, last = (stimulus.relative(table.path) for table in (tables[0], tables[-1]))
    return first if len(tables) == 1 else f"{first} to {last}"
