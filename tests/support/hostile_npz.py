"""``.npz`` and ``.safetensors`` files that claim or unpack to more than any computer has; each is small itself."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np


def header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """The header of an array, version 1.0."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})
    return file.getvalue()


def archive(path: Path, name: str, contents: bytes) -> None:
    """A file with one member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{name}.npy", contents)


def claim(path: Path, name: str, shape: tuple[int, ...]) -> None:
    """An array of any size, of which 9 bytes are there."""
    archive(path, name, header(shape) + b"123456789")


def bomb(path: Path, name: str, nbytes: int) -> None:
    """An array whose zip entry says that it unpacks to many bytes."""
    archive(path, name, header((nbytes,)) + bytes(1000))
    with zipfile.ZipFile(path) as file:
        (member,) = file.infolist()
    contents = path.read_bytes()
    size = member.file_size.to_bytes(4, "little")
    assert contents.count(size) == 2  # before the data and in the directory
    path.write_bytes(contents.replace(size, nbytes.to_bytes(4, "little")))


def damaged(name: str) -> dict[str, tuple[Callable[[Path], None], str]]:
    """By what is wrong: a function that writes such a file, and what is said of it."""
    return {
        "petabytes": (lambda path: claim(path, name, (1 << 50,)), r"claims 1125899906842624 bytes .* and has 9"),
        "more than an integer": (lambda path: claim(path, name, (10**30, 10**30)), "claims 1000000"),
        "none of very many": (lambda path: archive(path, name, header((0, 10**30))), ""),
        "negative": (lambda path: claim(path, name, (-3, -3)), ""),
        "gigabytes": (lambda path: bomb(path, name, 3 << 30), "it unpacks to 3221225472 bytes, and at most 2147483648"),
        "shorter": (lambda path: claim(path, name, (3,)), "claims 3 bytes .* and has 9"),
        "objects": (lambda path: archive(path, name, header((9,), "|O") + b"123456789"), "Python objects"),
        "no array": (lambda path: archive(path, name, b"text"), "magic"),
        "no archive": (lambda path: np.save(path.open("wb"), np.zeros(9)), "not a zip file"),
        "empty": (lambda path: path.write_bytes(b"") and None, "not a zip file"),
    }


def safetensors_claim(path: Path, shape: tuple[int, ...], end: int) -> None:
    """A tensor of any size in a file of some bytes."""
    text = json.dumps({"x": {"dtype": "U8", "shape": shape, "data_offsets": [0, end]}}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"12345678")
