"""Reads ``.npz`` files that anyone may have made: nothing is unpacked that is too large or not what its header says."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

# Unpacked, of all arrays of a file
MOST_BYTES = 2 << 30
# Without types
_format: Any = np.lib.format
_HEADERS = {(1, 0): _format.read_array_header_1_0, (2, 0): _format.read_array_header_2_0}
# What zipfile and numpy raise of a damaged file, one that is encrypted or packed in an unknown way included
_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(
    path: str | Path, error: type[Exception], what: str, keys: Collection[str] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Reads an ``.npz``, never through pickle.

    Args:
        path: the file.
        error: to raise.
        what: the file should be, for messages: "image file".
        keys: arrays to read; those that are missing are left out. None reads all.

    Returns:
        The arrays by name.

    Raises:
        Exception: ``error``, where the file is missing, damaged, or larger than ``MOST_BYTES`` unpacked; nothing
            has been unpacked then.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {each.filename.removesuffix(".npy"): each for each in archive.infolist()}
            wanted = {name: each for name, each in members.items() if keys is None or name in keys}
            _check_sizes(archive, wanted)
            return {name: _read(archive, member) for name, member in wanted.items()}
    except FileNotFoundError as reason:
        raise error(f"{path}: no such {what}") from reason
    except _DAMAGED as reason:
        raise error(f"{path}: not a readable .npz {what}: {reason or type(reason).__name__}") from reason


def _check_sizes(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
    """Raises ValueError where the arrays are too large, or not as long as their headers say."""
    total = sum(member.file_size for member in members.values())
    if total > MOST_BYTES:
        raise ValueError(f"it unpacks to {total} bytes, and at most {MOST_BYTES} are read; divide it")
    for name, member in members.items():
        with archive.open(member) as file:
            shape, dtype = _header(file)
            held = member.file_size - file.tell()
        claimed = math.prod(shape) * dtype.itemsize
        if claimed != held:
            raise ValueError(f"array '{name}' claims {claimed} bytes ({dtype}, {shape}) and has {held}")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = _format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"arrays of version {version[0]}.{version[1]}")
    shape, _, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    return shape, dtype


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(member) as file:
        array: npt.NDArray[Any] = _format.read_array(file, allow_pickle=False)
        return array
