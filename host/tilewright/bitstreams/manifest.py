"""The manifest of a bitstream, ``manifest.json`` beside it (``manifest.schema.json``): read on a board too."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
BIT, HWH = "tilewright.bit", "tilewright.hwh"
# Of manifest.schema.json; 1 was a list of all bitstreams, and none was ever in it
SCHEMA_VERSION = 2
Manifest = dict[str, Any]


def manifest_entry(bitstream: str | Path) -> Manifest | None:
    """The manifest in a .bit's folder; None where there is none, or another program's of that name.

    Args:
        bitstream: the .bit.
    """
    bitstream = Path(bitstream)
    try:
        found = json.loads(bitstream.with_name(MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("tilewright_manifest"), int) else None


def sha256_of(file: str | Path) -> str:
    """SHA-256 of a file, hex. Raises OSError where it cannot be read."""
    file = Path(file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def changed_files(bitstream: str | Path, manifest: Manifest) -> list[str]:
    """What of a .bit and the .hwh beside it is not what the manifest says, a line each.

    Args:
        bitstream: the .bit.
        manifest: of its folder.
    """
    bitstream = Path(bitstream)
    found = []
    for kind in ("bit", "hwh"):
        file = bitstream.with_suffix(f".{kind}")
        if not file.is_file():
            found.append(f"{file.name} is missing")
        elif (digest := sha256_of(file)) != manifest[f"{kind}_sha256"]:
            says = str(manifest[f"{kind}_sha256"])
            found.append(f"{file.name} has SHA-256 {digest[:16]}..., the manifest says {says[:16]}...")
    return found
