"""What a farm has done, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from tilewright.farm.result import FarmResult


def farm_table(result: FarmResult) -> Table:
    """What ran, on which workers, and what came of it."""
    plan, images = result.plan, result.images
    hardware = plan.hardware
    array = f"{hardware['array']}x{hardware['array']}, " if "array" in hardware else ""
    maps = "every layer's map" if len(plan.layers) == len(plan.network.layers) else f"maps of {', '.join(plan.layers)}"
    rows = {
        "Network": f"{plan.network.name}, {len(plan.network.layers)} layers on the accelerator",
        "Images": f"{images} of {len(plan.images.pixels)} of {plan.images.source}, {plan.batch} a program, "
        f"{plan.size} a shard",
        "Devices": f"{array}{hardware['device']}, RTL {hardware['rtl_sha256'][:16]}...",
        "Accuracy": "-"
        if result.correct is None or not images
        else f"{100 * result.correct / images:.2f} %, {result.correct} of {images}",
        "Integers compared": f"{images * plan.integers:,}, {maps}, by SHA-256, with {result.reference}'s",
        "Images that differ": str(result.differing),
        "Program cycles": f"{result.cycles:,}",
        "Program utilisation": f"{result.utilisation:.2%}",
        "Time": f"{result.seconds:.1f} s for {result.images_now} images, "
        f"{result.images_now / max(result.seconds, 1e-9):.2f} images/s here",
    }
    for name, row in result.workers.items():
        rows[f"Worker {name}"] = f"{row['shards']:g} shards, {row['images']:g} images, {row['seconds']:.1f} s"
    for name, reason in result.left_out.items():
        rows[f"Worker {name} left out"] = reason
    table = Table(title=f"Tilewright's farm against {result.reference}", show_header=False, title_justify="left")
    for name, text in rows.items():
        table.add_row(name, text)
    table.add_row("Result", _said(result))
    return table


def _said(result: FarmResult) -> str:
    if not result.shards:
        return "nothing has run"
    equal = "[red]NOT EQUAL[/red]" if result.differing else "[green]equal[/green]"
    return equal if result.complete else f"{equal}, as far as it has come"
