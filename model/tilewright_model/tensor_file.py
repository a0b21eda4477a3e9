"""Files of .safetensors, whatever they hold: tensors and metadata, the format that they name, a digest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tilewright.files import write_safetensors
from tilewright_model.errors import ModelError


def read_tensors(
    path: str | Path, error: type[ModelError], kind: str, maker: str
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the metadata.

    Args:
        path: the file.
        error: what to raise.
        kind: what the file is, for the message.
        maker: how one is made, for the message.

    Raises:
        ModelError: as ``error``; the file is missing or no whole .safetensors.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except FileNotFoundError as reason:
        raise error(f"no {kind} at {path}: {maker}") from reason
    except (OSError, SafetensorError) as reason:
        raise error(f"{path} is truncated or no safetensors file ({reason}): {maker}") from reason


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write the old file or the new one, whatever kills it; equal contents give equal files."""
    write_safetensors(path, save(_apart(tensors), dict(metadata)))


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, contiguous, none sharing another's memory, which the library refuses."""
    apart, seen = {}, set()
    for key, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        memory = own.untyped_storage().data_ptr()
        apart[key] = own.clone() if memory in seen else own
        seen.add(memory)
    return apart


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Hexadecimal SHA-256 over the tensors, sorted by name: name, dtype and shape as text, then the bytes."""
    hashed = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        hashed.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        hashed.update(value.flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()
