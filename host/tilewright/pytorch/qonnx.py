"""Networks of QONNX files, by model/."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.process import run_model


def qonnx_network(file: str | Path, mean: Sequence[float] | None = None, std: Sequence[float] | None = None) -> Network:
    """The network of a QONNX file, with progress.

    Args:
        file: the file.
        mean, std: of its images, (pixel / 255 - mean) / std; None takes CIFAR-10's.

    Raises:
        ModelProcessError: it cannot be taken over, or onnx is missing.
    """
    given = {"--mean": mean, "--std": std}
    options = [word for option, values in given.items() for value in values or () for word in (option, str(value))]
    progress = phase("Reading the QONNX file with PyTorch", "Read the QONNX file")
    with progress, tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        made = Path(folder) / "network.safetensors"
        run_model("import-qonnx", file, *options, "--out", made)
        return load_network(made)
