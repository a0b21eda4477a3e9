"""The pictures of a page, each once for light and once for dark: as SVG within the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tilewright.pictures import confusion, roofline, time_line
from tilewright.pictures.style import Theme, svg_text
from tilewright.report.saved import Saved

# Classes of a confusion matrix
_MOST_CLASSES = 2000


@dataclass(frozen=True)
class Drawn:
    """A picture.

    Attributes:
        light, dark: SVG.
    """

    light: str
    dark: str


def pictures_of(saved: Saved) -> Iterator[tuple[str, Drawn]]:
    """The pictures of a run, by name: ``confusion`` where labels are known, ``roofline``, ``time_line``.

    Args:
        saved: the run's record.
    """
    facts, estimate = saved.facts, saved.estimate
    if facts["correct"] is not None and facts["images"] > 1 and max(facts["predictions"]) < _MOST_CLASSES:
        given = facts["labels"], facts["predictions"], facts["classes"]
        yield "confusion", _drawn(lambda theme: confusion.draw(*given, theme=theme))
    if estimate is not None:
        yield "roofline", _drawn(lambda theme: roofline.draw(estimate, theme=theme))
        yield "time_line", _drawn(lambda theme: time_line.draw(estimate, theme=theme))


def _drawn(draw: Callable[[Theme], Any]) -> Drawn:
    return Drawn(svg_text(draw(Theme.LIGHT)), svg_text(draw(Theme.DARK)))
