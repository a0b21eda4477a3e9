"""What files say without PyTorch: where the shipped checkpoint lies, hashes, layers' names, a state's values."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from tilewright.file_kinds import Role, refusal
from tilewright.network.file_format import FORMAT
from tilewright_model.errors import CheckpointError

TRAIN = "python -m tilewright_model train"
#: makes the network that the recipes with a teacher begin with
TRAIN_FLOAT = f"{TRAIN} --recipe float"

DEFAULT_CHECKPOINT = Path(__file__).resolve().parents[1] / "checkpoints" / "vgg16_w4a4_cifar10.safetensors"
#: `format` of float checkpoints
FLOAT_FORMAT = "tilewright-float-vgg16"
#: end of the names of a packed checkpoint's tensors of weights
CODES = ".weight_codes"


def chosen_checkpoint(given: str | Path | None) -> Path:
    """The checkpoint that a command takes.

    Raises:
        CheckpointError: the shipped one is not there, or ``given`` is another kind of file or a damaged .safetensors.
    """
    given = None if given is None else Path(given)
    if given is not None and given.suffix == ".safetensors" and named_format(given) is None:
        raise CheckpointError(f"{given} is truncated or no checkpoint: train one, import one, or name another")
    if given is not None and (reason := refusal(given, Role.CHECKPOINT)):
        raise CheckpointError(reason)
    if given is None and not DEFAULT_CHECKPOINT.is_file():
        raise CheckpointError(
            f"this installation ships no checkpoint ({DEFAULT_CHECKPOINT}): name one with --checkpoint"
        )
    return given or DEFAULT_CHECKPOINT


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    path = Path(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def named_format(path: str | Path) -> str | None:
    """The metadata's ``format``; None if there is none, or the file is missing or no .safetensors."""
    try:
        with safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get("format")
    except (OSError, SafetensorError):
        return None


def is_network_file(path: str | Path) -> bool:
    """Whether the metadata of the file, which may be of any kind, say that it is a network file."""
    return named_format(path) == FORMAT


def is_float(path: str | Path) -> bool:
    """Whether the file says of itself that it is a float network's checkpoint."""
    return named_format(path) == FLOAT_FORMAT


def quantised_layers(path: str | Path) -> list[str]:
    """The quantised convolutions of a packed checkpoint by name, in order; empty if the file is none."""
    try:
        with safe_open(path, framework="numpy") as file:
            names = [key.removesuffix(CODES) for key in file.keys() if key.endswith(CODES)]  # noqa: SIM118
    except (OSError, SafetensorError):
        return []
    return sorted(names, key=lambda name: [word.zfill(9) for word in re.split("[.]", name)])


def stored_values(path: str | Path) -> dict[str, Any]:
    """The plain values of a training state; empty if the file is missing or none."""
    try:
        with safe_open(path, framework="numpy") as file:
            values: dict[str, Any] = json.loads((file.metadata() or {}).get("values", "{}"))
    except (OSError, SafetensorError, ValueError):
        return {}
    return values
