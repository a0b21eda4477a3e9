"""Exact programs, again and again, until the time is over or an integer differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.check import system
from tilewright.check.findings import in_words
from tilewright.driver import Driver
from tilewright.errors import TilewrightError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program
from tilewright.selftest.memory import memory_program, memory_words
from tilewright.selftest.vectors import differences, load_vectors

# Between two lines, and two looks at the temperature
TELL_SECONDS = 10.0


@dataclass
class Soak:
    """What came of it so far.

    Attributes:
        seconds: by this computer's clock.
        programs: that ran.
        compared: integers.
        mismatches: of the program that ended it; 0 or the first failure.
        failure: what differed, place by place, or what was raised; "" where nothing was.
        hottest_c: the highest temperature by sensor, degrees Celsius; empty where none is read.
    """

    seconds: float = 0.0
    programs: int = 0
    compared: int = 0
    mismatches: int = 0
    failure: str = ""
    hottest_c: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether programs ran and none was wrong."""
        return self.programs > 0 and not self.failure

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types."""
        return {**asdict(self), "passed": self.passed}

    def __str__(self) -> str:
        degrees = ", ".join(f"{name} {value:.1f} C" for name, value in self.hottest_c.items()) or "not readable"
        text = (
            f"{self.seconds:.0f} s, {self.programs} programs, {self.compared} integers compared, {self.mismatches} "
            f"differ; hottest: {degrees}"
        )
        return f"{text}\n{self.failure}" if self.failure else text


@dataclass(frozen=True)
class Exact:
    """A program and what it must answer.

    Attributes:
        name: for people.
        program: to send.
        wrong: says what differs of its outputs, "" where nothing does.
        expected: the outputs.
    """

    name: str
    program: Program
    wrong: Callable[[Any], str]
    expected: Any


def soak(
    driver: Driver,
    seconds: float,
    write: Callable[[str], None] = lambda line: None,
    root: Path = system.ROOT,
) -> Soak:
    """Runs exact programs until the time is over; at least one, and none after the first that is wrong.

    Args:
        driver: of the accelerator.
        seconds: by this computer's clock.
        write: gets a line now and then.
        root: of the file system with the temperatures.

    Returns:
        What came of it; a wrong integer or an error of the device is in it and raises nothing.
    """
    outcome, start, told = Soak(), time.monotonic(), time.monotonic()
    _look(outcome, root)
    for exact in exact_programs(driver.array):
        try:
            outputs = driver.run(exact.program).outputs
        except TilewrightError as error:
            outcome.failure = _explained(exact, outcome, in_words(error))
        else:
            outcome.compared += sum(values.size for values in exact.expected)
            pairs = zip(exact.expected, outputs, strict=True)
            outcome.mismatches = sum(int((one != other).sum()) for one, other in pairs)
            if outcome.mismatches:
                outcome.failure = _explained(exact, outcome, exact.wrong(outputs))
        outcome.programs += 1
        outcome.seconds = time.monotonic() - start
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            _look(outcome, root)
            write(str(outcome))
        if outcome.failure or outcome.seconds >= seconds:
            break
    _look(outcome, root)
    return outcome


def exact_programs(array: ArrayParameters) -> Iterator[Exact]:
    """The golden vectors and the whole memory with other random words each time, without end."""
    vectors = load_vectors(array)
    seed = 0
    while True:
        for vector in vectors.values():
            yield Exact(vector.name, vector.program, partial(differences, vector), vector.expected)
        words = memory_words(array, seed)
        expected = tuple(block[None] for block in words)
        name = f"memory, seed {seed}"
        yield Exact(name, memory_program(array, words), partial(_first, expected), expected)
        seed += 1


def _first(expected: Any, got: Any) -> str:
    """The first nibbles of the memory that differ."""
    lines = []
    for block, (one, other) in enumerate(zip(expected, got, strict=True)):
        for place in np.argwhere(one != other)[:4].tolist():
            _, row, y, x = place
            value = f"expected {one[tuple(place)]}, got {other[tuple(place)]}"
            lines.append(f"  block {block}, row of the array {row}, word ({y}, {x}): {value}")
    return "\n".join(lines[:10])


def _explained(exact: Exact, outcome: Soak, text: str) -> str:
    """A failure with all that is known of it."""
    return f"program {outcome.programs} ({exact.name}), {outcome.seconds:.1f} s after the start:\n{text}"


def _look(outcome: Soak, root: Path) -> None:
    for name, value in system.temperatures(root).items():
        outcome.hottest_c[name] = max(value, outcome.hottest_c.get(name, value))
