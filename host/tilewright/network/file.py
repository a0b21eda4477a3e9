"""Reads network files (``docs/network_format.md``), strictly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.file_kinds import Role, refusal
from tilewright.network.file_format import (
    ADDEND_FIELDS,
    CHAIN,
    FORMAT,
    GRAPH,
    IMAGE_CODES,
    IMAGE_FIELDS,
    KEYS,
    LINEAR_FIELDS,
    Kinds,
    addend_tensors,
    check_layer_name,
    check_linear_name,
    fields_of,
    is_plain,
    layer_entry,
    layer_tensors,
    linear_tensors,
)
from tilewright.network.file_rules import check_network
from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.operand import Operand
from tilewright.network.shape import LayerShape
from tilewright.network.tensor_file import TensorFileError, read_tensors

_SAID = {str: "a text", int: "an integer", list: "a list", bool: "true or false"}
_WRITERS = "`python -m tilewright_model export` writes one of a checkpoint, `import-qonnx` of a QONNX file"


def load_network(path: str | Path) -> Network:
    """Reads a network file.

    Args:
        path: file that ``python -m tilewright_model export`` wrote.

    Returns:
        The network, checked.

    Raises:
        NetworkError: the file is missing, truncated, of another format or version, or inconsistent; says where, and of
            another kind of file which command takes it.
    """
    file = _File(Path(path))
    try:
        return replace(_network(file), file_sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest())
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error


def _network(file: _File) -> Network:
    image = file.metadata_json("image", dict)
    _check_fields("image", image, IMAGE_FIELDS)
    classes = file.metadata_json("classes", list)
    if not all(isinstance(name, str) for name in classes):
        raise NetworkError(f"classes are {classes!r}, not names")
    entries = file.metadata_json("layers", list)
    layers = tuple(_layer(file, number, entry) for number, entry in enumerate(entries))
    network = Network(
        name=file.metadata["name"],
        image=(image["channels"], image["height"], image["width"]),
        image_codes=file.tensor(IMAGE_CODES, np.int8, (image["channels"], 256)),
        layers=layers,
        tail=tuple(_tail_step(file, number, entry) for number, entry in enumerate(file.metadata_json("tail", list))),
        checkpoint_sha256=file.metadata["checkpoint_sha256"],
        classes=tuple(classes),
    )
    file.check_all_read()
    check_network(network)
    return network


class _File:
    """A network file's metadata and tensors, each with its own error."""

    def __init__(self, path: str | Path) -> None:
        other = refusal(path, Role.NETWORK)
        if other is not None:
            raise NetworkError(other)
        try:
            read = read_tensors(path)
            self.metadata: Mapping[str, str] = read.metadata
            types, self._unread = read.types, dict(read.tensors)
        except FileNotFoundError as error:
            raise NetworkError(f"{path}: no such file; write it with `python -m tilewright_model export`") from error
        except (OSError, TensorFileError) as error:
            raise NetworkError(f"{path} is truncated or no network file ({error}): {_WRITERS}") from error
        found = (self.metadata.get("format"), self.metadata.get("version"))
        if found not in ((FORMAT, CHAIN), (FORMAT, GRAPH)):
            raise NetworkError(
                f"{path} has format {found[0]!r} version {found[1]!r}, "
                f"this library reads {FORMAT!r} versions {CHAIN!r} and {GRAPH!r}: {_WRITERS}"
            )
        self.version = self.metadata["version"]
        others = {key: kind for key, kind in sorted(types.items()) if key not in read.tensors}
        if others:
            raise NetworkError(f"{path}: tensors of types that a network file has not: {others}")
        missing, unknown = sorted(KEYS - self.metadata.keys()), sorted(self.metadata.keys() - KEYS)
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

    def tensor(self, name: str, dtype: type, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """A tensor of a dtype and shape."""
        array = self._unread.pop(name, None)
        if array is None:
            raise NetworkError(f"tensor '{name}' is missing")
        if array.dtype != dtype or array.shape != shape:
            raise NetworkError(f"tensor '{name}' is {array.dtype} {array.shape}, not {np.dtype(dtype)} {shape}")
        return array

    def tensors(self, name: str, kinds: Kinds) -> dict[str, npt.NDArray[Any]]:
        """The tensors of a layer, by their keys."""
        return {key: self.tensor(f"{name}.{key}", *kind) for key, kind in kinds.items()}

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
    shape, added = _shape(file.version, number, entry)
    if file.version == CHAIN and not is_plain(shape):
        raise NetworkError(f"version {CHAIN} has no layer such as {shape.name}: {shape.kind}, kernel {shape.kernel}")
    values: dict[str, Any] = {"weights": None, **file.tensors(shape.name, layer_tensors(shape))}
    numbers = {key: float(value) for key, value in values.items() if value is not None and not value.ndim}
    if "falling" in values:
        values["falling"] = _flags(f"{shape.name}.falling", values["falling"])
    weights = file.tensors(shape.name, addend_tensors(shape, added)).values()
    adds = tuple(_addend(entry, tensor) for entry, tensor in zip(added, weights, strict=True))
    return Layer(**vars(shape), **values | numbers, adds=adds)


def _addend(entry: dict[str, Any], weights: npt.NDArray[Any]) -> Operand:
    fields = {key: value for key, value in entry.items() if key not in ("in_channels", "kernel")}
    return Operand(**fields | {"padding": tuple(entry["padding"])}, weights=weights)


def _shape(version: str, number: int, entry: Any) -> tuple[LayerShape, list[dict[str, Any]]]:
    """A layer's shape, and the fields of what is added to its sums."""
    where = f"layer {entry['name']!r}" if isinstance(entry, dict) and "name" in entry else f"layers[{number}]"
    _check_fields(where, entry, fields_of(version))
    check_layer_name(entry["name"], version)
    fields = {key: value for key, value in entry.items() if key not in ("input", "output", "adds")}
    fields["kernel"] = _pair(where, "kernel", entry)
    if version == GRAPH:
        fields["padding"] = _pair(where, "padding", entry)
    shape = LayerShape(**fields, image_input=entry["input"] == "image")
    ends = layer_entry(shape, version)
    for key in ("input", "output"):
        if entry[key] != ends[key]:
            levels = f" with output_levels {shape.output_levels}" if key == "output" else ""
            raise NetworkError(f"{where}: {key} {entry[key]!r}{levels}, not {ends[key]!r}")
    added = entry.get("adds", [])
    for place, addend in enumerate(added):
        _check_fields(f"{where}, adds[{place}]", addend, ADDEND_FIELDS)
        for key in ("kernel", "padding"):
            _pair(f"{where}, adds[{place}]", key, addend)
    return shape, added


def _pair(where: str, key: str, entry: dict[str, Any]) -> tuple[int, int]:
    value = entry[key]
    if len(value) != 2 or not all(type(size) is int for size in value):
        said = "[height, width]" if key == "kernel" else "[rows, columns]"
        raise NetworkError(f"{where}: field '{key}' is {value!r}, not {said}")
    return value[0], value[1]


def _flags(name: str, values: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    if (values > 1).any():
        raise NetworkError(f"tensor '{name}' holds {values.max()}, not only 0 and 1")
    return values.astype(np.bool_)


def _tail_step(file: _File, number: int, entry: Any) -> TailStep:
    if entry in ({"kind": "flatten"}, {"kind": "relu"}):
        return TailStep(entry["kind"])
    where = f"tail[{number}]"
    _check_fields(where, entry, LINEAR_FIELDS)
    if entry["kind"] != "linear":
        raise NetworkError(f"{where}: kind {entry['kind']!r} is unknown")
    check_linear_name(entry["name"], file.version)
    name, kinds = entry["name"], linear_tensors(entry["in_features"], entry["out_features"])
    return TailStep("linear", name, **file.tensors(name, kinds))
