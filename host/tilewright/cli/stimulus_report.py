"""What replays of stimulus sets found, for people and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from tilewright.cli.console import output

if TYPE_CHECKING:
    from tilewright.errors import TilewrightError
    from tilewright.stimulus.reader import Unused
    from tilewright.stimulus.replay import Replay


@dataclass(frozen=True)
class Outcome:
    """What came of one set.

    Attributes:
        directory: the set.
        replay: its replay; None where it was refused.
        error: why.
    """

    directory: Path
    replay: Replay | None
    error: TilewrightError | None = None

    @property
    def status(self) -> int:
        """0 all equal, 1 a sum differs or files contradict each other, 2 refused."""
        return 2 if self.replay is None else int(not self.replay.equal)

    def as_dict(self) -> dict[str, Any]:
        """As JSON types."""
        if self.replay is None:
            return {"directory": str(self.directory), "refused": str(self.error), "status": self.status}
        return self.replay.as_dict() | {"status": self.status}


def report_replay(replay: Replay, as_json: bool) -> None:
    """Prints the replay of one set."""
    facts = replay.as_dict()
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(
        title=f"Stimulus set {replay.findings.stimulus.directory.name}", show_header=False, title_justify="left"
    )
    for name, text in replay.findings.details.items():
        table.add_row(name.capitalize(), text)
    table.add_row("Array", f"{replay.n}x{replay.n}")
    table.add_row("Compared", ", ".join(f"{count} {kind}" for kind, count in facts["compared"].items()))
    table.add_row("Cycles", f"{replay.program_cycles}, {replay.layer_cycles} of them in convolutions")
    table.add_row("Mismatches", str(facts["mismatches"]))
    table.add_row("Contradictions", str(facts["contradictions"]))
    output.print(table)
    for line in _remarks(replay):
        output.print(line, markup=False, highlight=False)


def report_replays(outcomes: Sequence[Outcome], beside: Sequence[Unused], as_json: bool) -> None:
    """Prints the replays of several sets, and the files that belong to none of them."""
    status = max(outcome.status for outcome in outcomes)
    if as_json:
        unused = [{"file": str(one.path), "reason": one.reason} for one in beside]
        facts = {"status": status, "sets": [outcome.as_dict() for outcome in outcomes], "unused": unused}
        typer.echo(json.dumps(facts))
        return
    table = Table(title=f"{len(outcomes)} stimulus sets", title_justify="left")
    for name in ("Set", "Array", "Mismatches", "Outputs", "Result"):
        table.add_column(name, overflow="fold")
    above = os.path.commonpath([outcome.directory.parent for outcome in outcomes])
    names = [os.path.relpath(outcome.directory, above) for outcome in outcomes]
    for name, outcome in zip(names, outcomes, strict=True):
        table.add_row(name, *_cells(outcome))
    output.print(table)
    for name, outcome in zip(names, outcomes, strict=True):
        lines = [f"refused: {outcome.error}"] if outcome.replay is None else _remarks(outcome.replay)
        for line in lines:
            output.print(f"{name}: {line}", markup=False, highlight=False)
    for one in beside:
        output.print(f"{one.path}: not used: {one.reason}", markup=False, highlight=False)


def _cells(outcome: Outcome) -> list[str]:
    replay = outcome.replay
    if replay is None:
        return ["-", "-", "-", "[red]refused[/red]"]
    compared = sum(comparison.compared for comparison in replay.comparisons)
    unequal = "[red]NOT EQUAL[/red]" if replay.mismatches else "[red]CONTRADICTION[/red]"
    return [
        f"{replay.n}x{replay.n}",
        f"{len(replay.mismatches)} of {compared}",
        replay.findings.details["out"],
        "[green]equal[/green]" if replay.equal else unequal,
    ]


def _remarks(replay: Replay) -> list[str]:
    """Defects, notes and the first mismatches, one a line."""
    findings, mismatches = replay.findings, replay.mismatches
    listed = replay.listed
    more = len(mismatches) - len(listed)
    return [
        *(f"Defect {defect.name.value}: {defect.file}: {defect.message}" for defect in findings.defects),
        *findings.notes,
        *map(str, listed),
        *([f"and {more} more mismatches"] if more else []),
    ]
