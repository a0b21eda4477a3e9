"""File names of stimulus sets: what the words and numbers of a name say, in any order."""

from __future__ import annotations

import re
from collections.abc import Collection
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


# A word that matches names a kind; where several kinds are named, the lines decide, the first kind first.
_KINDS = (
    (Kind.ACC, r"addr.*|add|.*addr(ess(es)?)?"),
    (Kind.WEIGHT, r".*weight.*|.*wgt.*|wt|w|.*kernel.*|filters?"),
    (Kind.PSUM, r".*psum.*|.*partial.*|sums?"),
    (Kind.ACTIVATION, r".*activation.*|act|acts|actv|inputs?|inp|ifmaps?"),
    (Kind.OUT, r"out.*|.*out|ofmaps?|expected|golden|answers?|results?"),
    (Kind.ACC, r"acc.*"),
    (Kind.OUT, r"acc.*"),
)
_TAP = {"kij", "k", "tap"}
_UNIT = {"tile", "core", "img", "image", "map", "batch", "sample"}
_SIZES = {"bit", "bits", "b", "x", "channel", "channels", "ch"}
_INPUT, _OUTPUT = {"i", "input", "in"}, {"o", "output", "out"}


@dataclass(frozen=True)
class Numbers:
    """Numbers of a name, by the word before each.

    Attributes:
        ic: of an input-channel tile: ``ic``, ``itile``, ``ic_tile``, ``input_tile``.
        oc: of an output-channel tile: ``oc``, ``otile``, ``oc_tile``, ``output_tile``.
        tap: of a kernel tap: ``kij``, ``k``, ``tap``.
        unit: of a ``tile``, ``core``, ``image`` or ``map``, which may be input channels, output channels or a map.
        bare: behind another word: ``weight0``, ``out_1``, ``psum (2)``.
    """

    ic: int | None = None
    oc: int | None = None
    tap: int | None = None
    unit: int | None = None
    bare: int | None = None


@dataclass(frozen=True)
class NamedFile:
    """A file and what its name and its folders' names say.

    Attributes:
        path: the file.
        kinds: what it may hold, most likely first; empty where the name says nothing.
        own: numbers of its name.
        folder: numbers of its folders, ``unit`` for a folder that is a number alone.
        habit: the name within the set with ``#`` for each number; files of one habit belong together.
        output_stationary: whether a name says so.
    """

    path: Path
    kinds: tuple[Kind, ...]
    own: Numbers
    folder: Numbers
    habit: str
    output_stationary: bool


def read_name(directory: str | Path, path: str | Path) -> NamedFile:
    """Says what a file of a set may hold, by its name and its folders'.

    Args:
        directory: the set.
        path: a file in it, at any depth.

    Returns:
        What the names say.
    """
    directory = Path(directory)
    path = Path(path)
    inside = path.relative_to(directory)
    folders = [_words(part) for part in inside.parts[-2::-1]]
    stem = _words(path.stem)
    kinds = next((found for found in map(_kinds, (stem, *folders)) if found), ())
    own = _numbers(stem, kinds[:1] == (Kind.OUT,))
    return NamedFile(
        path=path,
        kinds=kinds,
        own=own,
        folder=_of_folders(folders),
        habit=re.sub(r"\d+", "#", str(inside).lower()),
        output_stationary=any(_says_output_stationary(words) for words in (stem, *folders)),
    )


def is_unit(folder: str | Path) -> bool:
    """Whether a folder's name is that of a part of a set: a tile, a core, a map."""
    folder = Path(folder)
    return _of_folders([_words(folder.name)]) != Numbers()


def renamed(file: NamedFile, keys: Collection[str], number: int) -> Path:
    """The name that a missing file of the same habit would have.

    Args:
        file: a file that is there.
        keys: the attributes of :class:`Numbers` that may hold the number that differs.
        number: the missing file's.

    Returns:
        Its path.
    """
    stem = file.path.stem
    for match in re.finditer(r"\d+", stem):
        if _meaning(_words(stem[: match.start()])[-2:], file.kinds[:1] == (Kind.OUT,)) in keys:
            return file.path.with_stem(f"{stem[: match.start()]}{number}{stem[match.end() :]}")
    return file.path


def _words(text: str) -> list[str]:
    """Words and numbers: ``psumAddress_k0`` is psum, address, k, 0."""
    return re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower())


def _kinds(words: list[str]) -> tuple[Kind, ...]:
    found = [
        kind for kind, pattern in _KINDS if any(re.fullmatch(pattern, word) for word in words if word not in _UNIT)
    ]
    return tuple(dict.fromkeys(found))


def _says_output_stationary(words: list[str]) -> bool:
    return "os" in words or "outputstationary" in "".join(words)


def _numbers(words: list[str], is_out: bool) -> Numbers:
    """Numbers by their words; of an out file, ``output_tile`` is a tile of any meaning."""
    found: dict[str, int] = {}
    for at, word in enumerate(words):
        if word.isdecimal():
            key = _meaning(words[max(0, at - 2) : at], is_out)
            following = words[at + 1] if at + 1 < len(words) else ""
            if key == "bare" and (at == 0 or following in _SIZES):
                continue
            if key == "bare" and "bare" in found:  # weight_1_3: tile 1, tap 3
                found.setdefault("unit", found.pop("bare"))
            found.setdefault(key, int(word))
    return Numbers(**found)


def _meaning(before: list[str], is_out: bool) -> str:
    previous, word = ["", "", *before][-2:]
    if word in _TAP:
        return "tap"
    if word in {"ic", "itile", "ictile"} or (word in {"tile", "channel"} and previous in {"ic", *_INPUT}):
        return "ic"
    outputs = {"oc"} if is_out else {"oc", *_OUTPUT}
    if word in {"oc", "otile", "octile"} or (word in {"tile", "channel"} and previous in outputs):
        return "oc"
    return "unit" if word in _UNIT else "bare"


def _of_folders(folders: list[list[str]]) -> Numbers:
    """Numbers of all folders, the innermost first."""
    found: dict[str, int] = {}
    for words in folders:
        alone = len(words) == 1 and words[0].isdecimal()
        numbers = Numbers(unit=int(words[0])) if alone else _numbers(words, is_out=False)
        for key, number in vars(numbers).items():
            if number is not None and key != "bare":
                found.setdefault(key, number)
    return Numbers(**found)
