"""Reads all files of a stimulus set and checks that they are all there, without deciding yet what their lines mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import ADDRESS_BITS, ARRAY_SIZE, CODE_BITS, SUM_BITS, Ints
from tilewright.stimulus.names import Kind, NamedFile, find_files, renamed
from tilewright.stimulus.textfile import FieldFormat, Table, read_table, usual_width

_MAX_ADDRESS_BITS = 2 * ADDRESS_BITS - 1
_FORMATS = {
    Kind.ACTIVATION: FieldFormat(CODE_BITS, ARRAY_SIZE, signed=False),
    Kind.WEIGHT: FieldFormat(CODE_BITS, ARRAY_SIZE, signed=True),
    Kind.PSUM: FieldFormat(SUM_BITS, ARRAY_SIZE, signed=True, groups=True),
    Kind.OUT: FieldFormat(SUM_BITS, ARRAY_SIZE, signed=True),
    Kind.ACC: FieldFormat(ADDRESS_BITS, 1, signed=False, groups=True),
}


@dataclass(frozen=True)
class SumFile:
    """A file of partial sums or outputs.

    Attributes:
        table: its integers.
        oc: output-channel tile, from 0.
        ic: input-channel tile that its name gives, from 0, or None.
        tap: kernel tap that its name gives, from 0, or None.
    """

    table: Table
    oc: int
    ic: int | None = None
    tap: int | None = None


@dataclass(frozen=True)
class StimulusSet:
    """A set as its files have it.

    Attributes:
        directory: the set.
        activations: one table an input-channel tile, one row a padded position.
        weights: int64 (ic_tiles, oc_tiles, taps, lines, fields); lines and fields are rows and columns, or the reverse.
        weight_tables: the files behind ``weights``, for their comments and names.
        outs: output files, at least one unless there are partial sums.
        psums: partial-sum files.
        acc: address file, or None.
        ignored: text files whose names say nothing.
    """

    directory: Path
    activations: tuple[Table, ...]
    weights: Ints
    weight_tables: tuple[Table, ...]
    outs: tuple[SumFile, ...]
    psums: tuple[SumFile, ...]
    acc: Table | None
    ignored: tuple[Path, ...]

    @property
    def ic_tiles(self) -> int:
        """Input-channel tiles."""
        return int(self.weights.shape[0])

    @property
    def oc_tiles(self) -> int:
        """Output-channel tiles."""
        return int(self.weights.shape[1])

    @property
    def taps(self) -> int:
        """Kernel taps."""
        return int(self.weights.shape[2])

    @property
    def taps_in_one_file(self) -> bool:
        """Whether a weight file holds all taps of a tile."""
        return self.taps > 1 and len(self.weight_tables) == self.ic_tiles * self.oc_tiles

    def relative(self, path: Path) -> str:
        """A file's name within the set."""
        return str(path.relative_to(self.directory))


def read_set(directory: Path) -> StimulusSet:
    """Reads a set.

    Args:
        directory: folder with the set's ``.txt`` files, in sub-folders or not.

    Returns:
        The set.

    Raises:
        StimulusError: a file is missing, damaged or too short; names file and line.
    """
    if not directory.is_dir():
        raise StimulusError(f"{directory}: no such folder")
    files, ignored = find_files(directory)
    kinds = {kind: [file for file in files if file.kind is kind] for kind in Kind}
    for kind in (Kind.ACTIVATION, Kind.WEIGHT):
        if not kinds[kind]:
            raise StimulusError(f"{directory}: no {kind.value} file (a .txt whose name holds '{kind.value}')")
    if not kinds[Kind.OUT] and not kinds[Kind.PSUM]:
        raise StimulusError(f"{directory}: neither an out nor a psum file; there is nothing to compare with")
    if len(kinds[Kind.ACC]) > 1:
        raise StimulusError(f"{kinds[Kind.ACC][1].path}: a second address file beside {kinds[Kind.ACC][0].path.name}")
    ics = _numbers(directory, kinds, "ic", "input-channel tile")
    ocs = _numbers(directory, kinds, "oc", "output-channel tile")
    weights, weight_tables = _read_weights(kinds[Kind.WEIGHT], ics, ocs)
    acc = kinds[Kind.ACC]
    return StimulusSet(
        directory=directory,
        activations=_read_activations(kinds[Kind.ACTIVATION], ics),
        weights=weights,
        weight_tables=weight_tables,
        outs=_read_sums(kinds[Kind.OUT], ics, ocs),
        psums=_read_sums(kinds[Kind.PSUM], ics, ocs),
        acc=read_addresses(acc[0].path) if acc else None,
        ignored=tuple(ignored),
    )


def read_addresses(path: Path) -> Table:
    """Reads accumulation addresses: one or more of 11 bits a line, or one that is wider (12 to 21 bits).

    Raises:
        StimulusError: a line is damaged.
    """
    width = usual_width(path)
    if ADDRESS_BITS < width <= _MAX_ADDRESS_BITS:
        return read_table(path, FieldFormat(width, 1, signed=False))
    return read_table(path, _FORMATS[Kind.ACC])


