"""The manifest beside a bitstream (``bitstreams/manifest.schema.json``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def manifest_entry(bitstream: Path) -> dict[str, Any] | None:
    """What the manifest in the bitstream's folder says of it; None where none names it."""
    try:
        entries = json.loads(bitstream.with_name(MANIFEST).read_text(encoding="utf-8"))
        return next((dict(entry) for entry in entries if entry["name"] == bitstream.stem), None)
    except (OSError, ValueError, TypeError, KeyError):  # none, or another program's
        return None


def manifest_build_hash(bitstream: Path) -> int | None:
    """What BUILD_HASH reads according to the manifest in the bitstream's folder; None where none names it."""
    entry = manifest_entry(bitstream)
    try:
        return None if entry is None else int(entry["build_hash"], 16)
    except (ValueError, TypeError, KeyError):
        return None
