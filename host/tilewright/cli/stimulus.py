"""The commands ``tilewright stimulus export`` and ``tilewright stimulus replay``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.argument_checks import check_new, takes
from tilewright.cli.command_group import examples, failures_named
from tilewright.cli.console import Target, choose_target, chosen_device, output
from tilewright.cli.options import (
    AsJson,
    Bitstream,
    Device,
    Host,
    LayerFile,
    OutFolder,
    Seed,
    array_sizes,
    check_array,
)
from tilewright.cli.stimulus_report import Outcome, report_replay, report_replays
from tilewright.errors import LayerError, StimulusError
from tilewright.file_kinds import Role
from tilewright.network.layer import ConvLayer
from tilewright.progress import phase
from tilewright.pytorch.capture import DEMO_LAYER, capture_layer
from tilewright.stimulus.defects import Defect
from tilewright.stimulus.findings import Findings, examine
from tilewright.stimulus.geometry import LINE_FIELDS
from tilewright.stimulus.reader import files_beside, find_sets, read_set
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.writer import write_notebook_set, write_set
from tilewright.target import DeviceKind

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
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER",
            exists=True,
            help="Folders with .txt files of a set, or with sets.",
            callback=takes(Role.STIMULUS),
        ),
    ],
    array: Annotated[
        int | None,
        typer.Option(
            help="Rows and columns of the array: 8, 16, 32 or 64. A board's bitstream has its own.",
            show_default="8; 16 where a line has 16 channels",
            callback=lambda array: array if array is None else check_array(array),
            autocompletion=array_sizes,
        ),
    ] = None,
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
    """Run sets through the RTL and compare them with their out and psum files; the data decide each set's variant.

    The options about the set override what the data say. Exits with 1 where an integer differs or files contradict each
    other, with 2 where a set is refused.
    """
    with failures_named():
        simulated = chosen_device(device, bitstream, host) is DeviceKind.SIM
        targets = {
            size: choose_target(array or (size if simulated else LINE_FIELDS[0]), seed, device, bitstream, host)
            for size in LINE_FIELDS
        }
        overrides = Overrides(
            weight_line=None if weight_line is None else weight_line.value,
            rows_reversed=None if rows is None else rows is Order.REVERSED,
            columns_reversed=None if columns is None else columns is Order.REVERSED,
            relu=None if out_stage is None else out_stage is OutStage.AFTER_RELU,
            padded=_size("--padded-map", padded_map),
            kernel=_size("--kernel", kernel),
            stride=stride,
        )
        sets = {folder: find_sets(folder) for folder in folders}
        examined = _examine([one for found in sets.values() for one in found], overrides)
        outcomes = _replay(examined, targets)
        alone = len(outcomes) == 1 and outcomes[0].directory in folders
        if alone and outcomes[0].error is not None:
            raise outcomes[0].error
    if alone and outcomes[0].replay is not None:
        report_replay(outcomes[0].replay, as_json)
    else:
        report_replays(outcomes, [one for folder in sets for one in files_beside(folder, sets[folder])], as_json)
    status = max(outcome.status for outcome in outcomes)
    if status:
        raise typer.Exit(status)


def _examine(directories: Sequence[Path], overrides: Overrides) -> list[tuple[Path, Findings | StimulusError]]:
    """What each set is, or why it is refused."""
    examined: list[tuple[Path, Findings | StimulusError]] = []
    with phase("Examining the sets", "Examined the sets", _total(directories), "set") as step:
        for directory in directories:
            try:
                examined.append((directory, examine(read_set(directory), overrides)))
            except StimulusError as error:
                examined.append((directory, error))
            step.update(len(examined))
    return examined


def _replay(examined: Sequence[tuple[Path, Findings | StimulusError]], targets: Mapping[int, Target]) -> list[Outcome]:
    """Runs all sets that can be run, on one device for each size of array; in the order of ``examined``."""
    outcomes = [Outcome(path, None, found if isinstance(found, StimulusError) else None) for path, found in examined]
    runnable = [(at, found) for at, (_, found) in enumerate(examined) if isinstance(found, Findings)]
    for target in dict.fromkeys(targets.values()):
        of_target = [(at, findings) for at, findings in runnable if targets[findings.channels] == target]
        if not of_target:
            continue
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.stimulus.replay import replay

        with phase("Running the sets on the accelerator", "Ran the sets", _total(of_target), "set") as step:
            for done, (at, findings) in enumerate(of_target, 1):
                try:
                    outcomes[at] = Outcome(findings.stimulus.directory, replay(findings, driver))
                except LayerError as error:
                    outcomes[at] = Outcome(findings.stimulus.directory, None, error)
                step.update(done)
    return outcomes


def _total(units: Sequence[object]) -> int | None:
    """How many there are, where there are several to count."""
    return len(units) if len(units) > 1 else None


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
