"""Reads a run's record: of what `tilewright run --json` printed, or of a report's page, which holds it."""

from __future__ import annotations

import json
from dataclasses import dataclass, is_dataclass
from enum import Enum
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from tilewright.errors import ReportError, TilewrightError
from tilewright.estimate.estimate import Estimate
from tilewright.file_kinds import PAGE_SUFFIXES, Role, refusal

FORMAT = "tilewright-run-1"
SCHEMA = Path(__file__).with_name("record.schema.json")
# Of the element of a page that holds the record
ELEMENT = "record"


@dataclass(frozen=True)
class Saved:
    """A record that was read.

    Attributes:
        name: of its file, for people.
        facts: the record as JSON types, by ``record.schema.json``.
        estimate: of its last program; None where it holds none.
        folder: that its waveform's path is relative to.
    """

    name: str
    facts: dict[str, Any]
    estimate: Estimate | None
    folder: Path


def load_record(path: str | Path) -> Saved:
    """Reads a record.

    Args:
        path: JSON, or a page that ``--report`` wrote.

    Raises:
        ReportError: the file is missing, damaged, or something else; says what.
    """
    path = Path(path)
    other = refusal(path, Role.RUN_RECORD)
    if other is not None:
        raise ReportError(other)
    if not path.is_file():
        raise ReportError(f"{path}: no such file")
    written = "?"
    try:
        text = path.read_text(encoding="utf-8")
        is_page = path.suffix.lower() in PAGE_SUFFIXES
        written = _Record.of(text) if is_page else text
        facts = json.loads(written)
    except (ValueError, RecursionError) as error:
        reason = str(error) if written else "the page holds none" if is_page else "the file is empty"
        raise ReportError(f"{path}: no run's record: {reason}") from error
    # What is in a page is relative to the page; what was printed, to where one was
    return checked_record(facts, str(path), path.parent if is_page else Path())


def checked_record(facts: Any, name: str, folder: Path) -> Saved:
    """A record as read from a file, or as just made.

    Args:
        facts: JSON types.
        name: of its file, for people.
        folder: that its waveform's path is relative to.

    Raises:
        ReportError: it is none; says where.
    """
    form = facts.get("format") if isinstance(facts, dict) else None
    if form != FORMAT:
        found = "there is no format in it" if form is None else f"its format is {form!r}"
        raise ReportError(f"{name}: no run's record, {found}: `tilewright run --json` of this version prints {FORMAT}")
    for error in _validator().iter_errors(facts):
        where = "/".join(map(str, error.absolute_path)) or "whole"
        raise ReportError(f"{name}: a damaged record: {where}: {_short(error.message)}")
    lengths = {name: len(facts[name]) for name in ("predictions", "labels")}
    if set(lengths.values()) != {facts["images"]}:
        raise ReportError(f"{name}: a damaged record: {facts['images']} images, but {lengths}")
    return Saved(name, facts, _estimate(facts["estimate"], name), folder)


def _estimate(facts: dict[str, Any] | None, name: str) -> Estimate | None:
    try:
        return None if facts is None else _built(Estimate, facts)
    except (TypeError, KeyError, ValueError, AttributeError, TilewrightError) as error:
        raise ReportError(f"{name}: a damaged record: estimate: {_short(str(error))}") from error


def _built(kind: Any, value: Any) -> Any:
    """A dataclass of what ``dataclasses.asdict`` and JSON made of it."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _built(hints[name], inner) for name, inner in value.items()})  # type: ignore[operator]
    if get_origin(kind) is not None:
        return tuple(_built(get_args(kind)[0], inner) for inner in value) if get_origin(kind) is tuple else value
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


class _Record(HTMLParser):
    """Finds the record in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.text = ""

    @classmethod
    def of(cls, page: str) -> str:
        parser = cls()
        parser.feed(page)
        return parser.text

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.inside = tag == "script" and dict(attrs).get("id") == ELEMENT

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside else ""
