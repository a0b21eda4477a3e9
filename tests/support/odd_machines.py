"""Machines that lack something: room on the disk, a home."""

from __future__ import annotations

import pwd
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(most: int = 50_000) -> Iterator[None]:
    """No file grows beyond so many bytes: a write fails as on a full disk, with another number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process's user one whom the system does not know, without HOME or another folder for a cache."""

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "TILEWRIGHT_CACHE"):
        monkeypatch.delenv(name, raising=False)
