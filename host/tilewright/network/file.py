"""Reads network files (``docs/network_format.md``), strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.file_rules import check_network
from tilewright.network.network import Layer, Network, TailStep

FORMAT, VERSION = "tilewright-network", "1"

_KEYS = {"format", "version", "name", "checkpoint_sha256", "image", "layers", "tail", "classes"}
# N is one line without a dot
_LAYER_NAME, _LINEAR_NAME = re.compile(r"features\.[^.\n]+"), re.compile(r"classifier(\.[^.\n]+)?")
_IMAGE_FIELDS = {"channels": int, "height": int, "width": int}
_LINEAR_FIELDS = {"kind": str, "name": str, "in_features": int, "out_features": int}
_SAID = {str: "a text", int: "an integer", list: "a list", bool: "true or false"}
# safetensors' names of the types that the format has
_TYPES = ("I8", "U8", "I32", "F64")

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
    try:
        return _network(file)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error


def _network(file: _File) -> Network:
    image = file.metadata_json("image", dict)
    _check_fields("image", image, _IMAGE_FIELDS)
    classes = file.metadata_json("classes", list)
    if not all(isinstance(name, str) for name in classes):
        raise NetworkError(f"classes are {classes!r}, not names")
    entries = file.metadata_json("layers", list)
    layers = tuple(_layer(file, number, entry) for number, entry in enumerate(entries))
    alphas = {layer.name: file.number(f"{layer.name}.alpha_a") for layer in layers}
    network = Network(
        name=file.metadata["name"],
        image=(image["channels"], image["height"], image["width"]),
        image_codes=file.tensor("image.codes", np.int8, 2),
        layers=layers,
        tail=tuple(_tail_step(file, number, entry) for number, entry in enumerate(file.metadata_json("tail", list))),
        checkpoint_sha256=file.metadata["checkpoint_sha256"],
        classes=tuple(classes),
    )
    file.check_all_read()
    check_network(network, alphas)
    return network


class _File:
    """A network file's metadata and tensors, each with its own error."""

    def __init__(self, path: Path) -> None:
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise NetworkError("a network file needs the package safetensors: pip install safetensors") from error
        try:
            with safe_open(str(path), framework="np") as file:
                self.metadata: Mapping[str, str] = file.metadata() or {}
                types = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118 - no mapping
                self._unread: dict[str, npt.NDArray[Any]] = {
                    key: file.get_tensor(key) for key, kind in types.items() if kind in _TYPES
                }
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
        others = {key: kind for key, kind in sorted(types.items()) if kind not in _TYPES}
        if others:
            raise NetworkError(f"{path}: tensors of types that a network file has not: {others}")
        missing, unknown = sorted(_KEYS - self.metadata.keys()), sorted(self.metadata.keys() - _KEYS)
        if missing or unknown:
            raise NetworkError(f"{path}: metadata keys missing {missing}, unknown {unknown}")

    def metadata_json(self, key: str, kind: type) -> Any:
        """The JSON of a metadata key."""
        try:
            value = json.loads(self.metadata[key])
        except (ValueError, RecursionError) as error:
            raise NetworkError(f"metadata key '{key}' is not JSON: {error}") from error
        if not isinstance(value, kind):
            found = type(value).__name__
            raise NetworkError(f"metadata key '{key}' holds a {found}, not a {kind.__name__}")
        return value

    def tensor(self, name: str, dtype: type, ndim: int) -> npt.NDArray[Any]:
        """A tensor of a dtype and rank."""
        array = self._unread.pop(name, None)
        if array is None:
            raise NetworkError(f"tensor '{name}' is missing")
        if array.dtype != dtype or array.ndim != ndim:
            raise NetworkError(
                f"tensor '{name}' is {array.dtype} with {array.ndim} dimensions, not {np.dtype(dtype)} with {ndim}"
            )
        if not np.isfinite(array).all():
            raise NetworkError(f"tensor '{name}' is not finite")
        return array

    def number(self, name: str) -> float:
        """A float64 tensor without dimensions."""
        return float(self.tensor(name, np.float64, 0))

    def check_all_read(self) -> None:
        """Refuses tensors that nothing refers to."""
        if self._unread:
            raise NetworkError(f"unknown tensors {sorted(self._unread)}")


def _check_fields(where: str, entry: Any, fields: Mapping[str, type]) -> None:
    """Refuses what is no object of these fields."""
    if not isinstance(entry, dict):
        raise NetworkError(f"{where} is {entry!r}, not an object of fields")
    if set(entry) != set(fields):
        raise NetworkError(f"{where}: missing or unknown fields {sorted(set(entry) ^ set(fields))}")
    for key, kind in fields.items():
        if type(entry[key]) is not kind:
            raise NetworkError(f"{where}: field '{key}' is {entry[key]!r}, not {_SAID[kind]}")


def _layer(file: _File, number: int, entry: Any) -> Layer:
    where = f"layer {entry['name']!r}" if isinstance(entry, dict) and "name" in entry else f"layers[{number}]"
    _check_fields(where, entry, _LAYER_FIELDS)
    if not _LAYER_NAME.fullmatch(entry["name"]):
        raise NetworkError(f"{where}: layers are named features.N")
    if entry["input"] not in ("image", "codes") or entry["output"] not in ("codes", "accumulators"):
        raise NetworkError(f"{where}: input {entry['input']!r} or output {entry['output']!r} is unknown")
    if len(entry["kernel"]) != 2 or not all(type(size) is int for size in entry["kernel"]):
        raise NetworkError(f"{where}: field 'kernel' is {entry['kernel']!r}, not [height, width]")
    name, codes, conv = entry["name"], entry["output"] == "codes", entry["kind"] == "conv"
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
        falling=_flags(f"{name}.falling", file.tensor(f"{name}.falling", np.uint8, 1)) if codes else None,
    )


def _flags(name: str, values: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    if (values > 1).any():
        raise NetworkError(f"tensor '{name}' holds {values.max()}, not only 0 and 1")
    return values.astype(np.bool_)


def _tail_step(file: _File, number: int, entry: Any) -> TailStep:
    if entry in ({"kind": "flatten"}, {"kind": "relu"}):
        return TailStep(entry["kind"])
    where = f"tail[{number}]"
    _check_fields(where, entry, _LINEAR_FIELDS)
    if entry["kind"] != "linear":
        raise NetworkError(f"{where}: kind {entry['kind']!r} is unknown")
    name = entry["name"]
    if not _LINEAR_NAME.fullmatch(name):
        raise NetworkError(f"{where}: {name!r}, but linear layers are named classifier or classifier.N")
    weight, bias = file.tensor(f"{name}.weight", np.float64, 2), file.tensor(f"{name}.bias", np.float64, 1)
    if weight.shape != (entry["out_features"], entry["in_features"]) or len(bias) != len(weight):
        raise NetworkError(f"{where}: {name} has weights {weight.shape} and {len(bias)} biases")
    return TailStep("linear", name, weight, bias)
