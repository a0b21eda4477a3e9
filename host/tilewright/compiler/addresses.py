"""Addresses for the maps of a schedule: those that live at the same time do not overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilewright.compiler.schedule import Buffer, Schedule


@dataclass(frozen=True)
class Lifetime:
    """From the first step that writes a buffer (or in whose stream it is loaded) to the last that reads it."""

    buffer: Buffer
    first: int
    last: int


def lifetimes(schedule: Schedule, load_births: Sequence[int]) -> list[Lifetime]:
    """How long each buffer lives.

    Args:
        schedule: the schedule.
        load_births: for each of its loads the step at which its words are taken; -1: before the first step.

    Returns:
        One lifetime a buffer, in steps; both ends belong to it.
    """
    first: dict[int, int] = {}
    for load, birth in zip(schedule.loads, load_births, strict=True):
        first.setdefault(id(load.buffer), birth)
    last: dict[int, int] = {}
    for index, step in enumerate(schedule.steps):
        last.update((id(source), index) for source in step.sources)
        if step.target is not None:
            first.setdefault(id(step.target), index)
    return [Lifetime(buffer, first[id(buffer)], last[id(buffer)]) for buffer in schedule.buffers]


def allocate(alive: Sequence[Lifetime], words: int, alignment: int) -> bool:
    """Gives every buffer an address, the largest first, each at the lowest place that is free while it lives.

    Args:
        alive: buffers and their lifetimes; their addresses are set.
        words: of the memory.
        alignment: addresses are multiples of this.

    Returns:
        Whether all fit; if not, the addresses mean nothing.
    """
    placed: list[Lifetime] = []
    for item in sorted(alive, key=lambda item: (-item.buffer.words, item.first)):
        address = 0
        meets = [other for other in placed if other.first <= item.last and item.first <= other.last]
        for other in sorted(meets, key=lambda other: other.buffer.address):
            if other.buffer.address >= address + item.buffer.words:
                break
            end = other.buffer.address + other.buffer.words
            address = max(address, -(-end // alignment) * alignment)
        if address + item.buffer.words > words:
            return False
        item.buffer.address = address
        placed.append(item)
    return True


def peak_words(alive: Sequence[Lifetime]) -> int:
    """The most words that live at one time: less than this no allocation can do with."""
    return max(total for _, total in _totals(alive))


def first_overfull(alive: Sequence[Lifetime], words: int) -> int | None:
    """The first step in which more than so many words live; None where there is none."""
    return next((step for step, total in _totals(alive) if total > words), None)


def _totals(alive: Sequence[Lifetime]) -> Iterator[tuple[int, int]]:
    """Steps from which on so many words live, until the next one."""
    changes: dict[int, int] = {}
    for item in alive:
        changes[item.first] = changes.get(item.first, 0) + item.buffer.words
        changes[item.last + 1] = changes.get(item.last + 1, 0) - item.buffer.words
    total = 0
    for step in sorted(changes):
        total += changes[step]
        yield step, total
