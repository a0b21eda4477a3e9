"""Gets a layer's integers from model/."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tilewright.errors import ModelProcessError
from tilewright.network.layer import ConvLayer
from tilewright.progress import phase
from tilewright.pytorch.model_options import image_options
from tilewright.pytorch.process import run_model

# The layer of the trained VGG16 that the main job looks at alone
DEMO_LAYER = "features.27"


def capture_layer(
    name: str,
    images: Sequence[str | Path] = (),
    data: str | Path | None = None,
    count: int | None = None,
    checkpoint: str | Path | None = None,
) -> ConvLayer:
    """Runs images through the PyTorch network up to a layer and extracts the layer's integers, with progress.

    Args:
        name: the layer, such as ``features.27``.
        images: image files; empty, and without ``data``, takes scikit-image's cat.
        data: CIFAR-10's folder; its first ``count`` test images are taken.
        count: how many images of ``data``.
        checkpoint: file to take instead of the one in ``model/checkpoints``.

    Returns:
        The layer, with PyTorch's outputs.

    Raises:
        ModelProcessError: the process failed; with its own message.
        LayerError: its file is not a valid layer.
    """
    options: list[str | Path] = ["--layer", name, *image_options(images, data, count)]
    if checkpoint is not None:
        options += ["--checkpoint", checkpoint]
    progress = phase(f"PyTorch up to {name}", f"PyTorch computed up to {name}")
    with progress, tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        file = Path(folder) / "layer.npz"
        try:
            run_model("capture", *options, "--out", file)
        except ModelProcessError:
            if not file.is_file():  # one that was written differs from the float layer: for the caller to compare
                raise
        return ConvLayer.load(file)
