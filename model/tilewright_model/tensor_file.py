"""Files of .safetensors, whatever they hold: tensors and metadata, the format that they name, a digest."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tilewright_model.errors import ModelError
from tilewright_model.files import written


def read_tensors(
    path: Path, error: type[ModelError], kind: str, maker: str
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the metadata.

    Raises `error` if the file is missing or no whole .safetensors; kind and maker: what it is, and how one is made.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except FileNotFoundError as reason:
        raise error(f"no {kind} at {path}: {maker}") from reason
    except (OSError, SafetensorError) as reason:
        raise error(f"{path} is truncated or no safetensors file ({reason}): {maker}") from reason


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write the old file or the new one, whatever kills it; equal contents give equal files."""
    own = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}  # none shares its memory
    content = _in_order(save(own, dict(metadata)))
    with written(path) as partial:
        partial.write_bytes(content)


def _in_order(content: bytes) -> bytes:
    """The same safetensors, its metadata sorted: the library leaves their order to chance."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    metadata = dict(sorted(header.pop("__metadata__").items()))
    ordered = json.dumps({"__metadata__": metadata, **header}, separators=(",", ":")).encode()
    ordered += b" " * (-len(ordered) % 8)
    return len(ordered).to_bytes(8, "little") + ordered + content[start:]


def named_format(path: Path) -> str | None:
    """The metadata's `format`; None if there is none, or the file is missing or no .safetensors."""
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("format")
    except (OSError, SafetensorError):
        return None


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Hexadecimal SHA-256 over the tensors, sorted by name: name, dtype and shape as text, then the bytes."""
    hashed = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        hashed.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        hashed.update(value.flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()
