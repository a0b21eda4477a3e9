"""Reading an ``.npz`` that somebody else may have written, or damaged."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def read_npz(path: Path, names: Collection[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """Read arrays of an ``.npz``; nothing is unpickled.

    Args:
        path: the file.
        names: of the arrays to read; None reads all. One that the file has not is left out.

    Returns:
        The arrays by name.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is no ``.npz``, or a damaged one; says what is wrong.
    """
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise ValueError("one array without a name, an .npy")
        with file:
            arrays = {name: file[name] for name in file.files if names is None or name in names}
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib, tokenize and numpy have each its own for damage
        raise ValueError(f"{error}" or type(error).__name__) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name!r} is no array")
    return arrays
