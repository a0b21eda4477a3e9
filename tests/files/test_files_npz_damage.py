"""Archives that are none, or damaged: each reader says so, with its own error, on every Python."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tilewright.errors import LayerError, NetworkError
from tilewright.network.layer import ConvLayer
from tilewright.npz import read_npz
from tilewright.pytorch.images import load_images

PIXELS = np.arange(3 * 64 * 64, dtype=np.uint8).reshape(1, 3, 64, 64) % 7


def archive(compressed: bool = False) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, pixels=PIXELS)
    return file.getvalue()


def members(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr(name, content)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def changed(content: bytes, at: int, to: bytes) -> bytes:
    return content[:at] + to + content[at + len(to) :]


# What a .zip says of its first file: flags 8 bytes behind, method 10
ENTRY = archive().index(b"PK\x01\x02")
DAMAGED = {
    "empty": b"",
    "text": b"pixels\n",
    "one array": npy(PIXELS),
    "half": archive()[:5000],
    "other bytes": changed(archive(), 3000, b"\xff\xff"),
    "deflated, other bytes": changed(archive(compressed=True), 60, b"\xff" * 8),
    "another method": changed(archive(), ENTRY + 10, b"\x63"),
    "encrypted": changed(archive(), ENTRY + 8, b"\x01"),
    "no array": members("pixels", b"pixels"),
    "half a header": members("pixels.npy", npy(PIXELS)[:20]),
    "a header of another kind": members("pixels.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 8) + b"{'a': (\n"),
    "objects": members("pixels.npy", npy(np.array({}, dtype=object))),
    "too large": members("pixels.npy", npy(PIXELS).replace(b"(1, 3, 64, 64)", b"(9**9, 9**9, 1)")),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize(("reader", "error"), [(load_images, NetworkError), (ConvLayer.load, LayerError)])
def test_damaged(damage: str, reader: Callable[[Path], object], error: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    path.write_bytes(DAMAGED[damage])
    with pytest.raises(error) as caught:
        reader(path)
    assert str(caught.value).strip()


def test_named_arrays_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    np.savez(path, a=np.arange(3), b=np.arange(4))
    assert read_npz(path, LayerError, "file").keys() == {"a", "b"}
    assert read_npz(path, LayerError, "file", ("b", "c")).keys() == {"b"}
    np.testing.assert_array_equal(read_npz(path, LayerError, "file")["b"], np.arange(4))
    with pytest.raises(LayerError, match="no such file"):
        read_npz(tmp_path / "none.npz", LayerError, "file")
