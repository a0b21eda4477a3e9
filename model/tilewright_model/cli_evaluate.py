"""The command evaluate."""

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from tilewright_model.checkpoint import DEFAULT_CHECKPOINT, load_network, sha256
from tilewright_model.cli import Data, Device, Json, app, console, progress, report
from tilewright_model.comparison import Comparison, exported
from tilewright_model.data import cifar10_root, load_cifar10
from tilewright_model.device import description, device_named
from tilewright_model.errors import CheckpointError
from tilewright_model.evaluate import evaluate as measure
from tilewright_model.file_network import is_network_file, load_network_file
from tilewright_model.integer_network import IntegerNetwork
from tilewright_model.network import QuantisedNetwork


@app.command()
def evaluate(
    data: Data = None,
    checkpoint: Annotated[
        Path, typer.Option(help="packed .safetensors, a notebook's .pth, or (with --integer) a network file")
    ] = DEFAULT_CHECKPOINT,
    count: Annotated[int | None, typer.Option(min=1, help="the first so many test images only")] = None,
    device: Device = None,
    integer: Annotated[bool, typer.Option("--integer", help="run the exported integers, and compare all")] = False,
    as_json: Json = False,
) -> None:
    """Accuracy of a checkpoint, or of its integers, on the CIFAR-10 test images; exit status 1 if they differ."""
    place = device_named(device)
    test = load_cifar10(cifar10_root(data), "test").first(count).to(place)
    if integer:
        model, integers = _networks(checkpoint, place)
        result = Comparison()
        with progress("test images", len(test)) as advance:
            result.run(model, integers, test, advance)
        _report_integers(result, integers, checkpoint, place, as_json)
        raise typer.Exit(0 if result.equal else 1)
    if is_network_file(checkpoint):
        raise CheckpointError(f"{checkpoint} is a network file: `evaluate --integer` runs it")
    model = load_network(checkpoint).to(place)
    with progress("test images", len(test)) as advance:
        score = measure(model, test, advance=advance)
    report({"accuracy": score.accuracy, "correct": score.correct, "total": score.total}, as_json)


def _networks(path: Path, place: torch.device) -> tuple[QuantisedNetwork, IntegerNetwork]:
    """The reference and the integer network of a checkpoint, which is exported, or of a network file."""
    if is_network_file(path):
        return load_network_file(path).to(place), IntegerNetwork(path, place)
    model = load_network(path).to(place)
    return model, exported(model, place)


def _report_integers(
    result: Comparison, integers: IntegerNetwork, path: Path, place: torch.device, as_json: bool
) -> None:
    """The integer network's accuracy first, then what it was compared with."""
    found = result.report()
    values: dict[str, Any] = {
        "accuracy": found["integer_accuracy"],
        "correct": found["integer_correct"],
        "total": found["total"],
        "reference_accuracy": found["accuracy"],
        "reference_correct": found["correct"],
    }
    kept = ("compared", "mismatches", "scores_compared", "scores_differing", "first_mismatch", "equal")
    values |= {key: found[key] for key in (*kept, "integer_seconds", "reference_seconds", "seconds")}
    values |= {"sha256": sha256(path), "device": description(place), "torch": torch.__version__}
    layers = integers.describe()
    report(values | {"layers": layers} if as_json else values, as_json)
    if not as_json:
        console.print(_arithmetic(layers))


def _arithmetic(layers: list[dict[str, Any]]) -> Table:
    """In what type each layer's sums are exact, and how its codes come from them."""
    table = Table("layer", "largest sum", "exact in", "channels: affine", "thresholds")
    for layer in layers:
        limit = "< 2^24" if layer["below_2_24"] else ">= 2^24"
        cells = (f"{layer['bound']} {limit}", layer["dtype"], layer["affine_channels"], layer["threshold_channels"])
        table.add_row(layer["name"], *map(str, cells))
    return table
