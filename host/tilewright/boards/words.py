"""Words and lists of Tcl."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_PLAIN = re.compile(r"[\w./:+\-*,=]+")


def word(text: str) -> str:
    """A text as one word of Tcl, with nothing substituted."""
    if _PLAIN.fullmatch(text):
        return text
    if re.search(r"[{}\\]", text):
        raise ValueError(f"{text!r}: a word of Tcl without braces and backslashes is wanted")
    return f"{{{text}}}"


def lines(words: Iterable[str], indent: str = "    ") -> str:
    """A list of Tcl, one word a line, in braces."""
    return "{\n" + "".join(f"{indent}{each}\n" for each in words) + "}"


def settings(values: Mapping[str, str]) -> str:
    """Parameters of a cell as set_property -dict takes them."""
    return lines(f"CONFIG.{name} {word(value)}" for name, value in values.items())
