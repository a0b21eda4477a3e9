"""What a network file holds and what it is named (``docs/network_format.md``), for its reader and its writer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tilewright.errors import NetworkError
from tilewright.network.network import TailStep
from tilewright.network.shape import LayerShape

FORMAT, VERSION = "tilewright-network", "1"
IMAGE_CODES = "image.codes"

KEYS = {"format", "version", "name", "checkpoint_sha256", "image", "layers", "tail", "classes"}
# N is one line without a dot
_LAYER_NAME, _LINEAR_NAME = re.compile(r"features\.[^.\n]+"), re.compile(r"classifier(\.[^.\n]+)?")
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
Kinds = dict[str, tuple[type, tuple[int, ...]]]


def check_layer_name(name: str) -> None:
    """Refuses, with a NetworkError, what is no name of a layer."""
    if not _LAYER_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: layers are named features.N")


def check_linear_name(name: str) -> None:
    """Refuses, with a NetworkError, what is no name of a linear layer."""
    if not _LINEAR_NAME.fullmatch(name):
        raise NetworkError(f"{name!r}: linear layers are named classifier or classifier.N")


def layer_entry(layer: LayerShape) -> dict[str, Any]:
    """A layer's fields, as the metadata have them."""
    ends = {"input": "image" if layer.image_input else "codes", "output": "accumulators" if layer.is_last else "codes"}
    return {key: ends.get(key) or getattr(layer, key) for key in LAYER_FIELDS}


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
        kinds["weights"] = (np.int8, (channels, layer.in_channels, *layer.kernel))
    if layer.batch_norm:
        kinds |= dict.fromkeys(("bn_scale", "bn_shift"), (np.float64, (channels,)))
    if not layer.is_last:
        kinds["alpha_next"] = (np.float64, ())
        kinds["thresholds"] = (np.int32, (channels, layer.output_levels))
        kinds["falling"] = (np.uint8, (channels,))
    return kinds


def linear_tensors(inputs: int, outputs: int) -> Kinds:
    """Dtype and shape of a linear layer's tensors, by the attribute of its step of the tail."""
    return {"weight": (np.float64, (outputs, inputs)), "bias": (np.float64, (outputs,))}
