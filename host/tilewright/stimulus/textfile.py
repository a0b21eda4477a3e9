"""Lines of binary or hexadecimal fields: reading with exact positions of what is wrong, and writing."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import LINE_FIELDS, Ints

_COMMENT = re.compile(r"\s*(#|//)")
# A layer of VGG16 has some hundred kilobytes a file.
MOST_BYTES = 64 << 20
# A leading line such as "dummy" or "time0row7[msb],...": a word that is no number and no undefined value; or dots.
_FOREWORD = re.compile(r".*[a-z]*[g-wy][a-z]*.*|[^0-9a-z]*[^0-9a-z\s][^0-9a-z]*", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3}", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;|_]")
_BLANKS = str.maketrans("\t,;|_", "     ")


@dataclass(frozen=True)
class FieldFormat:
    """What one line holds.

    Attributes:
        bits: bits of a field.
        signed: whether fields are two's complement.
        groups: whether a line may hold several groups of 8 or 16 fields (as many in all lines).
    """

    bits: int
    signed: bool
    groups: bool = False

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a field."""
        return self.bits // 4

    def takes(self, fields: float) -> bool:
        """Whether a line may hold so many fields."""
        return fields in LINE_FIELDS or (self.groups and fields > 0 and fields % LINE_FIELDS[0] == 0)


@dataclass(frozen=True)
class Lines:
    """One text file.

    Attributes:
        path: the file.
        data: lines with data, each with its number from 1, without blanks behind; none where it holds words alone.
        comments: comment and header lines, as they stand; blank lines above the data count.
        damage: the first line that no file of numbers has, and why; empty where there is none.
    """

    path: Path
    data: tuple[tuple[int, str], ...]
    comments: tuple[str, ...]
    damage: str

    @property
    def packed(self) -> int:
        """Characters of most lines, without what separates fields."""
        return _usual(len(_BETWEEN.sub("", text)) for _, text in self.data)

    @property
    def wide(self) -> int:
        """Characters of most lines, blanks between and before fields counted."""
        return _usual(len(text) for _, text in self.data)


@dataclass(frozen=True, eq=False)
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
    def fields(self) -> int:
        """Fields of a line."""
        return int(self.values.shape[1])

    @property
    def end(self) -> str:
        """File and number of the last data line, for messages."""
        return f"{self.path}:{self.lines[-1]}"


def read_lines(path: str | Path) -> Lines:
    """Reads one file.

    Lines that start with ``#`` or ``//`` are comments; so are blank lines and lines of words above the data. Below,
    blank lines are allowed at the end only.

    Raises:
        StimulusError: the file cannot be read or has no data; names the line.
    """
    path = Path(path)
    data: list[tuple[int, str]] = []
    comments: list[str] = []
    damage: list[str] = []
    for number, text in enumerate(_text_lines(path), 1):
        if not text.isascii():
            damage.append(f"{path}:{number}: a byte outside ASCII; no stimulus file, or a damaged one")
        if _COMMENT.match(text) or (not data and (not text.strip() or _is_foreword(text))):
            comments.append(text)
        elif text.strip():
            data.append((number, text.rstrip()))
        else:
            damage.append(f"{path}:{number}: empty line between other lines; the set is damaged")
    if not data and not any(map(_is_prose, comments)):
        raise StimulusError(f"{path}:{len(comments) + 1}: no data line ({len(comments)} comment line(s) only)")
    return Lines(path, tuple(data), tuple(comments), next(iter(damage), ""))


def fits(lines: Lines, form: FieldFormat) -> bool:
    """Whether most lines of a file are as long as the format has them."""
    return _notation(lines, form) is not None


def read_table(lines: Lines, form: FieldFormat) -> Table:
    """The integers of a file.

    Fields may stand together or apart (blanks, commas, underscores), and be padded with zeros or spaces.

    Args:
        lines: the file.
        form: fields of a line.

    Returns:
        Its integers.

    Raises:
        StimulusError: a line is damaged, or has a wrong width or character; names the line.
    """
    notation = _notation(lines, form)
    if notation is None:
        raise StimulusError(
            f"{lines.path}:{lines.data[0][0]}: {lines.wide} characters a line are no fields of {form.bits} bits"
        )
    if lines.damage:
        raise StimulusError(lines.damage)
    fields, hexadecimal = notation
    read = _hexadecimal_fields if hexadecimal else _binary_fields
    rows = [read(f"{lines.path}:{number}", text, form, fields) for number, text in lines.data]
    values = np.array(rows, dtype=np.int64)[:, ::-1]
    if form.signed:
        values = values - ((values >> (form.bits - 1)) << form.bits)
    spaces = not hexadecimal and lines.wide == fields * form.bits and any(" " in text for _, text in lines.data)
    return Table(lines.path, values, tuple(number for number, _ in lines.data), lines.comments, hexadecimal, spaces)


