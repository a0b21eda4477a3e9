"""Whether PyTorch's part can run here."""

from __future__ import annotations

import importlib.util

# A network goes to its process as a file, which safetensors writes
_NEEDED = ("torch", "tilewright_model", "safetensors")


def missing_packages() -> list[str]:
    """Names of the packages that PyTorch's process needs and this Python has not."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]
