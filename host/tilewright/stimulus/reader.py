"""Reads all files of a folder, each as what its name and its lines say; what they make together is decided later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import CODE_BITS, SUM_BITS
from tilewright.stimulus.names import Kind, NamedFile, is_unit, read_name
from tilewright.stimulus.textfile import FieldFormat, Lines, Table, fits, read_lines, read_table

_FORMATS = {
    Kind.ACTIVATION: FieldFormat(CODE_BITS, signed=False),
    Kind.WEIGHT: FieldFormat(CODE_BITS, signed=True),
    Kind.PSUM: FieldFormat(SUM_BITS, signed=True, groups=True),
    Kind.OUT: FieldFormat(SUM_BITS, signed=True),
}
_OUTPUT_STATIONARY = "of an output-stationary set, by its name; only weight-stationary sets are read"


@dataclass(frozen=True, eq=False)
class PartFile:
    """A file that holds numbers of the layer.

    Attributes:
        name: what its name says.
        kind: what it holds.
        table: its integers.
    """

    name: NamedFile
    kind: Kind
    table: Table


@dataclass(frozen=True)
class Unused:
    """A file, or a hidden folder, that takes no part.

    Attributes:
        path: it.
        reason: why.
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class StimulusSet:
    """A folder as its files have it.

    Attributes:
        directory: the folder.
        activations: activation files, at least one.
        weights: weight files, at least one.
        outs: output files, at least one unless there are partial sums.
        psums: partial-sum files.
        addresses: address files.
        unused: files that hold no part of a set, each with the reason.
    """

    directory: Path
    activations: tuple[PartFile, ...]
    weights: tuple[PartFile, ...]
    outs: tuple[PartFile, ...]
    psums: tuple[PartFile, ...]
    addresses: tuple[Lines, ...]
    unused: tuple[Unused, ...]

    def relative(self, path: str | Path) -> str:
        """A file's name within the set."""
        path = Path(path)
        return str(path.relative_to(self.directory))


def find_sets(folder: str | Path) -> list[Path]:
    """The sets that a folder holds.

    A folder whose own files, or whose tiles' folders, hold parts is a set. One that holds folders only, of which one is
    complete in itself, is a collection of sets.

    Args:
        folder: a set, or a folder of sets at any depth.

    Returns:
        At least one folder; those of a collection in the order of their names.
    """
    folder = Path(folder)
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and any(_text_files(path))]
    if any(read_name(folder, path).kinds for path in folder.glob("*.txt")) or not inner or all(map(is_unit, inner)):
        return [folder]
    if not any(_is_complete(path) for path in inner):
        return [folder]
    return [found for path in inner for found in find_sets(path)]


def files_beside(folder: str | Path, sets: Sequence[str | Path]) -> list[Unused]:
    """Files of a collection that belong to none of its sets.

    Args:
        folder: the collection.
        sets: its sets.
    """
    folder = Path(folder)
    beside = (path for path in sorted(folder.rglob("*")) if path.is_file() and not _hidden(folder, path))
    inside = [Path(one) for one in sets]
    return [Unused(path, "belongs to no set") for path in beside if not any(one in path.parents for one in inside)]


def read_set(directory: str | Path) -> StimulusSet:
    """Reads a folder.

    Args:
        directory: folder with the set's ``.txt`` files, in sub-folders or not.

    Returns:
        All of its files, by what they hold.

    Raises:
        StimulusError: a kind of file is missing, or a line is damaged; names file and line.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise StimulusError(f"{directory}: no such folder")
    unused: list[Unused] = [*_foreign_files(directory)]
    parts: list[PartFile] = []
    addresses: list[Lines] = []
    for path in _text_files(directory):
        read = _read_file(read_name(directory, path))
        if isinstance(read, Unused):
            unused.append(read)
        elif isinstance(read, Lines):
            addresses.append(read)
        else:
            parts.append(read)
    of_kind = {kind: tuple(part for part in parts if part.kind is kind) for kind in Kind}
    _check_kinds(directory, of_kind, unused)
    activations, weights = of_kind[Kind.ACTIVATION], of_kind[Kind.WEIGHT]
    outs, psums = of_kind[Kind.OUT], of_kind[Kind.PSUM]
    return StimulusSet(directory, activations, weights, outs, psums, tuple(addresses), tuple(unused))


def _read_file(name: NamedFile) -> PartFile | Lines | Unused:
    if not name.kinds:
        return Unused(name.path, "its name says nothing")
    if name.output_stationary:
        return Unused(name.path, _OUTPUT_STATIONARY)
    lines = read_lines(name.path)
    if not lines.data:
        return Unused(name.path, "it holds words only")
    for kind in name.kinds:
        if kind is Kind.ACC and not fits(lines, _FORMATS[Kind.OUT]):
            return lines
        if kind is not Kind.ACC and fits(lines, _FORMATS[kind]):
            return PartFile(name, kind, read_table(lines, _FORMATS[kind]))
    kind = name.kinds[0]
    form = "addresses" if kind is Kind.ACC else f"8 or 16 fields of {_FORMATS[kind].bits} bits"
    return Unused(
        name.path, f"its lines of {lines.packed} characters are not {form}, which the name ({kind.value}) asks for"
    )


def _text_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*.txt") if path.is_file() and not _hidden(directory, path))


def _hidden(directory: Path, path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(directory).parts[:-1])


def _foreign_files(directory: Path) -> Iterable[Unused]:
    for path in sorted(directory.rglob("*")):
        if _hidden(directory, path):
            continue
        if path.is_dir() and path.name.startswith("."):
            yield Unused(path, "a hidden folder")
        elif not path.is_dir() and path.suffix != ".txt":
            yield Unused(path, "no .txt file")


def _is_complete(directory: Path) -> bool:
    """Whether the names in a folder are those of a whole set."""
    found = {kind for path in _text_files(directory) for kind in read_name(directory, path).kinds[:1]}
    return {Kind.ACTIVATION, Kind.WEIGHT} <= found and bool({Kind.OUT, Kind.PSUM} & found)


def _check_kinds(directory: Path, of_kind: dict[Kind, tuple[PartFile, ...]], unused: list[Unused]) -> None:
    named = [one for one in unused if one.path.suffix == ".txt"]
    others = "".join(f"; {one.path.relative_to(directory)} is not used: {one.reason}" for one in named)
    stationary = [one for one in named if one.reason == _OUTPUT_STATIONARY]
    lacks = [kind for kind in (Kind.ACTIVATION, Kind.WEIGHT) if not of_kind[kind]]
    nothing = not of_kind[Kind.OUT] and not of_kind[Kind.PSUM]
    if stationary and (lacks or nothing):
        names = ", ".join(str(one.path.relative_to(directory)) for one in stationary)
        raise StimulusError(
            f"{directory}: an output-stationary set ({names}), which is not read: its lines are taps of output "
            "positions, and no partial sums leave the array. Only weight-stationary sets are replayed"
        )
    for kind in lacks:
        raise StimulusError(f"{directory}: no {kind.value} file (a .txt whose name holds '{kind.value}'){others}")
    if nothing:
        raise StimulusError(f"{directory}: neither an out nor a psum file; there is nothing to compare with{others}")
