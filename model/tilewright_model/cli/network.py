"""The commands capture, export, images, reference and equality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tilewright.cli.command_group import DIFFERENT, UsageError
from tilewright.progress import phase
from tilewright_model.checkpoint_file import chosen_checkpoint, sha256
from tilewright_model.cli.app import command, report
from tilewright_model.cli.inputs import (
    class_names,
    load_device,
    load_pytorch,
    read_checkpoint,
    read_images,
    read_labelled,
)
from tilewright_model.cli.layers import report_layers
from tilewright_model.cli.options import (
    Checkpoint,
    Cifar10,
    Count,
    CountOfAll,
    Device,
    First,
    ImageFiles,
    Json,
    Layer,
    Network,
    OptionalOutFile,
    Out,
    OutFile,
    Seed,
    TestImages,
    check_choice,
    check_count,
    check_layer,
    checked_file,
    checked_folder,
    is_archive,
)
from tilewright_model.data.cifar10_folder import check_root
from tilewright_model.errors import DataError

if TYPE_CHECKING:
    from tilewright_model.networks.network import QuantisedNetwork

#: the random networks of examples.py
Example = Literal["small", "tall", "broad", "mixed", "residual", "resnet20", "mobile", "unet", "mlp"]


@command("capture", "--out layer.npz", "--layer features.24 --data ROOT --out l.npz")
def capture(
    out: OutFile,
    layer: Layer = "features.27",
    checkpoint: Checkpoint = None,
    image_files: ImageFiles = None,
    data: TestImages = None,
    first: First = 0,
    count: Count = None,
    as_json: Json = False,
) -> None:
    """Run images up to a layer and write its integers; exit status 1 if the float layer's output is not theirs.

    Without --images and --data it takes scikit-image's cat.
    """
    check_choice(image_files, data, first, count)
    path = chosen_checkpoint(checkpoint)
    check_layer(path, layer)
    load_pytorch()
    model = read_checkpoint(path)
    from tilewright_model.integers.capture import capture as capture_layer
    from tilewright_model.integers.capture import layer_named

    layer_named(model, layer)
    images, source = read_images(image_files, data, first, count)
    with phase("Computing the layer", "Computed the layer"):
        integers = capture_layer(model, layer, images.pixels, checkpoint_sha256=sha256(path), image_source=source)
        integers.save(out)
    summary = {
        "layer": layer,
        "images": len(images),
        "outputs": integers.accumulators.size,
        "mismatches": integers.mismatches,
        "max_distance": integers.metadata.max_distance,
        "notebook_check_mean": integers.metadata.notebook_check_mean,
        "file": str(out),
    }
    report(summary, as_json)
    if integers.mismatches:
        raise typer.Exit(DIFFERENT)


@command("export", "--out net.safetensors", "--example mixed --out mixed.safetensors")
def export(
    out: OutFile,
    checkpoint: Checkpoint = None,
    example: Annotated[Example | None, typer.Option(help="instead of a checkpoint, a random network")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write the whole network as integers, as docs/network_format.md says, and print its layers' widths."""
    if checkpoint and example:
        raise UsageError("give --checkpoint or --example, not both")
    if seed and not example:
        raise UsageError("--seed is the random network's: give --example, or leave it out")
    path = None if example else chosen_checkpoint(checkpoint)
    load_pytorch()
    network: QuantisedNetwork
    what: tuple[Any, ...]
    if path is None:
        from tilewright_model.networks.examples import EXAMPLES

        network, what = EXAMPLES[str(example)](seed), (f"{example} {seed}",)
    else:
        trained = read_checkpoint(path)
        network, what = trained, (trained.name, sha256(path), class_names(path, trained))
    with phase("Searching thresholds", "Found the thresholds"):
        from tilewright_model.network_file.write import save_network

        integers = save_network(network, out, network.image_size, *what)
    report_layers(integers, out, as_json)


