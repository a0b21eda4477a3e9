"""What a network file holds and what it is named (``docs/network_format.md``), for its reader and its writer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tilewright.errors import NetworkError
from tilewright.hardware.parameters import MAX_KERNEL
from tilewright.network.network import Network, TailStep
from tilewright.network.operand import Operand
from tilewright.network.shape import LayerShape

# Chains of plain layers are files of version 1, all else of version 2
FORMAT, CHAIN, GRAPH = "tilewright-network", "1", "2"
IMAGE_CODES = "image.codes"

KEYS = {"format", "version", "name", "checkpoint_sha256", "image", "layers", "tail", "classes"}
# N is one line without a dot
_LAYER_NAME, _LINEAR_NAME = re.compile(r"features\.[^.\n]+"), re.compile(r"classifier(\.[^.\n]+)?")
_MODULE_NAME = re.compile(r"[^.\n]+(\.[^.\n]+)*")
IMAGE_FIELDS = {"channels": int, "height": int, "width": int}
LINEAR_FIELDS = {"kind": str, "name": str, "in_features": int, "out_features": int}
LAYER_FIELDS = {
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
# What a layer of version 2 has besides; its padding is (rows, columns)
GRAPH_FIELDS = {"source": str, "first_channel": int, "dilation": int, "groups": int, "raised": int, "adds": list}
ADDEND_FIELDS = {
    "source": str,
    "first_channel": int,
    "in_channels": int,
    "kernel": list,
    "stride": int,
    "padding": list,
    "dilation": int,
    "groups": int,
    "activation_levels": int,
}
Kinds = dict[str, tuple[type, tuple[int, ...]]]


def version_of(network: Network) -> str:
    """The version of the file that holds a network: of a chain of plain layers 1, else 2."""
    return CHAIN if all(map(is_plain, network.layers)) else GRAPH


def fields_of(version: str) -> dict[str, type]:
    """The fields of a layer in a version, and their types."""
    return LAYER_FIELDS if version == CHAIN else {**LAYER_FIELDS, "padding": list, **GRAPH_FIELDS}


def check_layer_name(name: str, version: str) -> None:
    """Refuses, with a NetworkError, what is no name of a layer."""
    if version == CHAIN and not _LAYER_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: layers are named features.N")
    if not _MODULE_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: layers are named as modules, names with dots between")


def check_linear_name(name: str, version: str) -> None:
    """Refuses, with a NetworkError, what is no name of a linear layer."""
    if version == CHAIN and not _LINEAR_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: linear layers are named classifier or classifier.N")
    if not _MODULE_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: linear layers are named as modules, names with dots between")


def layer_entry(layer: LayerShape, version: str) -> dict[str, Any]:
    """A layer's fields, as the metadata of a version have them."""
    ends = {"input": "image" if layer.image_input else "codes", "output": "accumulators" if layer.is_last else "codes"}
    adds: tuple[Operand, ...] = getattr(layer, "adds", ())
    given = {**ends, "padding": layer.paddings[0] if version == CHAIN else layer.paddings}
    entry = {key: given.get(key, getattr(layer, key, None)) for key in fields_of(version) if key != "adds"}
    return entry if version == CHAIN else {**entry, "adds": [addend_entry(operand) for operand in adds]}


def addend_entry(operand: Operand) -> dict[str, Any]:
    """The fields of what is added to a layer's sums, as the metadata have them."""
    return {key: getattr(operand, "paddings" if key == "padding" else key) for key in ADDEND_FIELDS}


def addend_tensors(layer: LayerShape, entries: list[dict[str, Any]]) -> Kinds:
    """Dtype and shape of the weights of what is added to a layer's sums, by their names behind the layer's."""
    return {
        f"adds.{number}": (
            np.int32,
            (layer.out_channels, entry["in_channels"] // max(1, entry["groups"]), *entry["kernel"]),
        )
        for number, entry in enumerate(entries)
    }


def is_plain(layer: LayerShape) -> bool:
    """Whether a layer has no more than version 1 says of one."""
    more = [getattr(layer, key) for key in ("source", "first_channel", "raised")]
    plain = not any(more) and (layer.dilation, layer.groups) == (1, 1) and not getattr(layer, "adds", ())
    even = layer.paddings[0] == layer.paddings[1] and (layer.kind != "conv" or max(layer.kernel) <= MAX_KERNEL)
    return plain and even and not layer.copies and bool(_LAYER_NAME.fullmatch(layer.name))


def tail_entry(step: TailStep) -> dict[str, Any]:
    """The fields of a step of the tail, as the metadata have them."""
    if step.weight is None:
        return {"kind": step.kind}
    outputs, inputs = step.weight.shape
    return dict(zip(LINEAR_FIELDS, (step.kind, step.name, inputs, outputs), strict=True))


def layer_tensors(layer: LayerShape) -> Kinds:
    """Dtype and shape of a layer's tensors, by the attribute of :class:`tilewright.network.network.Layer`."""
    channels = layer.out_channels
    kinds: Kinds = {"scale": (np.float64, ()), "alpha_a": (np.float64, ())}
    if layer.kind == "conv":
        kinds["weights"] = (np.int8, (channels, layer.in_channels // layer.groups, *layer.kernel))
    if layer.batch_norm:
        kinds |= dict.fromkeys(("bn_scale", "bn_shift"), (np.float64, (channels,)))
    if not layer.is_last:
        kinds["alpha_next"] = (np.float64, ())
    if not layer.is_last and not layer.copies:
        kinds["thresholds"] = (np.int32, (channels, layer.output_levels))
        kinds["falling"] = (np.uint8, (channels,))
    return kinds


def linear_tensors(inputs: int, outputs: int) -> Kinds:
    """Dtype and shape of a linear layer's tensors, by the attribute of its step of the tail."""
    return {"weight": (np.float64, (outputs, inputs)), "bias": (np.float64, (outputs,))}
