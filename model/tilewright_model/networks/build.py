"""What a traced network computes, call by call, as values; its layers become stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torch import fx, nn

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactIdentity, ExactLinear
from tilewright_model.layers.plain import BatchNorm1d, BatchNorm2d, Linear
from tilewright_model.layers.quantised import (
    QuantAvgPool2d,
    QuantConv2d,
    QuantIdentity,
    QuantLinear,
)
from tilewright_model.networks.emission import Emitter, map_term
from tilewright_model.networks.rules import (
    average_alone,
    flattened,
    folded,
    is_identity,
    linear,
    maxima,
    output_size,
    own_quantiser,
    reason,
    relued,
    repeated,
    sum_name,
)
from tilewright_model.networks.stage import Graph, Layer, Norm, Term, refusal
from tilewright_model.networks.trace import name_of
from tilewright_model.networks.values import (
    Copied,
    Flat,
    Image,
    Joined,
    Quantised,
    Scores,
    Size,
    Sum,
    Value,
    every,
    joined,
    sliced,
)

LAYERS = (QuantConv2d, QuantLinear, QuantAvgPool2d, ExactConv2d, ExactAverage)
NORMS = (BatchNorm2d, BatchNorm1d, ExactBatchNorm2d)
SKIPPED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d)
#: a number that a module takes from a tensor's shape
UNKNOWN = object()


class Builder:
    """Reads a graph of calls.

    Args:
        model: the module that was traced.
        size: height and width of the images; None: not known.
    """

    def __init__(self, model: nn.Module, size: Size) -> None:
        self.modules = dict(model.named_modules(remove_duplicate=False))
        self.size, self.emitter = size, Emitter()
        self.values: dict[fx.Node, Any] = {}
        self.seen: set[int] = set()
        self.readers: list[tuple[fx.Node, Layer]] = []

    def build(self, graph: fx.Graph) -> Graph:
        """The stages of all that the graph's result needs."""
        result: Any = None
        for node in graph.nodes:
            module = self.modules.get(str(node.target)) if node.op == "call_module" else None
            if isinstance(module, (*LAYERS, QuantIdentity)) and isinstance(node.args[0], fx.Node):
                self.readers.append((node.args[0], module))
        for node in graph.nodes:
            if node.op == "placeholder":
                self.values[node] = Image("image", None, self.size)
            elif node.op == "output":
                result = self._resolved(node.args[0])
            else:
                self.values[node] = self._call(node)
        tail = self._finish(result)
        image = self.emitter.image
        return Graph(self.emitter.stages, tail, image.norm if image else None)

    def _resolved(self, argument: Any) -> Any:
        return fx.node.map_arg(argument, lambda node: self.values[node])

    def _call(self, node: fx.Node) -> Any:
        if node.op == "get_attr":
            raise refusal(str(node.target), "parameter", "is no layer: the hardware has none for it")
        if node.op == "call_module":
            name = str(node.target)
            return self._module(node, name, self.modules[name], self.values[node.args[0]])  # type: ignore[index]
        name = name_of(node, self.emitter.names)
        self.emitter.names.add(name)
        kind = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        function = FUNCTIONS.get(kind.strip("_"))
        if function is None:
            raise refusal(name, kind, OTHERS)
        return function(self, node, name, *self._resolved(node.args), **self._resolved(node.kwargs))

    def _module(self, node: fx.Node, name: str, module: nn.Module, value: Any) -> Any:
        if isinstance(module, SKIPPED) or is_identity(module):
            return value
        if isinstance(value, Image) and isinstance(module, nn.ReLU | nn.MaxPool2d | nn.Upsample):
            raise refusal(name, module, "comes before the first quantised convolution")
        for kinds, read in MODULES:
            if isinstance(module, kinds):
                return read(self, node, name, module, value)
        raise refusal(name, module, reason(module))

    def _quantised(self, node: fx.Node, name: str, module: Any, value: Value) -> Value:
        del node
        return Quantised(name, value.channels, value.size, value, module)

    def _flattened(self, node: fx.Node, name: str, module: nn.Flatten, value: Any) -> Any:
        return self.flatten(node, name, value, module.start_dim, module.end_dim)

    def _upsampled(self, node: fx.Node, name: str, module: nn.Upsample, value: Any) -> Value:
        return self.interpolate(node, name, value, module.size, module.scale_factor, module.mode)

    def _relu_module(self, node: fx.Node, name: str, module: nn.ReLU, value: Any) -> Any:
        del module
        return self.relu(node, name, value)

    def _layer(self, node: fx.Node, name: str, module: Any, value: Value) -> Sum:
        del node
        if id(module) in self.seen:
            raise refusal(name, module, "stands there twice: give every step a layer of its own")
        self.seen.add(id(module))
        exact = module.exact()
        assert isinstance(exact, ExactConv2d | ExactAverage)
        if isinstance(module, QuantLinear) and isinstance(value, Flat):
            value = value.value
        if isinstance(value, Image):
            if isinstance(exact, ExactAverage):
                raise refusal(name, module, "is the first layer: it averages codes, not the image")
            value = self._image(value, exact, isinstance(module, QuantLinear))
        if isinstance(module, QuantLinear):
            assert isinstance(exact, ExactConv2d)
            exact = flattened(name, exact, value)
        elif getattr(module, "bias", None) is not None:
            raise refusal(name, module, "has a bias: put a batch-norm behind it")
        channels = value.channels or 0
        expected = exact.in_channels if isinstance(exact, ExactConv2d) else channels
        if expected != channels:
            raise NetworkError(f"layer {name} has {expected} input channels, it gets {channels}")
        pieces = self.emitter.codes(value, module)
        apart = isinstance(exact, ExactAverage) or exact.groups > 1 or any(piece.stride > 1 for piece in pieces)
        if apart and not isinstance(value, Image):
            pieces = self.emitter.whole(value, module)
        outputs = len(exact.weights) if isinstance(exact, ExactConv2d) else channels
        term = Term(name, module, exact, pieces, channels)
        return Sum(name, outputs, output_size(exact, value.size), (term,))

    def _image(self, value: Image, exact: ExactConv2d, flat: bool) -> Image:
        """The image with the channels that its first layer takes."""
        if not flat:
            image = replace(value, channels=exact.in_channels)
        else:
            height, width = value.size or (1, 1)
            image = replace(value, channels=exact.in_channels // (height * width))
        self.emitter.image = image
        return image

    def _norm(self, node: fx.Node, name: str, module: Norm, value: Any) -> Value:
        if isinstance(value, Image) and value.norm is None and not self.emitter.stages:
            return replace(value, norm=module)
        if not isinstance(value, Sum):
            raise refusal(name, module, "must follow its convolution at once: it cannot be folded into another")
        (first, *others) = value.terms
        if isinstance(first.exact, ExactAverage) and not others:
            raise average_alone(value)
        if not value.extended and not others and first.norm is None:
            return replace(value, terms=(replace(first, norm=module),))
        if not value.extended and all(term.norm is None for term in value.terms):
            return replace(value, norm=module)
        return folded(node, name, module, value, self.modules)

    def relu(self, node: fx.Node, name: str, value: Any, *_: Any, **__: Any) -> Any:
        """max(x, 0) of a value, of maps side by side, or of the classifier's scores."""
        if isinstance(value, Scores):
            return replace(value, steps=(*value.steps, (name, None)))
        if isinstance(value, Sum):
            (first, *others) = value.terms
            if isinstance(first.exact, ExactAverage) and not others:
                raise average_alone(value)
            if value.relu:
                kind = self.modules.get(str(node.target), "relu")
                raise refusal(name, kind, f"must come before max-pooling, and once only, after {value.name}")
        return relued(value)

    def _max(self, node: fx.Node, name: str, module: nn.MaxPool2d, value: Any) -> Value:
        settings = (module.kernel_size, module.stride, module.padding, module.dilation)
        pairs = [setting if isinstance(setting, tuple) else (setting, setting) for setting in settings]
        even = all(a == b for a, b in pairs) and not module.ceil_mode and not module.return_indices
        return self._maximum(node, name, module, value, tuple(a for a, _ in pairs) if even else ())

    def max_pool2d(
        self, node: fx.Node, name: str, value: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, **more: Any
    ) -> Value:
        """torch.nn.functional.max_pool2d."""
        module = nn.MaxPool2d(kernel_size, stride, padding, **more)
        return self._max(node, name, module, value)

    def _maximum(self, node: fx.Node, name: str, module: nn.Module, value: Any, settings: tuple[int, ...]) -> Value:
        if isinstance(value, Sum) and not value.positive:
            raise refusal(name, module, f"must follow a ReLU, and once only, after {value.name}")
        alone = isinstance(value, Sum) and value.relu and not value.pool and len(node.args[0].users) == 1  # type: ignore[union-attr]
        if settings == (2, 2, 0, 1) and alone:
            size = None if value.size is None else (value.size[0] // 2, value.size[1] // 2)
            pooled: Value = replace(value, pool=True, size=size)
            return pooled
        return maxima(name, module, value, settings)

    def interpolate(
        self,
        node: fx.Node,
        name: str,
        value: Any,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        **_: Any,
    ) -> Value:
        """torch.nn.functional.interpolate, to twice the size by the nearest position."""
        del node
        factors = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor, scale_factor)
        if size is not None or any(factor != 2 for factor in factors) or mode not in ("nearest", "nearest-exact"):
            raise refusal(name, "Upsample", "is not of scale_factor 2 and mode nearest")
        return repeated(name, value)

    def add(self, node: fx.Node, name: str, a: Any, b: Any, **_: Any) -> Value:
        """A sum of two values."""
        if not isinstance(a, Value) or not isinstance(b, Value):
            raise refusal(name, "add", "adds a number or a parameter: put it into a batch-norm")
        if (
            isinstance(a, Flat)
            or isinstance(b, Flat)
            or a.channels != b.channels
            or (a.size and b.size and a.size != b.size)
        ):
            raise refusal(name, "add", f"adds maps of different shapes, {a.channels} and {b.channels} channels")
        terms = tuple(term for value in (a, b) for term in self._terms(name, value))
        return Sum(sum_name(name, terms), a.channels, a.size or b.size, terms)

    def _terms(self, name: str, value: Value) -> Sequence[Term]:
        if isinstance(value, Sum) and not value.extended:
            return value.terms
        quantiser = self._quantiser(value)
        if quantiser is None:
            raise refusal(
                name, "add", f"adds the map of {value.name}, which no quantiser makes codes: put a QuantIdentity there"
            )
        pieces = self.emitter.codes(value, quantiser)
        return (map_term(value, quantiser, pieces),)

    def _quantiser(self, value: Value) -> Layer | None:
        """A value's own quantiser, else that of the next layer that reads it, or what it is a part of."""
        own = own_quantiser(value)
        if own is not None:
            return own
        for argument, layer in self.readers:
            if self.values.get(argument) is value:
                return layer
        inner = [value.value] if isinstance(value, Copied) else []
        inner += [part.value for part in value.parts] if isinstance(value, Joined) else []
        return next((found for each in inner if (found := self._quantiser(each))), None)

    def cat(self, node: fx.Node, name: str, tensors: Any, dim: int = 0, **more: Any) -> Value:
        """Maps side by side."""
        del node
        if more.get("axis", dim) != 1 or not all(isinstance(value, Value) and value.channels for value in tensors):
            raise refusal(name, "cat", "is not of maps side by side (dim=1)")
        sizes = {value.size for value in tensors if value.size}
        if len(sizes) > 1:
            raise refusal(name, "cat", f"is of maps of different sizes, {', '.join(map(str, sorted(sizes)))}")
        return joined(name, list(tensors))

    def getitem(self, node: fx.Node, name: str, value: Any, index: Any) -> Any:
        """Channels, or every second row and column, of a map; an item of a tuple."""
        del node
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, tuple):
            return value[index]
        index = index if isinstance(index, tuple) else (index,)
        if not isinstance(value, Value) or not value.channels or not all(isinstance(each, slice) for each in index):
            raise refusal(name, "getitem", "is no slice of a map")
        padded: list[slice] = list(index) + [slice(None)] * (4 - len(index))
        batch, channels, *rest = padded
        steps = {each.step or 1 for each in rest}
        whole = all((each.start or 0, each.stop) == (0, None) for each in (batch, *rest)) and not batch.step
        if not whole or len(steps) > 1 or steps - {1, 2} or (channels.step or 1) != 1:
            raise refusal(name, "getitem", "takes other than some channels, or every second row and column")
        first, last, _ = channels.indices(value.channels)
        cut = value if (first, last) == (0, value.channels) else sliced(name, value, first, last - first)
        (step,) = steps
        return cut if step == 1 else every(name, cut, step)

    def chunk(self, node: fx.Node, name: str, value: Any, chunks: int, dim: int = 0) -> tuple[Value, ...]:
        """Channels in so many parts."""
        return self.split(node, name, value, -(-(value.channels or 0) // chunks), dim)

    def split(self, node: fx.Node, name: str, value: Any, sizes: Any, dim: int = 0) -> tuple[Value, ...]:
        """Channels in parts of a size, or of sizes."""
        del node
        if dim != 1 or not isinstance(value, Value) or not value.channels:
            raise refusal(name, "split", "is not of a map's channels (dim=1)")
        if isinstance(sizes, int):
            sizes = [min(sizes, value.channels - first) for first in range(0, value.channels, sizes)]
        return tuple(sliced(name, value, sum(sizes[:number]), count) for number, count in enumerate(sizes))

    def pad(
        self, node: fx.Node, name: str, x: Any, /, pad: Sequence[int], mode: str = "constant", value: Any = 0
    ) -> Value:
        """Channels of 0 before and after a map's."""
        del node
        borders = [*list(pad), *[0] * (6 - len(pad))]
        if mode != "constant" or value or any(borders[:4]) or min(borders) < 0 or not isinstance(x, Value):
            raise refusal(name, "pad", "pads other than channels with 0: padding belongs to the convolution")
        return joined(name, [x], int(borders[4]), int(borders[5]))

    def flatten(self, node: fx.Node, name: str, value: Any, start: int = 0, end: int = -1) -> Any:
        """(n, c, h, w) to (n, c * h * w)."""
        del node
        if (start, end) != (1, -1):
            raise refusal(name, "flatten", "does not keep the images and flatten all else (start_dim=1)")
        return value if isinstance(value, Flat | Scores) else Flat(name, None, (1, 1), value)

    def reshape(self, node: fx.Node, name: str, value: Any, *shape: Any) -> Any:
        """``x.view(len(x), -1)``."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        if len(sizes) != 2 or (sizes[1] != -1 and sizes[0] != -1):
            raise refusal(name, "reshape", "is other than x.view(len(x), -1)")
        return self.flatten(node, name, value, 1)

    def dropout(self, node: fx.Node, name: str, value: Any, *_: Any, **__: Any) -> Any:
        """Nothing: in evaluation mode it passes all."""
        del node, name
        return value

    def shape(self, node: fx.Node, name: str, value: Any, *_: Any) -> Any:
        """A number of a tensor's shape, which only ``view`` takes."""
        del node, name, value
        return UNKNOWN

    def _finish(self, result: Any) -> list[tuple[str, Any]]:
        if isinstance(result, Scores):
            value, steps = result.value.value, list(result.steps)
        else:
            value, steps = result.value if isinstance(result, Flat) else result, []
        if isinstance(value, Image) or not isinstance(value, Value):
            raise NetworkError("there is no quantised convolution: there is nothing for the hardware to run")
        if not isinstance(value, Sum):
            quantiser = own_quantiser(value)
            if quantiser is None:
                raise refusal(
                    value.name, type(value).__name__, "is not followed by a quantised layer: nothing sums its map"
                )
            term = map_term(value, quantiser, self.emitter.codes(value, quantiser))
            value = Sum(f"{value.name}.map", value.channels, value.size, (term,))
        self.emitter.last(value)
        return steps


Function = Callable[..., Any]
Kinds = tuple[type[nn.Module], ...]
MODULES: tuple[tuple[Kinds, Function], ...] = (
    (LAYERS, Builder._layer),
    ((Linear, ExactLinear), lambda _, __, name, module, value: linear(name, module, value)),
    (NORMS, Builder._norm),
    ((QuantIdentity, ExactIdentity), Builder._quantised),
    ((nn.Flatten,), Builder._flattened),
    ((nn.ReLU,), Builder._relu_module),
    ((nn.MaxPool2d,), Builder._max),
    ((nn.Upsample,), Builder._upsampled),
)
FUNCTIONS: dict[str, Function] = {
    "relu": Builder.relu,
    "add": Builder.add,
    "iadd": Builder.add,
    "cat": Builder.cat,
    "concat": Builder.cat,
    "concatenate": Builder.cat,
    "getitem": Builder.getitem,
    "chunk": Builder.chunk,
    "split": Builder.split,
    "pad": Builder.pad,
    "flatten": Builder.flatten,
    "view": Builder.reshape,
    "reshape": Builder.reshape,
    "max_pool2d": Builder.max_pool2d,
    "boolean_dispatch": Builder.max_pool2d,
    "interpolate": Builder.interpolate,
    "dropout": Builder.dropout,
    "size": Builder.shape,
    "getattr": Builder.shape,
    "len": Builder.shape,
}
OTHERS = "is none of the functions that the hardware has"
