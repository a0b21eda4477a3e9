"""Files of .safetensors, whatever they hold: tensors and metadata, the format that they name, a digest."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tilewright.files import written
from tilewright_model.errors import ModelError


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
    content = save(_apart(tensors), dict(metadata))
    start = 8 + int.from_bytes(content[:8], "little")
    with written(path) as partial, partial.open("wb") as file:
        file.write(_in_order(content[8:start]))
        file.write(memoryview(content)[start:])


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, contiguous, none sharing another's memory, which the library refuses."""
    apart, seen = {}, set()
    for key, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        memory = own.untyped_storage().data_ptr()
        apart[key] = own.clone() if memory in seen else own
        seen.add(memory)
    return apart


def _in_order(header: bytes) -> bytes:
    """A file's header with its length, the metadata sorted: the library leaves their order to chance."""
    content = json.loads(header)
    metadata = dict(sorted(content.pop("__metadata__").items()))
    ordered = json.dumps({"__metadata__": metadata, **content}, separators=(",", ":")).encode()
    ordered += b" " * (-len(ordered) % 8)
    return len(ordered).to_bytes(8, "little") + ordered


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Hexadecimal SHA-256 over the tensors, sorted by name: name, dtype and shape as text, then the bytes."""
    hashed = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        hashed.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        hashed.update(value.flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()
