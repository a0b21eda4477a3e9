"""What the commands read, each kind in a phase that is shown; PyTorch is loaded by the first that needs it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.progress import phase

if TYPE_CHECKING:
    import torch

    from tilewright_model.data.cifar10 import Images
    from tilewright_model.networks.resnet20 import ResNet20
    from tilewright_model.networks.vgg16 import VGG16

#: after so long without a byte a download has failed
STALLED_SECONDS = 60.0


def load_pytorch() -> None:
    """Load PyTorch, which takes seconds."""
    with phase("Loading PyTorch", "Loaded PyTorch"):
        import torch  # noqa: F401


def load_device(name: str | None) -> torch.device:
    """Load PyTorch and find the device.

    Raises:
        ModelError: it is not there.
    """
    load_pytorch()
    from tilewright_model.device import device_named

    return device_named(name)


def read_checkpoint(path: Path) -> VGG16 | ResNet20:
    """The network of a checkpoint, in evaluation mode.

    Raises:
        CheckpointError: the file is damaged or foreign.
    """
    with phase("Reading the checkpoint", "Read the checkpoint"):
        from tilewright_model.checkpoints.checkpoint import load_network

        return load_network(path)


def read_cifar10(root: Path | None, split: str, first: int = 0, count: int | None = None) -> Images:
    """Images of CIFAR-10.

    Args:
        root: as ``load_cifar10`` takes it; None downloads, and a download that stalls fails.
        split: "train" or "test".
        first: number of the first.
        count: how many; None takes all that follow.

    Raises:
        DataError: there are fewer, or no CIFAR-10.
    """
    from tilewright_model.data.cifar10 import load_cifar10

    usual = socket.getdefaulttimeout()
    with phase(f"{'Reading' if root else 'Downloading'} CIFAR-10", "Read CIFAR-10"):
        socket.setdefaulttimeout(usual if root else STALLED_SECONDS)
        try:
            return load_cifar10(root, split).part(first, count)
        finally:
            socket.setdefaulttimeout(usual)


def read_images(
    files: list[Path] | None, data: Path | None, first: int, count: int | None, size: tuple[int, int] | None = None
) -> tuple[Images, str]:
    """Images and where they come from, as ``image_file.collect`` says."""
    with phase("Reading images", "Read the images"):
        from tilewright_model.data.image_file import collect

        return collect(files or [], data, first, count, size)