@command(
    "images",
    "--images cat.png --out cat.npz",
    "--data ROOT --count 16 --out i.npz",
)
def images(
    out: OutFile,
    image_files: ImageFiles = None,
    data: TestImages = None,
    first: First = 0,
    count: Count = None,
    size: Annotated[
        tuple[int, int] | None,
        typer.Option(
            min=1,
            max=8192,
            metavar="HEIGHT WIDTH",
            help="crop and scale to this size",
            show_default="32 32, or the .npz's own",
        ),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(min=1, help="1: grey, 3: colours", show_default="3, or the .npz's own"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write images as pixels, labels and source; without --images and --data, scikit-image's cat."""
    check_choice(image_files, data, first, count)
    load_pytorch()
    collected, source = read_images(image_files, data, first, count, size, channels)
    with phase("Writing images", "Wrote the images"):
        from tilewright_model.data.image_file import save_images

        save_images(out, collected, source)
    height, width = collected.pixels.shape[2:]
    report({"images": len(collected), "size": [height, width], "source": source, "file": str(out)}, as_json)


@command(
    "reference",
    "n.safetensors --images i.npz --out r.npz",
    "n.safetensors --images cat.png --out R",
)
def reference(
    network: Network,
    image_files: ImageFiles,
    out: Out,
    layers: Annotated[
        Literal["all", "last"], typer.Option(help="maps of all layers, or the last accumulators")
    ] = "all",
    chunk: Annotated[int | None, typer.Option(min=1, help="one file every so many images: OUT/00000.npz")] = None,
    ahead: Annotated[
        int | None,
        typer.Option(min=1, help="of --chunk: wait while so many files lie there; who reads takes them away"),
    ] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Write what the hardware must give for a network file: codes, accumulators, scores and predictions."""
    if not image_files:
        raise UsageError("name image files, or one .npz, with --images")
    _check_reference(out, chunk)
    place = load_device(device)
    with phase("Reading the network", "Read the network"):
        from tilewright_model.network_file.read import load_network_file

        model = load_network_file(network).to(place)
    channels, *size = model.image_size
    shape = (None, None) if is_archive(image_files[0]) else ((size[0], size[1]), channels)
    pixels = read_images(image_files, None, 0, None, *shape)[0].to(place).pixels
    from tilewright_model.integers.reference import reference as compute_reference
    from tilewright_model.integers.reference import save_chunks

    whole = layers == "all"
    with phase("Computing the reference", total=len(pixels)) as step:
        if chunk is None:
            compute_reference(model, pixels, all_layers=whole, advance=step.advance).save(out)
        else:
            save_chunks(model, pixels, out, chunk, all_layers=whole, ahead=ahead, advance=step.advance)
    files = [str(out)] if chunk is None else sorted(map(str, out.glob("*.npz")))
    report({"network": str(network), "images": len(pixels), "layers": layers, "files": files}, as_json)


def _check_reference(out: Path, chunk: int | None) -> None:
    if chunk is None:
        checked_file(out)
        return
    checked_folder(out)
    if any(out.glob("*.npz")):
        raise DataError(f"{out} holds .npz files already: empty it or name another folder")


@command("equality", "--data ROOT", "--data ROOT --count 200 --json")
def equality(
    data: Cifar10 = None,
    checkpoint: Checkpoint = None,
    first: First = 0,
    count: CountOfAll = None,
    device: Device = None,
    out: OptionalOutFile = None,
    as_json: Json = False,
) -> None:
    """Compare the integer network with `model.eval()`, every integer; exit status 1 if one differs.

    On test images; without --data CIFAR-10's are downloaded. --out takes the JSON too.
    """
    check_count(data, first, count)
    path = chosen_checkpoint(checkpoint)
    check_root(data)
    place = load_device(device)
    model = read_checkpoint(path).to(place)
    test = read_labelled(model, class_names(path, model), data, first, count)
    import torch

    from tilewright_model.device import description
    from tilewright_model.integers.equality import check_equality

    with phase("Comparing", total=len(test)) as step:
        result = check_equality(model, test, advance=step.advance)
    values = result.report() | {"checkpoint_sha256": sha256(path)}
    values |= {"device": description(place), "torch": torch.__version__}
    if out:
        from tilewright.files import written

        with written(out) as partial:
            partial.write_text(json.dumps(values, indent=2) + "\n")
    report(values, as_json)
    if not result.equal:
        raise typer.Exit(DIFFERENT)
