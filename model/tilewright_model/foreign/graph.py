"""A foreign model that is no row of modules: additions, maps side by side, functions; traced by torch.fx."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from tilewright.errors import NetworkError
from tilewright_model.data.pixels import look_up
from tilewright_model.foreign.assemble import (
    IMAGE_LEVELS,
    Average,
    Convolution,
    Linear,
    Norm,
    Operation,
    Pool,
    Quantiser,
    Relu,
    exact_layer,
    refusal,
)
from tilewright_model.layers.exact import ExactBatchNorm2d, ExactIdentity, ExactLinear
from tilewright_model.networks.build import Builder
from tilewright_model.networks.execution import run_graph
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.rules import linear, own_quantiser, relued
from tilewright_model.networks.stage import Graph
from tilewright_model.networks.trace import trace
from tilewright_model.networks.values import Copied, Image, Joined, Quantised, Sum, Value

#: what a module does, by its name and itself; () where this library's own rules hold
Steps = Callable[[str, nn.Module], Iterable[Operation] | None]


class NotARowError(NetworkError):
    """Modules or nodes are no row; they may be a graph."""


class ImportedGraph(QuantisedNetwork):
    """The reference of a foreign graph, with the normalisation of its images.

    Attributes:
        values: float (channels, 256), the value of each pixel.
        graph: its stages.
    """

    values: Tensor

    def __init__(self, graph: Graph, image_size: tuple[int, int, int], values: Tensor) -> None:
        super().__init__(image_size)
        self.graph, self.parts = graph, graph.modules()
        self.register_buffer("values", values)

    def normalise(self, pixels: Tensor) -> Tensor:
        """What the network was trained on.

        Args:
            pixels: uint8 (n, c, h, w).

        Returns:
            Float of the same shape.
        """
        return look_up(self.values, pixels)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to class scores float64 (n, classes)."""
        return run_graph(self.graph, images).scores


def traced_graph(model: nn.Module) -> fx.Graph:
    """The calls of a model's forward, Brevitas' modules and torch's being leaves.

    Raises:
        NetworkError: it cannot be traced.
    """
    return trace(model, ("brevitas.",))


def import_graph(
    model: nn.Module, calls: fx.Graph, steps: Steps, image_size: tuple[int, int, int], values: Tensor
) -> ImportedGraph:
    """The reference of a traced model.

    Args:
        model: the model.
        calls: of its modules, and of functions.
        steps: what each of its modules does.
        image_size: channels, height and width.
        values: float (channels, 256), the value of each pixel.

    Returns:
        The network, in evaluation mode.

    Raises:
        NetworkError: a module or function is not covered; names it and the reason.
    """
    builder = _ForeignBuilder(model, image_size, steps, values)
    graph = builder.build(calls)
    network = ImportedGraph(graph, image_size, values)
    return network.eval()


