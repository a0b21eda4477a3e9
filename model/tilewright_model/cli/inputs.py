"""What the commands read, each kind in a phase that is shown; PyTorch is loaded by the first that needs it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.file_kinds import Kind, kind_of
from tilewright.progress import phase
from tilewright_model.data.cifar10_folder import is_cifar10
from tilewright_model.networks.vgg16_plan import VGG16Options

if TYPE_CHECKING:
    import torch

    from tilewright_model.data.cifar10 import Images
    from tilewright_model.networks.network import QuantisedNetwork
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


def read_data(
    root: Path | None,
    split: str,
    first: int = 0,
    count: int | None = None,
    size: tuple[int, int, int] = (3, 32, 32),
) -> Images:
    """Images of a data set.

    Args:
        root: as ``load_data_set`` takes it; None downloads, and a download that stalls fails.
        split: "train" or "test".
        first: number of the first.
        count: how many; None takes all that follow.
        size: channels, height and width of the network's images.

    Raises:
        DataError: there are fewer, they are of another size, or there is no data set.
    """
    from tilewright_model.data.data_set import check_size, load_data_set

    usual = socket.getdefaulttimeout()
    known = root is None or is_cifar10(root)
    name = "CIFAR-10" if known else "the data set"
    with phase(f"{'Reading' if root else 'Downloading'} {name}", f"Read {name}"):
        socket.setdefaulttimeout(usual if root else STALLED_SECONDS)
        try:
            images = load_data_set(root, split, size)
        finally:
            socket.setdefaulttimeout(usual)
    check_size(images, size)
    return images.part(first, count)


def read_labelled(
    model: QuantisedNetwork, names: tuple[str, ...], root: Path | None, first: int = 0, count: int | None = None
) -> Images:
    """Test images that the network takes, on its device, with its numbers as labels.

    Args:
        model: the network.
        names: of its classes.
        root, first, count: as ``read_data`` takes them.

    Raises:
        DataError: as ``read_data``, and for a class that the network has not.
    """
    import torch

    from tilewright_model.data.data_set import numbered

    device = next(model.buffers()).device
    test = read_data(root, "test", first, count, model.image_size).to(device)
    with torch.no_grad():
        scores = model(model.normalise(test.pixels[:1])).shape[1]
    return numbered(test, names if len(names) == scores else (), scores)


def class_names(path: Path, model: VGG16 | ResNet20) -> tuple[str, ...]:
    """The names of the classes of a checkpoint's network: its own, of before CIFAR-10's; empty if there are none."""
    from tilewright_model.checkpoints.packed import packed_training
    from tilewright_model.data.cifar10 import CLASSES

    training = packed_training(path) if kind_of(path) is Kind.PACKED else {}
    own = training.get("classes", ())
    classes = model.options.classes if isinstance(model.options, VGG16Options) else len(CLASSES)
    return tuple(own) if "data" in training else CLASSES if classes == len(CLASSES) else ()


def read_images(
    files: list[Path] | None,
    data: Path | None,
    first: int,
    count: int | None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> tuple[Images, str]:
    """Images and where they come from, as ``image_file.collect`` says."""
    with phase("Reading images", "Read the images"):
        from tilewright_model.data.image_file import collect

        return collect(files or [], data, first, count, size, channels)
