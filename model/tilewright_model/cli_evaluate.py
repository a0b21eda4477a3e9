"""The command evaluate."""

from typing import Annotated

import typer

from tilewright_model.checkpoint import DEFAULT_CHECKPOINT, load_network
from tilewright_model.cli import Checkpoint, Data, Device, Json, app, progress, report
from tilewright_model.data import cifar10_root, load_cifar10
from tilewright_model.device import device_named
from tilewright_model.evaluate import evaluate as measure


@app.command()
def evaluate(
    data: Data = None,
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    count: Annotated[int | None, typer.Option(help="the first so many test images only")] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Accuracy of a checkpoint on the CIFAR-10 test images."""
    model = load_network(checkpoint).to(device_named(device))
    test = load_cifar10(cifar10_root(data), "test").first(count).to(device_named(device))
    with progress("test images", len(test)) as advance:
        score = measure(model, test, advance=advance)
    report({"accuracy": score.accuracy, "correct": score.correct, "total": score.total}, as_json)
