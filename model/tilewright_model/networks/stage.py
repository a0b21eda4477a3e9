"""A network as the integer network runs it: layers in order, each with the maps that it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import (
    ExactAverage,
    ExactBatchNorm2d,
    ExactConv2d,
    ExactIdentity,
    ExactLinear,
)
from tilewright_model.layers.exact_sum import ExactSum
from tilewright_model.layers.plain import BatchNorm1d, BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantIdentity, QuantLinear

Exact = ExactConv2d | ExactAverage | ExactIdentity | ExactSum
Layer = QuantConv2d | QuantLinear | QuantAvgPool2d | QuantIdentity | Exact
Norm = BatchNorm1d | BatchNorm2d | ExactBatchNorm2d
Classifier = Linear | ExactLinear

#: the image among the names of maps
IMAGE = ""


@dataclass(frozen=True)
class Source:
    """What a convolution reads: ``name``'s map from channel ``first_channel`` on."""

    name: str
    first_channel: int = 0


@dataclass(frozen=True)
class Piece:
    """Channels of a map among those of a layer's input.

    Attributes:
        source: name of the map.
        channels: how many.
        first_channel: of the map.
        at: of the layer's input.
        stride: every so many rows and columns of the map.
    """

    source: str
    channels: int
    first_channel: int = 0
    at: int = 0
    stride: int = 1


@dataclass(frozen=True, eq=False)
class Term:
    """One of the values that a stage adds up.

    Attributes:
        name: of the module.
        module: the layer; None: a map as it is, which has no quantiser of its own.
        exact: its integers, of all its input channels side by side.
        pieces: what it reads.
        channels: input channels.
        norm: batch-norm behind it, before the addition.
        mapped: whether it is a map as it is.
        biased: whether a bias of the module is still to be added.
    """

    name: str
    module: Layer | None
    exact: ExactConv2d | ExactAverage
    pieces: tuple[Piece, ...]
    channels: int
    norm: Norm | None = None
    mapped: bool = False
    biased: bool = True

    def read(self, maps: Mapping[str, Tensor]) -> Tensor:
        """The layer's input, its pieces side by side: (n, channels, h, w); channels that no piece has are 0."""
        (first, *others) = self.pieces
        if not others and first.channels == self.channels:
            return _cut(maps[first.source], first)
        cut = [_cut(maps[piece.source], piece) for piece in self.pieces]
        x = cut[0].new_zeros(len(cut[0]), self.channels, *cut[0].shape[2:])
        for piece, values in zip(self.pieces, cut, strict=True):
            x[:, piece.at : piece.at + piece.channels] = values
        return x


def _cut(x: Tensor, piece: Piece) -> Tensor:
    last = piece.first_channel + piece.channels
    return x[:, piece.first_channel : last, :: piece.stride, :: piece.stride]


@dataclass(frozen=True)
class Copy:
    """A stage that makes no new codes: ``max`` of 2x2 windows, ``repeat_rows`` or ``repeat_columns``."""

    kind: str
    stride: int = 1
    padding: int = 0

    def apply(self, x: Tensor) -> Tensor:
        """Codes or values (n, c, h, w), not negative, to those of the copy."""
        if self.kind == "max":
            return functional.max_pool2d(functional.pad(x, (self.padding,) * 4), 2, self.stride)
        return x.repeat_interleave(2, 2 if self.kind == "repeat_rows" else 3)


@dataclass(frozen=True)
class Stage:
    """A layer, and what follows it up to the next quantiser; ``exact`` and the methods give the reference.

    Attributes:
        name: of the layer.
        layer: the network's own module, as the others are.
        norm: batch-norm behind it.
        relu, pool: whether there are ReLU and max-pooling.
        following: the layer that has the next quantiser; None: this is the last.
        sums: the integers, where they are not ``layer.exact()``: of several maps, or of a module's part.
        sources: what the own convolution and those that are added read.
        copy: of a stage that makes no new codes; its layer is the one whose quantiser made them.
        terms: what is added up, as the float network has it; none out of a network file.
        sum_norm: batch-norm behind an addition, which ``norm`` holds too.
    """

    name: str
    layer: Layer
    norm: Norm | None = None
    relu: bool = False
    pool: bool = False
    following: Layer | None = None
    sums: Exact | None = None
    sources: tuple[Source, ...] = (Source(IMAGE),)
    copy: Copy | None = None
    terms: tuple[Term, ...] = ()
    sum_norm: Norm | None = None

    @property
    def channels(self) -> int:
        """Output channels; of a layer with weights."""
        exact = self.exact
        own = exact.own if isinstance(exact, ExactSum) else exact
        return len(own.weights) if isinstance(own, ExactConv2d) else self.terms[0].channels

    @property
    def exact(self) -> Exact:
        """The layer's reference."""
        return self.layer.exact() if self.sums is None else self.sums

    def accumulators(self, maps: Sequence[Tensor]) -> Tensor:
        """The exact sums of the codes that it reads, a map for each source: float64 integers (n, oc, oh, ow)."""
        exact = self.exact
        parts = [exact.own, *exact.adds] if isinstance(exact, ExactSum) else [exact]
        read = []
        for part, source, codes in zip(parts, self.sources, maps, strict=True):
            count = part.in_channels if isinstance(part, ExactConv2d) else codes.shape[1]
            read.append(codes[:, source.first_channel : source.first_channel + count])
        return exact.accumulators(*read)

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
    """The stages in order.

    Attributes:
        stages: each reads maps of those before it.
        tail: the classifier's linear layers by name, a ReLU being None.
        image_norm: batch-norm before the first quantiser.
    """

    stages: list[Stage]
    tail: list[tuple[str, Classifier | None]]
    image_norm: Norm | None = None

    def modules(self) -> nn.ModuleList:
        """All that holds constants, for a network to move along."""
        used: list[nn.Module | None] = [self.image_norm, *(linear for _, linear in self.tail)]
        for stage in self.stages:
            used += [stage.layer, stage.sums, stage.norm, stage.following]
        return nn.ModuleList([part for part in used if part is not None])

    def image_codes(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to the first layer's codes, float64 integers of that shape."""
        if self.image_norm is not None:
            images = self.image_norm.exact()(images.double())
        return self.stages[0].exact.codes(images)

    def scores(self, accumulators: Tensor) -> Tensor:
        """The last stage's accumulators (n, oc, h, w) to class scores float64 (n, classes)."""
        last = self.stages[-1]
        x = last.activations(accumulators)
        x = (functional.max_pool2d(x, 2) if last.pool else x).flatten(1)
        for _, linear in self.tail:
            x = torch.relu(x) if linear is None else linear.exact()(x)
        return x


def refusal(name: str, module: nn.Module | str, reason: str) -> NetworkError:
    """The error for a module, or a function by its name, that the network file does not cover."""
    kind = module if isinstance(module, str) else type(module).__name__
    return NetworkError(f"{name} ({kind}) {reason}; docs/network_format.md lists what is covered")
