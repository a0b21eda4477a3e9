"""A QONNX file as the reference that the network file is written from. docs/brevitas.md says what is covered."""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from tilewright.errors import NetworkError
from tilewright_model.data import pixels
from tilewright_model.foreign.assemble import (
    Average,
    Convolution,
    ImportedNetwork,
    Linear,
    Norm,
    Normalise,
    Operation,
    Pool,
    Quantiser,
    Relu,
    assemble,
    pixel_values,
    refusal,
)
from tilewright_model.foreign.graph import ImportedGraph, NotARowError, import_graph
from tilewright_model.foreign.onnx_file import load_model
from tilewright_model.layers.plain import BatchNorm2d

Array = NDArray[Any]
#: op types of the Quant node, old and new
QUANT = ("Quant", "IntQuant")
#: where the nodes are from: ONNX itself, and QONNX under the names that it has had
ONNX_DOMAINS = ("", "ai.onnx")
QONNX_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
#: names of round half to even
ROUNDING = ("ROUND", "HALF_EVEN")
#: what numpy, torch and onnx raise on values that do not fit
MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError)


def import_qonnx(
    path: str | Path, image_size: tuple[int, int, int] | None = None, normalise: Normalise = pixels.normalise
) -> ImportedNetwork | ImportedGraph:
    """The reference of a QONNX file, whose nodes stand in a row or add maps and put them side by side.

    Args:
        path: the file, of any generation.
        image_size: channels, height and width; None takes the file's own.
        normalise: uint8 (n, c, h, w) to the float values that the network takes, pixel by pixel; default: CIFAR-10's.

    Returns:
        The network, in evaluation mode.

    Raises:
        NetworkError: the file is none, or docs/brevitas.md does not list a node; names it and the reason.
        ModelError: the package onnx is missing.
    """
    try:
        graph, steps = _Graph(load_model(path).graph), list[Operation]()
        size = image_size or graph.image_size()
        try:
            for node in list(graph.row()):
                _extend(steps, graph, node)
        except NotARowError as row_error:
            return _as_graph(graph, size, normalise, row_error)
        return assemble(steps, size, normalise)
    except MALFORMED as error:
        raise NetworkError(f"{path} has shapes or values that do not fit each other: {error}") from error


@dataclass(frozen=True)
class _Node:
    """A node: op type, inputs and outputs by name, attributes."""

    name: str
    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    def refused(self, reason: str) -> NetworkError:
        return refusal(Operation(self.name, self.op), reason)


@dataclass(frozen=True)
class _QuantisedConstant:
    """Codes float32 of any shape, times scale, float32 scalar or broadcast, of so many bits."""

    codes: Array
    scale: Array
    bits: int

    @property
    def values(self) -> Array:
        return self.codes * self.scale


