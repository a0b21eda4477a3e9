"""The commands ``tilewright stimulus export`` and ``tilewright stimulus replay``."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tilewright.cli.argument_checks import check_new, takes
from tilewright.cli.command_group import examples
from tilewright.cli.console import choose_target, failures_named, output
from tilewright.cli.options import Array, AsJson, Bitstream, Device, Host, LayerFile, OutFolder, Seed
from tilewright.errors import StimulusError
from tilewright.file_kinds import Role
from tilewright.network.layer import ConvLayer
from tilewright.progress import phase
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.stimulus.defects import Defect
from tilewright.stimulus.findings import examine
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.writer import write_notebook_set, write_set

if TYPE_CHECKING:
    from tilewright.stimulus.replay import Replay

stimulus_app = typer.Typer(help="Stimulus files of course testbenches: write them, run others' through the RTL.")


class WeightLine(str, Enum):
    """What a weight line is."""

    OC = "oc"
    IC = "ic"


class Order(str, Enum):
    """Order of channels against the weights'."""

    IN_ORDER = "in-order"
    REVERSED = "reversed"


class OutStage(str, Enum):
    """Where out files were taken."""

    BEFORE_RELU = "before-relu"
    AFTER_RELU = "after-relu"


@stimulus_app.command(
    epilog=examples(
        "tilewright stimulus export --out set",
        "tilewright stimulus export --out set --layer-file layer.npz --as-notebook",
    )
)
def export(
    out: OutFolder,
    layer_file: LayerFile = None,
    image_index: Annotated[int, typer.Option(min=0, help="Which of the layer's images.")] = 0,
    as_notebook: Annotated[
        bool, typer.Option("--as-notebook", help="Write what the notebook wrote, with its defects.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a layer's stimulus files: all tiles, all taps; or, on request, the notebook's incomplete ones.

    Without --layer-file: features.27 of the trained VGG16 for scikit-image's cat.
    """
    with failures_named():
        if out.exists() and not out.is_dir():
            raise StimulusError(f"--out {out}: this is a file; give a folder")
        check_new("--out", out)
        layer = capture_layer(DEMO_LAYER) if layer_file is None else ConvLayer.load(layer_file)
        defects: list[Defect] = []
        if as_notebook:
            files, defects = write_notebook_set(layer, image_index, out)
        else:
            files = write_set(layer, image_index, out)
    _report_export(out, layer, image_index, files, defects, as_json)


@stimulus_app.command(
    "replay",
    epilog=examples(
        "tilewright stimulus replay set",
        "tilewright stimulus replay set --weight-line oc --json",
    ),
)
def replay_command(
    directory: Annotated[
        Path, typer.Argument(exists=True, help="Folder with the set's .txt files.", callback=takes(Role.STIMULUS))
    ],
    array: Array = 8,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    weight_line: Annotated[
        WeightLine | None, typer.Option(help="A weight line is an output or an input channel.")
    ] = None,
    rows: Annotated[Order | None, typer.Option(help="Input channels of weights against activations.")] = None,
    columns: Annotated[Order | None, typer.Option(help="Output channels of out and psum against weights.")] = None,
    out_stage: Annotated[OutStage | None, typer.Option(help="Out files before or after ReLU.")] = None,
    padded_map: Annotated[str | None, typer.Option(help="Padded map, such as 6x6; default: square.")] = None,
    kernel: Annotated[str | None, typer.Option(help="Kernel, such as 3x3; default: square.")] = None,
    stride: Annotated[int | None, typer.Option(min=1, max=2, help="Stride; default: by the lengths.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a set through the RTL and compare it with its out and psum files; the data decide its variant.

    The options about the set override what the data say. Exits with 1 where an integer differs.
    """
    with failures_named():
        target = choose_target(array, seed, device, bitstream, host)
        overrides = Overrides(
            weight_line=None if weight_line is None else weight_line.value,
            rows_reversed=None if rows is None else rows is Order.REVERSED,
            columns_reversed=None if columns is None else columns is Order.REVERSED,
            relu=None if out_stage is None else out_stage is OutStage.AFTER_RELU,
            padded=_size("--padded-map", padded_map),
            kernel=_size("--kernel", kernel),
            stride=stride,
        )
        with phase("Examining the set", "Examined the set"):
            findings = examine(read_set(directory), overrides)
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.stimulus.replay import replay

        with phase("Running the set on the accelerator", "Ran the set"):
            outcome = replay(findings, driver)
    _report_replay(outcome, as_json)
    if outcome.mismatches:
        raise typer.Exit(1)


def _size(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise StimulusError(f"{option} {text}: height x width expected, such as 6x6")
    return int(height), int(width)


def _report_export(
    directory: Path, layer: ConvLayer, image: int, files: list[Path], defects: list[Defect], as_json: bool
) -> None:
    facts: dict[str, Any] = {
        "directory": str(directory),
        "layer": layer.name,
        "image": image,
        "files": [path.name for path in files],
        "defects": [defect.as_json() for defect in defects],
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    output.print(f"{len(files)} files of {layer.name}, image {image}, in {directory}", markup=False, highlight=False)
    for defect in defects:
        output.print(f"Defect {defect.name.value}: {defect.file}: {defect.message}", markup=False, highlight=False)


def _report_replay(outcome: Replay, as_json: bool) -> None:
    facts = outcome.as_dict()
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(
        title=f"Stimulus set {outcome.findings.stimulus.directory.name}", show_header=False, title_justify="left"
    )
    for name, text in outcome.findings.details.items():
        table.add_row(name.capitalize(), text)
    table.add_row("Array", f"{outcome.n}x{outcome.n}")
    table.add_row("Compared", ", ".join(f"{count} {kind}" for kind, count in facts["compared"].items()))
    table.add_row("Cycles", f"{outcome.program_cycles}, {outcome.layer_cycles} of them in convolutions")
    table.add_row("Mismatches", str(facts["mismatches"]))
    output.print(table)
    for defect in outcome.findings.defects:
        output.print(f"Defect {defect.name.value}: {defect.file}: {defect.message}", markup=False, highlight=False)
    listed = outcome.mismatches[: len(facts["listed"])]
    more = facts["mismatches"] - len(listed)
    for line in (*outcome.findings.notes, *map(str, listed), *([f"and {more} more mismatches"] if more else [])):
        output.print(line, markup=False, highlight=False)
