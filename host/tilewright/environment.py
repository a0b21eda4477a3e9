"""Environment variables of this package, and where built and exported files are kept."""

from __future__ import annotations

import os
from pathlib import Path

from tilewright.errors import CacheError

DEVICE_VARIABLE = "TILEWRIGHT_DEVICE"
BITSTREAM_VARIABLE = "TILEWRIGHT_BITSTREAM"
HOST_VARIABLE = "TILEWRIGHT_HOST"
# That the simulated device stands for
BOARD_VARIABLE = "TILEWRIGHT_BOARD"

CACHE_VARIABLE = "TILEWRIGHT_CACHE"


def cache_folder() -> Path:
    """Return the folder, absolute: $TILEWRIGHT_CACHE, else ``tilewright`` in $XDG_CACHE_HOME or ~/.cache.

    Raises:
        CacheError: no variable names one, and the user has no home.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    caches = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(caches) if caches else Path.home() / ".cache").absolute() / "tilewright"
    except RuntimeError as error:  # Path.home() raises it
        raise CacheError(
            f"this user has no home folder to keep built files in: name a folder with ${CACHE_VARIABLE}"
        ) from error
