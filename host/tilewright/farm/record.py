"""The record of a run: a line of JSON that says what it is of, then a line for each shard that has been judged.

A line is written at once and flushed to the disk. A last line without its end, which a killed process may leave, does
not count.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tilewright.errors import FarmError
from tilewright.files import file_errors

FORMAT = "tilewright-farm-1"


@dataclass(frozen=True)
class Judged:
    """A shard that has been judged.

    Attributes:
        shard: its index.
        worker: whose answer was taken.
        predictions: class of each image.
        sha256: over the digests of all maps.
        counters: of its programs, added up.
        array: rows and columns of the array.
        seconds: that the worker took.
        differing: images of the shard whose integers differ from the reference's.
        differences: the first differing integers in words, where they were looked for.
    """

    shard: int
    worker: str
    predictions: list[int]
    sha256: str
    counters: dict[str, int]
    array: int
    seconds: float
    differing: list[int] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


class Record:
    """The judged shards of a run, in memory and, where it has a file, on the disk.

    Args:
        identity: what the run is of, as JSON types.
        path: the file; None keeps no record. It is read if it is there, and made if it is not, or is empty.

    Attributes:
        shards: by index.

    Raises:
        FarmError: the file is of another run, names what differs; or it is damaged, or no record.
        OSError: it cannot be read or written.
    """

    def __init__(self, identity: Mapping[str, Any], path: str | Path | None = None) -> None:
        self.shards: dict[int, Judged] = {}
        self._path = None if path is None else Path(path)
        if self._path is None:
            return
        head = json.dumps({"record": FORMAT, **identity})
        if not self._path.exists() or not self._path.stat().st_size:
            with file_errors(self._path):
                self._path.write_text(f"{head}\n", encoding="utf-8")
            return
        lines, whole = _lines(self._path)
        _check_identity(self._path, lines[:1], json.loads(head))
        self.shards = {shard.shard: shard for shard in (_judged(self._path, line) for line in lines[1:])}
        if self._path.stat().st_size > whole:
            with file_errors(self._path):
                os.truncate(self._path, whole)

    def add(self, shard: Judged) -> None:
        """Adds a shard.

        Raises:
            OSError: the file cannot be written.
        """
        self.shards[shard.shard] = shard
        if self._path is None:
            return
        facts = {name: value for name, value in asdict(shard).items() if value not in ([], {})}
        with file_errors(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts, separators=(",", ":")) + "\n")
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def held(path: str | Path | None) -> Iterator[None]:
    """Keeps other processes from a record, from before it is read; the lock ends with the process, whatever ends it.

    Args:
        path: the file, made empty if it is not there; None holds nothing.

    Raises:
        FarmError: another process has it.
        OSError: it cannot be written.
    """
    if path is None:
        yield
        return
    path = Path(path)
    with file_errors(path), path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FarmError(f"{path}: another run writes this record: wait for it, or end it") from error
        yield


def _lines(path: Path) -> tuple[list[str], int]:
    """The lines of a file that have an end, and how many bytes they are."""
    with file_errors(path):
        content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    return content[:whole].decode("utf-8", "replace").splitlines(), whole


def _check_identity(path: Path, head: list[str], wanted: dict[str, Any]) -> None:
    try:
        found = json.loads(head[0])
    except (IndexError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("record") != FORMAT:
        raise FarmError(f"{path}: no record of `tilewright farm`: name another file with --record")
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if differing:
        told = "; ".join(f"{name}: there {found.get(name)}, here {wanted[name]}" for name in differing)
        raise FarmError(f"{path}: the record of another run ({told}): name another file with --record")


def _judged(path: Path, line: str) -> Judged:
    try:
        facts = json.loads(line)
        return Judged(**{field.name: facts[field.name] for field in fields(Judged) if field.name in facts})
    except (ValueError, TypeError) as error:
        raise FarmError(f"{path}: a damaged line, {line[:60]!r}: name another file with --record") from error
