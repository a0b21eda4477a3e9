"""What Verilator says of a user's files, in a build's log: with the user's own paths, and short."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LOG_LINES = 25
WARNING = re.compile(r"^%Warning-(\w+): (.+?):(\d+):\d+: (.*)$", re.MULTILINE)
# Of delays the user is told elsewhere; a name that C++ takes is Verilator's own matter
UNSAID = ("ASSIGNDLY", "STMTDLY", "ZERODLY", "SYMRSVDWORD")


def with_original_paths(text: str, originals: Mapping[str, Path]) -> str:
    """Return a log's text in which a user's files bear their own paths.

    Args:
        text: of the log.
        originals: by the names of their copies.
    """
    if not originals:
        return text
    names = "|".join(re.escape(name) for name in originals)
    return re.sub(rf"[\w./,+=@-]*?({names})\b", lambda found: str(originals[found[1]]), text)


def remarks(text: str, originals: Mapping[str, Path]) -> list[str]:
    """Return Verilator's warnings about a user's files, a line for each kind: where the first is, and how many.

    Args:
        text: of the log.
        originals: as in :func:`with_original_paths`.
    """
    kinds: dict[str, list[tuple[str, str, str]]] = {}
    for kind, file, line, message in WARNING.findall(text):
        name = Path(file).name
        place = (str(originals.get(name, "")), line, message)
        if name in originals and kind not in UNSAID and place not in kinds.setdefault(kind, []):
            kinds[kind].append(place)
    found = []
    for kind, places in kinds.items():
        file, line, message = places[0]
        more = f", and {len(places) - 1} more of this kind" if len(places) > 1 else ""
        found.append(f"{file}:{line}: {message.rstrip('.')} ({kind}){more}")
    return found


def failure(text: str, originals: Mapping[str, Path]) -> str:
    """Return what a log says of a failure: Verilator's errors with the lines that belong to them, or its last lines."""
    lines = with_original_paths(text, originals).splitlines()
    first = next((index for index, line in enumerate(lines) if line.startswith("%Error")), None)
    return "\n".join(lines[-LOG_LINES:] if first is None else lines[first : first + LOG_LINES])
