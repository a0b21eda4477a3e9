"""Pictures of a training run, written: its curves, and the histograms of a network's codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.network.confusion import Counts
from tilewright_model.errors import ModelError
from tilewright_model.training.distributions import Distributions

if TYPE_CHECKING:
    from tilewright.pictures.curves import Log

#: as many runs as one picture can tell apart
MOST_RUNS = 20


def save_curves(logs: Mapping[str, Log], path: str | Path, dark: bool = False) -> None:
    """Draw loss, accuracies and learning rate over the epochs.

    Args:
        logs: as :func:`tilewright.pictures.curves.draw` takes them.
        path: of the picture; the suffix says which format.
        dark: for dark pages.

    Raises:
        ModelError: there is no matplotlib, or there are too many runs.
        ValueError: matplotlib does not write the format.
    """
    if len(logs) > MOST_RUNS:
        raise ModelError(f"{len(logs)} runs are too many for one picture: name {MOST_RUNS} at most")
    with needing_matplotlib():
        from tilewright.pictures import curves, style

        style.save(curves.draw(logs, theme=style.theme_of(dark)), path)


def save_histograms(distributions: Distributions, path: str | Path, title: str = "", dark: bool = False) -> None:
    """Draw each layer's weight codes and, below them, its activation codes.

    Args:
        distributions: of a network.
        path: of the picture; the suffix says which format.
        title: above it.
        dark: for dark pages.

    Raises:
        ModelError: there is no matplotlib.
        ValueError: it does not write the format.
    """
    with needing_matplotlib():
        from tilewright.pictures import histograms, style

        theme = style.theme_of(dark)
        picture = histograms.draw(distributions.weights, distributions.activations, title=title, theme=theme)
        style.save(picture, path)


def save_confusion(counts: Counts, classes: Sequence[str], path: str | Path, dark: bool) -> None:
    """Draw a confusion matrix.

    Args:
        counts: of images; row the label, column the prediction.
        classes: names.
        path: of the picture; the suffix says which format.
        dark: for dark pages.

    Raises:
        ModelError: there is no matplotlib.
        ValueError: it does not write the format.
    """
    with needing_matplotlib():
        from tilewright.pictures import confusion, style

        style.save(confusion.draw_counts(counts, classes, theme=style.theme_of(dark)), path)


@contextmanager
def needing_matplotlib() -> Iterator[None]:
    """Says what to install where there is no matplotlib.

    Raises:
        ModelError: instead of the block's ImportError.
    """
    try:
        yield
    except ImportError as error:
        raise ModelError(f"pictures need matplotlib: pip install matplotlib ({error})") from error