class _Graph:
    """The nodes of a file in order, its constants, and its input."""

    def __init__(self, graph: Any) -> None:
        from onnx import TensorProto, helper, numpy_helper  # here: the package is an extra

        def attribute(entry: Any) -> Any:
            value = helper.get_attribute_value(entry)
            return numpy_helper.to_array(value) if isinstance(value, TensorProto) else value

        self.constants: dict[str, Array | _QuantisedConstant] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        self.inputs = [entry for entry in graph.input if entry.name not in self.constants]
        self.outputs = [entry.name for entry in graph.output]
        self.nodes: list[_Node] = []
        for number, node in enumerate(graph.node):
            attributes = {entry.name: attribute(entry) for entry in node.attribute}
            name = _name(node, number)
            self._add(_Node(name, node.op_type, list(node.input), list(node.output), attributes), node.domain)

    def _add(self, node: _Node, domain: str) -> None:
        """Keep a node, or its result where that is constant."""
        domains = QONNX_DOMAINS if node.op in (*QUANT, "BipolarQuant") else ONNX_DOMAINS
        if domain not in domains:
            raise node.refused(f"is of the domain {domain!r}, not of {', '.join(filter(None, domains))}")
        if node.op == "Constant" and "value" in node.attributes:
            self.constants[node.outputs[0]] = node.attributes["value"]
        elif node.op in QUANT and node.inputs[0] in self.constants:
            self.constants[node.outputs[0]] = self._quantised(node)
        elif node.op == "BipolarQuant" and node.inputs[0] in self.constants:
            self.constants[node.outputs[0]] = self._binary(node)
        elif node.op == "Transpose" and node.inputs[0] in self.constants:
            self.constants[node.outputs[0]] = self.values(node, 0).transpose(node.attributes.get("perm"))
        else:
            self.nodes.append(node)

    def row(self) -> Iterator[_Node]:
        """The nodes from the input to the output. Raises NetworkError where a value goes to two nodes."""
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise NetworkError(f"{len(self.inputs)} inputs and {len(self.outputs)} outputs: a network has one of each")
        current, seen = self.inputs[0].name, 0
        while current != self.outputs[0]:
            users = [node for node in self.nodes if current in node.inputs]
            if len(users) != 1 or seen == len(self.nodes):
                names = ", ".join(f"{node.name} ({node.op})" for node in users) or "no node"
                raise NotARowError(f"{current} goes to {names}: it is no row")
            if users[0].inputs.count(current) != 1 or users[0].inputs[0] != current:
                current = self._second(users[0], current)
            yield users[0]
            current, seen = users[0].outputs[0], seen + 1
        if seen != len(self.nodes):
            raise NetworkError(f"{len(self.nodes) - seen} nodes stand beside the row from input to output")

    @staticmethod
    def _second(node: _Node, current: str) -> str:
        """The same name: a sum or product may take the map second. Raises NetworkError for other nodes."""
        if node.op not in ("Add", "Mul") or node.inputs.count(current) != 1:
            raise node.refused(f"takes {current} where a constant is expected")
        return current

    def image_size(self) -> tuple[int, int, int]:
        """The input's channels, height and width. Raises NetworkError if the file does not say them."""
        sizes = [entry.dim_value for entry in self.inputs[0].type.tensor_type.shape.dim]
        if len(sizes) != 4 or min(sizes[1:]) < 1:
            raise NetworkError(f"the input's shape is {sizes}, not (n, channels, height, width): give image_size")
        return sizes[1], sizes[2], sizes[3]

    def values(self, node: _Node, place: int) -> Array:
        """A node's constant input, dequantised. Raises NetworkError if it is none."""
        constant = self._constant(node, place)
        return constant.values if isinstance(constant, _QuantisedConstant) else constant

    def codes(self, node: _Node, place: int) -> _QuantisedConstant:
        """A node's quantised weights. Raises NetworkError if no Quant node made them."""
        constant = self._constant(node, place)
        if not isinstance(constant, _QuantisedConstant):
            raise node.refused("has weights that no Quant node quantises")
        return constant

    def _constant(self, node: _Node, place: int) -> Array | _QuantisedConstant:
        if len(node.inputs) <= place or node.inputs[place] not in self.constants:
            raise node.refused(f"has no constant as input {place}")
        return self.constants[node.inputs[place]]

    def settings(self, node: _Node) -> tuple[Array, int, int, int]:
        """Scale, bits, lowest and highest code of a Quant node. Raises NetworkError for what is not covered."""
        scale, zero_point, width = (self.values(node, place) for place in (1, 2, 3))
        rounding = _text(node.attributes.get("rounding_mode", "ROUND")).upper()
        if rounding not in ROUNDING or np.any(zero_point != 0):
            raise node.refused(f"has rounding mode {rounding} and zero point {zero_point}: ROUND and 0 are covered")
        bits, narrow = int(width.item()), int(bool(node.attributes.get("narrow", 0)))
        if bits != width.item() or not 1 <= bits <= 32:
            raise node.refused(f"has a bit width of {width}")
        if node.attributes.get("signed", 1):
            return scale, bits, -(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1
        return scale, bits, 0, 2**bits - 1 - narrow

    def _quantised(self, node: _Node) -> _QuantisedConstant:
        """Round as Brevitas does, in float32."""
        scale, bits, lowest, highest = self.settings(node)
        codes = np.clip(np.round(self._weights(node, scale) / scale), lowest, highest)
        return _QuantisedConstant(codes, scale, bits)

    def _binary(self, node: _Node) -> _QuantisedConstant:
        """-1 where negative, else 1."""
        scale = self.values(node, 1)
        codes = np.where(self._weights(node, scale) < 0, np.float32(-1), np.float32(1))
        return _QuantisedConstant(codes, scale, 1)

    def _weights(self, node: _Node, scale: Array) -> Array:
        """What the node quantises. Raises NetworkError unless that is finite and the scale positive."""
        values = self.values(node, 0)
        if not np.isfinite(values).all() or not np.isfinite(scale).all():
            raise node.refused("has weights or scales that are not finite: has the training diverged?")
        if not (scale > 0).all():
            raise node.refused("has a scale that is not positive")
        return values


def _as_graph(
    graph: _Graph, image_size: tuple[int, int, int], normalise: Normalise, row_error: NotARowError
) -> ImportedGraph:
    """The nodes as a graph. Raises NetworkError, with why they are no row, where they are none."""
    calls, model, steps = fx.Graph(), nn.Module(), dict[str, list[Operation]]()
    made: dict[str, fx.Node] = {graph.inputs[0].name: calls.placeholder("images")}
    try:
        for number, node in enumerate(graph.nodes):
            model.add_module(f"n{number}", nn.Identity())
            made[node.outputs[0]] = _call(calls, made, steps, graph, node, f"n{number}")
        calls.output(made[graph.outputs[0]])
        values = pixel_values(normalise, image_size[0])
        return import_graph(model, calls, lambda key, _: steps[key], image_size, values)
    except NetworkError as error:
        raise NetworkError(f"{row_error}; as a graph: {error}") from error


def _call(
    calls: fx.Graph, made: dict[str, fx.Node], steps: dict[str, list[Operation]], graph: _Graph, node: _Node, key: str
) -> fx.Node:
    """A node's call; a constant that is added belongs to the node before."""
    read = [made[name] for name in node.inputs if name in made]
    if node.op == "Add" and len(read) == 2:
        return calls.call_function(operator.add, tuple(read))
    if node.op == "Concat" and len(read) == len(node.inputs) and node.attributes.get("axis") == 1:
        return calls.call_function(torch.cat, (read, 1))
    if len(read) != 1:
        raise node.refused(f"takes {len(read)} maps")
    (before,) = read
    if node.op == "Add" and before.op == "call_module" and not before.users:
        _extend(steps[str(before.target)], graph, node)
        return before
    steps[key] = []
    _extend(steps[key], graph, node)
    return calls.call_module(key, (before,))


def _name(node: Any, number: int) -> str:
    """The PyTorch module's name where the exporter has kept it: `3` of /3/act_quant/export_handler/Quant."""
    parts = [part for part in node.name.split("/")[:-1] if part not in ("", "export_handler", "activation_impl")]
    if parts[-1:] == ["act_quant"]:
        parts.pop()
    if parts[-1:] in (["input_quant"], ["output_quant"]):
        parts[-2:] = [".".join(parts[-2:])]
    return parts[-1] if parts else re.sub(r"\W+", "_", node.name) or f"{node.op_type.lower()}_{number}"


def _text(attribute: Any) -> str:
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute)


