"""Checkpoints in either form, the packed .safetensors and the family's .pth."""

import pickle
import re
from pathlib import Path
from typing import Any

import torch

from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT
from tilewright_model.checkpoints.importing import Imported, Widths, import_state
from tilewright_model.checkpoints.packed import load_packed
from tilewright_model.checkpoints.state_dict import state_of
from tilewright_model.errors import CheckpointError, first_line
from tilewright_model.networks.resnet20 import ResNet20
from tilewright_model.networks.vgg16 import VGG16


def load_network(path: Path = DEFAULT_CHECKPOINT) -> VGG16 | ResNet20:
    """A network in evaluation mode from a packed .safetensors, or from a .pth as `import_checkpoint` reads it.

    Raises CheckpointError if the file is missing, truncated, foreign or of other shapes.
    """
    if path.suffix == ".safetensors":
        return load_packed(path)
    return import_checkpoint(path).network


def import_checkpoint(path: Path, widths: Widths | None = None) -> Imported:
    """The network of a .pth of the notebook's family (docs/import.md), and what was found in each layer.

    The file holds a state dict, or a dictionary with the key `state_dict`. Raises CheckpointError if it is missing,
    truncated, foreign or of other shapes.
    """
    return import_state(state_of(load_tensors(path), path), path, widths)


def load_tensors(path: Path) -> dict[str, Any]:
    """A .pth file's dictionary, read with weights_only=True. Raises CheckpointError if that is impossible."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} {_unpickling_reason(str(error))}") from error
    except Exception as error:  # torch.load lets through whatever a damaged file trips it over
        reason = first_line(error)
        raise CheckpointError(f"{path} is truncated or no PyTorch checkpoint of plain tensors ({reason})") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected a dictionary")
    return content


def _unpickling_reason(message: str) -> str:
    """What torch's advice to unpickle after all begins with, for people."""
    foreign = re.search(r"GLOBAL (\S+) was not an allowed global", message)
    if foreign:
        return (
            f"is no PyTorch checkpoint of plain tensors: it contains {foreign[1]}, and objects are never unpickled; "
            "save the state dict alone with torch.save(model.state_dict(), ...)"
        )
    reason = re.search(r"WeightsUnpickler error: *(.*)", message)
    return (
        f"is truncated or no PyTorch checkpoint of plain tensors ({reason[1] if reason else message.splitlines()[0]})"
    )
