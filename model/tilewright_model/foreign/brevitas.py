"""A Brevitas model as the reference that the network file is written from. docs/brevitas.md says what is covered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from tilewright.errors import NetworkError
from tilewright_model.checkpoints.keys import shortened
from tilewright_model.data import pixels as image
from tilewright_model.errors import ModelError
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
from tilewright_model.foreign.graph import ImportedGraph, NotARowError, import_graph, traced_graph
from tilewright_model.layers.plain import BatchNorm2d

#: where a model goes that is no row of modules, though what it computes may be a row
QONNX_WAY = (
    "where it computes a row all the same, `brevitas.export.export_qonnx` writes what it computes, and `python -m "
    "tilewright_model import-qonnx` reads that"
)
#: lower and upper neighbours of a code at which a quantiser is tried, as parts of a step
PROBES = (-0.25, 0.0, 0.25)


@dataclass(frozen=True)
class Leaf:
    """A module of the row.

    Attributes:
        name: in the model.
        module: itself.
        input: in the model's own forward, a tensor or Brevitas' QuantTensor.
    """

    name: str
    module: nn.Module
    input: Any = None

    @property
    def kind(self) -> str:
        """The module's type."""
        return type(self.module).__name__

    def refused(self, reason: str) -> NetworkError:
        """The error for this module."""
        return refusal(Operation(self.name, self.kind), reason)


def from_brevitas(
    model: nn.Module, image_size: tuple[int, int, int], normalise: Normalise = image.normalise
) -> ImportedNetwork | ImportedGraph:
    """The reference of a model whose modules stand in a row, or whose forward torch.fx can trace.

    Args:
        model: nn.Sequential, a module with `features` and `classifier`, or another that calls Brevitas' modules, adds
            maps and puts them side by side; it is left as it was.
        image_size: channels, height and width.
        normalise: uint8 (n, c, h, w) to the float values that the model takes, pixel by pixel; default: CIFAR-10's.

    Returns:
        The network, in evaluation mode and on the CPU.

    Raises:
        NetworkError: docs/brevitas.md does not list a module, or the model's forward does more than it says; names the
            module and the reason, and the way by QONNX.
        ModelError: Brevitas is missing.
    """
    qnn = brevitas_nn()
    with evaluation(model):
        try:
            leaves = traced(model, image_size, normalise)
        except NotARowError as row_error:
            return _graph(qnn, model, image_size, normalise, row_error)
        steps = [step for leaf in leaves for step in _steps(qnn, leaf)]
    return assemble(steps, image_size, normalise)