def _extend(steps: list[Operation], graph: _Graph, node: _Node) -> None:
    """Add what a node does. A sum of constants belongs to the step before it."""
    if node.op not in _READERS:
        raise node.refused("is none of the nodes that can be taken over")
    try:
        if node.op == "Add":
            steps[-1:] = [_with_sum(steps[-1] if steps else None, graph, node)]
        elif (step := _READERS[node.op](graph, node)) is not None:
            steps.append(step)
    except MALFORMED as error:
        raise node.refused(f"has inputs or attributes that do not fit: {error}") from error


def _with_sum(step: Operation | None, graph: _Graph, node: _Node) -> Operation:
    if isinstance(step, Convolution) and step.bias is None:
        return replace(step, bias=_broadcast(node, _per_channel(graph, node), len(step.codes)))
    if isinstance(step, Norm) and not bool(step.shift.any()):
        return replace(step, shift=_per_channel(graph, node))
    if isinstance(step, Linear) and not bool(step.bias.any()):
        values = graph.values(node, _constant_place(graph, node))
        return replace(step, bias=_broadcast(node, _float64(values).flatten(), len(step.bias)))
    raise node.refused("adds a constant where no convolution, product or linear layer without one comes before it")


def _broadcast(node: _Node, values: Tensor, channels: int) -> Tensor:
    if len(values) not in (1, channels):
        raise node.refused(f"has {len(values)} constants for {channels} channels")
    return values.expand(channels).clone()


