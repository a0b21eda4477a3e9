"""Checkpoints in either form, the packed .safetensors and the notebook's .pth, and the state of a training run."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright_model.errors import CheckpointError
from tilewright_model.export import load_packed
from tilewright_model.files import written
from tilewright_model.vgg16 import VGG16, VGG16Options

DEFAULT_CHECKPOINT = Path(__file__).resolve().parents[1] / "checkpoints" / "vgg16_w4a4_cifar10.safetensors"


def load_network(path: Path = DEFAULT_CHECKPOINT) -> VGG16:
    """A network in evaluation mode from a packed .safetensors or a notebook's .pth.

    Raises CheckpointError if the file is missing, truncated, foreign or of other shapes.
    """
    if path.suffix == ".safetensors":
        return load_packed(path)
    return load_notebook(path)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_notebook(path: Path, options: VGG16Options | None = None) -> VGG16:
    """The network of a checkpoint that the notebook saved (keys epoch, state_dict, ...) or of a bare state dict.

    `weight_q` is recomputed, whatever the file holds; a `module.` prefix (nn.DataParallel) is dropped. Raises
    CheckpointError if the file is missing, truncated, foreign or of other shapes.
    """
    content = load_tensors(path)
    state = content.get("state_dict", content)
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f"{path} holds no state dict: expected the key 'state_dict' with the notebook's tensors")
    model = VGG16(options)
    _load_checked(model, {key.removeprefix("module."): value for key, value in state.items()}, path)
    return model.eval()


def load_tensors(path: Path) -> dict[str, Any]:
    """A .pth file's dictionary, read with weights_only=True. Raises CheckpointError if that is impossible."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}") from error
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is truncated or no PyTorch checkpoint of plain tensors ({reason})") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected a dictionary")
    return content


def _load_checked(model: VGG16, state: dict[str, Tensor], path: Path) -> None:
    expected = {key: value.shape for key, value in model.state_dict().items()}
    derived = {key for key in expected if key.endswith("weight_q")}
    alphas = {key for key in expected if key.endswith("_alpha")}
    state = {key: value.reshape(()) if key in alphas and value.numel() == 1 else value for key, value in state.items()}
    missing = sorted(expected.keys() - state.keys() - derived)
    foreign = sorted(state.keys() - expected.keys())
    wrong = [
        f"{k} {tuple(state[k].shape)} for {tuple(s)}" for k, s in expected.items() if k in state and state[k].shape != s
    ]
    if missing or foreign or wrong:
        raise CheckpointError(f"{path} does not fit VGG16: missing {missing}, unknown {foreign}, wrong shapes {wrong}")
    model.load_state_dict({key: value for key, value in state.items() if key not in derived}, strict=False)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a training state so that a kill leaves the old file or the new one, never half of one."""
    with written(path) as partial:
        torch.save(state, partial)
