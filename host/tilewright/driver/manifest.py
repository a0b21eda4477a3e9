"""The manifest beside a bitstream (``bitstreams/manifest.schema.json``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def manifest_build_hash(bitstream: Path) -> int | None:
    """What BUILD_HASH reads according to the manifest in the bitstream's folder; None where none names it."""
    try:
        entry = _entry(bitstream)
        return None if entry is None else int(entry["build_hash"], 16)
    except (ValueError, TypeError, KeyError):
        return None


def manifest_clock_mhz(bitstream: Path) -> float | None:
    """The accelerator's clock according to the manifest in the bitstream's folder; None where none names it."""
    try:
        entry = _entry(bitstream)
        return None if entry is None else float(entry["clock_mhz"])
    except (ValueError, TypeError, KeyError):
        return None


def _entry(bitstream: Path) -> Any:
    """The bitstream's entry; None where there is none, or the file is another program's."""
    try:
        entries = json.loads(bitstream.with_name(MANIFEST).read_text(encoding="utf-8"))
        return next((entry for entry in entries if entry["name"] == bitstream.stem), None)
    except (OSError, ValueError, TypeError, KeyError):
        return None
