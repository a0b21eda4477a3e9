"""What a check found: what was expected, what is there, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class State(str, Enum):
    """What came of a check; ``NOT_KNOWN``: nothing to compare with, or nothing to read."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        group: what it belongs to: system, clock, identity, DMA, memory, patterns, interruption.
        name: what was looked at.
        state: what came of it.
        expected: in words, and where that is from; "" where nothing says.
        found: in words.
        advice: what to do; "" where nothing is to be done.
    """

    group: str
    name: str
    state: State
    expected: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON types."""
        return {**asdict(self), "state": self.state.value}

    def __str__(self) -> str:
        if self.state is State.PASSED:
            return f"ok      {self.group}: {self.name}: {self.found}"
        if self.state is State.NOT_KNOWN:
            return f"unknown {self.group}: {self.name}: {self.found}" + (f"; {self.advice}" if self.advice else "")
        return f"FAILED  {self.group}: {self.name}: expected {self.expected}, found {self.found}\n        {self.advice}"


def compared(group: str, name: str, expected: object, source: str, found: object, advice: str) -> Finding:
    """A finding of two values that should be equal.

    Args:
        group, name: as of :class:`Finding`.
        expected: None where nothing says what it should be.
        source: who says it.
        found: what is there.
        advice: what to do where they differ.
    """
    if expected is None:
        return Finding(group, name, State.NOT_KNOWN, "", f"{found}, and nothing says what it should be")
    state = State.PASSED if expected == found else State.FAILED
    advice = "" if state is State.PASSED else advice
    return Finding(group, name, state, f"{expected} ({source})", str(found), advice)


def judged(group: str, name: str, good: bool, expected: str, found: str, advice: str) -> Finding:
    """A finding of a rule that holds or not; the advice is kept where it does not."""
    return Finding(group, name, State.PASSED if good else State.FAILED, expected, found, "" if good else advice)


def failed(findings: Iterable[Finding]) -> list[Finding]:
    """Those that failed."""
    return [finding for finding in findings if finding.state is State.FAILED]


def in_words(error: Exception) -> str:
    """An exception's kind, message and notes: of a transfer that failed, its report."""
    return "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