def write_table(path: str | Path, rows: Ints, bits: int, comments: Iterable[str] = (), pad: str = "0") -> None:
    """Writes one file of binary fields.

    Args:
        path: the file.
        rows: (rows, fields); field 0 becomes the last one of the line.
        bits: bits of a field; negative numbers become two's complement.
        comments: lines before the data.
        pad: what fills a field on the left, ``0`` or a space.
    """
    path = Path(path)
    text = [f"{comment}\n" for comment in comments]
    for row in (rows & ((1 << bits) - 1))[:, ::-1].tolist():
        text.append("".join(format(value, "b").rjust(bits, pad) for value in row) + "\n")
    path.write_bytes("".join(text).encode("ascii"))


def _text_lines(path: Path) -> list[str]:
    try:
        nbytes = path.stat().st_size
        if nbytes > MOST_BYTES:
            raise StimulusError(f"{path}: {nbytes} bytes, and at most {MOST_BYTES} are read: no stimulus file")
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise StimulusError(f"{path}: cannot be read: {error.strerror}") from error
    return [line.rstrip(b"\r").decode("utf-8", "surrogateescape") for line in raw.rstrip().split(b"\n")]


def _is_prose(text: str) -> bool:
    """Words that no comment mark and no header has: several in a line, as in a sentence."""
    return not _COMMENT.match(text) and len(re.findall(r"[^\W\d_]{2,}", text)) > 2


def _is_foreword(text: str) -> bool:
    return bool(_FOREWORD.fullmatch(text)) and (bool(_WORD.search(text)) or not re.search(r"[0-9a-z]", text, re.I))


def _usual(lengths: Iterable[int]) -> int:
    return Counter(lengths).most_common(1)[0][0]


def _notation(lines: Lines, form: FieldFormat) -> tuple[int, bool] | None:
    """Fields of a line, and whether they are hexadecimal; None where the lines' length fits neither."""
    wide, packed = lines.wide, lines.packed
    binary = next((width / form.bits for width in (wide, packed) if form.takes(width / form.bits)), None)
    hexadecimal = packed / form.digits if form.takes(packed / form.digits) else None
    if binary is not None and (hexadecimal is None or not _has_hexadecimal_digits(lines)):
        return int(binary), False
    return None if hexadecimal is None else (int(hexadecimal), True)


def _has_hexadecimal_digits(lines: Lines) -> bool:
    """In two lines at least: in one, a digit that is not binary is damage."""
    return sum(bool(re.search(r"[2-9a-fA-F]", text)) for _, text in lines.data) > 1


def _binary_fields(where: str, text: str, form: FieldFormat, fields: int) -> list[int]:
    plain, width = text.translate(_BLANKS), fields * form.bits
    wrong = re.search(r"[^01 ]", plain)
    if wrong:
        raise StimulusError(
            f"{where}: character {text[wrong.start()]!r} in column {wrong.start() + 1} is not a binary digit"
        )
    packed = plain.replace(" ", "")
    if len(packed) == width:
        return [int(packed[start : start + form.bits], 2) for start in range(0, width, form.bits)]
    if len(plain) != width:
        raise StimulusError(
            f"{where}: {len(text)} characters, {width} expected ({fields} fields of {form.bits} bits, blanks beside)"
        )
    values = []
    for start in range(0, width, form.bits):
        digits = plain[start : start + form.bits].lstrip(" ")
        if not digits or " " in digits:
            raise StimulusError(f"{where}: columns {start + 1} to {start + form.bits} are not one binary number")
        values.append(int(digits, 2))
    return values


def _hexadecimal_fields(where: str, text: str, form: FieldFormat, fields: int) -> list[int]:
    plain = text.translate(_BLANKS)
    wrong = re.search(r"[^0-9a-fA-F ]", plain)
    if wrong:
        raise StimulusError(
            f"{where}: character {text[wrong.start()]!r} in column {wrong.start() + 1} is not a hexadecimal digit"
        )
    packed = plain.replace(" ", "")
    if len(packed) != fields * form.digits or any(len(word) % form.digits for word in plain.split()):
        raise StimulusError(f"{where}: {fields} hexadecimal numbers of {form.digits} digits expected")
    return [int(packed[start : start + form.digits], 16) for start in range(0, len(packed), form.digits)]
