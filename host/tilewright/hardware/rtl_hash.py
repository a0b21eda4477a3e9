"""The hash of the RTL: what a manifest says of a bitstream, and its first 32 bits as the register BUILD_HASH."""

from __future__ import annotations

import hashlib
from pathlib import Path

# Below the folder of the cores. Not the ECP5's shell, which is a bench: no bitstream for a board has it.
PATTERNS = ("*/rtl/*.v", "*/rtl/*.vh", "tech/xc7/*.v", "tech/xcup/*.v")


def rtl_sha256(cores: Path) -> str:
    """Return the SHA-256 (hex) over names and contents of all cores' Verilog, in the order of their paths."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in PATTERNS for path in cores.glob(pattern)}):
        contents = path.read_bytes()
        digest.update(f"{path.relative_to(cores).as_posix()}\0{len(contents)}\0".encode() + contents)
    return digest.hexdigest()


def build_hash(cores: Path) -> int:
    """Return what BUILD_HASH reads in hardware of this RTL."""
    return int(rtl_sha256(cores)[:8], 16)
