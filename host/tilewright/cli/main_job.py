"""The main job: one real image through the whole trained VGG16 on the accelerator, every integer equal to PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from tilewright.cli.run import run_table, run_with_progress
from tilewright.driver import Driver
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.network.layer import ConvLayer
from tilewright.progress import phase
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.pytorch.images import Images
from tilewright.runs.layer import Verification, verify_layer
from tilewright.runs.network import NetworkRun


@dataclass(frozen=True)
class Demo:
    """What the main job did.

    Attributes:
        run: the whole network, every layer's map read back and compared.
        layer: its squeezed layer alone, raw and with ReLU, against PyTorch's float layer too.
        images: the image.
    """

    run: NetworkRun
    layer: Verification
    images: Images

    @property
    def equal(self) -> bool:
        """Whether nothing that was compared differs."""
        return bool(self.run.equal) and self.layer.equal

    @property
    def class_name(self) -> str:
        """The class that the network sees."""
        return self.run.network.class_name(self.run.predictions[0])

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types: sums of network and layer where both compared, else the network's.

        ``layer_cycles`` and ``layer_utilisation`` are of the layer alone.
        """
        layer, run = self.layer.as_dict(), self.run.as_dict(DEFAULT_CLOCK_MHZ)
        return {
            **layer,
            "equal": self.equal,
            "class": self.class_name,
            "compared": run["compared"] + layer["compared"],
            "nonzero": run["nonzero"] + layer["nonzero"],
            "mismatches": run["mismatches"] + layer["mismatches"],
            "mac_cycles": run["mac_cycles"],
            "program_cycles": run["program_cycles"],
            "seconds": run["device_s"],
            "programs": run["programs"] + layer["programs"],
            "macs": run["macs"],
            "program_utilisation": run["program_utilisation"],
            "network": run,
        }


def run_verification(driver: Driver, layer: ConvLayer) -> Verification:
    """:func:`tilewright.runs.layer.verify_layer` with a progress bar.

    Args:
        driver: of the accelerator.
        layer: the captured layer.

    Returns:
        The outcome.

    Raises:
        TilewrightError: as :func:`tilewright.runs.layer.verify_layer`.
    """
    done = 0

    def advance(images: int) -> None:
        nonlocal done
        done += images
        step.update(done)

    with phase(f"{layer.name}, raw and with ReLU", total=2 * layer.images, unit=f"{layer.name}: output map") as step:
        return verify_layer(driver, layer, advance)


def run_demo(driver: Driver, network_file: Path, images: Images) -> Demo:
    """Runs the network and its squeezed layer on an image, compares all integers.

    Args:
        driver: of the accelerator.
        network_file: the trained network.
        images: one image, the packaged one, which the layer's capture takes too.

    Returns:
        The outcome.

    Raises:
        ModelProcessError: PyTorch's part failed.
        TilewrightError: the run failed.
    """
    network = load_network(network_file)
    read_back = [layer.name for layer in network.layers]
    run = run_with_progress(driver, network, network_file, images, 1, read_back, True, DEFAULT_CLOCK_MHZ)
    layer = capture_layer(DEMO_LAYER)
    return Demo(run, run_verification(driver, layer), images)


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
