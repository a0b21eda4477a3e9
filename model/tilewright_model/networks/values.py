"""What flows through a traced network: real-valued maps, not quantised yet, as sums, copies and channels of others."""

from dataclasses import dataclass, replace

from tilewright_model.layers.exact import ExactAverage
from tilewright_model.networks.stage import Classifier, Copy, Layer, Norm, Term

Size = tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Value:
    """A map.

    Attributes:
        name: of the module or function that made it.
        channels: how many; None: not known, of an image.
        size: height and width; None: not known.
    """

    name: str
    channels: int | None
    size: Size


@dataclass(frozen=True, eq=False)
class Image(Value):
    """The normalised image, behind a batch-norm or not."""

    norm: Norm | None = None


@dataclass(frozen=True, eq=False)
class Sum(Value):
    """Layers' outputs added up, and what follows.

    Attributes:
        terms: of which each has its own batch-norm or none.
        norm: batch-norm behind the addition.
        relu, pool: whether there are ReLU and, behind it, 2x2 max-pooling.
    """

    terms: tuple[Term, ...]
    norm: Norm | None = None
    relu: bool = False
    pool: bool = False

    @property
    def extended(self) -> bool:
        """Whether anything follows the addition."""
        return self.norm is not None or self.relu or self.pool

    @property
    def positive(self) -> bool:
        """Whether no value can be below 0."""
        return self.relu or (self.norm is None and all(_positive(term) for term in self.terms))


def _positive(term: Term) -> bool:
    """Whether it is a map as it is, or an average."""
    return term.norm is None and (term.mapped or isinstance(term.exact, ExactAverage))


@dataclass(frozen=True, eq=False)
class Quantised(Value):
    """A map behind a quantiser that is a layer of its own."""

    value: Value
    quantiser: Layer


@dataclass(frozen=True, eq=False)
class Copied(Value):
    """A copy of a map."""

    value: Value
    copy: Copy


@dataclass(frozen=True, eq=False)
class Part:
    """Channels of a value: ``count`` from ``first`` on, at channel ``at`` of a joined one, every ``stride`` rows."""

    value: Value
    first: int
    count: int
    at: int
    stride: int = 1


@dataclass(frozen=True, eq=False)
class Joined(Value):
    """Channels of other values side by side; those that no part has are 0."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Flat(Value):
    """A map flattened to (n, c * h * w)."""

    value: Value


@dataclass(frozen=True, eq=False)
class Scores(Value):
    """A flattened map behind linear layers and ReLUs of the host."""

    value: Flat
    steps: tuple[tuple[str, Classifier | None], ...]


def parts_of(value: Value) -> tuple[Part, ...]:
    """A value as parts, itself where it is not joined."""
    if isinstance(value, Joined):
        return value.parts
    assert value.channels is not None
    return (Part(value, 0, value.channels, 0),)


def sliced(name: str, value: Value, first: int, count: int) -> Joined:
    """``count`` channels of a value from ``first`` on."""
    parts = []
    for part in parts_of(value):
        low, high = max(first, part.at), min(first + count, part.at + part.count)
        if low < high:
            parts.append(replace(part, first=part.first + low - part.at, count=high - low, at=low - first))
    return Joined(name, count, value.size, tuple(parts))


def joined(name: str, values: list[Value], before: int = 0, after: int = 0) -> Joined:
    """Values side by side, with so many channels of 0 before and after them."""
    parts, at = [], before
    for value in values:
        assert value.channels is not None
        parts += [replace(part, at=at + part.at) for part in parts_of(value)]
        at += value.channels
    return Joined(name, at + after, values[0].size, tuple(parts))


def every(name: str, value: Value, stride: int) -> Joined:
    """Every so many rows and columns of a value."""
    parts = tuple(replace(part, stride=part.stride * stride) for part in parts_of(value))
    size = None if value.size is None else (-(-value.size[0] // stride), -(-value.size[1] // stride))
    return Joined(name, value.channels, size, parts)
