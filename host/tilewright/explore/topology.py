"""Reads SCALE-Sim's topology files: a line a convolution, as versions 2 and 3 have them (``docs/explore.md``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import NetworkError

# Name and seven numbers; the second direction's stride and the sparsity may follow
COLUMNS = ("IFMAP height", "IFMAP width", "filter height", "filter width", "channels", "num filter", "stride")
DENSE = "1:1"
# A layer of this in its name is a depthwise one to SCALE-Sim
DEPTHWISE = "DP"


@dataclass(frozen=True)
class Row:
    """A line of a topology file.

    Attributes:
        where: file and line, for messages.
        name: of the layer.
        size: height and width of the input map as they stand there.
        kernel: height and width of the filter.
        channels, filters: of input and output.
        stride: of both directions.
    """

    where: str
    name: str
    size: tuple[int, int]
    kernel: tuple[int, int]
    channels: int
    filters: int
    stride: int


def read_topology(path: Path) -> list[Row]:
    """Reads a topology file: the first line is a header, blank lines and what follows a ``#`` are skipped.

    Args:
        path: the file.

    Raises:
        NetworkError: it is none of convolutions; names file and line.
        OSError: it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise NetworkError(f"{path}: no text in UTF-8, so no topology file") from error
    rows = []
    for number, line in enumerate(lines, 1):
        where = f"{path}, line {number}"
        cells = _cells(line)
        if number == 1:
            _check_header(where, cells)
        elif cells:
            rows.append(_row(where, cells))
    if not rows:
        raise NetworkError(f"{path}: no layer below the header")
    return rows


def _cells(line: str) -> list[str]:
    """A line's cells; those that are empty at its end, which SCALE-Sim's files have, are none."""
    cells = [cell.strip() for cell in next(csv.reader([line.partition("#")[0]]), [])]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _check_header(where: str, cells: list[str]) -> None:
    if [cell.lower() for cell in cells[1:4]] == ["m", "n", "k"]:
        raise NetworkError(f"{where}: a topology of matrix products (M, N, K); one of convolutions is wanted")
    if not cells or (len(cells) > 1 and cells[1].isdigit()):
        raise NetworkError(f"{where}: SCALE-Sim takes the first line for a header and skips it: write one")


def _row(where: str, cells: list[str]) -> Row:
    if ":" in cells[-1]:
        sparsity = cells.pop()
        if sparsity != DENSE:
            raise NetworkError(f"{where}: sparsity {sparsity}; the array skips no zeros, write {DENSE}")
    numbers = [_number(where, cell) for cell in cells[1:]]
    if len(numbers) not in (7, 8):
        raise NetworkError(f"{where}: {len(numbers)} numbers behind the name; wanted are {', '.join(COLUMNS)}")
    if numbers[6:] != [numbers[6]] * len(numbers[6:]):
        raise NetworkError(f"{where}: strides {numbers[6]} and {numbers[7]}; the array has one for both directions")
    if DEPTHWISE in cells[0]:
        raise NetworkError(f"{where}: {cells[0]} is depthwise ({DEPTHWISE}), which the array does not run")
    height, width, kernel_h, kernel_w, channels, filters, stride = numbers[:7]
    return Row(where, cells[0], (height, width), (kernel_h, kernel_w), channels, filters, stride)


def _number(where: str, cell: str) -> int:
    if not cell.isascii() or not cell.isdigit() or len(cell) > 9 or int(cell) == 0:
        raise NetworkError(f"{where}: {cell!r} is no count")
    return int(cell)
