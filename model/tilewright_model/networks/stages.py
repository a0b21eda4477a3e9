"""The layers of a network as the integer network runs them, and one clear error for what it cannot run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLinear
from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.networks.resnet20 import BasicBlock

Layer = QuantConv2d | QuantAvgPool2d | ExactConv2d | ExactAverage
Norm = BatchNorm2d | ExactBatchNorm2d
Classifier = Linear | ExactLinear
SKIPPED = (nn.Identity, nn.Dropout, nn.Dropout2d)


@dataclass(frozen=True)
class Stage:
    """A layer, and what follows it up to the next quantiser; ``exact`` and the methods give the reference.

    Attributes:
        name: of the layer.
        layer: the network's own module, as the others are.
        norm: batch-norm behind it.
        relu, pool: whether there are ReLU and max-pooling.
        following: the layer that has the next quantiser; None: this is the last.
    """

    name: str
    layer: Layer
    norm: Norm | None = None
    relu: bool = False
    pool: bool = False
    following: Layer | None = None

    @property
    def exact(self) -> ExactConv2d | ExactAverage:
        """The layer's reference."""
        return self.layer.exact()

    def activations(self, accumulators: Tensor) -> Tensor:
        """Accumulators (n, oc, h, w), any integers, to z after ReLU, before pooling: float64, same shape."""
        z = self.exact.scaled(accumulators.double())
        if self.norm is not None:
            z = self.norm.exact()(z)
        return torch.relu(z) if self.relu else z

    def codes(self, accumulators: Tensor) -> Tensor:
        """Accumulators (n, oc, h, w) to the next layer's input codes before pooling: float64 integers, same shape."""
        assert self.following is not None
        return self.following.exact().codes(self.activations(accumulators))


@dataclass(frozen=True)
class Graph:
    """The stages in order, and the classifier's linear layers by name, a ReLU being None."""

    stages: list[Stage]
    tail: list[tuple[str, Classifier | None]]


def build_graph(model: nn.Module) -> Graph:
    """The graph of a network.

    Args:
        model: a module with ``features`` (nn.Sequential) and ``classifier`` (Linear, or nn.Sequential with ReLU).

    Raises:
        NetworkError: the network file does not cover it; names the module and the reason.
    """
    _check_residuals(model)
    features, classifier = getattr(model, "features", None), getattr(model, "classifier", None)
    if not isinstance(features, nn.Sequential) or not isinstance(classifier, nn.Module):
        raise NetworkError(
            f"{type(model).__name__} has no `features` (nn.Sequential) and `classifier`: a network file holds layers "
            "in a row and a classifier"
        )
    stages = list(_stages(features))
    if not stages:
        raise NetworkError("features holds no quantised convolution: there is nothing for the hardware to run")
    stages = [replace(a, following=b.layer) for a, b in pairwise(stages)] + stages[-1:]
    for number, stage in enumerate(stages):
        _check_stage(stage, first=number == 0)
        if any(stage.layer is other.layer for other in stages[:number]):
            raise refusal(stage.name, stage.layer, "stands there twice: give every step a layer of its own")
    return Graph(stages, list(_tail(classifier)))


def _check_residuals(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, BasicBlock):
            reason = (
                "adds its input to its result: the hardware has no residual addition yet, nor a first convolution in "
                "float (conv1)"
            )
            raise refusal(name, module, reason)


def _stages(features: nn.Sequential) -> Iterator[Stage]:
    stage: Stage | None = None
    for name, module in _children("features", features):
        if isinstance(module, SKIPPED) or _is_identity(module):
            continue
        if isinstance(module, Layer):
            if stage:
                yield stage
            stage = Stage(name, module)
        elif stage is None:
            raise refusal(name, module, "comes before the first quantised convolution")
        else:
            stage = _extended(stage, name, module)
    if stage:
        yield stage


