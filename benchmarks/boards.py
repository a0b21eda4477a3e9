"""The table of boards: the largest array that fits each part, its clock, its images a second, its share of the part.

python benchmarks/boards.py
python benchmarks/boards.py network.safetensors --part xczu5ev --json

Every figure says whether it is measured, estimated or extrapolated. Nothing has run on hardware.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.network_choice import resolve_network
from tilewright.silicon.area import AreaModel
from tilewright.silicon.budget import LIMITS, OTHER_LUTS, Choice, largest
from tilewright.silicon.clock import ClockModel
from tilewright.silicon.kinds import Figure, Kind, weakest
from tilewright.silicon.parts import Part, all_parts, part_of
from tilewright.silicon.points import committed
from tilewright.silicon.speed import BATCHES, Speed, best_of, slowed, speeds
from tilewright.silicon.words import RESOURCES, marked, notes, taken

ROOT = Path(__file__).resolve().parents[1]
# What the memory of a board is taken to bring, MB/s, to this one master; no board has been measured
DDR_MB_PER_S = 1200.0
app = typer.Typer(pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Row:
    """A part and what fits it.

    Attributes:
        choice: the design, or none.
        clock: MHz of the static report; None if nothing fits.
        speeds: of each batch that fits the activation memory.
        supplied: the first and the best of them at that clock with a memory of DDR_MB_PER_S.
    """

    choice: Choice
    clock: Figure | None = None
    speeds: tuple[Speed, ...] = ()
    supplied: tuple[Speed, ...] = ()


def row_of(network: Network, part: Part, area: AreaModel, clocks: ClockModel, batches: tuple[int, ...]) -> Row:
    """The row of a part.

    Raises:
        CompileError: an image of the network does not fit the activation memory.
    """
    choice = largest(area, part)
    if choice.design is None:
        return Row(choice)
    build = choice.design.build
    clock = clocks.mhz(build, part)
    with phase(f"{part.name}: {build}", total=len(batches) + 1, unit="estimate") as step:
        found = tuple(speeds(network, build, batches, lambda: step.advance(1)))
        supplied = tuple(slowed(network, speed, clock.value, DDR_MB_PER_S) for speed in (found[0], best_of(found)))
        step.update(len(batches) + 1)
    return Row(choice, clock, found, supplied)


def speed_as_dict(speed: Speed, supplied: Speed, clock: Figure) -> dict[str, Any]:
    """A batch for JSON."""
    at_static = weakest(Kind.ESTIMATED, clock.kind)
    return {
        "array": speed.build.n,
        "batch": speed.batch,
        "program_cycles": speed.program_cycles,
        "program_cycles_kind": Kind.ESTIMATED.value,
        "macs": speed.macs,
        "program_utilisation": speed.program_utilisation,
        "assumed_clock_mhz": DEFAULT_CLOCK_MHZ,
        "images_per_s_at_assumed_clock": Figure(speed.images_per_second(DEFAULT_CLOCK_MHZ), Kind.ESTIMATED).as_dict(),
        "images_per_s_at_static_clock": Figure(speed.images_per_second(clock.value), at_static).as_dict(),
        "images_per_s_at_static_clock_and_assumed_memory": Figure(
            supplied.images_per_second(clock.value), at_static
        ).as_dict(),
        "memory_mb_per_s_at_assumed_clock": Figure(
            speed.megabytes_per_second(DEFAULT_CLOCK_MHZ), Kind.ESTIMATED
        ).as_dict(),
    }


def as_dict(row: Row) -> dict[str, Any]:
    """A row for JSON."""
    choice, part = row.choice, row.choice.part
    facts = {"part": part.name, "boards": list(part.boards), "source": part.source, "fits": choice.design is not None}
    refused = [{"configuration": str(design.build), "too_much": design.too_much} for design in choice.refused]
    if choice.design is None or row.clock is None:
        return {**facts, "refused": refused}
    build, hardware = choice.design.build, choice.design.build.hardware()
    return {
        **facts,
        "refused": refused,
        "array": build.n,
        "dsp_columns": build.dsp_columns,
        "stream_w": build.stream_w,
        "activation_memory_kib": hardware.n * hardware.array.act_w * hardware.array.act_depth // 8192,
        "resources": {
            name: {"taken": share.taken.as_dict(), "of": share.of, "share": share.share, "limit": share.limit}
            for name, share in choice.design.shares.items()
        },
        "static_clock_mhz": row.clock.as_dict(),
        "batch_1": speed_as_dict(row.speeds[0], row.supplied[0], row.clock),
        "best_batch": speed_as_dict(best_of(row.speeds), row.supplied[1], row.clock),
        "batches_tried": [speed.batch for speed in row.speeds],
    }


def facts_of(network: Network, rows: list[Row], area: AreaModel, clocks: ClockModel) -> dict[str, Any]:
    """All for JSON."""
    return {
        "network": network.name,
        "limits": LIMITS,
        "other_luts": OTHER_LUTS,
        "area_fit": area.as_dict(),
        "static_report": clocks.as_dict(),
        "assumed_memory_mb_per_s": DDR_MB_PER_S,
        "boards": [as_dict(row) for row in rows],
    }


def table(rows: list[Row], network: str) -> Table:
    """A column a part, for people."""
    shown = Table(title=f"Boards, {network}", title_justify="left", box=SIMPLE_HEAD)
    shown.add_column("", no_wrap=True)
    columns = [cells(row) for row in rows]
    for row in rows:
        shown.add_column(row.choice.part.name, justify="right")
    for name in dict.fromkeys(name for column in columns for name in column):
        shown.add_row(name, *(column.get(name, "-") for column in columns))
    return shown


def cells(row: Row) -> dict[str, str]:
    """What a column shows."""
    boards = {"Boards": ", ".join(row.choice.part.boards)}
    if row.choice.design is None or row.clock is None:
        return {**boards, "Array": f"nothing fits: {row.choice.refused[-1].too_much}"}
    build, one, best = row.choice.design.build, row.speeds[0], best_of(row.speeds)
    at_static = weakest(Kind.ESTIMATED, row.clock.kind)
    return {
        **boards,
        "Array": f"{build.n}x{build.n}",
        "Columns of DSPs": f"{build.dsp_columns} of {build.n}",
        "Stream": f"{build.stream_w} bits",
        **{RESOURCES[name]: taken(row.choice.design, name) for name in RESOURCES},
        "Best batch": str(best.batch),
        "img/s at an assumed 100 MHz, batch 1": speed(one, 100, Kind.ESTIMATED),
        "... best batch": speed(best, 100, Kind.ESTIMATED),
        "MB/s of memory there": marked(f"{best.megabytes_per_second(100):.0f}", Kind.ESTIMATED),
        "MHz of the static report": marked(f"{row.clock.value:.0f}", row.clock.kind),
        "img/s there, batch 1": speed(one, row.clock.value, at_static),
        "..., best batch": speed(best, row.clock.value, at_static),
        f"..., memory of {DDR_MB_PER_S / 1e3:g} GB/s": speed(row.supplied[1], row.clock.value, at_static),
    }


def speed(batch: Speed, clock_mhz: float, kind: Kind) -> str:
    """Images a second."""
    return marked(f"{batch.images_per_second(clock_mhz):.0f}", kind)


@app.command()
def main(
    network_file: Annotated[Path | None, typer.Argument(help="Network file; default: the trained VGG16.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Part; repeat for several; default: all.")] = None,
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Images a program to try.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the largest array that fits each part, and what it does there."""
    network = load_network(resolve_network(network_file, None))
    rtl, points = rtl_sha256(ROOT / "cores"), committed()
    area, clocks = AreaModel(points.areas, rtl), ClockModel(points.timing, rtl)
    batches = tuple(sorted(set(batch or BATCHES)))
    rows = [row_of(network, part_of(name), area, clocks, batches) for name in part or all_parts()]
    if as_json:
        print(json.dumps(facts_of(network, rows, area, clocks)))
        return
    console = Console(soft_wrap=False)
    console.print(table(rows, network.name))
    console.print(notes(area), highlight=False)


if __name__ == "__main__":
    app()
