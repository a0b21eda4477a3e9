"""Bitstreams and what is wrong with them, for people and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.table import Table

from tilewright.bitstreams.collection import Entry
from tilewright.cli.console import output


def show(found: list[Entry], as_json: bool, folder: Path) -> None:
    """Print bitstreams and what is wrong with them.

    Args:
        found: the bitstreams.
        as_json: as one JSON object.
        folder: where they were looked for.
    """
    if as_json:
        facts = [{"folder": str(each.folder), "faults": each.faults, "manifest": each.manifest} for each in found]
        typer.echo(json.dumps({"bitstreams": facts}))
        return
    if not found:
        output.print(f"no bitstream in {folder}: `tilewright board build NAME` makes one with Vivado", soft_wrap=True)
        return
    table = Table()
    for head in ("Bitstream", "Array", "DSP columns", "Stream", "MHz", "WNS ns", "Tool", "On hardware", "Files"):
        table.add_column(head, overflow="fold", no_wrap=head in ("Bitstream", "WNS ns"))
    for each in found:
        table.add_row(each.folder.name, *_cells(each))
    output.print(table)
    for each in found:
        for fault in each.faults:
            output.print(f"{each.folder.name}: {fault}", markup=False, highlight=False, soft_wrap=True)


def _cells(entry: Entry) -> list[str]:
    """A bitstream's row, behind its name."""
    state = "[red]do not fit[/red]" if entry.faults else "right"
    try:
        manifest = entry.manifest or {}
        parameters, timing = manifest["parameters"], manifest["timing"]
        return [
            f"{parameters['N']}x{parameters['N']}",
            str(parameters["DSP_COLUMNS"]),
            str(parameters["STREAM_W"]),
            f"{manifest['clock_mhz']:g}",
            "unknown" if timing is None else f"{timing['wns_ns']:g}{'' if timing['met'] else ' MISSED'}",
            str(manifest["tool"]),
            "ran" if manifest["ran_on_hardware"] else "not run",
            state,
        ]
    except (KeyError, TypeError, ValueError):  # by no schema, which the faults say
        return [*["?"] * 7, state]
