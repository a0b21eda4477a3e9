"""A network by its name, out of a file, or of a module that PyTorch has in this process."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tilewright import packaged
from tilewright.errors import NetworkError
from tilewright.file_kinds import Kind, kind_of
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.pytorch.golden import NETWORK_FILE
from tilewright.pytorch.module import is_module, module_network

_CHECKPOINTS = (Kind.PACKED, Kind.STATE_DICT)


def load(
    source: str | PathLike[str] | Any,
    sample: Any = None,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    name: str | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """A network as integers.

    Examples:
        >>> load("network.safetensors")
        small: 6 layers, images 3x32x32, 1,859,196 multiplications an image

    Args:
        source: ``"vgg16"``, the trained one, or ``"resnet20"``, of random weights; a network file, a checkpoint, a
            QONNX file or a golden set; or a trained module, of ``tilewright_model`` or one that its ``from_brevitas``
            takes.
        sample: for a module, an image or a batch as it takes it, of which the shape counts, or the shape of an image.
        mean, std: of a module's or a QONNX file's images, (pixel / 255 - mean) / std; None takes CIFAR-10's.
        name: of a module's network; None takes the class's.
        classes: names of a module's classes.

    Raises:
        NetworkError: there is no such network, or it cannot be taken over; says what there is, or the layer and why.
        ModelProcessError: PyTorch's part failed.
    """
    if isinstance(source, Network):
        return source
    if isinstance(source, str | PathLike):
        if sample is not None or name is not None or classes:
            raise NetworkError("sample, name and classes are for modules; a file has its own")
        return _of_text(fspath(source), mean, std)
    if is_module(source):
        return module_network(source, sample, mean, std, name, classes)
    raise NetworkError(
        f"a network is given by its name ({', '.join(packaged.NETWORKS)}), as a file, or as a torch.nn.Module with a "
        f"sample; this is a {type(source).__name__}"
    )


def _of_text(text: str, mean: Sequence[float] | None, std: Sequence[float] | None) -> Network:
    """A network by its name, or out of a file."""
    kind = kind_of(Path(text))
    if kind is Kind.ONNX:
        # Imported here, as below: they show progress, for which a board has no package
        from tilewright.pytorch.qonnx import qonnx_network

        return qonnx_network(text, mean, std)
    if mean is not None or std is not None:
        raise NetworkError("mean and std are for modules and QONNX files; a network file has its images' codes")
    if text in packaged.NETWORKS:
        return load_network(_resolved(text))
    if not Path(text).exists():
        close = get_close_matches(text, packaged.NETWORKS, 1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        raise NetworkError(
            f"{text}: no such network; packaged is {', '.join(packaged.NETWORKS)}, and there is no such file{meant}"
        )
    if kind in _CHECKPOINTS:
        return load_network(_resolved(None, text))
    return load_network(Path(text) / NETWORK_FILE if kind is Kind.GOLDEN else text)


def _resolved(name: str | None, checkpoint: str | None = None) -> Path:
    """The network file of a packaged network, or of a checkpoint."""
    from tilewright.pytorch.network_choice import resolve_network

    return resolve_network(name, checkpoint)
