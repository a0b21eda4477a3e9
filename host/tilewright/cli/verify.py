"""The command ``tilewright verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tilewright.cli.command_group import failures_named
from tilewright.cli.console import Target, choose_target
from tilewright.cli.options import (
    Array,
    AsJson,
    Batch,
    Bitstream,
    Checkpoint,
    Count,
    Data,
    Device,
    First,
    Host,
    ImageFiles,
    Layer,
    LayerFile,
    Layers,
    NetworkFile,
    Seed,
    Trace,
)
from tilewright.errors import NetworkError
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.network.layer import ConvLayer
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import check_layer, layer_names, resolve_network


def verify(
    network_file: NetworkFile = None,
    layer: Layer = None,
    layers: Layers = None,
    layer_file: LayerFile = None,
    checkpoint: Checkpoint = None,
    images: ImageFiles = None,
    data: Data = None,
    first: First = 0,
    count: Count = None,
    array: Array = 8,
    batch: Batch = 1,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Compare one layer's outputs, or every layer's map, with PyTorch's, on images of your choice.

    With a network file or --layers: the whole network, by default all layers.

    Else one layer alone, raw and with ReLU: of --layer-file, or --layer of a checkpoint, by default features.27.

    Exits with 1 where an integer differs.
    """
    with failures_named():
        target = choose_target(array, seed, device, bitstream, host, trace)
        if network_file is not None or layers is not None:
            _refuse("the whole network (a network file, --layers)", {"--layer": layer, "--layer-file": layer_file})
            choice = ImageChoice(images or (), data, first, count)
            _verify_network(target, network_file, checkpoint, layers or "all", choice, batch, trace, as_json)
            return
        whole = {"--first": first or None, "--batch": batch if batch > 1 else None}
        _refuse("one layer alone", whole)
        if layer_file is not None:
            ours = {"--layer": layer, "--checkpoint": checkpoint, "--images": images, "--data": data, "--count": count}
            _refuse("--layer-file", ours)
            captured = ConvLayer.load(layer_file)
        else:
            ImageChoice(images or (), data, 0, count)
            check_layer(layer or DEMO_LAYER, checkpoint)
            captured = capture_layer(layer or DEMO_LAYER, images or (), data, count, checkpoint)
        _verify_layer(target, captured, trace, as_json)


def _refuse(what: str, others: dict[str, Any]) -> None:
    """Raises NetworkError when options are given that do not go with a choice."""
    given = [name for name, value in others.items() if value]
    if given:
        raise NetworkError(f"{what} goes without {', '.join(given)}: leave one of them out")


def _verify_network(
    target: Target,
    network_file: Path | None,
    checkpoint: Path | None,
    layers: str,
    choice: ImageChoice,
    batch: int,
    trace: Path | None,
    as_json: bool,
) -> None:
    path = resolve_network(network_file, checkpoint, layers)
    network = load_network(path)
    names = layer_names(network, layers)
    taken = choice.take(network)
    driver = target.open()
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.cli.report import report_run
    from tilewright.cli.trace import stuck_explained
    from tilewright.runs.with_progress import run_with_progress

    clock = DEFAULT_CLOCK_MHZ
    with stuck_explained(driver, trace, as_json):
        run = run_with_progress(driver, network, path, taken, batch, names, True, clock)
    report_run(run, taken, driver, clock, as_json, trace)


def _verify_layer(target: Target, layer: ConvLayer, trace: Path | None, as_json: bool) -> None:
    driver = target.open()
    # Imported here: as above.
    from tilewright.cli.report import report_outcome
    from tilewright.cli.trace import stuck_explained
    from tilewright.runs.with_progress import run_verification

    with stuck_explained(driver, trace, as_json):
        outcome = run_verification(driver, layer)
    report_outcome(outcome, driver, as_json, trace)
