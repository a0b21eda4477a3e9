"""What a picture shows: its texts and where they stand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

# Pixels that boxes of two texts may share: a box is a little larger than its letters
_SLACK = 1.0


@dataclass(frozen=True)
class SeenText:
    """A text, and the box around it in pixels."""

    text: str
    box: Bbox


def texts_of(figure: Figure) -> list[SeenText]:
    """Every text that is drawn."""
    seen: list[SeenText] = []
    draw = Text.draw

    def seen_draw(text: Text, renderer) -> None:
        if text.get_visible() and text.get_text().strip():
            seen.append(SeenText(text.get_text(), Text.get_window_extent(text, renderer)))
        draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", seen_draw)
        figure.canvas.draw()
    return seen


def faults_of(figure: Figure) -> list[str]:
    """Texts that lie on each other, or are cut by the picture's edge."""
    seen = texts_of(figure)
    frame = figure.bbox.padded(0.5)
    cut = [
        f"{one.text!r} is cut" for one in seen if not (frame.contains(*one.box.min) and frame.contains(*one.box.max))
    ]
    pairs = itertools.combinations(seen, 2)
    return cut + [
        f"{a.text!r} on {b.text!r}" for a, b in pairs if a.box.padded(-_SLACK).overlaps(b.box.padded(-_SLACK))
    ]
