"""The command ``tilewright report``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tilewright.cli.argument_checks import check_writable, takes
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import AsJson
from tilewright.errors import ReportError
from tilewright.file_kinds import Role
from tilewright.report.comparison import RunComparison, compare_runs
from tilewright.report.contents import accuracy, verdict
from tilewright.report.page import check_page, write_comparison, write_run
from tilewright.report.saved import load_record


def report(
    run_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN",
            help="A run's record, which `tilewright run --json` prints, or a page of --report, which holds one.",
            callback=takes(Role.RUN_RECORD),
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="A B", help="Two runs to set side by side, instead of one.", callback=takes(Role.RUN_RECORD)
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--report", "-o", metavar="FILE.html", help="Page to write.")] = Path(
        "report.html"
    ),
    as_json: AsJson = False,
) -> None:
    """Write a page of one run, or of two side by side: one HTML file, which needs no other and no network.

    Accuracy, equality, what differs and where, cycles layer by layer, time line, roofline, versions, hashes.

    With --compare: exits with 1 where an image has another class in B.
    """
    with failures_named():
        check_page(out)
        check_writable("--report", out)
        if (run_file is None) == (compare is None):
            raise ReportError("give one run, or --compare with two")
        differs = _two(*compare, out, as_json) if compare is not None else _one(run_file or Path(), out, as_json)
    if differs:
        raise typer.Exit(1)


def _one(run_file: Path, out: Path, as_json: bool) -> bool:
    """Writes one run's page; that a run was not equal is no failure here."""
    saved = load_record(run_file)
    write_run(saved, out)
    found = verdict(saved.facts)
    if as_json:
        facts = {name: saved.facts[name] for name in ("network", "array", "images", "correct", "equal", "mismatches")}
        typer.echo(json.dumps({"page": str(out), **facts}))
        return False
    table = Table(show_header=False)
    table.add_row("Run", f"{saved.facts['network']} on {saved.facts['array']}x{saved.facts['array']}")
    table.add_row("Accuracy", accuracy(saved.facts))
    table.add_row("Result", f"{found.word}. {found.text}")
    table.add_row("Page", str(out))
    output.print(table)
    return False


def _two(one: Path, other: Path, out: Path, as_json: bool) -> bool:
    """Writes the page of two runs; whether an image has another class."""
    first, second = load_record(one), load_record(other)
    write_comparison(first, second, out)
    comparison = compare_runs(first, second)
    if as_json:
        typer.echo(json.dumps({"page": str(out), **comparison.as_dict()}))
    else:
        output.print(comparison_table(comparison))
        output.print(_said(comparison), f"Page: {out}", sep="\n", markup=False, highlight=False)
    return bool(comparison.changes)


def comparison_table(comparison: RunComparison) -> Table:
    """Results side by side, and what of the set-up differs, for people."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for name in ("A", "B", "Change"):
        table.add_column(name, justify="right", overflow="fold")
    for row in comparison.results:
        table.add_row(row.name, row.first, row.second, row.change)
    table.add_section()
    for row in comparison.differing:
        table.add_row(row.name, row.first, row.second, "")
    return table


def _said(comparison: RunComparison) -> str:
    if not comparison.same_images:
        return "The runs had other images: their predictions cannot be compared."
    return f"{len(comparison.changes)} predictions differ."