def _children(parent: str, sequence: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    """Name and module of every step; ``named_children`` would leave out a ReLU or pooling that stands there twice."""
    for child, module in zip(sequence._modules, sequence, strict=True):
        yield f"{parent}.{child}", module


def _is_identity(module: nn.Module) -> bool:
    """Average pooling with a window of 1, as the notebook's last module."""
    return isinstance(module, nn.AvgPool2d) and (module.kernel_size, module.stride, module.padding) in (
        (1, 1, 0),
        ((1, 1), (1, 1), (0, 0)),
    )


def _extended(stage: Stage, name: str, module: nn.Module) -> Stage:
    """The stage with one more module. Raises NetworkError if it may not stand there."""
    if isinstance(module, Norm):
        if stage.norm or stage.relu or stage.pool:
            raise refusal(name, module, f"must follow its convolution at once, and once only, after {stage.name}")
        return replace(stage, norm=module)
    if isinstance(module, nn.ReLU):
        if stage.relu or stage.pool:
            raise refusal(name, module, f"must come before max-pooling, and once only, after {stage.name}")
        return replace(stage, relu=True)
    if isinstance(module, nn.MaxPool2d):
        if stage.pool or not stage.relu:
            raise refusal(name, module, f"must follow a ReLU, and once only, after {stage.name}")
        _check_pool(name, module)
        return replace(stage, pool=True)
    raise refusal(name, module, _reason(module))


def _reason(module: nn.Module) -> str:
    if isinstance(module, nn.AvgPool2d):
        return "averages values that no quantiser has made codes: use QuantAvgPool2d"
    if isinstance(module, nn.BatchNorm2d):
        return "evaluates in float32: use tilewright_model.layers.plain.BatchNorm2d"
    if isinstance(module, nn.Conv2d):
        return "is not quantised: use QuantConv2d"
    return (
        "is none of QuantConv2d, BatchNorm2d, ReLU, MaxPool2d(2, 2), QuantAvgPool2d in a row; residuals and other "
        "layers are not covered"
    )


def _check_pool(name: str, pool: nn.MaxPool2d) -> None:
    settings = [pool.kernel_size, pool.stride, pool.padding, pool.dilation]
    wanted = [2, 2, 0, 1]
    pairs = [value if isinstance(value, tuple) else (value, value) for value in settings]
    if pairs != [(value, value) for value in wanted] or pool.ceil_mode or pool.return_indices:
        raise refusal(name, pool, "is not MaxPool2d(2, 2) without padding, dilation and ceil_mode")


def _check_stage(stage: Stage, first: bool) -> None:
    name, layer = stage.name, stage.layer
    if isinstance(layer, QuantAvgPool2d | ExactAverage):
        if first:
            raise refusal(name, layer, "is the first layer: it averages codes, not the image")
        if stage.norm or stage.relu:
            raise refusal(name, layer, "must be followed by a quantised layer or the classifier at once")
    elif stage.following is not None and not stage.relu:
        raise refusal(name, layer, "has no ReLU before the next quantiser: its codes would be signed")


def _tail(classifier: nn.Module) -> Iterator[tuple[str, Classifier | None]]:
    modules = {"classifier": classifier}
    if isinstance(classifier, nn.Sequential):
        modules = dict(_children("classifier", classifier))
    for name, module in modules.items():
        if isinstance(module, nn.ReLU):
            yield name, None
        elif isinstance(module, Classifier):
            yield name, module
        elif isinstance(module, nn.Linear):
            raise refusal(name, module, "sums in any order: use tilewright_model.layers.plain.Linear")
        elif not isinstance(module, SKIPPED):
            raise refusal(name, module, "is neither Linear nor ReLU")


def refusal(name: str, module: nn.Module, reason: str) -> NetworkError:
    """The error for a module that the network file does not cover."""
    return NetworkError(f"{name} ({type(module).__name__}) {reason}; docs/network_format.md lists what is covered")
