"""What all pictures share: two themes, colours by meaning, headings, and how they are written."""

from __future__ import annotations

import functools
import hashlib
import html
import io
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from tilewright.files import written

P = ParamSpec("P")

#: inches; a picture's own width on a page is 768 pixels
WIDTH = 8.0
#: of PNG files, in dots an inch
DPI = 150
SMALL, NORMAL, LARGE = 8.5, 9.5, 12.0
# Characters of a line of notes, by inch
_LINE = 13.5
# Inches: the margin, a title's height, a line of notes, a row of a legend
_MARGIN, _TITLE, _NOTE, _KEYS = 0.12, 0.27, 0.18, 0.22
# Of texts that are no outlines: as wide as matplotlib's, or narrower
_FONTS = "DejaVu Sans, Verdana, sans-serif"
# Characters that a legend's key takes beside its label
_KEY_CHARACTERS = 6


class Theme(Enum):
    """What a picture is drawn for."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Colours:
    """A theme's colours, by meaning: Okabe and Ito's, which the colour-blind tell apart, brighter on dark.

    Attributes:
        background, ink, muted, faint: of the page; of text and lines; of what is secondary; of grids and empty areas.
        work, issued: multiplications that the network needs; what the array issues beside them.
        weights, activations, thresholds, output: what the array waits for.
        other: neither work nor a wait.
        right, wrong: of comparisons.
        series: of things that are told apart by colour alone, in this order.
    """

    background: str
    ink: str
    muted: str
    faint: str
    work: str
    issued: str
    weights: str
    activations: str
    thresholds: str
    output: str
    other: str

    @property
    def right(self) -> str:
        """What agrees."""
        return self.work

    @property
    def wrong(self) -> str:
        """What differs."""
        return self.weights

    @property
    def series(self) -> tuple[str, ...]:
        """Told apart by colour alone."""
        return self.work, self.weights, self.output, self.thresholds, self.activations, self.issued, self.ink


PALETTE = {
    Theme.LIGHT: Colours(
        background="#ffffff",
        ink="#1f2328",
        muted="#59636e",
        faint="#dde2e7",
        work="#0072b2",
        issued="#8cc4ea",
        weights="#d55e00",
        activations="#e69f00",
        thresholds="#cc79a7",
        output="#009e73",
        other="#5d646d",
    ),
    Theme.DARK: Colours(
        background="#1e2129",
        ink="#e6e9ee",
        muted="#a3abb6",
        faint="#363d49",
        work="#56b4e9",
        issued="#27618a",
        weights="#ee7733",
        activations="#f5cf5b",
        thresholds="#eaa5d2",
        output="#1fa37a",
        other="#727b87",
    ),
}


def theme_of(dark: bool) -> Theme:
    """The theme that --dark asks for.

    Args:
        dark: whether it was given.
    """
    return Theme.DARK if dark else Theme.LIGHT


class Picture(Figure):
    """A figure that keeps its theme, whatever matplotlib's settings are when it is drawn.

    Attributes:
        theme: its theme.
        words: its heading, for those who cannot see it.
    """

    def __init__(self, theme: Theme, **settings: Any) -> None:
        super().__init__(**settings)
        self.theme = theme
        self.words = ""

    def draw(self, renderer: RendererBase) -> None:
        """Draws it.

        Args:
            renderer: matplotlib's.
        """
        with _look(self.theme):
            super().draw(renderer)


def themed(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draws in the theme that a function is called with, and leaves matplotlib's settings as they are.

    Args:
        draw: has a keyword ``theme``.

    Returns:
        The function.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        theme = kwargs.get("theme", Theme.LIGHT)
        assert isinstance(theme, Theme)
        with _look(theme):
            return draw(*args, **kwargs)

    return drawn


def new_figure(width: float, height: float, theme: Theme) -> Picture:
    """An empty picture.

    Args:
        width, height: inches; without the head, which :func:`put_head` adds.
        theme: its theme; what is drawn on it outside of a function that is ``themed`` has matplotlib's own look.
    """
    with _look(theme):
        figure = Picture(theme, figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def put_head(figure: Picture, title: str, notes: Sequence[str] = (), handles: Sequence[Artist] = ()) -> None:
    """Title, notes and legend above everything else, from the left; the picture grows by what they take.

    Args:
        figure: where.
        title: one line.
        notes: paragraphs, which are wrapped.
        handles: of the legend, each with its label.
    """
    colours = PALETTE[figure.theme]
    width, body = figure.get_size_inches()
    lines = [line for note in notes for line in textwrap.wrap(note, int(width * _LINE))]
    rows = _key_rows(handles, width)
    height = body + _MARGIN + _TITLE + _NOTE * len(lines) + _KEYS * len(rows)
    figure.set_size_inches(width, height)
    x, y = _MARGIN / width, height - _MARGIN
    figure.text(x, y / height, title, size=LARGE, weight="bold", va="top")
    y -= _TITLE
    for line in lines:
        figure.text(x, y / height, line, size=NORMAL, color=colours.muted, va="top")
        y -= _NOTE
    place: dict[str, Any] = {
        "loc": "upper left",
        "borderpad": 0,
        "borderaxespad": 0,
        "columnspacing": 1.4,
        "handletextpad": 0.5,
    }
    for row in rows:
        figure.legend(handles=row, bbox_to_anchor=(x, (y - 0.04) / height), ncols=len(row), handlelength=1.2, **place)
        y -= _KEYS
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, 0, 1, body / height), w_pad=_MARGIN, h_pad=_MARGIN)
    figure.words = " ".join([title, *lines])


def _key_rows(handles: Sequence[Artist], width: float) -> list[list[Artist]]:
    """A legend's handles in rows, as many in each as there is room for."""
    rows: list[list[Artist]] = []
    taken = 0
    for handle in handles:
        length = len(str(handle.get_label())) + _KEY_CHARACTERS
        if not rows or taken + length > width * _LINE:
            rows.append([])
            taken = 0
        rows[-1].append(handle)
        taken += length
    return rows


