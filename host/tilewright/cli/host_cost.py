"""What ``tilewright bench --host-cost`` shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from tilewright.cli.console import output
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.progress import phase
from tilewright.pytorch.network_choice import resolve_network

if TYPE_CHECKING:
    from tilewright.host_cost.table import Row


def show_host_cost(network_file: Path | None, parts: Sequence[str], batch: int | None, as_json: bool) -> None:
    """Counts, and prints the table or JSON.

    Args:
        network_file: of the command; None: the trained VGG16.
        parts: names of parts; none: all.
        batch: images a program; None: each part's best.
        as_json: whether to print JSON.

    Raises:
        HostCostError: nothing can be counted.
        CompileError: the network fits no array.
    """
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.host_cost.table import TRIED, as_dict, host_costs

    file = resolve_network(network_file)
    with phase("Counting a processor's instructions", "Counted a processor's instructions") as step:
        tried = TRIED if batch is None else (batch,)
        rows = host_costs(file, parts, tried=tried, step=lambda what: step.update(text=what))
    facts = as_dict(load_network(file), rows)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    output.print(cost_table(rows))
    output.print(
        "Counted on this computer, numpy at its baseline; seconds by a model whose constants are assumed "
        "(docs/board.md, --json). Nothing has run on hardware.",
        highlight=False,
    )


def cost_table(rows: Sequence[Row]) -> Table:
    """A row a part, for people."""
    table = Table(title="What a batch costs the processor beside the accelerator", title_justify="left")
    for heading in ("Part", "Boards", "Core", "Array", "Batch", "Instructions", "Bytes moved", "ms"):
        table.add_column(heading, justify="left" if heading in ("Part", "Boards", "Core") else "right")
    table.add_column(f"Share at an assumed {DEFAULT_CLOCK_MHZ:g} MHz", justify="right")
    table.add_column("At the static report's clock", justify="right")
    for row in rows:
        facts = row.as_dict()
        table.add_row(
            facts["part"],
            ", ".join(facts["boards"]),
            facts["processor"],
            f"{facts['array']}x{facts['array']}",
            str(facts["batch"]),
            f"{facts['instructions']:,}",
            f"{facts['bytes_moved']:,}",
            f"{1e3 * facts['host_s']:.2f}",
            f"{facts['share_at_assumed_clock']:.0%}",
            f"{facts['share_at_static_clock']:.0%}, static report: {row.clock_mhz:.0f} MHz",
        )
    return table
