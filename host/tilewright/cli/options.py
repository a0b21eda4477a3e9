"""Options that several commands take: one name, one meaning, one text each; what they complete to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.argument_checks import takes
from tilewright.environment import BITSTREAM_VARIABLE, DEVICE_VARIABLE, HOST_VARIABLE
from tilewright.errors import ParameterError
from tilewright.file_kinds import Role
from tilewright.hardware.parameters import ARRAY_SIZES, STREAM_WIDTHS, AcceleratorParameters
from tilewright.network.layer_names import layers_in, trained_network
from tilewright.pytorch.golden_integers import Reference
from tilewright.target import DeviceKind


def check_array(array: int) -> int:
    """The size of an array, if there is one of it.

    Raises:
        typer.BadParameter: the hardware does not exist in this size.
    """
    try:
        return AcceleratorParameters(n=array).n
    except ParameterError as error:
        raise typer.BadParameter(str(error)) from error


def check_stream(stream: int) -> int:
    """Bits of the streams, if there is hardware with so many; whether the array is large enough shows with its size.

    Raises:
        typer.BadParameter: no hardware has streams of this width.
    """
    if stream not in STREAM_WIDTHS:
        raise typer.BadParameter(f"{stream}: {' or '.join(stream_widths())} bits")
    return stream


def check_seed(seed: int | None) -> int | None:
    """The seed, if the simulated memory takes it.

    Raises:
        typer.BadParameter: it is negative or has more than 64 bits.
    """
    if seed is not None and not 0 <= seed < 1 << 64:
        raise typer.BadParameter(f"{seed} is not in the range 0 to 2^64 - 1")
    return seed


def array_sizes() -> list[str]:
    """What ``--array`` completes to."""
    return [str(size) for size in ARRAY_SIZES]


def stream_widths() -> list[str]:
    """What ``--stream`` completes to."""
    return [str(width) for width in STREAM_WIDTHS]


def complete_layer(context: typer.Context, incomplete: str) -> list[str]:
    """What ``--layer`` completes to: convolutions of the checkpoint.

    Args:
        context: with what has been given before.
        incomplete: what has been typed of the name.
    """
    checkpoint = Path(context.params.get("checkpoint") or trained_network())
    return [name for name in layers_in(checkpoint, convolutions=True) if name.startswith(incomplete)]


def complete_layers(context: typer.Context, incomplete: str) -> list[str]:
    """What ``--layers`` completes to: the name behind the last comma, of the network file or checkpoint; or ``all``.

    Args:
        context: with what has been given before.
        incomplete: what has been typed of the list.
    """
    given = context.params.get("network_file") or context.params.get("checkpoint")
    before, comma, name = incomplete.rpartition(",")
    taken = before.split(",")
    names = [known for known in layers_in(Path(given or trained_network())) if known not in taken]
    return [before + comma + known for known in (*names, *(() if comma else ("all",))) if known.startswith(name)]


NetworkFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="NETWORK_FILE",
        help="Network file that `tilewright_model export` wrote, or a packaged network: vgg16, the trained one and "
        "default, or resnet20, of random weights.",
        callback=takes(Role.NETWORK),
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        exists=True, help="Checkpoint to take instead of the trained VGG16's.", callback=takes(Role.CHECKPOINT)
    ),
]
ImageFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--images",
        metavar="FILE",
        help="Image files, or one .npz with `pixels`; may be repeated.",
        callback=takes(Role.IMAGES),
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        help="CIFAR-10's folder, or a data set of your own (docs/training.md): take its test images.",
        callback=takes(Role.DATA),
    ),
]
First = Annotated[int, typer.Option(min=0, help="Number of the first image of --data or of an .npz.")]
COUNT_HELP = "How many images."
Count = Annotated[int | None, typer.Option(min=1, help=COUNT_HELP, show_default="all of an .npz, one of --data")]
Batch = Annotated[int, typer.Option(min=1, help="Images a program.")]
Layer = Annotated[
    str | None,
    typer.Option(help="One convolution alone, such as features.27.", autocompletion=complete_layer),
]
Layers = Annotated[
    str | None,
    typer.Option(help="Maps to read back: `all`, or names of layers with commas.", autocompletion=complete_layers),
]
LayerFile = Annotated[
    Path | None,
    typer.Option(exists=True, help="Layer file that `tilewright_model capture` wrote.", callback=takes(Role.LAYER)),
]
Array = Annotated[
    int,
    typer.Option(
        help="Rows and columns of the array: 8, 16, 32 or 64. A board's bitstream has its own.",
        callback=check_array,
        autocompletion=array_sizes,
    ),
]
Stream = Annotated[
    int,
    typer.Option(
        help="Bits of the streams: 64, or 128 for arrays of 16 and more. A board's bitstream has its own.",
        callback=check_stream,
        autocompletion=stream_widths,
    ),
]
SEED_HELP = "Seed of the simulated memory's stalls."
Seed = Annotated[
    int | None,
    typer.Option(help=SEED_HELP, show_default="a new one each time", callback=check_seed),
]
Device = Annotated[
    DeviceKind | None,
    typer.Option(
        help="Where to run: simulated, on the board under this Python, on a board over the network. "
        f"Default: ${DEVICE_VARIABLE}; else a board with --bitstream, or with --host a remote one; else, on a PYNQ "
        "board, the board; else simulated."
    ),
]
Bitstream = Annotated[
    Path | None,
    typer.Option(
        help=f"Of a board: the .bit file to load, its .hwh beside it. Default: ${BITSTREAM_VARIABLE}.",
        callback=takes(Role.BITSTREAM),
    ),
]
HOST_HELP = f"Address of a remote board, HOST[:PORT]. Default: ${HOST_VARIABLE}."
Host = Annotated[str | None, typer.Option(help=HOST_HELP)]
Trace = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.fst",
        help="Write a waveform for GTKWave or Surfer: of the failing output tile, of the last cycles before a stop, or "
        "else of the first program's beginning. The program is repeated on a second, traced build.",
    ),
]
ReferenceChoice = Annotated[
    Reference | None,
    typer.Option(help="What computes the expected integers.", show_default="PyTorch where it is installed"),
]
OutFolder = Annotated[
    Path, typer.Option("--out", "-o", help="Folder to write; of `tilewright golden` also one file, NAME.npz.")
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Write a report of the run: one page, which holds its record too. After a mismatch on the simulated "
        "device the waveform is written beside it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Clock = Annotated[float, typer.Option(min=1.0, help="Assumed clock in MHz, for images a second; not reached.")]