class _ForeignBuilder(Builder):
    """Quantisers stand where maps are made, and a layer reads a map that has passed one."""

    def __init__(self, model: nn.Module, image_size: tuple[int, int, int], steps: Steps, values: Tensor) -> None:
        super().__init__(model, image_size[1:])
        self.steps, self.channels = steps, image_size[0]
        self.symmetric = float(values.abs().max()) / IMAGE_LEVELS

    def _module(self, node: fx.Node, name: str, module: nn.Module, value: Any) -> Any:
        if len(node.args) > 1:  # an addition that is a module
            value = self.add(node, name, *(self.values[each] for each in node.all_input_nodes))
        if isinstance(module, nn.MaxPool2d) and isinstance(value, Quantised) and isinstance(value.value, Sum):
            pooled = super()._module(node, name, module, value.value)
            return replace(value, name=pooled.name, size=pooled.size, value=pooled)
        if isinstance(module, nn.MaxPool2d | nn.Upsample):
            return super()._module(node, name, module, value)
        for step in self.steps(name, module) or ():
            value = self._step(node, step, value)
        return value

    def _step(self, node: fx.Node, step: Operation, value: Any) -> Any:
        if isinstance(step, Quantiser):
            return self._coded(step, value)
        if isinstance(step, Convolution | Average):
            return self._foreign_layer(node, step, value)
        if isinstance(step, Norm):
            return self._scaled(node, step, value)
        if isinstance(step, Relu):
            return value if isinstance(value, Quantised) else self.relu(node, step.name, value)
        if isinstance(step, Linear):
            return linear(step.name, ExactLinear(step.weight, step.bias), value)
        assert isinstance(step, Pool)
        return self._module(node, step.name, nn.MaxPool2d(2, 2), value)

    def _coded(self, step: Quantiser, value: Any) -> Value:
        """A value behind a quantiser. An unsigned one clamps at 0, as a ReLU does."""
        if not isinstance(value, Sum | Image | Copied | Joined | Quantised):
            raise refusal(step, "comes after a linear layer or is of no map")
        image = isinstance(value, Image)
        if step.highest > (IMAGE_LEVELS if image else 255):
            raise refusal(step, f"makes codes of up to {step.highest}: use a smaller bit_width")
        average = isinstance(value, Sum) and value.positive
        if not image and step.lowest < 0 and not (average or isinstance(value, Quantised)):
            raise refusal(
                step,
                f"makes signed codes of {step.lowest}..{step.highest}, but maps are 0 and more: put a ReLU before it, "
                "and leave a convolution that is added without a quantiser",
            )
        exact = _identity(step)
        inner = value if image or average else relued(value)
        return Quantised(step.name, value.channels, value.size, inner, exact)

    def _foreign_layer(self, node: fx.Node, step: Convolution | Average, value: Any) -> Sum:
        quantiser = own_quantiser(value) if isinstance(value, Value) else None
        inner = value.value if isinstance(value, Quantised) and isinstance(value.value, Image) else value
        image = isinstance(inner, Image)
        if quantiser is None and not image:
            raise refusal(step, "has no quantiser at its input")
        coded = Quantiser(step.name, step.kind, self.symmetric, -IMAGE_LEVELS, IMAGE_LEVELS)
        if quantiser is not None:
            codes = quantiser.exact()
            lowest = round(codes.lowest * codes.levels) if image else 0
            coded = Quantiser(step.name, step.kind, codes.scale, lowest, codes.levels)
        exact, norm = exact_layer(step, coded, None, value.size or (1, 1))
        made = self._layer(node, step.name, exact, inner)
        (term,) = made.terms
        return replace(made, terms=(replace(term, norm=norm),))

    def _scaled(self, node: fx.Node, step: Norm, value: Any) -> Value:
        """Batch-norm; what a layer's bias and scales a channel have made of it already is folded in."""
        channels = getattr(value, "channels", None)
        if channels is None or {len(step.scale), len(step.shift)} - {1, channels}:
            raise refusal(step, f"has {len(step.scale)} constants for a value of {channels} channels")
        norm = ExactBatchNorm2d(step.scale.expand(channels).clone(), step.shift.expand(channels).clone())
        alone = isinstance(value, Sum) and len(value.terms) == 1 and not value.extended
        if alone and value.terms[0].norm is not None and value.terms[0].biased:
            before = value.terms[0].norm.exact()
            folded = ExactBatchNorm2d(before.scale * norm.scale, before.shift * norm.scale + norm.shift)
            both: Value = replace(value, terms=(replace(value.terms[0], norm=folded, biased=False),))
            return both
        made: Value = self._norm(node, step.name, norm, value)
        if isinstance(made, Sum) and len(made.terms) == 1:
            return replace(made, terms=(replace(made.terms[0], biased=False),))
        return made


def _identity(step: Quantiser) -> ExactIdentity:
    alpha = torch.tensor(step.scale * step.highest, dtype=torch.float64)
    return ExactIdentity(step.scale, alpha, step.highest, step.lowest / step.highest)