def _numbers(directory: Path, kinds: dict[Kind, list[NamedFile]], key: str, what: str) -> tuple[int | None, ...]:
    """Tile numbers in order; they start at 0 or 1 and have no gap. Names without a number: one tile, None."""
    found = {getattr(file, key) for kind in (Kind.WEIGHT, Kind.ACTIVATION) for file in kinds[kind]} - {None}
    if not found:
        return (None,)
    first = 0 if 0 in found else 1
    missing = [number for number in range(first, max(found) + 1) if number not in found]
    if missing:
        raise StimulusError(f"{directory}: no file of {what} {missing[0]}; those of {sorted(found)} are there")
    return tuple(sorted(found))


def _read_activations(files: Sequence[NamedFile], ics: tuple[int | None, ...]) -> tuple[Table, ...]:
    tables: list[Table] = []
    for ic in ics:
        of_tile = [file for file in files if file.ic == ic or len(ics) == 1]
        if not of_tile:
            raise StimulusError(f"{renamed(files[0], 'ic', ic)}: file missing (activations of input tile {ic})")
        if len(of_tile) > 1:
            raise StimulusError(
                f"{of_tile[1].path}: a second activation file of one tile, beside {of_tile[0].path.name}"
            )
        tables.append(read_table(of_tile[0].path, _FORMATS[Kind.ACTIVATION]))
    rows = max(table.rows for table in tables)
    for table in tables:
        if table.rows != rows:
            raise StimulusError(f"{table.end}: file ends after {table.rows} rows, other tiles have {rows}")
    return tuple(tables)


def _read_weights(
    files: Sequence[NamedFile], ics: tuple[int | None, ...], ocs: tuple[int | None, ...]
) -> tuple[Ints, tuple[Table, ...]]:
    numbers = {file.tap for file in files if file.tap is not None}
    taps = range(0 if 0 in numbers else 1, max(numbers) + 1) if numbers else None
    tiles: list[Ints] = []
    tables: list[Table] = []
    for ic, oc in itertools.product(ics, ocs):
        of_ic = [file for file in files if file.ic == ic or len(ics) == 1]
        of_tile = [file for file in of_ic if file.oc == oc or len(ocs) == 1]
        if not of_tile:
            like = renamed(of_ic[0], "oc", oc) if of_ic else renamed(files[0], "ic", ic)
            raise StimulusError(f"{like}: file missing (weights of input tile {ic}, output tile {oc})")
        read = _read_tile(of_tile, taps)
        tables.extend(read)
        tiles.append(np.concatenate([table.values for table in read]).reshape(-1, ARRAY_SIZE, ARRAY_SIZE))
        if len(tiles[-1]) != len(tiles[0]):
            raise StimulusError(f"{read[-1].end}: {len(tiles[-1])} kernel taps, other tiles have {len(tiles[0])}")
    return np.stack(tiles).reshape(len(ics), len(ocs), -1, ARRAY_SIZE, ARRAY_SIZE), tuple(tables)


def _read_tile(files: Sequence[NamedFile], taps: Iterable[int] | None) -> list[Table]:
    """Weight files of one tile, in the order of their taps."""
    if taps is None:
        if len(files) > 1:
            raise StimulusError(
                f"{files[1].path}: the name tells it not apart from {files[0].path.name} (tile and tap)"
            )
        return [_read_weight_lines(files[0].path)]
    tables = []
    for tap in taps:
        of_tap = [file for file in files if file.tap == tap]
        if not of_tap:
            raise StimulusError(f"{renamed(files[0], 'tap', tap)}: file missing (weights of kernel tap {tap})")
        if len(of_tap) > 1:
            raise StimulusError(
                f"{of_tap[1].path}: the name tells it not apart from {of_tap[0].path.name} (tile and tap)"
            )
        tables.append(_read_weight_lines(of_tap[0].path, ARRAY_SIZE))
    return tables


def _read_weight_lines(path: Path, lines: int | None = None) -> Table:
    table = read_table(path, _FORMATS[Kind.WEIGHT])
    if table.rows % ARRAY_SIZE or table.rows != (lines or table.rows):
        wanted = f"{lines} expected" if lines else f"{ARRAY_SIZE} for each kernel tap expected"
        raise StimulusError(f"{table.end}: file ends after {table.rows} weight lines, {wanted}")
    return table


def _read_sums(
    files: Sequence[NamedFile], ics: tuple[int | None, ...], ocs: tuple[int | None, ...]
) -> tuple[SumFile, ...]:
    sums = []
    for file in files:
        for number, numbers, what in ((file.oc, ocs, "output"), (file.ic, ics, "input")):
            if number is not None and number not in numbers and numbers != (None,):
                raise StimulusError(f"{file.path}: there are no weights of {what}-channel tile {number}")
        oc = ocs.index(file.oc) if file.oc in ocs else 0
        ic = ics.index(file.ic) if file.ic is not None and file.ic in ics else None
        sums.append(SumFile(read_table(file.path, _FORMATS[file.kind]), oc, ic, file.tap))
    if sums and files[0].kind is Kind.OUT:
        missing = set(range(len(ocs))) - {file.oc for file in sums}
        if missing:
            name = f"out_otile{ocs[missing.pop()]}"
            raise StimulusError(f"{files[0].path.with_stem(name)}: file missing (outputs of that output-channel tile)")
    return tuple(sums)
