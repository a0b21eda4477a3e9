"""Writes network files (``docs/network_format.md``); the reader takes every one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.files import write_safetensors
from tilewright.network.file_format import (
    FORMAT,
    IMAGE_CODES,
    IMAGE_FIELDS,
    Kinds,
    addend_entry,
    addend_tensors,
    layer_entry,
    layer_tensors,
    linear_tensors,
    tail_entry,
    version_of,
)
from tilewright.network.file_rules import check_network
from tilewright.network.network import Network


def save_network(network: Network, path: str | Path) -> None:
    """Writes a network file, whole or not at all; equal networks give equal files.

    Args:
        network: the network.
        path: the file.

    Raises:
        NetworkError: it is none that the format covers, or safetensors is missing; names the layer.
        TypeError: an array's dtype is wider than the file's.
        OSError: the file cannot be written.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise NetworkError("a network file needs the package safetensors: pip install safetensors") from error
    check_network(network)
    write_safetensors(Path(path), save(_tensors(network), _metadata(network)))


def _metadata(network: Network) -> dict[str, str]:
    version = version_of(network)
    return {
        "format": FORMAT,
        "version": version,
        "name": network.name,
        "checkpoint_sha256": network.checkpoint_sha256,
        "image": json.dumps(dict(zip(IMAGE_FIELDS, network.image, strict=True))),
        "layers": json.dumps([layer_entry(layer, version) for layer in network.layers]),
        "tail": json.dumps([tail_entry(step) for step in network.tail]),
        "classes": json.dumps(network.classes),
    }


def _tensors(network: Network) -> dict[str, npt.NDArray[Any]]:
    tensors: dict[str, npt.NDArray[Any]] = {IMAGE_CODES: network.image_codes.astype(np.int8, "C", "safe")}
    for layer in network.layers:
        tensors |= _arrays(layer.name, layer, layer_tensors(layer))
        added = addend_tensors(layer, [addend_entry(operand) for operand in layer.adds])
        for (key, (dtype, _)), operand in zip(added.items(), layer.adds, strict=True):
            tensors[f"{layer.name}.{key}"] = operand.weights.astype(dtype, "C", "safe")
    for step in network.tail:
        if step.weight is not None:
            tensors |= _arrays(step.name, step, linear_tensors(*step.weight.shape[::-1]))
    return tensors


def _arrays(name: str, owner: object, kinds: Kinds) -> dict[str, npt.NDArray[Any]]:
    arrays = {key: np.asarray(getattr(owner, key)) for key in kinds}
    return {f"{name}.{key}": arrays[key].astype(dtype, "C", "safe") for key, (dtype, _) in kinds.items()}
