"""Stages from the values of a traced network, each when a quantiser first wants its codes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from tilewright.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage, ExactIdentity
from tilewright_model.networks.stage import IMAGE, Copy, Layer, Piece, Source, Stage, Term, refusal
from tilewright_model.networks.sums import compiled, convolution_of_ones
from tilewright_model.networks.values import Copied, Flat, Image, Joined, Quantised, Sum, Value

Pieces = tuple[Piece, ...]


@dataclass
class Emitter:
    """The stages so far.

    Attributes:
        stages: in order.
        image: what the first of them reads.
        names: of stages and of what functions made.
    """

    stages: list[Stage] = field(default_factory=list)
    image: Image | None = None
    names: set[str] = field(default_factory=set)
    _done: dict[tuple[int, float, int], tuple[Value, Pieces]] = field(default_factory=dict)

    def codes(self, value: Value, quantiser: Layer) -> Pieces:
        """Where a value's codes by a quantiser lie; what makes them becomes stages, once.

        Raises:
            NetworkError: the hardware has no such codes; names the module.
        """
        exact = quantiser.exact()
        key = (id(value), float(exact.alpha), exact.levels)
        if key not in self._done:
            self._done[key] = (value, self._codes(value, quantiser))
        return self._done[key][1]

    def whole(self, value: Value, quantiser: Layer) -> Pieces:
        """As ``codes``, as one map that is the value and nothing else."""
        pieces = self.codes(value, quantiser)
        (first, *others) = pieces
        if not others and first.stride == 1 and first.channels == value.channels == self._channels(first.source):
            return pieces
        exact = quantiser.exact()
        key = (id(pieces), float(exact.alpha), exact.levels)
        if key not in self._done:
            term = map_term(value, quantiser, pieces)
            made = Sum(f"{value.name}.map", value.channels, value.size, (term,))
            self._done[key] = (value, self._emitted(made, quantiser))
        return self._done[key][1]

    def last(self, value: Sum) -> None:
        """The value becomes the last stage."""
        self._emitted(value, None)

    def _codes(self, value: Value, quantiser: Layer) -> Pieces:
        if isinstance(value, Image):
            self.image = value
            return (Piece(IMAGE, value.channels or 0),)
        if isinstance(value, Sum):
            return self._emitted(value, quantiser)
        if isinstance(value, Flat):
            return self.codes(value.value, quantiser)
        if isinstance(value, Quantised):
            return self._requantised(value, quantiser)
        if isinstance(value, Copied):
            return self._copied(value, quantiser)
        assert isinstance(value, Joined)
        pieces: list[Piece] = []
        for part in value.parts:
            for piece in self.codes(part.value, quantiser):
                low, high = max(part.first, piece.at), min(part.first + part.count, piece.at + piece.channels)
                if low < high:
                    first, at = piece.first_channel + low - piece.at, part.at + low - part.first
                    pieces.append(Piece(piece.source, high - low, first, at, piece.stride * part.stride))
        return tuple(pieces)

    def _requantised(self, value: Quantised, quantiser: Layer) -> Pieces:
        """The map as it is where the quantiser is the same; else through a layer of its own."""
        mine, other = value.quantiser.exact(), quantiser.exact()
        if (float(mine.alpha), mine.levels) == (float(other.alpha), other.levels):
            return self.codes(value.value, quantiser)
        term = map_term(value, value.quantiser, self.codes(value.value, value.quantiser))
        return self._emitted(Sum(value.name, value.channels, value.size, (term,)), quantiser)

    def _copied(self, value: Copied, quantiser: Layer) -> Pieces:
        pieces = self.codes(value.value, quantiser)
        if any(piece.stride > 1 for piece in pieces):
            pieces = self.whole(value.value, quantiser)
        made: dict[str, str] = {}
        for piece in pieces:
            if piece.source == IMAGE:
                raise refusal(value.name, value.copy.kind, "comes before the first quantised convolution")
            if piece.source not in made:
                made[piece.source] = self._copy(value.name, value.copy, piece.source, quantiser)
        return tuple(replace(piece, source=made[piece.source]) for piece in pieces)

    def _copy(self, name: str, copy: Copy, source: str, quantiser: Layer) -> str:
        exact = quantiser.exact()
        same = ExactIdentity(exact.scale_of_codes(), exact.alpha, exact.levels)
        stage = Stage(self._free(name), quantiser, following=quantiser, sums=same, sources=(Source(source),), copy=copy)
        self.stages.append(stage)
        return stage.name

    def _emitted(self, value: Sum, quantiser: Layer | None) -> Pieces:
        if any(piece.source == IMAGE for term in value.terms for piece in term.pieces):
            self._check_image(value)
        if quantiser is not None and not value.positive:
            term = value.terms[0]
            raise refusal(
                term.name, term.module or "map", "has no ReLU before the next quantiser: its codes would be signed"
            )
        made, term = compiled(value.terms, value.norm), value.terms[0]
        average = isinstance(made.exact, ExactAverage)
        if average and (value.relu or value.pool or made.norm):
            raise refusal(
                term.name, term.module or "map", "must be followed by a quantised layer or the classifier at once"
            )
        stage = Stage(
            self._free(value.name),
            term.module or quantiser or made.exact,
            made.norm,
            value.relu or (quantiser is not None and not average),
            value.pool,
            quantiser,
            made.exact,
            made.sources,
            terms=value.terms,
            sum_norm=value.norm,
        )
        self.stages.append(stage)
        return (Piece(stage.name, value.channels or 0),)

    def _check_image(self, value: Sum) -> None:
        term = value.terms[0]
        if len(value.terms) > 1:
            raise refusal(value.name, "add", "adds a convolution of the image: nothing is added to the image's layer")
        if self.stages:
            raise refusal(
                term.name,
                term.module or "map",
                "reads the image, which the hardware reads once: one convolution comes first, and all quantisers of "
                "its map share their clipping value (act_alpha)",
            )

    def _channels(self, source: str) -> int:
        """Channels of a stage's map."""
        for stage in reversed(self.stages):
            if stage.name == source:
                return stage.channels if stage.copy is None else self._channels(stage.sources[0].name)
        raise NetworkError(f"no layer {source}")

    def _free(self, name: str) -> str:
        """The name, or with a number behind it where a stage has it: a map that is written more than once."""
        taken, free, number = {stage.name for stage in self.stages}, name, 2
        while free in taken:
            free, number = f"{name}.{number}", number + 1
        return free


def map_term(value: Value, quantiser: Layer, pieces: Pieces) -> Term:
    """A map as it is, as a term: a 1x1 convolution of ones, each channel by itself."""
    exact = quantiser.exact()
    channels = value.channels or 0
    ones = torch.ones(channels, 1, 1, 1, dtype=torch.int8, device=exact.alpha.device)
    same = convolution_of_ones(ones, exact.scale_of_codes(), exact)
    module = value.quantiser if isinstance(value, Quantised) else None
    return Term(value.name, module, same, pieces, channels, mapped=True)
