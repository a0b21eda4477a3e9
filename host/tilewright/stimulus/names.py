"""File names of stimulus sets: which part of the layer a file holds, for the naming habits of several projects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Kind(Enum):
    """What a file holds."""

    ACTIVATION = "activation"
    WEIGHT = "weight"
    PSUM = "psum"
    OUT = "out"
    ACC = "acc"


_KINDS = (
    (Kind.PSUM, r"psum"),
    (Kind.WEIGHT, r"weight|^w(?=[\d_]|$)|kernel"),
    (Kind.ACTIVATION, r"activation|^act(?=[\d_]|$)|^input"),
    (Kind.ACC, r"acc|addr"),
    (Kind.OUT, r"out"),
)
_IC = re.compile(r"(?:itile|ic_?tile|ic)_?(\d+)")
_OC = re.compile(r"(?:otile|oc_?tile|oc)_?(\d+)")
_TILE = re.compile(r"(?<![a-z])tile_?(\d+)")
_TAP = re.compile(r"(?:kij|tap)_?(\d+)|weight_?(\d+)|^w_?(\d+)")


@dataclass(frozen=True)
class NamedFile:
    """A file and what its name says.

    Attributes:
        path: the file.
        kind: what it holds.
        ic: number of the input-channel tile, or None.
        oc: number of the output-channel tile, or None.
        tap: number of the kernel tap, or None.
    """

    path: Path
    kind: Kind
    ic: int | None = None
    oc: int | None = None
    tap: int | None = None


def classify(directory: Path, path: Path) -> NamedFile | None:
    """Says what a file of a set holds, by its name and its folder's.

    Args:
        directory: the set.
        path: a file in it, at any depth.

    Returns:
        What it holds; None where the name says nothing.
    """
    stem = path.stem.lower()
    kind = next((kind for kind, pattern in _KINDS if re.search(pattern, stem)), None)
    if kind is None:
        return None
    folders = [part.lower() for part in path.relative_to(directory).parts[:-1]]
    oc = _number(_OC, stem, *folders)
    tile = _number(_TILE, stem, *folders)
    if kind is Kind.OUT:
        return NamedFile(path, kind, oc=oc if oc is not None else _number(_TILE, stem))
    ic = _number(_IC, stem, *folders)
    tap = _number(_TAP, stem) if kind in (Kind.WEIGHT, Kind.PSUM) else None
    return NamedFile(path, kind, ic if ic is not None else tile, oc, tap)


def find_files(directory: Path) -> tuple[list[NamedFile], list[Path]]:
    """All text files of a set.

    Args:
        directory: the set.

    Returns:
        The files whose names say what they hold, and those whose names do not.
    """
    paths = sorted(path for path in directory.rglob("*.txt") if path.is_file())
    named = [(path, classify(directory, path)) for path in paths]
    return [file for _, file in named if file is not None], [path for path, file in named if file is None]


def renamed(file: NamedFile, key: str, number: int | None) -> Path:
    """The name that a missing file of the same habit would have.

    Args:
        file: a file that is there.
        key: ``ic``, ``oc`` or ``tap``.
        number: the missing file's number.

    Returns:
        Its path.
    """
    patterns = {"ic": (_IC, _TILE), "oc": (_OC,), "tap": (_TAP,)}[key]
    for pattern in patterns:
        match = pattern.search(file.path.stem.lower())
        if match:
            start, end = match.span(match.lastindex or 0)
            return file.path.with_name(f"{file.path.name[:start]}{number}{file.path.name[end:]}")
    return file.path


def _number(pattern: re.Pattern[str], *texts: str) -> int | None:
    for text in texts:
        match = pattern.search(text)
        if match:
            return int(next(group for group in match.groups() if group is not None))
    return None
