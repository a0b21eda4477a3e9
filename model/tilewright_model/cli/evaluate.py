"""The command evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tilewright.cli.command_group import DIFFERENT, UsageError
from tilewright.progress import phase
from tilewright_model.checkpoint_file import chosen_checkpoint, sha256
from tilewright_model.cli.app import command, console, report
from tilewright_model.cli.inputs import class_names, load_device, read_checkpoint, read_labelled
from tilewright_model.cli.options import (
    Checkpoint,
    Cifar10,
    CountOfAll,
    Dark,
    Device,
    Json,
    OptionalNetwork,
    check_count,
)
from tilewright_model.data.cifar10_folder import check_root

if TYPE_CHECKING:
    import torch

    from tilewright_model.data.cifar10 import Images
    from tilewright_model.integers.comparison import Comparison
    from tilewright_model.integers.integer_network import IntegerNetwork
    from tilewright_model.networks.network import QuantisedNetwork


@command("evaluate", "--data ROOT --count 1000", "net.safetensors --data ROOT --json")
def evaluate(
    network: OptionalNetwork = None,
    data: Cifar10 = None,
    checkpoint: Checkpoint = None,
    count: CountOfAll = None,
    device: Device = None,
    integer: Annotated[bool, typer.Option("--integer", help="run the exported integers, and compare all")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="of a checkpoint: write its confusion matrix to this file, such as x.png"),
    ] = None,
    dark: Dark = False,
    as_json: Json = False,
) -> None:
    """Accuracy of a checkpoint, or of its integers, on test images; exit status 1 if they differ.

    A network file is run as integers. Without --data CIFAR-10 is downloaded.
    """
    if network and checkpoint:
        raise UsageError("give a network file or --checkpoint, not both")
    if plot and (network or integer):
        raise UsageError("--plot draws what a checkpoint says: leave out --integer and network files")
    path = network or chosen_checkpoint(checkpoint)
    check_count(data, 0, count)
    check_root(data)
    place = load_device(device)
    if network is None and not integer:
        _evaluate_model(path, data, count, place, plot, dark, as_json)
        return
    model, integers, names = _networks(path, place, from_file=network is not None)
    test = read_labelled(model, names, data, 0, count)
    if not _compare(model, integers, test, path, as_json).equal:
        raise typer.Exit(DIFFERENT)


def _evaluate_model(
    path: Path, data: Path | None, count: int | None, place: torch.device, plot: Path | None, dark: bool, as_json: bool
) -> None:
    from tilewright.network.confusion import confusion
    from tilewright_model.training.evaluate import predictions

    model = read_checkpoint(path).to(place)
    names = class_names(path, model)
    test = read_labelled(model, names, data, 0, count)
    with phase("Measuring", total=len(test)) as step:
        found = predictions(model, test, step.advance)
    counts = confusion(test.labels.cpu().numpy(), found.cpu().numpy(), len(names))
    correct, total = int(counts.trace()), len(test)
    values: dict[str, Any] = {"accuracy": 100 * correct / total, "correct": correct, "total": total}
    if plot:
        from tilewright_model.training.plots import save_confusion

        save_confusion(counts, names, plot, dark)
        values["picture"] = str(plot)
    values |= _quantised_shortcuts(model, test)
    report(values | {"classes": names, "confusion": counts.tolist()} if as_json else values, as_json)


def _quantised_shortcuts(model: QuantisedNetwork, test: Images) -> dict[str, Any]:
    """Of the importer's ResNet20, whose shortcuts are not quantised: what it reaches where they are."""
    from tilewright_model.networks.resnet20 import ResNet20

    if not isinstance(model, ResNet20):
        return {}
    from tilewright_model.integers.shortcuts import shortcut_cost

    with phase("Measuring with quantised shortcuts", total=len(test)) as step:
        cost = shortcut_cost(model, test, step.advance).report()
    return {"quantised_shortcuts": {key: cost[key] for key in ("quantised_accuracy", "differing_predictions")}}


def _networks(
    path: Path, place: torch.device, *, from_file: bool
) -> tuple[QuantisedNetwork, IntegerNetwork, tuple[str, ...]]:
    """Reference, integer network and names of classes of a network file, or of a checkpoint, which is exported."""
    from tilewright_model.integers.comparison import exported
    from tilewright_model.integers.integer_network import IntegerNetwork
    from tilewright_model.network_file.read import load_network_file

    if from_file:
        with phase("Reading the network", "Read the network"):
            read = load_network_file(path).to(place)
            return read, IntegerNetwork(path, place), read.integers.classes
    model = read_checkpoint(path).to(place)
    with phase("Exporting the integers", "Exported the integers"):
        return model, exported(model, place), class_names(path, model)


def _compare(model: QuantisedNetwork, integers: IntegerNetwork, test: Images, path: Path, as_json: bool) -> Comparison:
    """Compare and print; returns what was found."""
    from tilewright_model.integers.comparison import Comparison

    result = Comparison()
    with phase("Comparing", total=len(test)) as step:
        result.run(model, integers, test, step.advance)
    _report_integers(result, integers, path, test.pixels.device, as_json)
    return result


def _report_integers(
    result: Comparison, integers: IntegerNetwork, path: Path, place: torch.device, as_json: bool
) -> None:
    """The integer network's accuracy first, then what it was compared with."""
    import torch

    from tilewright_model.device import description

    found = result.report()
    values: dict[str, Any] = {
        "accuracy": found["integer_accuracy"],
        "correct": found["integer_correct"],
        "total": found["total"],
        "reference_accuracy": found["accuracy"],
        "reference_correct": found["correct"],
    }
    kept = ("compared", "nonzero", "mismatches", "scores_compared", "scores_differing", "first_mismatch", "equal")
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
