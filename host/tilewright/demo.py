"""The main job: one real image, the squeezed layer of the trained VGG16, through the accelerator, equal to PyTorch."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tilewright.capture import capture_layer
from tilewright.console import spinner
from tilewright.driver import Driver
from tilewright.layer import ConvLayer
from tilewright.verify import Verification, verify_layer

DEMO_LAYER = "features.27"


def run_verification(driver: Driver, layer: ConvLayer, console: Console) -> Verification:
    """:func:`tilewright.verify.verify_layer` with a progress bar.

    Args:
        driver: of the accelerator.
        layer: the captured layer.
        console: where the bar goes.

    Returns:
        The outcome.

    Raises:
        TilewrightError: as :func:`tilewright.verify.verify_layer`.
    """
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Running on the accelerator", total=2 * layer.images)
        return verify_layer(driver, layer, advance=lambda images: progress.advance(task, images))


def run_demo(driver: Driver, console: Console) -> Verification:
    """Captures the layer for the default image, runs it, compares.

    Args:
        driver: of the accelerator.
        console: where progress goes.

    Returns:
        The outcome.

    Raises:
        CaptureError: PyTorch's part failed.
        TilewrightError: the run failed.
    """
    with spinner(console, f"PyTorch up to {DEMO_LAYER}"):
        layer = capture_layer(DEMO_LAYER)
    return run_verification(driver, layer, console)


def outcome_table(outcome: Verification, seed: int | None) -> Table:
    """What ran and what came of it, for people.

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
        "Cycles of the layer": f"{outcome.cycles}, {outcome.mac_cycles} of them issue a position",
        "Cycles of the transfer": f"{outcome.program_cycles}, first program beat to last result beat, DMA included",
        "Array utilisation": f"{outcome.utilisation:.1%} ({layer.macs} MACs, {outcome.n * outcome.n} a cycle)",
        "Seed": "-" if seed is None else str(seed),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    table.add_row("Result", "[green]equal[/green]" if outcome.equal else "[red]NOT EQUAL[/red]")
    return table
