"""The reader of .safetensors without the package: it reads what that writes, and refuses what that refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.network.tensor_file import TensorFileError, read_tensors

ARRAYS = {
    "bytes": np.arange(-3, 9, dtype=np.int8).reshape(3, 4),
    "codes": np.arange(5, dtype=np.uint8),
    "sums": np.array([[-(1 << 31), 7]], dtype=np.int32),
    "scale": np.array(0.125),
    "none": np.zeros((0, 3), dtype=np.int8),
    "floats": np.ones(2, dtype=np.float32),
}


def save(path: Path) -> Path:
    from safetensors.numpy import save_file

    save_file(ARRAYS, str(path), {"name": "ß", "format": "x"})
    return path


def test_what_the_package_writes(tmp_path: Path) -> None:
    read = read_tensors(save(tmp_path / "a.safetensors"))
    assert read.metadata == {"name": "ß", "format": "x"} and set(read.types) == set(ARRAYS)
    assert read.types["floats"] == "F32" and set(read.tensors) == set(ARRAYS) - {"floats"}
    for name, array in read.tensors.items():
        assert array.dtype == ARRAYS[name].dtype and array.shape == ARRAYS[name].shape
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert array.flags.writeable


def content(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(kind: Any = "U8", shape: Any = (2,), offsets: Any = (0, 2)) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (b"\xff" * 8, "a header of"),
        (content({"a": entry()}, b"12")[:-20], "a header of"),
        (content(b"{"), "no JSON"),
        (content(b"\xff\xff"), "no JSON"),
        (content(b"[" * 100_000), "no JSON"),
        (content([]), "no object"),
        (content({"__metadata__": {"a": 1}}), "metadata are no texts"),
        (content({"__metadata__": []}), "metadata are no texts"),
        (content(b'{"a": 1, "a": 2}'), "stands twice"),
        (content({"a": 1}), "tensor 'a' is 1"),
        (content({"a": {"dtype": "U8"}}), "tensor 'a' is"),
        (content({"a": entry("V8")}, b"12"), "has the type 'V8'"),
        (content({"a": entry([])}, b"12"), r"has the type \[\]"),
        (content({"a": entry("U8", [-2], [0, 2])}, b"12"), "has the shape"),
        (content({"a": entry("U8", [True, 2], [0, 2])}, b"12"), "has the shape"),
        (content({"a": entry("U8", [2], [0])}, b"12"), "has the shape"),
        (content({"a": entry("I32", [2], [0, 2])}, b"12"), "has 64 bits at offsets 0 to 2"),
        (content({"a": entry("U8", [2], [2, 0])}, b"12"), "has 16 bits at offsets 2 to 0"),
        (content({"a": entry("U8", [2], [1, 3])}, b"123"), "begins at 1, what is before it ends at 0"),
        (content({"a": entry(), "b": entry()}, b"12"), "tensor 'b' begins at 0"),
        (content({"a": entry()}, b"123"), "end at 2, the file at 3"),
        (content({"a": entry()}, b"1"), "end at 2, the file at 1"),
        (content({"a": entry("U8", [1 << 62, 4], [0, 2])}, b"12"), "bits at offsets"),
    ],
)
def test_what_is_damaged_is_refused(tmp_path: Path, damaged: bytes, message: str) -> None:
    from safetensors import SafetensorError, safe_open

    file = tmp_path / "a.safetensors"
    file.write_bytes(damaged)
    with pytest.raises(TensorFileError, match=message):
        read_tensors(file)
    if message not in ("stands twice", "no JSON") and "True" not in repr(damaged):
        with pytest.raises((SafetensorError, OSError, ValueError)):
            safe_open(str(file), framework="np").__enter__()
