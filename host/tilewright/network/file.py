"""Reads network files (``docs/network_format.md``), strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.graph import Layer, Network, TailStep

FORMAT, VERSION = "tilewright-network", "1"

_LAYER_FIELDS = {
    "kind": str,
    "name": str,
    "in_channels": int,
    "out_channels": int,
    "kernel": list,
    "stride": int,
    "padding": int,
    "input": str,
    "activation_levels": int,
    "weight_levels": int,
    "batch_norm": bool,
    "relu": bool,
    "pool": int,
    "output": str,
    "output_levels": int,
}


def load_network(path: str | Path) -> Network:
    """Reads a network file.

    Args:
        path: file that ``python -m tilewright_model export`` wrote.

    Returns:
        The network, checked.

    Raises:
        NetworkError: the file is missing, truncated, of another format or version, or inconsistent; says where.
    """
    file = _File(Path(path))
    image = file.metadata_json("image", dict)
    try:
        shape = tuple(int(image[key]) for key in ("channels", "height", "width"))
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError(f"{path}: metadata key 'image' lacks channels, height or width") from error
    layers = tuple(_layer(file, entry) for entry in file.metadata_json("layers", list))
    tail = tuple(_tail_step(file, entry) for entry in file.metadata_json("tail", list))
    network = Network(
        name=file.metadata["name"],
        image=(shape[0], shape[1], shape[2]),
        image_codes=file.tensor("image.codes", np.int8, 2),
        layers=layers,
        tail=tail,
        checkpoint_sha256=file.metadata["checkpoint_sha256"],
        classes=tuple(str(name) for name in file.metadata_json("classes", list)),
    )
    file.check_all_read()
    return network


class _File:
    """A network file's metadata and tensors, each with its own error."""

    def __init__(self, path: Path) -> None:
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise NetworkError("a network file needs the package safetensors: pip install safetensors") from error
        self.path = path
        self._unread: dict[str, npt.NDArray[Any]] = {}
        try:
            with safe_open(str(path), framework="np") as file:
                self.metadata: Mapping[str, str] = file.metadata() or {}
                self._unread = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
        except FileNotFoundError as error:
            raise NetworkError(f"{path}: no such file; write it with `python -m tilewright_model export`") from error
        except (OSError, SafetensorError, ValueError) as error:
            raise NetworkError(f"{path} is truncated or no safetensors file ({error}); export it again") from error
        found = (self.metadata.get("format"), self.metadata.get("version"))
        if found != (FORMAT, VERSION):
            raise NetworkError(
                f"{path} has format {found[0]!r} version {found[1]!r}, "
                f"this library reads {FORMAT!r} version {VERSION!r}; export it again"
            )
        for key in ("name", "checkpoint_sha256", "image", "layers", "tail", "classes"):
            if key not in self.metadata:
                raise NetworkError(f"{path}: metadata key '{key}' is missing")

    def metadata_json(self, key: str, kind: type) -> Any:
        """The JSON of a metadata key."""
        try:
            value = json.loads(self.metadata[key])
        except json.JSONDecodeError as error:
            raise NetworkError(f"{self.path}: metadata key '{key}' is not JSON: {error}") from error
        if not isinstance(value, kind):
            found = type(value).__name__
            raise NetworkError(f"{self.path}: metadata key '{key}' holds a {found}, not a {kind.__name__}")
        return value

    def tensor(self, name: str, dtype: type, ndim: int) -> npt.NDArray[Any]:
        """A tensor of a dtype and rank."""
        array = self._unread.pop(name, None)
        if array is None:
            raise NetworkError(f"{self.path}: tensor '{name}' is missing")
        if array.dtype != dtype or array.ndim != ndim:
            raise NetworkError(
                f"{self.path}: tensor '{name}' is {array.dtype} with {array.ndim} dimensions, "
                f"not {np.dtype(dtype)} with {ndim}"
            )
        return array

    def number(self, name: str) -> float:
        """A float64 tensor without dimensions."""
        return float(self.tensor(name, np.float64, 0))

    def check_all_read(self) -> None:
        """Refuses tensors that nothing refers to."""
        if self._unread:
            raise NetworkError(f"{self.path}: unknown tensors {', '.join(sorted(self._unread))}")


def _layer(file: _File, entry: Any) -> Layer:
    where = f"{file.path}, layer {entry.get('name', '?') if isinstance(entry, dict) else entry!r}"
    if not isinstance(entry, dict) or set(entry) != set(_LAYER_FIELDS):
        unlike = set(entry) ^ set(_LAYER_FIELDS) if isinstance(entry, dict) else ()
        raise NetworkError(f"{where}: missing or unknown fields {', '.join(sorted(unlike))}")
    for key, kind in _LAYER_FIELDS.items():
        if not isinstance(entry[key], kind) or (kind is int and isinstance(entry[key], bool)):
            raise NetworkError(f"{where}: field '{key}' is {entry[key]!r}, not a {kind.__name__}")
    if entry["input"] not in ("image", "codes") or entry["output"] not in ("codes", "accumulators"):
        raise NetworkError(f"{where}: input {entry['input']!r} or output {entry['output']!r} is unknown")
    if len(entry["kernel"]) != 2 or not all(type(size) is int for size in entry["kernel"]):
        raise NetworkError(f"{where}: field 'kernel' is {entry['kernel']!r}, not [height, width]")
    name, codes, conv = entry["name"], entry["output"] == "codes", entry["kind"] == "conv"
    file.number(f"{name}.alpha_a")
    return Layer(
        kind=entry["kind"],
        name=name,
        in_channels=entry["in_channels"],
        out_channels=entry["out_channels"],
        kernel=(entry["kernel"][0], entry["kernel"][1]),
        stride=entry["stride"],
        padding=entry["padding"],
        image_input=entry["input"] == "image",
        activation_levels=entry["activation_levels"],
        weight_levels=entry["weight_levels"],
        batch_norm=entry["batch_norm"],
        relu=entry["relu"],
        pool=entry["pool"],
        output_levels=entry["output_levels"],
        weights=file.tensor(f"{name}.weights", np.int8, 4) if conv else None,
        scale=file.number(f"{name}.scale"),
        bn_scale=file.tensor(f"{name}.bn_scale", np.float64, 1) if entry["batch_norm"] else None,
        bn_shift=file.tensor(f"{name}.bn_shift", np.float64, 1) if entry["batch_norm"] else None,
        alpha_next=file.number(f"{name}.alpha_next") if codes else None,
        thresholds=file.tensor(f"{name}.thresholds", np.int32, 2) if codes else None,
        falling=file.tensor(f"{name}.falling", np.uint8, 1).astype(np.bool_) if codes else None,
    )


def _tail_step(file: _File, entry: Any) -> TailStep:
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind in ("flatten", "relu"):
        return TailStep(kind)
    if kind != "linear":
        raise NetworkError(f"{file.path}: tail step {entry!r} is unknown")
    name = entry["name"]
    weight, bias = file.tensor(f"{name}.weight", np.float64, 2), file.tensor(f"{name}.bias", np.float64, 1)
    if weight.shape != (entry["out_features"], entry["in_features"]) or len(bias) != len(weight):
        raise NetworkError(f"{file.path}: linear layer {name} has weights {weight.shape} and {len(bias)} biases")
    return TailStep("linear", name, weight, bias)
