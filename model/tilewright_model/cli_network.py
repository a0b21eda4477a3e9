"""The commands capture, export, images, reference and equality."""

import json
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer

from tilewright.files import written
from tilewright_model.capture import capture as capture_layer
from tilewright_model.checkpoint import DEFAULT_CHECKPOINT, load_network, sha256
from tilewright_model.cli import (
    Checkpoint,
    Data,
    Device,
    ImageFiles,
    Json,
    TestImages,
    app,
    console,
    progress,
    report,
)
from tilewright_model.cli_layers import report_layers
from tilewright_model.data import CLASSES, cifar10_root, load_cifar10
from tilewright_model.device import description, device_named
from tilewright_model.equality import check_equality
from tilewright_model.examples import EXAMPLES
from tilewright_model.file_network import load_network_file
from tilewright_model.image import SIZE
from tilewright_model.image_file import collect, load_images, save_images
from tilewright_model.network_file import save_network
from tilewright_model.reference import reference as compute_reference
from tilewright_model.reference import save_chunks


@app.command()
def capture(
    out: Annotated[Path, typer.Option(help="the .npz to write")],
    layer: Annotated[str, typer.Option(help="a quantised convolution")] = "features.27",
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    image_files: ImageFiles = None,
    data: TestImages = None,
    count: Annotated[int, typer.Option(min=1, help="how many images of --data")] = 1,
    as_json: Json = False,
) -> None:
    """Run images up to a layer and write its integers; without --image and --data, scikit-image's cat."""
    images, source = collect(image_files or [], data, 0, count)
    model = load_network(checkpoint)
    integers = capture_layer(model, layer, images.pixels, checkpoint_sha256=sha256(checkpoint), image_source=source)
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


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="the network file (.safetensors) to write")],
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    example: Annotated[str | None, typer.Option(help=f"instead, a random network: {', '.join(EXAMPLES)}")] = None,
    seed: Annotated[int, typer.Option(help="of the random network")] = 0,
    as_json: Json = False,
) -> None:
    """Write the whole network as integers, as docs/network_format.md says, and print its layers' widths."""
    if example is None:
        model = load_network(checkpoint)
        record = save_network(model, out, model.image_size, type(model).__name__, sha256(checkpoint), CLASSES)
    elif example in EXAMPLES:
        network = EXAMPLES[example](seed)
        record = save_network(network, out, network.image_size, f"{example} {seed}")
    else:
        raise typer.BadParameter(f"example {example!r} is none of {', '.join(EXAMPLES)}")
    report_layers(record, out, as_json)


@app.command()
def images(
    out: Annotated[Path, typer.Option(help="the .npz to write")],
    image_files: ImageFiles = None,
    data: TestImages = None,
    first: Annotated[int, typer.Option(min=0, help="number of the first image of --data")] = 0,
    count: Annotated[int, typer.Option(min=1, help="how many images of --data")] = 1,
    size: Annotated[tuple[int, int], typer.Option(min=1, help="height and width to crop and scale to")] = (SIZE, SIZE),
) -> None:
    """Write images as pixels, labels and source; without --image and --data, scikit-image's cat."""
    collected, source = collect(image_files or [], data, first, count, size)
    save_images(out, collected, source)
    console.print(f"wrote {len(collected)} image(s) to {out}")


@app.command()
def reference(
    network: Annotated[Path, typer.Argument(help="network file (.safetensors), as `export` writes it")],
    image_file: Annotated[Path, typer.Option("--images", help=".npz, as `images` writes it")],
    out: Annotated[Path, typer.Option(help="the .npz to write; with --chunk, the folder")],
    layers: Annotated[Literal["all", "last"], typer.Option(help="codes of all layers, or none")] = "all",
    chunk: Annotated[int | None, typer.Option(min=1, help="one file every so many images: OUT/00000.npz")] = None,
    device: Device = None,
) -> None:
    """Write what the hardware must give for a network file: codes, accumulators, scores and predictions."""
    model = load_network_file(network).to(device_named(device))
    pixels = load_images(image_file).to(device_named(device)).pixels
    with progress("images", len(pixels)) as advance:
        if chunk is None:
            compute_reference(model, pixels, all_layers=layers == "all", advance=advance).save(out)
        else:
            save_chunks(model, pixels, out, chunk, all_layers=layers == "all", advance=advance)


@app.command()
def equality(
    data: Data = None,
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    first: Annotated[int, typer.Option(min=0, help="number of the first test image")] = 0,
    count: Annotated[int | None, typer.Option(min=1, help="how many test images (default: all)")] = None,
    device: Device = None,
    out: Annotated[Path | None, typer.Option(help="also write the JSON to this file")] = None,
    as_json: Json = False,
) -> None:
    """Compare the integer network with `model.eval()`, every integer; exit status 1 if one differs."""
    place = device_named(device)
    test = load_cifar10(cifar10_root(data), "test").part(first, count).to(place)
    with progress("test images", len(test)) as advance:
        result = check_equality(load_network(checkpoint).to(place), test, advance=advance)
    values = result.report() | {"checkpoint_sha256": sha256(checkpoint)}
    values |= {"device": description(place), "torch": torch.__version__}
    if out:
        with written(out) as partial:
            partial.write_text(json.dumps(values, indent=2) + "\n")
    report(values, as_json)
    if not result.equal:
        raise typer.Exit(1)
