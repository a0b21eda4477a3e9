"""The README's picture, docs/time_line.svg: the time line of the VGG16, one file for light and dark pages.

Its bytes depend on matplotlib's version, so that a mark says what it is of: the estimate, and the modules that draw it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from gallery_page import ROOT, program
from tilewright.pictures import time_line
from tilewright.pictures.style import adaptive_svg

FILE = ROOT / "docs" / "time_line.svg"
ARRAY, BATCH = 32, 16
DRAWN_BY = [ROOT / "host" / "tilewright" / "pictures" / f"{name}.py" for name in ("style", "time_line", "words")]


@cache
def mark() -> str:
    """What a picture that is made now is of."""
    found = hashlib.sha256(repr(program(ARRAY, BATCH)[1]).encode())
    for module in DRAWN_BY:
        found.update(module.read_bytes())
    return found.hexdigest()[:16]


def is_current(file: Path = FILE) -> bool:
    """Whether a file is of the present estimate, and drawn by the present modules.

    Args:
        file: the picture.
    """
    return file.is_file() and f"<!-- {mark()} -->" in file.read_text(encoding="utf-8")


def text() -> str:
    """The picture's SVG, with its mark."""
    return f"{adaptive_svg(time_line.draw(program(ARRAY, BATCH)[1]))}<!-- {mark()} -->\n"
