"""Network files of checkpoints, exported once and kept in the cache."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from tilewright.environment import cache_folder
from tilewright.errors import NetworkError
from tilewright.files import file_errors
from tilewright.network.layer_names import trained_checkpoint
from tilewright.pytorch.process import run_model

# Sources that a network file depends on beside the checkpoint: all of model/, and what it takes of this package
_SOURCES = ("tilewright_model", "tilewright.network", "tilewright.hardware")


def export_network(checkpoint: str | Path | None) -> Path:
    """A checkpoint's network file, exported once and kept in the cache.

    Args:
        checkpoint: a file that model/ reads; None takes the trained one.

    Returns:
        The network file.

    Raises:
        NetworkError: there is no such checkpoint.
        ModelProcessError: the export failed.
        CacheError: the cache cannot be used.
    """
    checkpoint = None if checkpoint is None else Path(checkpoint)
    chosen = checkpoint or trained_checkpoint()
    if not chosen.is_file():
        advice = "" if checkpoint else ": only a checkout has the trained network; give a network file or a checkpoint"
        raise NetworkError(f"{chosen}: no such checkpoint{advice}")
    name = f"{hashlib.sha256(chosen.read_bytes()).hexdigest()[:24]}-{exporter_hash()}"
    path = cache_folder() / "networks" / f"{name}.safetensors"
    if not path.is_file():
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        run_model("export", "--checkpoint", chosen, "--out", path)
    return path


@functools.cache
def exporter_hash() -> str:
    """What stands for the export itself: 12 digits of a hash of its sources and of PyTorch's version.

    A network file that other sources have written is never taken from the cache.
    """
    digest = hashlib.sha256(_torch_version().encode())
    for file in _source_files():
        text = file.read_bytes()
        digest.update(f"{file.name} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()[:12]


def _source_files() -> Iterator[Path]:
    """Found by path: model/ is not imported, as that takes seconds. None where it is not installed."""
    for name in _SOURCES:
        spec = find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            yield from sorted(Path(folder).rglob("*.py"))


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
