"""The command ``tilewright verify``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tilewright.cli.command_group import failures_named
from tilewright.cli.console import Target
from tilewright.cli.network_run import run_and_tell
from tilewright.cli.option_groups import DeviceOptions, ImageOptions, NetworkOptions, OutcomeOptions, grouped
from tilewright.cli.options import Batch, Layer, LayerFile, ReportFile
from tilewright.errors import NetworkError
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.layer import ConvLayer
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.pytorch.network_choice import check_layer


@grouped
def verify(
    *,
    network: NetworkOptions,
    layer: Layer = None,
    layer_file: LayerFile = None,
    images: ImageOptions,
    batch: Batch = 1,
    device: DeviceOptions,
    report: ReportFile = None,
    outcome: OutcomeOptions,
) -> None:
    """Compare one layer's outputs, or every layer's map, with PyTorch's, on images of your choice.

    With a network file or --layers: the whole network, by default all layers.

    Else one layer alone, raw and with ReLU: of --layer-file, or --layer of a checkpoint, by default features.27.

    Exits with 1 where an integer differs.
    """
    with failures_named():
        target = device.target(outcome.trace)
        if network.network_file is not None or network.layers is not None:
            _refuse("the whole network (a network file, --layers)", {"--layer": layer, "--layer-file": layer_file})
            whole = replace(network, layers=network.layers or "all")
            run_and_tell(target, whole, images.choice(), batch, True, DEFAULT_CLOCK_MHZ, report, outcome)
            return
        _refuse(
            "one layer alone",
            {"--first": images.first or None, "--batch": batch if batch > 1 else None, "--report": report},
        )
        if layer_file is not None:
            ours = {"--layer": layer, "--checkpoint": network.checkpoint}
            _refuse("--layer-file", ours | {"--images": images.images, "--data": images.data, "--count": images.count})
            captured = ConvLayer.load(layer_file)
        else:
            images.choice()
            check_layer(layer or DEMO_LAYER, network.checkpoint)
            captured = capture_layer(
                layer or DEMO_LAYER, images.images or (), images.data, images.count, network.checkpoint
            )
        _verify_layer(target, captured, outcome)


def _refuse(what: str, others: dict[str, Any]) -> None:
    """Raises NetworkError when options are given that do not go with a choice."""
    given = [name for name, value in others.items() if value]
    if given:
        raise NetworkError(f"{what} goes without {', '.join(given)}: leave one of them out")


def _verify_layer(target: Target, layer: ConvLayer, told: OutcomeOptions) -> None:
    driver = target.open()
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.cli.outcome import tell_layer
    from tilewright.cli.trace import stuck_explained
    from tilewright.runs.with_progress import run_verification

    with stuck_explained(driver, told.trace, told.as_json):
        outcome = run_verification(driver, layer)
    tell_layer(outcome, driver, told.as_json, told.trace)
