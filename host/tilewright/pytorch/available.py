"""What of PyTorch's side there is: an installation without it, or without the checkpoint, takes the packaged files."""

from __future__ import annotations

import importlib.util

from tilewright.network.layer_names import trained_checkpoint

# A network goes to its process as a file, which safetensors writes
_NEEDED = ("torch", "tilewright_model", "safetensors")


def has_pytorch() -> bool:
    """Whether this Python has PyTorch."""
    return importlib.util.find_spec("torch") is not None


def can_export() -> bool:
    """Whether the trained checkpoint is here, and PyTorch, which reads it."""
    return trained_checkpoint().is_file() and has_pytorch()


def missing_packages() -> list[str]:
    """Names of the packages that PyTorch's process needs and this Python has not."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]
