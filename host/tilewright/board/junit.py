"""Reads the report of the self-test that pytest wrote on the board."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from tilewright.errors import BoardError


@dataclass(frozen=True)
class Failure:
    """A test that failed.

    Attributes:
        name: of the test.
        message: the first lines of its error.
    """

    name: str
    message: str


@dataclass(frozen=True)
class Report:
    """What the self-test found.

    Attributes:
        tests, skipped: how many.
        seconds: that it took.
        failures: tests that failed or broke.
        facts: what it ran on: device, accelerator, versions.
    """

    tests: int
    skipped: int
    seconds: float
    failures: tuple[Failure, ...]
    facts: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether tests ran and none failed."""
        return self.tests > self.skipped and not self.failures


def parse_report(text: str) -> Report:
    """Reads pytest's JUnit XML.

    Raises:
        BoardError: it is none.
    """
    try:
        (suite,) = ElementTree.fromstring(text).iter("testsuite")
        return Report(
            tests=int(suite.attrib["tests"]),
            skipped=int(suite.attrib["skipped"]),
            seconds=float(suite.attrib["time"]),
            failures=tuple(failure for case in suite.iter("testcase") for failure in _failures(case)),
            facts={each.attrib["name"]: each.attrib["value"] for each in suite.iterfind("properties/property")},
        )
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise BoardError(f"the self-test left no readable report ({error}):\n{text[:500]}") from error


def _failures(case: ElementTree.Element) -> list[Failure]:
    found = [*case.iterfind("failure"), *case.iterfind("error")]
    return [Failure(case.attrib["name"], element.attrib.get("message", "")) for element in found]
