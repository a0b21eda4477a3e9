"""Reads ``.safetensors`` files with numpy alone, for boards without that package, as strictly as it does.

A file is eight bytes of a length, little-endian, a JSON object of that length, and the tensors' bytes. The object has
for each tensor its type, shape and offsets, and texts under ``__metadata__``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# The format's own limit
_LONGEST_HEADER = 100_000_000
_LENGTH_BYTES = 8
_METADATA = "__metadata__"
# Bits of an element of the types that the format has
_BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16}
_BITS |= {"BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "F4": 4, "C64": 64}
_NUMPY = {"I8": "i1", "U8": "u1", "I32": "<i4", "F64": "<f8"}


class TensorFileError(ValueError):
    """A file is no ``.safetensors``: says what of it."""


@dataclass(frozen=True)
class TensorFile:
    """What a file holds.

    Attributes:
        metadata: texts by key.
        types: of every tensor, safetensors' names.
        tensors: by name, those of the types I8, U8, I32 and F64.
    """

    metadata: dict[str, str]
    types: dict[str, str]
    tensors: dict[str, npt.NDArray[Any]] = field(repr=False)


def read_tensors(path: str | Path) -> TensorFile:
    """Reads a file.

    Args:
        path: the file.

    Raises:
        TensorFileError: it is none, or cut off.
        OSError: it cannot be read.
    """
    path = Path(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if len(content) < _LENGTH_BYTES or length > _LONGEST_HEADER or start > len(content):
        raise TensorFileError(f"a header of {length} bytes in a file of {len(content)}")
    try:
        header = json.loads(content[_LENGTH_BYTES:start].decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise TensorFileError(f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise TensorFileError("its header is no object")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise TensorFileError("its metadata are no texts")
    places = {name: _place(name, entry) for name, entry in header.items()}
    _check_offsets(places, len(content) - start)
    data = memoryview(content)[start:]
    return TensorFile(
        metadata,
        {name: place.kind for name, place in places.items()},
        {name: _array(data, place) for name, place in places.items() if place.kind in _NUMPY},
    )


@dataclass(frozen=True)
class _Place:
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _place(name: str, entry: Any) -> _Place:
    """Where a tensor lies. Raises TensorFileError where type, shape and offsets do not agree."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise TensorFileError(f"tensor {name!r} is {entry!r}")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _BITS:
        raise TensorFileError(f"tensor {name!r} has the type {kind!r}")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise TensorFileError(f"tensor {name!r} has the shape {shape!r} and the offsets {offsets!r}")
    begin, end = offsets
    bits = math.prod(shape) * _BITS[kind]
    if bits != 8 * (end - begin):
        raise TensorFileError(f"tensor {name!r} has {bits} bits at offsets {begin} to {end}")
    return _Place(kind, tuple(shape), begin, end)


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _check_offsets(places: dict[str, _Place], nbytes: int) -> None:
    """The tensors fill the file, without gaps and once each."""
    at = 0
    for name, place in sorted(places.items(), key=lambda pair: (pair[1].begin, pair[1].end)):
        if place.begin != at:
            raise TensorFileError(f"tensor {name!r} begins at {place.begin}, what is before it ends at {at}")
        at = place.end
    if at != nbytes:
        raise TensorFileError(f"its tensors end at {at}, the file at {nbytes}")


def _array(data: memoryview, place: _Place) -> npt.NDArray[Any]:
    found = np.frombuffer(data[place.begin : place.end], dtype=_NUMPY[place.kind])
    return found.astype(found.dtype.newbyteorder("=")).reshape(place.shape)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TensorFileError("a name stands twice in its header")
    return found
