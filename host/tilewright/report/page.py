"""Writes reports: one HTML file each, which needs no other file and no network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.errors import ReportError
from tilewright.file_kinds import PAGE_MARK, PAGE_SUFFIXES
from tilewright.files import written
from tilewright.report import contents
from tilewright.report.comparison import LISTED, compare_runs
from tilewright.report.saved import ELEMENT, Saved, checked_record

if TYPE_CHECKING:
    from jinja2 import Environment

PACKAGES = ("jinja2", "jsonschema", "matplotlib")


def check_page(file: str | Path) -> Path:
    """Makes sure, before any work, that pages can be made.

    Args:
        file: the page's.

    Returns:
        The file.

    Raises:
        ReportError: its suffix is no page's, or a package is missing; says which.
    """
    file = Path(file)
    if file.suffix.lower() not in PAGE_SUFFIXES:
        raise ReportError(f"{file}: a report has the suffix .html")
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ReportError(f"a report needs {', '.join(missing)}: pip install 'tilewright[report]'")
    return file


def write_report(record: Mapping[str, Any], file: str | Path) -> None:
    """Writes the report of a run that has just ended.

    Args:
        record: of :func:`tilewright.report.record.run_record`.
        file: the page.

    Raises:
        ReportError: as :func:`check_page`.
        OSError: the file cannot be written.
    """
    check_page(file)
    write_run(checked_record(dict(record), "the run", Path()), file)


def write_run(saved: Saved, file: str | Path) -> None:
    """Writes the report of one run; the page holds its record.

    Args:
        saved: the run's record.
        file: the page.

    Raises:
        ReportError: as :func:`check_page`.
        OSError: the file cannot be written.
    """
    file = check_page(file)
    # Imported here: matplotlib takes a second, which a wrong argument need not.
    from tilewright.report.drawn import pictures_of

    waveform = _waveform_from(saved, file)
    _write(
        "run.html",
        file,
        run=saved,
        facts=saved.facts,
        record={**saved.facts, "waveform": waveform},
        element=ELEMENT,
        mark=PAGE_MARK,
        waveform=waveform,
        waveform_is_there=waveform is not None and (file.parent / waveform).is_file(),
        pictures=dict(pictures_of(saved)),
    )


def write_comparison(first: Saved, second: Saved, file: str | Path) -> None:
    """Writes the report of two runs side by side.

    Args:
        first: one's record.
        second: the other's.
        file: the page.

    Raises:
        ReportError: as :func:`check_page`.
        OSError: the file cannot be written.
    """
    comparison = compare_runs(first, second)
    _write("comparison.html", check_page(file), first=first, second=second, comparison=comparison, listed=LISTED)


def _waveform_from(saved: Saved, file: Path) -> str | None:
    """The waveform's path from the page's folder, with slashes."""
    waveform = saved.facts["waveform"]
    if waveform is None:
        return None
    return Path(os.path.relpath(saved.folder / waveform, file.parent)).as_posix()


def _write(template: str, file: Path, **given: Any) -> None:
    page = _environment().get_template(template).render(**given)
    with written(file) as partial:
        partial.write_text(page, encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tilewright.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # In the record's own order, which the page shows
    environment.policies["json.dumps_kwargs"] = {}
    environment.globals["contents"] = contents
    environment.filters["thousands"] = lambda value: f"{value:,}"
    return environment
