"""What two runs have in common, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tilewright.report.contents import accuracy, class_name, configuration, hashes, verdict
from tilewright.report.saved import Saved

# Predictions that a page lists
LISTED = 50


@dataclass(frozen=True)
class Row:
    """A value of both runs.

    Attributes:
        name: of the value.
        first, second: in words.
        change: from the first to the second, where that is a number; else empty.
        differs: whether they differ.
    """

    name: str
    first: str
    second: str
    change: str = ""

    @property
    def differs(self) -> bool:
        """Whether they differ."""
        return self.first != self.second

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"name": self.name, "first": self.first, "second": self.second, "change": self.change}


@dataclass(frozen=True)
class Change:
    """An image whose class is not the same in both runs.

    Attributes:
        image: its index.
        label: true class; empty where unknown.
        first, second: classes.
    """

    image: int
    label: str
    first: str
    second: str


@dataclass(frozen=True)
class RunComparison:
    """Two runs side by side.

    Attributes:
        results: accuracy, equality, cycles.
        setup: configuration, hashes and versions.
        layers: cycles a layer, of the last program.
        same_images: whether both ran the same images.
        changes: predictions that differ; empty where the images are others.
    """

    results: tuple[Row, ...]
    setup: tuple[Row, ...]
    layers: tuple[Row, ...]
    same_images: bool
    changes: tuple[Change, ...]

    @property
    def differing(self) -> list[Row]:
        """What of the set-up differs."""
        return [row for row in self.setup if row.differs]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "same_images": self.same_images,
            "predictions_differing": len(self.changes) if self.same_images else None,
            "results": [row.as_dict() for row in self.results],
            "setup_differing": [row.as_dict() for row in self.differing],
            "layers": [row.as_dict() for row in self.layers],
            "predictions": [vars(change) for change in self.changes],
        }


def compare_runs(first: Saved, second: Saved) -> RunComparison:
    """Compares two records.

    Args:
        first: one.
        second: the other.
    """
    same = first.facts["images_sha256"] == second.facts["images_sha256"]
    return RunComparison(
        tuple(_results(first, second)),
        tuple(_setup(first, second)),
        tuple(_layers(first, second)),
        same,
        tuple(_changes(first, second)) if same else (),
    )


def _results(first: Saved, second: Saved) -> Iterator[Row]:
    a, b = first.facts, second.facts
    yield Row("Result", verdict(a).word, verdict(b).word)
    yield Row("Accuracy", accuracy(a), accuracy(b), _points(a, b))
    yield Row("Integers that differ", *(_differing(facts) for facts in (a, b)))
    for name in ("Images", "Programs"):
        yield Row(name, *(f"{facts[name.lower()]:,}" for facts in (a, b)))
    yield _counted("Program cycles", a["program_cycles"], b["program_cycles"])
    yield _counted("Cycles an image", *(round(facts["program_cycles"] / facts["images"]) for facts in (a, b)))
    yield Row("Utilisation", *(f"{facts['program_utilisation']:.2%}" for facts in (a, b)))


def _differing(facts: dict[str, Any]) -> str:
    return f"{facts['mismatches']:,} of {facts['compared']:,}" if facts["checked"] else "not compared"


def _points(a: dict[str, Any], b: dict[str, Any]) -> str:
    if a["correct"] is None or b["correct"] is None:
        return ""
    return f"{100 * (b['correct'] / b['images'] - a['correct'] / a['images']):+.1f} points"


def _setup(first: Saved, second: Saved) -> Iterator[Row]:
    for of in (configuration, _hashes, lambda saved: saved.facts["versions"]):
        a, b = of(first), of(second)
        yield from (Row(name, str(a.get(name, "–")), str(b.get(name, "–"))) for name in {**a, **b})


def _hashes(saved: Saved) -> dict[str, str]:
    return {f"{name}: hash": value for name, value in hashes(saved.facts).items()}


def _layers(first: Saved, second: Saved) -> Iterator[Row]:
    """By name, where both have the layer; else side by side in order."""
    a, b = (dict(_cycles(saved)) for saved in (first, second))
    if a.keys() == b.keys():
        yield from (_counted(name, a[name], b[name]) for name in a)
        return
    for one, other in zip_longest(a.items(), b.items(), fillvalue=("–", 0)):
        name = one[0] if one[0] == other[0] else f"{one[0]} / {other[0]}"
        yield _counted(name, one[1], other[1])


def _cycles(saved: Saved) -> Iterator[tuple[str, int]]:
    """Cycles an image of each layer in the last program: counted, else estimated."""
    if saved.estimate is None:
        return
    counted = {layer["name"]: layer["command_cycles"] for layer in saved.facts["measured"] or ()}
    for layer in saved.estimate.layers:
        yield layer.name, round(counted.get(layer.name, layer.command_cycles) / saved.estimate.batch)


def _counted(name: str, first: int, second: int) -> Row:
    return Row(name, f"{first:,}", f"{second:,}", _change(first, second))


def _change(first: int, second: int) -> str:
    if not first or not second or first == second:
        return ""
    ratio = second / first
    return f"{ratio - 1:+.1%}" if ratio < 10 else f"{ratio:.1f} times"


def _changes(first: Saved, second: Saved) -> Iterator[Change]:
    a, b = first.facts, second.facts
    for image, (one, other) in enumerate(zip(a["predictions"], b["predictions"], strict=False)):
        names = class_name(a, one), class_name(b, other)
        if names[0] != names[1]:
            label = a["labels"][image]
            yield Change(image, class_name(a, label) if label >= 0 else "", *names)
