"""Network files of checkpoints, exported once and kept in the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tilewright.environment import cache_folder
from tilewright.errors import NetworkError
from tilewright.files import file_errors
from tilewright.network.layer_names import trained_checkpoint
from tilewright.pytorch.process import run_model

# To be raised when model/'s export changes, so that cached network files are written anew
EXPORT_REVISION = 2


def export_network(checkpoint: Path | None) -> Path:
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
    chosen = checkpoint or trained_checkpoint()
    if not chosen.is_file():
        advice = "" if checkpoint else ": only a checkout has the trained network; give a network file or a checkpoint"
        raise NetworkError(f"{chosen}: no such checkpoint{advice}")
    name = f"{hashlib.sha256(chosen.read_bytes()).hexdigest()[:24]}-{EXPORT_REVISION}"
    path = cache_folder() / "networks" / f"{name}.safetensors"
    if not path.is_file():
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        run_model("export", "--checkpoint", chosen, "--out", path)
    return path