def _float64(values: Array) -> Tensor:
    return torch.from_numpy(values.astype(np.float64))


def _quant(graph: _Graph, node: _Node) -> Operation:
    scale, _, lowest, highest = graph.settings(node)
    if scale.size != 1:
        raise node.refused("has a scale a channel: one for all is covered")
    return Quantiser(node.name, node.op, float(scale.item()), lowest, highest)


def _conv(graph: _Graph, node: _Node) -> Operation:
    weights, settings = graph.codes(node, 1), node.attributes
    if weights.codes.ndim != 4:
        raise node.refused("has no two dimensions")
    channels, kernel = len(weights.codes), list(weights.codes.shape[2:])
    if settings.get("kernel_shape", kernel) != kernel:
        raise node.refused(f"has kernel_shape {settings['kernel_shape']} and weights of {kernel}")
    if weights.scale.size != 1 and weights.scale.shape != (channels, 1, 1, 1):
        raise node.refused(f"has weight scales of shape {weights.scale.shape}: one for all or one a channel is covered")
    return Convolution(
        node.name,
        node.op,
        torch.from_numpy(weights.codes.astype(np.int8)),
        weights.bits,
        _float64(weights.scale).flatten(),
        _float64(graph.values(node, 2)) if len(node.inputs) > 2 else None,
        tuple(settings.get("strides", (1, 1))),
        _padding(node),
        tuple(settings.get("dilations", (1, 1))),
        settings.get("group", 1),
    )


def _padding(node: _Node) -> tuple[int, int]:
    top, left, bottom, right = node.attributes.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right) or _text(node.attributes.get("auto_pad", "NOTSET")) not in ("NOTSET", "VALID"):
        raise node.refused("has padding that differs between its sides, or auto_pad")
    return top, left


