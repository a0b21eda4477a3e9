"""A module that PyTorch has in this process, as a network: the one place that imports model/ rather than start it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tilewright.errors import NetworkError
from tilewright.network.network import Network


def is_module(value: object) -> bool:
    """Whether a value is a ``torch.nn.Module``; PyTorch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def module_network(
    module: Any,
    sample: Any = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    name: str | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """The network that a trained module computes.

    Args:
        module: a network of ``tilewright_model``, or what its ``from_brevitas`` takes.
        sample: an image or a batch as the module takes it, of which the shape counts, or (channels, height, width);
            None for a network of ``tilewright_model``.
        mean, std: of each channel: the module takes (pixel / 255 - mean) / std; None takes CIFAR-10's.
        name: of the network; None takes the class's.
        classes: their names.

    Returns:
        The network, as a network file would hold it.

    Raises:
        NetworkError: the module cannot be taken over, or the sample is no image; names the layer and the reason.
        TilewrightError: Brevitas is missing.
    """
    if (mean is None) != (std is None):
        raise NetworkError("give both mean and std, or neither")
    size = None if sample is None else image_size(sample)
    # Imported here: they bring torch, which whoever has a module has imported already
    from tilewright_model.foreign.assemble import normalisation
    from tilewright_model.foreign.module import module_integers

    normalise = None if mean is None or std is None else normalisation(tuple(mean), tuple(std))
    return module_integers(module, size, normalise, name, classes)


def image_size(sample: Any) -> tuple[int, int, int]:
    """Channels, height and width of a sample.

    Args:
        sample: as of :func:`module_network`.

    Raises:
        NetworkError: it has no such shape.
    """
    given = getattr(sample, "shape", sample)
    shape = tuple(given) if isinstance(given, Sequence) else ()
    if len(shape) not in (3, 4) or not all(isinstance(length, int) and length > 0 for length in shape):
        raise NetworkError(
            f"the sample is {given!r}: give an image (channels, height, width) or a batch (images, channels, height, "
            "width) as the module takes it, or the shape of one image"
        )
    channels, height, width = shape[-3:]
    return channels, height, width
