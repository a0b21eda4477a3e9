"""What a network file promises beyond its shapes (``docs/network_format.md``): values and what belongs together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.errors import NetworkError
from tilewright.network.file_format import CHAIN, check_layer_name, check_linear_name, layer_tensors, version_of
from tilewright.network.graph import IMAGE
from tilewright.network.network import Layer, Network

_NOT_FINITE = "is not finite: has the training diverged, or is a variance negative?"


def check_network(network: Network) -> None:
    """Refuses a network that no file may hold, before it is written and after it is read.

    Args:
        network: the network.

    Raises:
        NetworkError: names the layer and what is wrong with it.
    """
    layers = [layer.name for layer in network.layers]
    linears = [step.name for step in network.tail if step.kind == "linear"]
    version = version_of(network)
    for name in layers:
        check_layer_name(name, version)
    for name in linears:
        check_linear_name(name, version)
    if len({*layers, *linears}) < len(layers) + len(linears):
        raise NetworkError(f"each layer has a name of its own, not {', '.join(layers + linears)}")
    for layer in network.layers:
        _raise_first(f"layer {layer.name}", _layer_problems(layer))
    for reader, (source, *_) in zip(network.layers, network.sources, strict=True):
        if source != IMAGE and network.layers[source].alpha_next != reader.alpha_a:
            raise NetworkError(f"layer {network.layers[source].name}: alpha_next is not {reader.name}.alpha_a")
    _raise_first("tail", _tail_problems(network))


def _raise_first(where: str, problems: Iterator[str]) -> None:
    problem = next(problems, None)
    if problem is not None:
        raise NetworkError(f"{where}: {problem}")


def _layer_problems(layer: Layer) -> Iterator[str]:
    yield from _value_problems(layer)
    if layer.kind == "average":
        if (layer.weight_levels, layer.batch_norm, layer.relu, layer.pool) != (1, False, False, 1):
            yield "an average has weight_levels 1, no batch-norm, ReLU or max-pooling"
        if layer.image_input:
            yield "an average averages codes, not the image"
    elif layer.copies:
        if (layer.weight_levels, layer.alpha_next) != (1, layer.alpha_a):
            yield "a copy has weight_levels 1, and its codes are its input's: alpha_next is alpha_a"
    elif not layer.relu and not (layer.is_last and layer.pool == 1):
        yield "a quantiser or max-pooling that no ReLU precedes"


def _value_problems(layer: Layer) -> Iterator[str]:
    for key in layer_tensors(layer):
        if not np.isfinite(getattr(layer, key)).all():
            yield f"{key} {_NOT_FINITE}"
    for key, value in (("scale", layer.scale), ("alpha_a", layer.alpha_a)):
        if value <= 0:
            yield f"{key} is {value}, not positive"
    if layer.falling is not None:
        negative = np.zeros(layer.out_channels, np.bool_) if layer.bn_scale is None else layer.bn_scale < 0
        if not np.array_equal(layer.falling, negative):
            yield "falling is not where bn_scale is negative"


def _tail_problems(network: Network) -> Iterator[str]:
    kinds = [step.kind for step in network.tail]
    scored = "linear" in kinds or version_of(network) != CHAIN
    if kinds[:1] != ["flatten"] or kinds.count("flatten") > 1 or not scored:
        yield f"{', '.join(kinds) or 'nothing'}; flatten comes first, a linear layer behind it"
    if any(step.name == "classifier" for step in network.tail) and len(kinds) > 2:
        yield "a linear layer is named classifier if it is all that follows, else classifier.N"
    last = network.layers[-1]
    height, width = last.output_size(network.in_sizes[-1])
    features = last.out_channels * height * width
    for step in network.tail:
        if step.weight is None or step.bias is None:
            continue
        for key, values in (("weight", step.weight), ("bias", step.bias)):
            if not np.isfinite(values).all():
                yield f"{step.name}.{key} {_NOT_FINITE}"
        outputs, inputs = step.weight.shape
        if inputs != features or outputs < 1:
            yield f"{step.name} takes {inputs} features to {outputs}, but {features} come before it"
        features = outputs
    if network.classes and len(network.classes) != features:
        yield f"{len(network.classes)} names of classes for {features} scores"