def _batch_norm(graph: _Graph, node: _Node) -> Operation:
    if node.attributes.get("training_mode", 0):
        raise node.refused("is in training mode: export the model after eval()")
    gamma, beta, mean, variance = (torch.from_numpy(graph.values(node, place).copy()) for place in (1, 2, 3, 4))
    # the file holds float32: its shortest decimal is the number that PyTorch computes with, such as 1e-5
    norm = BatchNorm2d(len(gamma), float(str(np.float32(node.attributes.get("epsilon", 1e-5)))))
    norm.load_state_dict({"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}, strict=False)
    constants = norm.exact()
    return Norm(node.name, node.op, constants.scale, constants.shift)


def _constant_place(graph: _Graph, node: _Node) -> int:
    return 0 if node.inputs[0] in graph.constants else 1


def _per_channel(graph: _Graph, node: _Node) -> Tensor:
    """The constant of a map's product or sum: float64 (c,) or (1,)."""
    values = graph.values(node, _constant_place(graph, node))
    if values.size > 1 and values.shape not in ((1, values.size, 1, 1), (values.size, 1, 1)):
        raise node.refused(f"has a constant of shape {values.shape}, not one a channel")
    return _float64(values).flatten()


def _product(graph: _Graph, node: _Node) -> Operation:
    scale = _per_channel(graph, node)
    return Norm(node.name, node.op, scale, torch.zeros_like(scale))


def _max_pool(graph: _Graph, node: _Node) -> Operation:
    settings, defaults = node.attributes, {"kernel_shape": [], "strides": [1, 1], "dilations": [1, 1], "ceil_mode": 0}
    found = [settings.get(key, default) for key, default in defaults.items()]
    if found != [[2, 2], [2, 2], [1, 1], 0] or _padding(node) != (0, 0):
        raise node.refused("is not 2x2 with stride 2, without padding, dilation and ceil_mode")
    return Pool(node.name, node.op)


def _average(graph: _Graph, node: _Node) -> Operation:
    if node.op == "GlobalAveragePool":
        return Average(node.name, node.op, None, None)
    settings = node.attributes
    kernel, strides = settings["kernel_shape"], settings.get("strides", [1, 1])
    dilated = set(settings.get("dilations", [1])) != {1}
    if _padding(node) != (0, 0) or settings.get("ceil_mode", 0) or dilated or len(kernel) != 2:
        raise node.refused("has a padding, ceil_mode, a dilation or no two dimensions")
    return Average(node.name, node.op, (kernel[0], kernel[1]), (strides[0], strides[1]))


def _mean(graph: _Graph, node: _Node) -> Operation:
    axes = node.attributes["axes"] if "axes" in node.attributes else graph.values(node, 1).tolist()
    if sorted(axis % 4 for axis in axes) != [2, 3]:
        raise node.refused(f"takes the mean over the axes {axes}, not over height and width")
    return Average(node.name, node.op, None, None)


def _flatten(graph: _Graph, node: _Node) -> None:
    if node.op == "Flatten":
        flat = node.attributes.get("axis", 1) == 1
    else:
        shape = graph.values(node, 1).tolist()
        flat = len(shape) == 2 and (shape[1] == -1 or shape[0] in (-1, 0, 1))
    if not flat:
        raise node.refused("does not flatten each image's map to one row of features")


def _gemm(graph: _Graph, node: _Node) -> Operation:
    weight, settings = _float64(graph.values(node, 1)), node.attributes
    factors = settings.get("alpha", 1.0), settings.get("beta", 1.0)
    if weight.ndim != 2 or factors != (1.0, 1.0) or settings.get("transA", 0):
        raise node.refused("has alpha, beta, transA or weights that are no matrix")
    weight = weight if node.op == "Gemm" and settings.get("transB", 0) else weight.t().contiguous()
    bias = torch.zeros(1, dtype=torch.float64)
    if node.op == "Gemm" and len(node.inputs) > 2:
        bias = _float64(graph.values(node, 2)).flatten()
    return Linear(node.name, node.op, weight, _broadcast(node, bias, len(weight)))


_READERS: dict[str, Callable[[_Graph, _Node], Operation | None]] = {
    **dict.fromkeys(QUANT, _quant),
    "Conv": _conv,
    "BatchNormalization": _batch_norm,
    "Mul": _product,
    **dict.fromkeys(("Add", "Dropout", "Identity"), lambda graph, node: None),
    "Relu": lambda graph, node: Relu(node.name, node.op),
    "MaxPool": _max_pool,
    **dict.fromkeys(("AveragePool", "GlobalAveragePool"), _average),
    "ReduceMean": _mean,
    **dict.fromkeys(("Flatten", "Reshape"), _flatten),
    **dict.fromkeys(("Gemm", "MatMul"), _gemm),
}
