"""What a network file promises beyond its shapes (``docs/network_format.md``): values and what belongs together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from tilewright.errors import NetworkError
from tilewright.network.network import Layer, Network


def check_network(network: Network, alphas: Mapping[str, float]) -> None:
    """Refuses a network that no exporter writes.

    Args:
        network: as read.
        alphas: clipping value of each layer's own input quantiser, by the layer's name.

    Raises:
        NetworkError: names the layer and what is wrong with it.
    """
    for layer in network.layers:
        _raise_first(f"layer {layer.name}", _layer_problems(layer, alphas[layer.name]))
    for layer, following in pairwise(network.layers):
        if layer.alpha_next != alphas[following.name]:
            raise NetworkError(f"layer {layer.name}: alpha_next is not {following.name}.alpha_a")
    _raise_first("tail", _tail_problems(network))


def _raise_first(where: str, problems: Iterator[str]) -> None:
    problem = next(problems, None)
    if problem is not None:
        raise NetworkError(f"{where}: {problem}")


def _layer_problems(layer: Layer, alpha_a: float) -> Iterator[str]:
    for key, value in (("scale", layer.scale), ("alpha_a", alpha_a)):
        if value <= 0:
            yield f"{key} is {value}, not positive"
    if layer.kind == "average":
        if (layer.weight_levels, layer.batch_norm, layer.relu, layer.pool) != (1, False, False, 1):
            yield "an average has weight_levels 1, no batch-norm, ReLU or max-pooling"
        if layer.image_input:
            yield "an average averages codes, not the image"
    elif not layer.relu and not (layer.is_last and layer.pool == 1):
        yield "a quantiser or max-pooling that no ReLU precedes"
    if layer.falling is not None:
        negative = np.zeros(layer.out_channels, np.bool_) if layer.bn_scale is None else layer.bn_scale < 0
        if not np.array_equal(layer.falling, negative):
            yield "falling is not where bn_scale is negative"


def _tail_problems(network: Network) -> Iterator[str]:
    kinds = [step.kind for step in network.tail]
    if kinds[:1] != ["flatten"] or kinds.count("flatten") > 1 or "linear" not in kinds:
        yield f"{', '.join(kinds) or 'nothing'}; flatten comes first, a linear layer behind it"
    if any(step.name == "classifier" for step in network.tail) and len(kinds) > 2:
        yield "a linear layer is named classifier if it is all that follows, else classifier.N"
    last = network.layers[-1]
    height, width = last.output_size(network.in_sizes[-1])
    features = last.out_channels * height * width
    for step in network.tail:
        if step.weight is None:
            continue
        outputs, inputs = step.weight.shape
        if inputs != features or outputs < 1:
            yield f"{step.name} takes {inputs} features to {outputs}, but {features} come before it"
        features = outputs
    if network.classes and len(network.classes) != features:
        yield f"{len(network.classes)} names of classes for {features} scores"
