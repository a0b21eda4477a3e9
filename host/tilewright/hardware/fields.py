"""Bit fields of a register or a beat, and the beats that they make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple


class Field(NamedTuple):
    """A bit field of a word: position of its lowest bit and number of bits."""

    low: int
    width: int

    @property
    def most(self) -> int:
        """Largest value that the field holds."""
        return (1 << self.width) - 1

    @property
    def mask(self) -> int:
        """Return the field's bits in the word."""
        return self.most << self.low

    def extract(self, word: int) -> int:
        """Return the field's value in a word."""
        return word >> self.low & (1 << self.width) - 1

    def place(self, value: int) -> int:
        """Return a word with the field set to value, else zero. Raises ValueError when value does not fit."""
        if not 0 <= value <= self.most:
            raise ValueError(f"{value} does not fit a field of {self.width} bits")
        return value << self.low


class BeatField(NamedTuple):
    """A field of one of several beats.

    Attributes:
        beat: which, from 0.
        bits: where in it.
        signed: whether it holds a two's complement.
        constant: the value that it always has, if any.
    """

    beat: int
    bits: Field
    signed: bool = False
    constant: int | None = None

    def extract(self, beat: int) -> int:
        """Return the field's value in its beat."""
        value = self.bits.extract(beat)
        return value - (1 << self.bits.width) if self.signed and value >> self.bits.width - 1 else value


@dataclass(frozen=True)
class Layout:
    """Beats made of fields: a command's header, what a payload begins with, or the trailer.

    Attributes:
        name: of what it is.
        beats: how many.
        fields: by name. Bits that none names are zero.
    """

    name: str
    beats: int
    fields: Mapping[str, BeatField] = field(repr=False)

    @cached_property
    def constants(self) -> dict[str, int]:
        """The fields that always hold one value, and that value."""
        return {name: place.constant for name, place in self.fields.items() if place.constant is not None}

    def encode(self, values: Mapping[str, int]) -> tuple[int, ...]:
        """Return the beats of all fields' values; those of constant fields may be left out.

        Raises:
            ValueError: a value does not fit; names its field.
        """
        beats = [0] * self.beats
        for name, value in {**self.constants, **values}.items():
            beat, low, most, largest = self._ranges[name]
            value = int(value)
            if not largest - most <= value <= largest:
                kind = "signed field" if self.fields[name].signed else "field"
                raise ValueError(f"{self.name}: {name} {value} does not fit a {kind} of {most.bit_length()} bits")
            beats[beat] |= (value & most) << low
        return tuple(beats)

    def decode(self, beats: Sequence[int]) -> dict[str, int]:
        """Return all fields' values in some beats, each by its name."""
        return {
            name: (value := beats[beat] >> low & most) - (most + 1 if value > largest else 0)
            for name, beat, low, most, largest in self._places
        }

    def unnamed(self, beats: Sequence[int]) -> int | None:
        """Return the first of some beats in which a bit is set that no field names; None if there is none."""
        wrong = (number for number, (beat, named) in enumerate(zip(beats, self._named, strict=True)) if beat & ~named)
        return next(wrong, None)

    @cached_property
    def _places(self) -> list[tuple[str, int, int, int, int]]:
        """Of each field its name, beat, lowest bit, the number with all its bits set, and its largest value."""
        return [
            (name, place.beat, place.bits.low, place.bits.most, place.bits.most >> place.signed)
            for name, place in self.fields.items()
        ]

    @cached_property
    def _ranges(self) -> dict[str, tuple[int, int, int, int]]:
        """What :attr:`_places` says behind each name."""
        return {name: (beat, low, most, largest) for name, beat, low, most, largest in self._places}

    @cached_property
    def _named(self) -> list[int]:
        named = [0] * self.beats
        for place in self.fields.values():
            named[place.beat] |= place.bits.mask
        return named