def save(figure: Figure, path: str | Path) -> None:
    """Writes a picture, whole or not at all; equal pictures give equal files.

    Args:
        figure: the picture.
        path: the file; ``.svg``, ``.png``, or another format that matplotlib writes.

    Raises:
        OSError: the file cannot be written.
        ValueError: the suffix names no format that matplotlib writes.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    with written(path) as partial:
        if kind == "svg":
            partial.write_text(svg_text(figure), encoding="utf-8")
        else:
            figure.savefig(partial, dpi=DPI, format=kind, metadata={"Software": None} if kind == "png" else None)


def svg_text(figure: Figure, outlines: bool = True) -> str:
    """A picture as an SVG element, for a page's HTML or a file of its own.

    Args:
        figure: the picture.
        outlines: letters are outlines, which look the same everywhere; else text in the reader's font, half as large.

    Returns:
        The element; the same for the same picture, and no id in it is another picture's.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "path" if outlines else "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _own_ids(_compact(text[text.index("<svg ") :]))
    words = html.escape(getattr(figure, "words", ""))
    return text.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1).replace("'DejaVu Sans'", _FONTS)


def adaptive_svg(figure: Figure) -> str:
    """A light picture whose colours are the dark ones where a page's reader prefers dark: one small file for both.

    Args:
        figure: a picture in the light theme.

    Returns:
        The element, with letters as text.
    """
    light, dark = (asdict(PALETTE[theme]) for theme in Theme)
    rules = [
        f'[style*="{kind}: {colour}"] {{{kind}: {dark[name]} !important}}'
        for name, colour in light.items()
        for kind in ("fill", "stroke")
    ]
    style = "\n".join(["@media (prefers-color-scheme: dark) {", *rules, "}"])
    return svg_text(figure, outlines=False).replace("</style>", f"\n{style}\n</style>", 1)


def _compact(text: str) -> str:
    """Without comments, metadata, indentation, and digits that nobody sees."""
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*(?=<)", "\n", text)
    text = re.sub(r"\s*\n\s*", " ", text).replace("> <", ">\n<")
    return re.sub(
        r"(scale\([^)]*\))|-?\d+\.\d{3,}",
        lambda found: found[1] or f"{float(found[0]):.2f}".rstrip("0").rstrip("."),
        text,
    )


def _own_ids(text: str) -> str:
    """Numbers the ids that are referred to, behind a hash of the picture, and drops the others.

    Those of clips are made of addresses in memory.
    """
    used = dict.fromkeys(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text))
    numbers = {name: str(number) for number, name in enumerate(used)}
    text = re.sub(r' id="([^"]+)"', lambda found: f' id="{numbers[found[1]]}"' if found[1] in used else "", text)
    text = re.sub(r'(xlink:href="#|url\(#)([^")]+)', lambda found: found[1] + numbers[found[2]], text)
    mark = "p" + hashlib.sha256(text.encode()).hexdigest()[:8]
    return re.sub(r'( id="|xlink:href="#|url\(#)', rf"\1{mark}-", text)


def _look(theme: Theme) -> Any:
    """Matplotlib's own settings, but for the theme's."""
    colours = PALETTE[theme]
    settings = {
        **{"figure.facecolor": colours.background, "axes.facecolor": colours.background},
        **{"text.color": colours.ink, "axes.labelcolor": colours.muted, "axes.edgecolor": colours.muted},
        **{"xtick.color": colours.muted, "xtick.labelcolor": colours.muted, "ytick.color": colours.muted},
        **{"ytick.labelcolor": colours.ink, "grid.color": colours.faint, "grid.linewidth": 0.8},
        **{"axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.linewidth": 0.8},
        **{"font.size": NORMAL, "axes.titlesize": NORMAL, "axes.labelsize": NORMAL, "legend.fontsize": NORMAL},
        **{"xtick.labelsize": SMALL, "ytick.labelsize": NORMAL, "legend.frameon": False},
        **{"axes.titlelocation": "left", "axes.titlecolor": colours.muted, "hatch.color": colours.background},
        # Users' names are no formulas
        "text.parse_math": False,
        # As svg_text sets it
        "svg.fonttype": matplotlib.rcParams["svg.fonttype"],
    }
    return matplotlib.style.context(["default", settings])
