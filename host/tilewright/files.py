"""Files that are there whole or not at all, and errors that say which file they are about."""

from __future__ import annotations

import json
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.environment import CACHE_VARIABLE, cache_folder
from tilewright.errors import CacheError


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """Yield a file to write to; ``path`` takes its content when the block ends well, else it is gone.

    It lies in ``path``'s folder, which is made if missing. A device or a pipe is written to directly. What a killed
    process leaves is named ``.tilewright-*.partial``, and read by nobody.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be written; names ``path``.
        CacheError: the same of a file in the cache; names $TILEWRIGHT_CACHE as well.
    """
    path = Path(path)
    with file_errors(path):
        if path.exists() and not path.is_file():
            yield path
            return
    target = path.resolve()
    partial = target.with_name(f".tilewright-{secrets.token_hex(8)}.partial")
    try:
        with file_errors(partial, path):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.touch(exist_ok=False)
            yield partial
            if target.exists():
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def written_folder(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder to fill; ``path`` is it when the block ends well, else it is gone and ``path`` as it was.

    It lies beside ``path``, in a folder that is made if missing. What was ``path`` before is removed. What a killed
    process leaves is named as :func:`written` says.

    Args:
        path: the folder.

    Raises:
        OSError: it cannot be written; names ``path``.
    """
    path = Path(path)
    target = path.absolute()
    partial, old = (target.with_name(f".tilewright-{secrets.token_hex(8)}.partial") for _ in range(2))
    with file_errors(partial, path):
        try:
            partial.mkdir(parents=True)
            yield partial
            with suppress(FileNotFoundError):
                target.rename(old)
            partial.rename(target)
        except BaseException:
            if old.exists() and not target.exists():
                old.rename(target)
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def file_errors(path: str | Path, shown: str | Path | None = None) -> Iterator[None]:
    """Names a file in what the file system refuses.

    Errors that name nothing are taken to be about the file, as are those of folders above it; errors about other files
    pass as they are.

    Args:
        path: file or folder that the block writes.
        shown: what to name in its stead.

    Raises:
        OSError: of the same number.
        CacheError: the file is in the cache; says how to choose another folder.
    """
    path = Path(path)
    shown = None if shown is None else Path(shown)
    try:
        yield
    except OSError as error:
        refused = path if error.filename is None else Path(error.filename)
        if error.errno is None or not (refused.is_relative_to(path) or path.is_relative_to(refused)):
            raise
        name = refused if shown is None and refused.is_relative_to(path) else shown or path
        if _is_cached(name):
            raise CacheError(
                f"{name}: {error.strerror}: ${CACHE_VARIABLE} names another folder for the cache"
            ) from error
        raise OSError(error.errno, error.strerror, str(name)) from error


def _is_cached(path: Path) -> bool:
    try:
        return path.absolute().is_relative_to(cache_folder())
    except CacheError:
        return False


def write_npz(path: str | Path, arrays: Mapping[str, npt.NDArray[Any]], compressed: bool = False) -> None:
    """Write an ``.npz``, whole or not at all; equal arrays give equal files.

    Where a disk is full, numpy's own savez leaves its archive open, and Python complains of that later.

    Args:
        path: the file; its name is taken as it is.
        arrays: by name.
        compressed: whether to deflate them.

    Raises:
        OSError: as :func:`written`.
        ValueError: an array holds objects.
    """
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with written(path) as partial, zipfile.ZipFile(partial, "w", method) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)  # type: ignore[no-untyped-call]


def write_safetensors(path: str | Path, content: bytes) -> None:
    """Write a ``.safetensors``, whole or not at all; equal tensors and metadata give equal files.

    Args:
        path: the file.
        content: the file as the library serialises it, which leaves the order of the metadata to chance.

    Raises:
        OSError: as :func:`written`.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    with written(path) as partial, partial.open("wb") as file:
        file.write(_in_order(content[8:start]))
        file.write(memoryview(content)[start:])


def _in_order(header: bytes) -> bytes:
    """A file's header with its length, the metadata sorted."""
    content = json.loads(header)
    metadata = dict(sorted(content.pop("__metadata__").items()))
    ordered = json.dumps({"__metadata__": metadata, **content}, separators=(",", ":")).encode()
    ordered += b" " * (-len(ordered) % 8)
    return len(ordered).to_bytes(8, "little") + ordered
