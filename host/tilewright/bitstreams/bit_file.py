"""The header of a .bit, as pynq reads it: what was built, for which part, by which Vivado."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import BitstreamError

# Behind it two bytes of no meaning, then fields: a letter, length, text that ends with a zero
_MAGIC = bytes.fromhex("0009 0ff0 0ff0 0ff0 0ff0 00")
_FIELDS = {b"a": "design", b"b": "part", b"c": "date", b"d": "time"}


@dataclass(frozen=True)
class BitHeader:
    """What a .bit says of itself.

    Attributes:
        top: name of the top module.
        part: as Vivado writes it there: 7z020clg400, xczu3eg-sfvc784-2-e.
        tool_version: of Vivado, "" where it does not say.
        date: of the build, YYYY/MM/DD.
        nbytes: of the configuration data.
    """

    top: str
    part: str
    tool_version: str
    date: str
    nbytes: int


def read_header(bit: str | Path) -> BitHeader:
    """The header of a .bit.

    Raises:
        BitstreamError: it is no .bit, or it is cut off.
        OSError: it cannot be read.
    """
    bit = Path(bit)
    content = bit.read_bytes()
    if not content.startswith(_MAGIC):
        raise BitstreamError(f"{bit} is no .bit: it does not begin with the header of one")
    texts, at = dict.fromkeys(_FIELDS.values(), ""), len(_MAGIC) + 2
    try:
        while (key := content[at : at + 1]) in _FIELDS:
            (length,) = struct.unpack_from(">H", content, at + 1)
            texts[_FIELDS[key]] = content[at + 3 : at + 3 + length].decode("latin-1").rstrip("\0")
            at += 3 + length
        (nbytes,) = struct.unpack_from(">I", content, at + 1)
    except struct.error as error:
        raise BitstreamError(f"{bit} is cut off in its header") from error
    if key != b"e":
        raise BitstreamError(f"{bit} is no .bit: no data after its header")
    if len(content) - at - 5 < nbytes:
        raise BitstreamError(f"{bit} is cut off: {len(content) - at - 5} of {nbytes} bytes of data")
    top, *options = texts["design"].split(";")
    given = dict(option.partition("=")[::2] for option in options)
    return BitHeader(top, texts["part"], given.get("Version", ""), texts["date"], nbytes)


def is_part(written: str, part: str) -> bool:
    """Whether a header's part is a part: 7-series have neither ``xc`` nor speed grade there.

    Args:
        written: of the header.
        part: whole part number.
    """
    return bool(written) and f"{part}-".startswith(f"{'' if written.startswith('xc') else 'xc'}{written}-")
