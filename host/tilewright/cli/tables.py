"""What ran and what came of it, as tables for people."""

from __future__ import annotations

from rich.table import Table

from tilewright.hardware import assumed_clock
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.pytorch.capture import DEMO_LAYER
from tilewright.pytorch.images import Images
from tilewright.runs.layer import Verification
from tilewright.runs.main_job import Demo
from tilewright.runs.network import NetworkRun


def run_table(run: NetworkRun, images: Images, seed: int | None, clock_mhz: float) -> Table:
    """What ran and what came of it, for people."""
    comparison, n = run.comparison, run.n
    rows = {
        "Network": f"{run.network.name}, {len(run.network.layers)} layers on the accelerator",
        "Images": f"{run.images} of {images.source}, {run.batch} a program",
        "Array": f"{n}x{n}",
        "Predictions": _predictions_text(run),
        "Program cycles": f"{run.program_cycles}, first program beat to last result beat, DMA included",
        "Program utilisation": f"{run.program_utilisation:.2%} ({run.macs} MACs, {n * n} a cycle)",
        "Time": f"{run.wall_seconds:.2f} s, {run.images / max(run.wall_seconds, 1e-9):.2f} images/s here",
        "Estimate for a board": assumed_clock.in_words(run.images, run.program_cycles, clock_mhz),
        "Seed": "-" if seed is None else str(seed),
    }
    if run.checked:
        layers = ", ".join(f"{layer.what} of {layer.layer}" for layer in comparison.layers.values())
        shown = layers if len(comparison.layers) == 1 else f"every layer's map ({len(comparison.layers)} layers)"
        rows |= {
            "Integers compared": f"{comparison.compared} ({comparison.nonzero} not zero): {shown}",
            "Mismatches": f"{comparison.mismatches}; {comparison.predictions_differing} predictions differ",
        }
    if run.origin:
        rows["Reference"] = f"{run.origin}. Checkpoint: SHA-256 {run.network.checkpoint_sha256[:16]}..."
    title = f"Tilewright against {run.reference}" if run.checked else "Tilewright"
    table = Table(title=title, show_header=False, title_justify="left")
    for name, text in rows.items():
        table.add_row(name, text)
    results = {None: "not compared", True: "[green]equal[/green]", False: "[red]NOT EQUAL[/red]"}
    table.add_row("Result", results[run.equal])
    return table


def _predictions_text(run: NetworkRun) -> str:
    names = [run.network.class_name(prediction) for prediction in run.predictions]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return shown if run.correct is None else f"{shown}; {run.correct} of {run.images} correct"


def demo_table(demo: Demo, seed: int | None) -> Table:
    """What the main job did and what came of it, for people.

    Args:
        demo: the outcome.
        seed: of the simulated device; None on a board.
    """
    raw, relu, floats = demo.layer.reports
    distance = demo.layer.layer.metadata["max_distance"]
    table = run_table(demo.run, demo.images, seed, DEFAULT_CLOCK_MHZ)
    differing = raw.mismatches + relu.mismatches
    table.add_row(
        DEMO_LAYER,
        f"alone, raw and with ReLU: {differing} of {raw.compared + relu.compared} differ; against the float layer: "
        f"{floats.mismatches} of {floats.compared} differ, largest distance from an integer {distance:.3g}",
    )
    table.add_row("Class", f"[bold]{demo.class_name}[/bold]")
    return table


def outcome_table(outcome: Verification, seed: int | None) -> Table:
    """What ran and what came of it for one layer, for people.

    Args:
        outcome: of the run.
        seed: of the simulated device; None on a board.
    """
    layer, (raw, relu, floats) = outcome.layer, outcome.reports
    (kernel_h, kernel_w), (out_h, out_w) = layer.kernel, layer.out_size
    shape = f"{layer.in_channels} -> {layer.out_channels} channels, {kernel_h}x{kernel_w}, {out_h}x{out_w} outputs"
    table = Table(title="Tilewright against PyTorch", show_header=False, title_justify="left")
    rows = {
        "Layer": f"{layer.name}: {shape}",
        "Image": f"{layer.metadata['image_source']} ({layer.images} image(s))",
        "Array": f"{outcome.n}x{outcome.n}",
        "Outputs compared": f"{raw.compared} raw + {relu.compared} after ReLU",
        "Non-zero": f"{raw.nonzero} raw, {relu.nonzero} after ReLU",
        "Mismatches": f"{raw.mismatches} raw, {relu.mismatches} after ReLU",
        "Against the float layer": f"{floats.mismatches} of {floats.compared} integers differ; "
        f"largest distance from an integer {layer.metadata['max_distance']:.3g}",
        "Layer cycles": f"{outcome.layer_cycles}, {outcome.mac_cycles} of them issue a position",
        "Program cycles": f"{outcome.program_cycles}, first program beat to last result beat, DMA included",
        "Layer utilisation": f"{outcome.layer_utilisation:.1%} ({layer.macs} MACs, {outcome.n * outcome.n} a cycle)",
        "Program utilisation": f"{outcome.program_utilisation:.1%}",
        "Seed": "-" if seed is None else str(seed),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    table.add_row("Result", "[green]equal[/green]" if outcome.equal else "[red]NOT EQUAL[/red]")
    return table
