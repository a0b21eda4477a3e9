"""Makes a Python stand for a board's: pynq finds the simulated device by itself.

A folder for PYTHONPATH, with TILEWRIGHT_SIMULATED_BOARD=1. BOARD_LACKS names packages that a board does not have: the
simulator gets them, nothing that is imported after it does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any


class Absent:
    """A finder that refuses packages."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}: a board does not have it", name=name)


if os.environ.get("TILEWRIGHT_SIMULATED_BOARD") == "1" and {"pytest", "tilewright", "tilewright.check"} & set(
    sys.orig_argv
):
    import tilewright.sim  # noqa: F401 - pynq's list of devices then has it

    absent = Absent(os.environ.get("BOARD_LACKS", "").split())
    for module in list(sys.modules):
        if module.partition(".")[0] in absent.names:
            del sys.modules[module]
    sys.meta_path.insert(0, absent)  # type: ignore[arg-type]
