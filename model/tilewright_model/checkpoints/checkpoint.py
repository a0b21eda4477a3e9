"""Checkpoints in either form, the packed .safetensors and the family's .pth."""

import re
from pathlib import Path
from typing import Any

import torch

from tilewright.file_kinds import Kind, Role, kind_of, refusal
from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT
from tilewright_model.checkpoints.importing import Imported, Widths, import_state
from tilewright_model.checkpoints.packed import load_packed
from tilewright_model.checkpoints.state_dict import state_of
from tilewright_model.errors import CheckpointError
from tilewright_model.networks.resnet20 import ResNet20
from tilewright_model.networks.vgg16 import VGG16

STATE_DICT_ALONE = "save the state dict alone with torch.save(model.state_dict(), ...)"


def load_network(path: str | Path = DEFAULT_CHECKPOINT) -> VGG16 | ResNet20:
    """A checkpoint's network.

    Args:
        path: a packed .safetensors, or a .pth as `import_checkpoint` reads it.

    Returns:
        The network, in evaluation mode.

    Raises:
        CheckpointError: the file is missing, truncated, foreign or of other shapes.
    """
    path = Path(path)
    if path.suffix == ".safetensors" or kind_of(path) in (Kind.PACKED, Kind.RESIDUAL):
        return load_packed(path)
    return import_checkpoint(path).network


def import_checkpoint(path: str | Path, widths: Widths | None = None) -> Imported:
    """The network of a .pth of the notebook's family (docs/import.md).

    Args:
        path: holds a state dict, or a dictionary with the key `state_dict`.
        widths: what the state dict leaves open.

    Returns:
        The network, and what was found in each layer.

    Raises:
        CheckpointError: the file is missing, truncated, foreign or of other shapes.
    """
    return import_state(state_of(load_tensors(path), path), path, widths)


def load_tensors(path: str | Path) -> dict[str, Any]:
    """What a .pth file holds, read with weights_only=True.

    Args:
        path: the file.

    Returns:
        Its dictionary, tensors on the CPU.

    Raises:
        CheckpointError: the file is missing, damaged, of another kind, or holds more than tensors and plain values;
            says what to do, which is never to unpickle it.
    """
    if reason := refusal(path, Role.STATE_DICT):
        raise CheckpointError(reason)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}") from error
    except Exception as error:  # torch.load lets through whatever a damaged file trips it over
        raise CheckpointError(f"{path} {_reason(str(error) or type(error).__name__)}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected a dictionary: {STATE_DICT_ALONE}")
    return content


def _reason(message: str) -> str:
    """For people what PyTorch says, without its advice to unpickle all the same, or to read its notes."""
    foreign = re.search(r"GLOBAL (\S+) was not an allowed global", message)
    if foreign:
        return (
            f"is no PyTorch checkpoint of plain tensors: it contains {foreign[1]}, and objects are never unpickled: "
            f"{STATE_DICT_ALONE}"
        )
    unpickler = re.search(r"WeightsUnpickler error: *(.*)", message)
    said = (unpickler[1] if unpickler else message.splitlines()[0]).split(". ")[0].rstrip(".")
    known = "" if not said or re.search("weights_only|torch.load|serialization", said) else f" ({said})"
    return f"is truncated or no PyTorch checkpoint of plain tensors{known}"
