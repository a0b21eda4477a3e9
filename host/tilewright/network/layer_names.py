"""Names of the layers in a file, from its header alone: for completion and for checks before any work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tilewright.file_kinds import safetensors_header

_CHECKPOINT_LAYER, _CHECKPOINT_CONVOLUTION = ".act_alpha", ".weight_quant.wgt_alpha"


def trained_checkpoint() -> Path:
    """The checkpoint that the repository ships."""
    return Path(__file__).resolve().parents[3] / "model" / "checkpoints" / "vgg16_w4a4_cifar10.safetensors"


def layers_in(file: str | Path, convolutions: bool = False) -> list[str]:
    """Names of a network's layers, in order.

    Args:
        file: a network file, or a packed checkpoint.
        convolutions: whether only convolutions are wanted.

    Returns:
        The names; none where the file's header does not say them (another kind of file, damaged, missing).
    """
    header = safetensors_header(file)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict):
        return []
    if "layers" in metadata:
        return _of_network(metadata["layers"], convolutions)
    ending = _CHECKPOINT_CONVOLUTION if convolutions else _CHECKPOINT_LAYER
    return sorted((name[: -len(ending)] for name in header if name.endswith(ending)), key=_by_number)


def named_layers(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """The layers that an option names.

    Args:
        text: ``all``, or names with commas.
        known: the network's layers.
    """
    return tuple(known) if text == "all" else tuple(name.strip() for name in text.split(","))


def unknown_layers(names: Iterable[str], known: Sequence[str]) -> str | None:
    """What is wrong with names of layers.

    Args:
        names: as given.
        known: the network's layers.

    Returns:
        One line that names the unknown ones and all known ones; None where nothing is wrong.
    """
    unknown = [name or "''" for name in names if name not in known]
    return f"no layer {', '.join(unknown)}; there are {', '.join(known)}" if unknown else None


def _of_network(text: str, convolutions: bool) -> list[str]:
    try:
        layers = json.loads(text)
        return [str(layer["name"]) for layer in layers if layer["kind"] == "conv" or not convolutions]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def _by_number(name: str) -> list[tuple[int, str]]:
    """A key that puts features.3 before features.10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"\.", name)]
