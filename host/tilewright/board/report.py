"""The report of a board that a person can attach to an issue: ``docs/results/hardware/report.schema.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from tilewright.board.junit import Report

FORMAT = "tilewright-hardware-report-1"
PARTS = ("findings", "network", "bench", "soak")
# Of the self-test's facts: a folder may tell a user's name
_KEPT_OUT = ("tilewright_folder",)


def hardware_report(runs: Sequence[Mapping[str, Any]], selftest: Report | None) -> dict[str, Any]:
    """Puts together what ran on a board; no host name, address, user or folder is in it.

    Args:
        runs: of ``python -m tilewright.check``, in order: what a later one has replaces an earlier one's.
        selftest: its report; None where it did not run.

    Returns:
        The report as JSON types; ``energy`` is null, to be filled in by a person (docs/energy.md).
    """
    facts: dict[str, Any] = {key: value for run in runs for key, value in run.items()}
    findings = facts.get("findings") or []
    judged = [facts[part]["passed"] for part in ("network", "soak") if facts.get(part) is not None]
    judged += [selftest.passed] if selftest is not None else []
    judged.append("failure" not in (facts.get("bench") or {}))
    return {
        "format": FORMAT,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "passed": all(judged) and all(finding["state"] != "failed" for finding in findings),
        **{name: facts[name] for name in ("device", "bitstream", "system")},
        **{part: facts.get(part) for part in PARTS},
        "selftest": None if selftest is None else _selftest(selftest),
        "energy": None,
    }


def _selftest(report: Report) -> dict[str, Any]:
    facts = {name: value for name, value in report.facts.items() if name not in _KEPT_OUT}
    failures = [asdict(failure) for failure in report.failures]
    return {**asdict(report), "failures": failures, "facts": facts, "passed": report.passed}
