"""What may stand where in a traced network, and the values that it makes."""

from __future__ import annotations

from dataclasses import replace

from torch import fx, nn

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLinear
from tilewright_model.layers.plain import FloatConv2d, Linear
from tilewright_model.networks.stage import Copy, Layer, Norm, Term, refusal
from tilewright_model.networks.sums import changed, norm_of, weight_count
from tilewright_model.networks.values import Copied, Flat, Joined, Quantised, Scores, Size, Sum, Value

#: kernel, stride, padding and dilation of a maximum, and the stride and padding of the 2x2 maxima that it is made of
MAXIMA = {
    (2, 2, 0, 1): ((2, 0),),
    (2, 1, 0, 1): ((1, 0),),
    (2, 1, 1, 1): ((1, 1),),
    (3, 1, 0, 1): ((1, 0), (1, 0)),
    (3, 1, 1, 1): ((1, 1), (1, 0)),
    (3, 2, 0, 1): ((1, 0), (2, 0)),
    (3, 2, 1, 1): ((1, 1), (2, 0)),
}
_REASONS: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.AvgPool2d, "averages values that no quantiser has made codes: use QuantAvgPool2d"),
    (nn.AdaptiveAvgPool2d, "averages values that no quantiser has made codes: use QuantAvgPool2d"),
    (nn.BatchNorm2d, "evaluates in float32: use tilewright_model.layers.plain.BatchNorm2d"),
    (nn.BatchNorm1d, "evaluates in float32: use tilewright_model.layers.plain.BatchNorm1d"),
    (FloatConv2d, "convolves the image in float: the array's first layer quantises it, QuantConv2d with image_bits"),
    (nn.Conv2d, "is not quantised: use QuantConv2d"),
    (nn.Linear, "sums in any order: use tilewright_model.layers.plain.Linear, or QuantLinear for the array"),
)


def reason(module: nn.Module) -> str:
    """Why a module cannot be taken over."""
    for kind, text in _REASONS:
        if isinstance(module, kind):
            return text
    return (
        "is none of QuantConv2d, QuantLinear, QuantAvgPool2d, QuantIdentity, BatchNorm2d, ReLU, MaxPool2d, Upsample, "
        "Linear, additions and maps side by side; other layers are not covered"
    )


def is_identity(module: nn.Module) -> bool:
    """Whether it averages windows of 1, as the notebook's last module."""
    return isinstance(module, nn.AvgPool2d) and (module.kernel_size, module.stride, module.padding) in (
        (1, 1, 0),
        ((1, 1), (1, 1), (0, 0)),
    )


def average_alone(value: Sum) -> NetworkError:
    """The error for what follows an average."""
    (term,) = value.terms
    return refusal(term.name, term.module or "map", "must be followed by a quantised layer or the classifier at once")


def linear(name: str, module: Linear | ExactLinear, value: Value) -> Scores:
    """A linear layer of the host."""
    if isinstance(value, Scores):
        return replace(value, steps=(*value.steps, (name, module)))
    flat = value if isinstance(value, Flat) else Flat(value.name, None, (1, 1), value)
    return Scores(name, None, (1, 1), flat, ((name, module),))


def relued(value: Value) -> Value:
    """max(x, 0) of a value."""
    if isinstance(value, Sum):
        return value if value.relu else replace(value, relu=True)
    if isinstance(value, Joined):
        return replace(value, parts=tuple(replace(part, value=relued(part.value)) for part in value.parts))
    if isinstance(value, Copied | Flat):
        return replace(value, value=relued(value.value))
    return value  # codes are not negative


def maxima(name: str, module: nn.Module, value: Value, settings: tuple[int, ...]) -> Value:
    """A maximum of windows, by maxima of 2x2 windows."""
    if settings not in MAXIMA:
        known = ", ".join(f"({kernel}, {stride}, padding={padding})" for kernel, stride, padding, _ in MAXIMA)
        raise refusal(name, module, f"is not MaxPool2d(2, 2) or another of {known}, without ceil_mode")
    steps = MAXIMA[settings]
    for number, (stride, padding) in enumerate(steps):
        size = value.size
        if size is not None:
            size = ((size[0] + 2 * padding - 2) // stride + 1, (size[1] + 2 * padding - 2) // stride + 1)
        called = name if number == len(steps) - 1 else f"{name}.pairs"
        value = Copied(called, value.channels, size, value, Copy("max", stride, padding))
    return value


def repeated(name: str, value: Value) -> Value:
    """Every row and column twice."""
    for called, kind, rows in ((f"{name}.rows", "repeat_rows", 2), (name, "repeat_columns", 1)):
        size = value.size
        if size is not None:
            size = (size[0] * rows, size[1] * (3 - rows))
        value = Copied(called, value.channels, size, value, Copy(kind))
    return value


def own_quantiser(value: Value) -> Layer | None:
    """The quantiser that a value has passed, of maps side by side the first's; None where there is none."""
    if isinstance(value, Quantised):
        return value.quantiser
    if isinstance(value, Copied | Flat):
        return own_quantiser(value.value)
    return own_quantiser(value.parts[0].value) if isinstance(value, Joined) else None


def flattened(name: str, exact: ExactConv2d, value: Value) -> ExactConv2d:
    """A fully connected layer as the convolution of a whole map.

    Raises:
        NetworkError: it does not take such a map.
    """
    outputs, features = exact.weights.shape[:2]
    channels = value.channels or 0
    height, width = value.size or (1, 1)
    if features != channels * height * width:
        raise NetworkError(f"layer {name} takes {features} features, it gets a map of {channels}x{height}x{width}")
    return changed(exact, exact.weights.reshape(outputs, channels, height, width))


def output_size(exact: ExactConv2d | ExactAverage, size: Size) -> Size:
    """Height and width of a layer's output."""
    if size is None or (isinstance(exact, ExactConv2d) and isinstance(exact.padding, str)):
        return None
    kernel, padding, dilation = exact.kernel_padding_dilation()
    height, width = (
        (length + 2 * p - d * (k - 1) - 1) // s + 1
        for length, p, d, k, s in zip(size, padding, dilation, kernel, exact.stride, strict=True)
    )
    return height, width


def folded(node: fx.Node, name: str, norm: Norm, value: Sum, modules: dict[str, nn.Module]) -> Sum:
    """Batch-norm behind a ReLU as a part of the one before it, where that changes nothing.

    relu(A relu(y) + B) is relu(A y + B) for A >= 0 and B <= 0, and so is A relu(y) for B = 0.

    Raises:
        NetworkError: it is not so.
    """
    (term, *others), constants = value.terms, norm.exact()
    users = [modules.get(str(user.target)) or user.target for user in node.users]
    rectified = all(isinstance(user, nn.ReLU) or getattr(user, "__name__", user) in ("relu", "relu_") for user in users)
    rises, zero = bool((constants.scale >= 0).all()), bool((constants.shift == 0).all())
    if others or not value.relu or not rises or not (zero or (rectified and bool((constants.shift <= 0).all()))):
        raise refusal(name, norm, f"must follow its convolution at once, and once only, after {value.name}")
    before = norm_of(term)
    scale, shift = constants.scale, constants.shift
    if before is not None:
        inner = before.exact()
        scale, shift = inner.scale * scale, inner.shift * scale + shift
    bare: Term = replace(term, norm=ExactBatchNorm2d(scale, shift), biased=False)
    return replace(value, terms=(bare,), relu=not rectified)


def sum_name(name: str, terms: tuple[Term, ...]) -> str:
    """What an addition is called: after its largest convolution, else as the function."""
    own = max(terms, key=weight_count)
    return own.name if weight_count(own) else name