def _graph(
    qnn: ModuleType, model: nn.Module, image_size: tuple[int, int, int], normalise: Normalise, row_error: NotARowError
) -> ImportedGraph:
    """The model as a graph. Raises NetworkError, with why it is no row, where it is none."""
    inputs: dict[nn.Module, Any] = {}

    def keep(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        inputs.setdefault(module, arguments[0] if arguments else None)

    handles = [module.register_forward_pre_hook(keep) for module in model.modules()]
    try:
        model(_random_images(model, image_size, normalise))
    except (RuntimeError, ValueError, TypeError) as error:
        raise NetworkError(f"{row_error}; as a graph: its forward fails, {error}") from error
    finally:
        for handle in handles:
            handle.remove()

    def steps(name: str, module: nn.Module) -> Iterator[Operation]:
        return _steps(qnn, Leaf(name, module, inputs.get(module)))

    try:
        values = pixel_values(normalise, image_size[0])
        return import_graph(model, traced_graph(model), steps, image_size, values)
    except NetworkError as error:
        raise NetworkError(f"{row_error}; as a graph: {error}") from error


def brevitas_nn() -> ModuleType:
    """`brevitas.nn`.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return import_module("brevitas.nn")
    except ImportError as error:
        raise ModelError(f"Brevitas is missing ({error}): pip install 'tilewright[brevitas]'") from error


@contextmanager
def evaluation(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode and without gradients; every module gets its mode back."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def row(model: nn.Module) -> list[Leaf]:
    """The modules in order, sequences opened.

    Args:
        model: nn.Sequential, or a module with `features` and `classifier`.

    Raises:
        NetworkError: it is neither.
    """
    if isinstance(model, nn.Sequential):
        return list(_leaves("", model))
    parts = {name: getattr(model, name, None) for name in ("features", "classifier")}
    if not all(isinstance(part, nn.Module) for part in parts.values()):
        raise NotARowError(
            f"{type(model).__name__} is neither nn.Sequential nor has `features` and `classifier`: what can be taken "
            f"over is a row of modules; {QONNX_WAY}"
        )
    return [leaf for name, part in parts.items() if part is not None for leaf in _leaves(name, part)]


def _leaves(name: str, module: nn.Module) -> Iterator[Leaf]:
    if type(module) is not nn.Sequential:
        yield Leaf(name, module)
        return
    for child, part in module._modules.items():
        assert part is not None
        yield from _leaves(f"{name}.{child}" if name else child, part)


def _check_hooks(model: nn.Module) -> None:
    hooked = [
        name
        for name, module in model.named_modules()
        if (module._forward_hooks or module._forward_pre_hooks) and not isinstance(module, LazyModuleMixin)
    ]
    if hooked:
        raise NetworkError(f"{shortened(hooked)} have forward hooks, which the integers would not have: remove them")


def traced(model: nn.Module, image_size: tuple[int, int, int], normalise: Normalise) -> list[Leaf]:
    """The row with the modules' inputs for random pixels.

    Args:
        model: in evaluation mode.
        image_size: channels, height and width.
        normalise: uint8 (n, c, h, w) to float of that shape, pixel by pixel.

    Returns:
        The modules in order.

    Raises:
        NetworkError: a module has hooks, values are not finite, or the model's forward does anything but call the
            modules in order, each with the output of the one before (flattened or not).
    """
    leaves, calls = row(model), list[tuple[nn.Module, Any, Any]]()
    _check_hooks(model)
    images = _random_images(model, image_size, normalise)

    def keep(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        calls.append((module, arguments[0], output))

    handles = [module.register_forward_hook(keep) for module in {leaf.module for leaf in leaves}]
    try:
        result = model(images)
    except (RuntimeError, ValueError) as error:
        raise NetworkError(f"the model does not take images of {image_size}: {error}") from error
    finally:
        for handle in handles:
            handle.remove()
    names = [leaf.name for leaf in leaves]
    for place, (leaf, call) in enumerate(zip(leaves, calls, strict=False)):
        if leaf.module is not call[0]:
            raise NotARowError(
                f"the model's forward does not call {leaf.name} in its turn, after {names[:place][-1:]}; {QONNX_WAY}"
            )
    if len(calls) != len(leaves):
        raise NotARowError(
            f"the model's forward makes {len(calls)} calls of the {len(leaves)} modules in its row; {QONNX_WAY}"
        )
    passed = [images, *(output for _, _, output in calls)]
    taken = [*(argument for _, argument, _ in calls), result]
    for name, before, after in zip([*names, "the result"], passed, taken, strict=True):
        if not value(after).isfinite().all():
            raise NetworkError(f"the model has values before {name} that are not finite: has its training diverged?")
        if not torch.equal(value(before).flatten(1), value(after).flatten(1)):
            raise NotARowError(
                f"the model's forward computes something before {name} that is no module of its row, a residual or a "
                f"function: docs/brevitas.md lists what is covered; {QONNX_WAY}"
            )
    return [Leaf(leaf.name, leaf.module, call[1]) for leaf, call in zip(leaves, calls, strict=True)]


def _random_images(model: nn.Module, image_size: tuple[int, int, int], normalise: Normalise) -> Tensor:
    values = pixel_values(normalise, image_size[0])
    pixels = torch.randint(0, 256, (2, *image_size), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    parameter = next(model.parameters(), torch.zeros(()))
    return image.look_up(values, pixels).to(parameter)


def value(tensor: Any) -> Tensor:
    """The values of a tensor or of Brevitas' QuantTensor."""
    plain = getattr(tensor, "value", tensor)
    assert isinstance(plain, Tensor)
    return plain


def _steps(qnn: ModuleType, leaf: Leaf) -> Iterator[Operation]:
    """What a module does, as steps. Exact types only: a subclass may compute something else."""
    readers: dict[type[nn.Module], Callable[[Leaf], Iterator[Operation]]] = {
        qnn.QuantConv2d: _convolution,
        qnn.QuantIdentity: _identity,
        qnn.QuantReLU: _relu,
        qnn.QuantLinear: _quantised_linear,
        nn.Linear: _linear,
        nn.ReLU: lambda leaf: iter([Relu(leaf.name, leaf.kind)]),
        nn.BatchNorm2d: _batch_norm,
        nn.MaxPool2d: _max_pool,
        nn.AvgPool2d: _average,
        nn.AdaptiveAvgPool2d: _global_average,
        nn.Flatten: _flatten,
        qnn.QuantEltwiseAdd: _addition,
        **dict.fromkeys((nn.Identity, nn.Dropout, nn.Dropout2d), lambda leaf: iter(())),
    }
    if type(leaf.module) not in readers:
        raise leaf.refused(_REASONS.get(leaf.kind, f"is none of the modules that can be taken over; {QONNX_WAY}"))
    yield from readers[type(leaf.module)](leaf)


_REASONS = {
    "Conv2d": "is not quantised: use qnn.QuantConv2d",
    "TruncAvgPool2d": "cuts its averages to codes by a shift, which the format's quantiser does not do: use "
    "nn.AvgPool2d and, before another convolution, QuantIdentity",
    "TruncAdaptiveAvgPool2d": "cuts its averages to codes by a shift, which the format's quantiser does not do: use "
    "nn.AdaptiveAvgPool2d(1) and, before another convolution, QuantIdentity",
    "BatchNorm2dToQuantScaleBias": "quantises batch-norm's constants: use nn.BatchNorm2d",
}


def _convolution(leaf: Leaf) -> Iterator[Operation]:
    layer: Any = leaf.module
    if layer.padding_mode != "zeros":
        raise leaf.refused("has a padding other than zeros")
    if isinstance(layer.padding, str):
        raise leaf.refused(f"has padding {layer.padding!r}: give its number")
    yield from _quantiser(leaf, "input_quant")
    weight = _quantised_weight(leaf)
    codes, scale = torch.round(weight.value / weight.scale), weight.scale
    if not torch.equal(codes * scale, weight.value) or bool(weight.zero_point.any()):
        raise leaf.refused("has weights that are not codes times a scale with zero point 0")
    if scale.numel() > 1 and tuple(scale.shape) != (len(codes), 1, 1, 1):
        raise leaf.refused(f"has weight scales of shape {tuple(scale.shape)}: one for all or one a channel is covered")
    yield Convolution(
        leaf.name,
        leaf.kind,
        codes.cpu().to(torch.int8),
        round(float(weight.bit_width)),
        scale.cpu().double().flatten(),
        _bias(leaf, weight),
        tuple(layer.stride),
        tuple(layer.padding),
        tuple(layer.dilation),
        layer.groups,
    )
    yield from _quantiser(leaf, "output_quant")


def _quantised_weight(leaf: Leaf) -> Any:
    """The weights as the forward uses them. Raises NetworkError unless they are Brevitas' IntQuantTensor."""
    from brevitas.quant_tensor import IntQuantTensor

    layer: Any = leaf.module
    weight = layer.quant_weight(layer.input_quant(leaf.input))
    if not isinstance(weight, IntQuantTensor):
        raise leaf.refused("has weights that are not quantised to integers: use Int8WeightPerTensorFloat or the like")
    return weight


def _bias(leaf: Leaf, weight: Any) -> Tensor | None:
    """The bias as the forward uses it, quantised or not: float64 (oc,)."""
    layer: Any = leaf.module
    if layer.bias is None:
        return None
    return value(layer.bias_quant(layer.bias, layer.input_quant(leaf.input), weight)).cpu().double()


def _addition(leaf: Leaf) -> Iterator[Operation]:
    """What follows the addition; the same quantiser before it must have been passed already."""
    layer: Any = leaf.module
    if layer.input_quant.is_quant_enabled:
        raise leaf.refused("quantises what it adds: give it input_quant=None, and the shortcut its own quantiser")
    return _quantiser(leaf, "output_quant")


def _identity(leaf: Leaf) -> Iterator[Operation]:
    return _quantiser(leaf, "act_quant")


def _relu(leaf: Leaf) -> Iterator[Operation]:
    yield from _quantiser(leaf, "input_quant")
    yield Relu(leaf.name, leaf.kind)
    yield from _quantiser(leaf, "act_quant")


def _quantiser(leaf: Leaf, part: str) -> Iterator[Quantiser]:
    """The quantiser that a module has as `part`, or nothing where it is off."""
    proxy: Any = getattr(leaf.module, part)
    if not proxy.is_quant_enabled:
        return
    from brevitas.proxy import ActQuantProxyFromInjector

    where = leaf if part == "act_quant" else Leaf(f"{leaf.name}.{part}", leaf.module)
    if type(proxy) is not ActQuantProxyFromInjector or proxy.rounding_mode != "ROUND":
        raise where.refused("does not round to integers, halves to even, with a scale learned or fixed")
    scale, bits = proxy.scale(), round(float(proxy.bit_width()))
    if scale.numel() != 1 or bool(proxy.zero_point().any()):
        raise where.refused("has a scale a channel or a zero point: use Uint8ActPerTensorFloat or the like")
    lowest = -(2 ** (bits - 1)) + bool(proxy.is_narrow_range) if proxy.is_signed else 0
    highest = 2 ** (bits - 1) - 1 if proxy.is_signed else 2**bits - 1 - bool(proxy.is_narrow_range)
    _probe(where, proxy, scale, (lowest, highest))
    yield Quantiser(where.name, where.kind, float(scale), lowest, highest)


def _probe(leaf: Leaf, proxy: Any, scale: Tensor, limits: tuple[int, int]) -> None:
    """Try the quantiser beside every code and beyond both ends. Raises NetworkError if it gives another code."""
    codes = torch.arange(limits[0] - 2, limits[1] + 3, device=scale.device)
    expected = codes.clamp(*limits) if leaf.kind != "QuantReLU" else codes.clamp(*limits).clamp(min=0)
    for part in PROBES:
        got = torch.round(value(proxy((codes + part) * scale)) / scale)
        if not torch.equal(got, expected.to(got)):
            raise leaf.refused(f"does not round x / scale to {limits[0]}..{limits[1]}, as its settings say")


def _quantised_linear(leaf: Leaf) -> Iterator[Operation]:
    layer: Any = leaf.module
    yield from _quantiser(leaf, "input_quant")
    weight = layer.quant_weight(layer.input_quant(leaf.input))
    bias = _bias(leaf, weight)
    yield _float_linear(leaf, value(weight), bias)
    yield from _quantiser(leaf, "output_quant")


def _linear(leaf: Leaf) -> Iterator[Operation]:
    assert isinstance(leaf.module, nn.Linear)
    yield _float_linear(leaf, leaf.module.weight, leaf.module.bias)


def _float_linear(leaf: Leaf, weight: Tensor, bias: Tensor | None) -> Linear:
    weight = weight.detach().cpu().double()
    zeros = weight.new_zeros(len(weight))
    return Linear(leaf.name, leaf.kind, weight, zeros if bias is None else bias.detach().cpu().double())


def _batch_norm(leaf: Leaf) -> Iterator[Operation]:
    norm = leaf.module
    assert isinstance(norm, nn.BatchNorm2d)
    if norm.running_mean is None:
        raise leaf.refused("takes mean and variance from the batch: use track_running_stats=True")
    ours = BatchNorm2d(norm.num_features, norm.eps)
    ours.load_state_dict(norm.state_dict(), strict=False)  # without affine, ours keeps 1 and 0
    constants = ours.exact()
    yield Norm(leaf.name, leaf.kind, constants.scale, constants.shift)


def _max_pool(leaf: Leaf) -> Iterator[Operation]:
    pool: Any = leaf.module
    settings = [_pair(size) for size in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)]
    if settings != [(2, 2), (2, 2), (0, 0), (1, 1)] or pool.ceil_mode or pool.return_indices:
        raise leaf.refused("is not MaxPool2d(2, 2) without padding, dilation and ceil_mode")
    yield Pool(leaf.name, leaf.kind)


def _average(leaf: Leaf) -> Iterator[Operation]:
    pool: Any = leaf.module
    if _pair(pool.padding) != (0, 0) or pool.ceil_mode or pool.divisor_override is not None:
        raise leaf.refused("has a padding, ceil_mode or divisor_override")
    yield Average(leaf.name, leaf.kind, _pair(pool.kernel_size), _pair(pool.stride))


def _global_average(leaf: Leaf) -> Iterator[Operation]:
    pool: Any = leaf.module
    if _pair(pool.output_size) != (1, 1):
        raise leaf.refused("gives more than one value a channel: use nn.AvgPool2d")
    yield Average(leaf.name, leaf.kind, None, None)


def _flatten(leaf: Leaf) -> Iterator[Operation]:
    flatten: Any = leaf.module
    if (flatten.start_dim, flatten.end_dim) != (1, -1):
        raise leaf.refused("is not nn.Flatten()")
    return iter(())


def _pair(size: Any) -> tuple[Any, Any]:
    return tuple(size) if isinstance(size, tuple | list) else (size, size)
