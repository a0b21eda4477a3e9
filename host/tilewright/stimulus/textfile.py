"""Lines of binary or hexadecimal fields: reading with exact positions of what is wrong, and writing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import Ints

_COMMENT = re.compile(r"\s*(#|//)")
# A layer of VGG16 has some hundred kilobytes a file.
MOST_BYTES = 64 << 20
# A leading line such as "dummy": no binary digit, and a letter that is no hexadecimal digit.
_FOREWORD = re.compile(r"[^01]*[g-zG-Z][^01]*")


@dataclass(frozen=True)
class FieldFormat:
    """What one line holds.

    Attributes:
        bits: bits of a field.
        fields: fields of a group; a line holds one group.
        signed: whether fields are two's complement.
        groups: whether a line may hold several groups (as many in all lines as in the first).
    """

    bits: int
    fields: int
    signed: bool
    groups: bool = False

    @property
    def width(self) -> int:
        """Binary characters of one group."""
        return self.bits * self.fields

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a field; 0 where it has no whole number of them."""
        return self.bits // 4 if self.bits % 4 == 0 else 0

    def __str__(self) -> str:
        return f"{self.fields} field(s) of {self.bits} bits"


@dataclass(frozen=True)
class Table:
    """One file as integers.

    Attributes:
        path: the file.
        values: int64 (rows, fields); field 0 is the last one of the line, as in ``row7,...,row0``.
        lines: line number of each row, from 1.
        comments: comment lines, as they stand.
        hexadecimal: whether fields are hexadecimal numbers, not binary ones.
        space_padded: whether binary fields are padded with spaces, not zeros.
    """

    path: Path
    values: Ints
    lines: tuple[int, ...]
    comments: tuple[str, ...]
    hexadecimal: bool
    space_padded: bool

    @property
    def rows(self) -> int:
        """Data lines."""
        return len(self.lines)

    @property
    def end(self) -> str:
        """File and number of the last data line, for messages."""
        return f"{self.path}:{self.lines[-1]}"


def read_table(path: Path, form: FieldFormat) -> Table:
    """Reads one file.

    Lines that start with ``#`` or ``//`` are comments; so are leading lines such as ``dummy``, without a binary digit
    and with a letter that is no hexadecimal digit. Empty lines are allowed at the end only.

    Args:
        path: the file.
        form: fields of a line.

    Returns:
        The file's integers.

    Raises:
        StimulusError: the file cannot be read, has no data, or a line has a wrong width or character; names the line.
    """
    data, comments = _data_and_comments(path)
    usual = usual_width(path)
    hexadecimal = form.digits > 0 and usual in (form.fields * form.digits, form.fields * (form.digits + 1) - 1)
    width = form.width * (max(1, round(usual / form.width)) if form.groups else 1)
    rows = []
    for number, text in data:
        where = f"{path}:{number}"
        rows.append(_hexadecimal_fields(where, text, form) if hexadecimal else _fields(where, text, form, width))
    values = np.array(rows, dtype=np.int64)[:, ::-1]
    if form.signed:
        values = values - ((values >> (form.bits - 1)) << form.bits)
    spaces = not hexadecimal and any(" " in text for _, text in data)
    return Table(path, values, tuple(number for number, _ in data), comments, hexadecimal, spaces)


def usual_width(path: Path) -> int:
    """Characters of most of a file's data lines, without trailing spaces.

    Raises:
        StimulusError: the file cannot be read or has no data.
    """
    data, _ = _data_and_comments(path)
    return Counter(len(text.rstrip()) for _, text in data).most_common(1)[0][0]


def write_table(path: Path, rows: Ints, bits: int, comments: Iterable[str] = (), pad: str = "0") -> None:
    """Writes one file of binary fields.

    Args:
        path: the file.
        rows: (rows, fields); field 0 becomes the last one of the line.
        bits: bits of a field; negative numbers become two's complement.
        comments: lines before the data.
        pad: what fills a field on the left, ``0`` or a space.
    """
    text = [f"{comment}\n" for comment in comments]
    for row in (rows & ((1 << bits) - 1))[:, ::-1].tolist():
        text.append("".join(format(value, "b").rjust(bits, pad) for value in row) + "\n")
    path.write_bytes("".join(text).encode("ascii"))


def _data_and_comments(path: Path) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """Numbered data lines (at least one), and comments."""
    data: list[tuple[int, str]] = []
    comments: list[str] = []
    for number, text in enumerate(_read_lines(path), 1):
        if _COMMENT.match(text) or (not data and _FOREWORD.fullmatch(text)):
            comments.append(text)
        elif text.strip():
            data.append((number, text))
        else:
            raise StimulusError(f"{path}:{number}: empty line between other lines; the set is damaged")
    if not data:
        raise StimulusError(f"{path}:{len(comments) + 1}: no data line ({len(comments)} comment line(s) only)")
    return data, tuple(comments)


def _read_lines(path: Path) -> list[str]:
    try:
        nbytes = path.stat().st_size
        if nbytes > MOST_BYTES:
            raise StimulusError(f"{path}: {nbytes} bytes, and at most {MOST_BYTES} are read: no stimulus file")
        raw = path.read_bytes()
    except OSError as error:
        raise StimulusError(f"{path}: cannot be read: {error.strerror}") from error
    lines = []
    for number, line in enumerate(raw.rstrip(b"\r\n").split(b"\n"), 1):
        if not line.isascii():
            raise StimulusError(f"{path}:{number}: a byte outside ASCII; no stimulus file, or a damaged one")
        lines.append(line.rstrip(b"\r").decode("ascii"))
    return lines


def _fields(where: str, text: str, form: FieldFormat, width: int) -> list[int]:
    wrong = re.search(r"[^01 ]", text)
    if wrong:
        raise StimulusError(f"{where}: character {wrong[0]!r} in column {wrong.start() + 1} is not a binary digit")
    if len(text) != width:
        raise StimulusError(f"{where}: {len(text)} characters, {width} expected (groups of {form})")
    fields = []
    for start in range(0, width, form.bits):
        digits = text[start : start + form.bits].lstrip(" ")
        if not digits or " " in digits:
            raise StimulusError(f"{where}: columns {start + 1} to {start + form.bits} are not one binary number")
        fields.append(int(digits, 2))
    return fields


def _hexadecimal_fields(where: str, text: str, form: FieldFormat) -> list[int]:
    wrong = re.search(r"[^0-9a-fA-F ]", text)
    if wrong:
        raise StimulusError(f"{where}: character {wrong[0]!r} in column {wrong.start() + 1} is not a hexadecimal digit")
    words = text.split()
    if len(words) == 1:
        words = [text.strip()[i : i + form.digits] for i in range(0, len(text.strip()), form.digits)]
    if len(words) != form.fields or any(len(word) != form.digits for word in words):
        raise StimulusError(f"{where}: {form.fields} hexadecimal numbers of {form.digits} digits expected")
    return [int(word, 16) for word in words]
