"""The ordinary float32 forward, as frameworks compute it: for comparison with the reference only.

Dequantised values are convolved in float32 and normalised by ``torch.nn.functional.batch_norm``. The last bits
depend on the order of the sums, and with them, now and then, a code.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import ExactBatchNorm2d
from tilewright_model.layers.plain import Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantIdentity, QuantLinear
from tilewright_model.layers.quantisers import dequantise
from tilewright_model.networks.stage import IMAGE, Classifier, Graph, Layer, Norm, Stage, Term

Trainable = QuantConv2d | QuantLinear | QuantAvgPool2d | QuantIdentity


@torch.no_grad()
def float_scores(graph: Graph, images: Tensor) -> Tensor:
    """The scores of the whole network; a map that is added is quantised only where it has a quantiser of its own.

    Args:
        graph: with float parameters.
        images: normalised, float32 (n, c, h, w).

    Returns:
        float32 (n, classes).
    """
    if graph.image_norm is not None:
        images = _batch_norm(graph.image_norm, images)
    maps = {IMAGE: images}
    for stage in graph.stages:
        if stage.copy is not None:
            maps[stage.name] = stage.copy.apply(maps[stage.sources[0].name])
            continue
        x = _activations(stage, [_quantised(term, term.read(maps)) for term in _terms(stage)])
        maps[stage.name] = functional.max_pool2d(x, 2) if stage.pool else x
    x = maps[graph.stages[-1].name].flatten(1)
    for _, linear in graph.tail:
        x = torch.relu(x) if linear is None else _linear(linear, x)
    return x


@torch.no_grad()
def float_codes(stage: Stage, *maps: Tensor) -> Tensor:
    """Integer codes of what a stage reads to the next quantiser's codes before pooling.

    Args:
        stage: one with float parameters.
        maps: for each of its sources (n, c, h, w).

    Returns:
        int64 (n, oc, oh, ow).
    """
    assert stage.following is not None
    read = {source.name: codes for source, codes in zip(stage.sources, maps, strict=True)}
    inputs = [_dequantised(term, term.read(read)) for term in _terms(stage)]
    return _trainable(stage.following).input_codes(_activations(stage, inputs))


def _quantised(term: Term, x: Tensor) -> Tensor:
    return x if term.module is None else _trainable(term.module).quantised_input(x)


def _dequantised(term: Term, codes: Tensor) -> Tensor:
    if term.module is not None:
        return _trainable(term.module).dequantised(codes)
    return dequantise(codes.float(), term.exact.alpha.float(), term.exact.levels)


def _activations(stage: Stage, inputs: Sequence[Tensor]) -> Tensor:
    """Dequantised inputs of a stage's terms to the values after ReLU and before pooling, float32."""
    terms = _terms(stage)
    values = [_term(term, x) for term, x in zip(terms, inputs, strict=True)]
    z = sum(values[1:], values[0])
    if stage.sum_norm is not None:
        z = _batch_norm(stage.sum_norm, z)
    return torch.relu(z) if stage.relu else z


def _terms(stage: Stage) -> tuple[Term, ...]:
    """Raises NetworkError for a layer out of a network file, which holds no float parameters."""
    if not stage.terms:
        raise NetworkError("a network file has no float forward: take the checkpoint that it was made from")
    return stage.terms


def _term(term: Term, x: Tensor) -> Tensor:
    """A term's value of its dequantised input."""
    if term.module is None or term.mapped:
        z = x
    else:
        module = _trainable(term.module)
        assert not isinstance(module, QuantIdentity)
        flat = isinstance(module, QuantLinear)
        z = module.ordinary(x.flatten(1))[:, :, None, None] if flat else module.ordinary(x)
    return z if term.norm is None else _batch_norm(term.norm, z)


def _batch_norm(norm: Norm, y: Tensor) -> Tensor:
    if isinstance(norm, ExactBatchNorm2d):  # folded from two
        return y * norm.scale.float().view(-1, 1, 1) + norm.shift.float().view(-1, 1, 1)
    return functional.batch_norm(y, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)


def _linear(linear: Classifier, x: Tensor) -> Tensor:
    assert isinstance(linear, Linear)
    return functional.linear(x, linear.weight, linear.bias)


def _trainable(layer: Layer) -> Trainable:
    """Raises NetworkError for a layer out of a network file, which holds no float parameters."""
    if not isinstance(layer, Trainable):
        raise NetworkError("a network file has no float forward: take the checkpoint that it was made from")
    return layer
