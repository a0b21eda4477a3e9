"""The state of a run in one .safetensors: tensors, plain values as JSON, and a digest of both."""

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from tilewright_model.errors import CheckpointError
from tilewright_model.tensor_file import digest, read_tensors, write_tensors


def save_tensors(path: str | Path, form: str, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write tensors and values; the old file is there or the new one, whatever kills it.

    Args:
        path: the file.
        form: what the file is, its `format`.
        tensors: by name.
        values: JSON-able.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    text = json.dumps(values)
    write_tensors(path, tensors, {"format": form, "values": text, "sha256": _digest(tensors, text)})


def load_tensors(path: str | Path, form: str, maker: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and values of a file that `save_tensors` wrote.

    Args:
        path: the file.
        form: what it should be.
        maker: the command that makes such a file, for errors.

    Returns:
        The tensors, on the CPU, and the values.

    Raises:
        CheckpointError: it is missing, truncated, changed, or of another form.
    """
    tensors, metadata = read_tensors(path, CheckpointError, form, f"`{maker}` makes one")
    if metadata.get("format") != form:
        raise CheckpointError(f"{path} is of format {metadata.get('format')!r}, expected {form!r}; `{maker}` makes one")
    if _digest(tensors, metadata.get("values", "")) != metadata.get("sha256"):
        raise CheckpointError(f"{path} is damaged: its content does not have the digest that was written with it")
    values: dict[str, Any] = json.loads(metadata["values"])
    return tensors, values


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    return hashlib.sha256(f"{digest(tensors)} {text}".encode()).hexdigest()
