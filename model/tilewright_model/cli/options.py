"""The options that commands share, each with its text, its check and its completion; nothing here needs PyTorch."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.command_group import UsageError
from tilewright.file_kinds import Role, refusal
from tilewright_model.checkpoint_file import chosen_checkpoint, is_network_file, quantised_layers
from tilewright_model.data.cifar10_folder import TEST_IMAGES, check_folder, is_cifar10
from tilewright_model.errors import DataError, ModelError


def takes(role: Role) -> Callable[[Any], Any]:
    """A callback for an option that names files. Raises BadParameter, with the command that takes it, for others."""

    def checked(given: Any) -> Any:
        check_role(given, role)
        return given

    return checked


def check_role(given: Path | list[Path] | None, role: Role) -> None:
    """Raises BadParameter for files of another kind, with the command that takes them."""
    for path in given if isinstance(given, list) else filter(None, [given]):
        if reason := refusal(path, role):
            raise typer.BadParameter(reason)


def _checked_data(root: Path | None) -> Path | None:
    check_role(root, Role.DATA)
    if root is not None:
        try:
            check_folder(root)
        except DataError as error:
            raise typer.BadParameter(str(error)) from error
    return root


def _checked_device(name: str | None) -> str | None:
    if name is not None and not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise typer.BadParameter(f"{name!r} is none of cpu, cuda, cuda:0, cuda:1, ...")
    return name


def _checked_images(files: list[Path] | None) -> list[Path] | None:
    check_role(files, Role.IMAGES)
    if files and len(files) > 1 and any(map(is_archive, files)):
        raise typer.BadParameter("give image files, or one .npz")
    return files


def _checked_network(path: Path | None) -> Path | None:
    check_role(path, Role.NETWORK)
    if path is not None and not is_network_file(path):
        raise typer.BadParameter(f"{path} is no network file, or a damaged one; `export` writes one")
    return path


def checked_file(path: Path | None) -> Path | None:
    """``path``, if a file can be written there.

    Raises:
        typer.BadParameter: it cannot.
    """
    if path is not None:
        if path.is_dir():
            raise typer.BadParameter(f"{path} is a folder: name a file")
        _check_place(path.absolute().parent, path)
    return path


def checked_folder(path: Path | None) -> Path | None:
    """``path``, if it is or can be made a folder to write into.

    Raises:
        typer.BadParameter: it is not and cannot.
    """
    if path is not None:
        _check_place(path.absolute(), path)
    return path


def _check_place(folder: Path, path: Path) -> None:
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise typer.BadParameter(f"{path} cannot be written: {existing} is no folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"{path} cannot be written: no permission to write into {existing}")


def is_archive(path: Path) -> bool:
    """Whether ``path`` is to be read as an .npz of images."""
    return path.suffix == ".npz"


def check_choice(files: Sequence[Path] | None, data: Path | None, first: int, count: int | None) -> None:
    """Checks that --images, --data, --first and --count go together.

    Raises:
        UsageError: they contradict each other.
    """
    if files and data:
        raise UsageError("give --images or --data, not both")
    if data is None and not (files and is_archive(files[0])) and (first or count is not None):
        raise UsageError("--first and --count choose from --data or from an .npz: leave them out")
    if data:
        check_count(data, first, count)


def check_count(data: Path | None, first: int, count: int | None) -> None:
    """Checks --first and --count.

    Args:
        data: the data set; None downloads CIFAR-10.
        first, count: of its test images.

    Raises:
        UsageError: CIFAR-10 has fewer test images.
    """
    if (data is None or is_cifar10(data)) and first + (count or 1) > TEST_IMAGES:
        asked = ([f"--first {first}"] if first else []) + ([f"--count {count}"] if count else [])
        raise UsageError(f"{' '.join(asked)} reaches beyond CIFAR-10's {TEST_IMAGES} test images")


def check_layer(checkpoint: Path, layer: str) -> None:
    """Checks that a packed checkpoint has a layer; another form is looked at when it is loaded.

    Raises:
        UsageError: it has no such layer.
    """
    names = quantised_layers(checkpoint)
    if names and layer not in names:
        raise UsageError(f"{layer!r} is no quantised convolution of {checkpoint}: it has {', '.join(names)}")


def _layers_of(context: typer.Context) -> list[str]:
    try:
        return quantised_layers(chosen_checkpoint(context.params.get("checkpoint")))
    except ModelError:
        return []


DATA = "CIFAR-10, or a data set of your own: folder or .npz (docs/training.md)"
COUNT = "how many images"
NETWORK = "network file (.safetensors), as `export` writes it"

#: CIFAR-10, which the command needs
Cifar10 = Annotated[
    Path | None, typer.Option("--data", metavar="ROOT", envvar="CIFAR10_ROOT", help=DATA, callback=_checked_data)
]
#: CIFAR-10, of which the command takes test images if it is asked to
TestImages = Annotated[Path | None, typer.Option("--data", metavar="ROOT", help=DATA, callback=_checked_data)]
ImageFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--images",
        exists=True,
        metavar="FILE",
        help="image files (repeat the option), or one .npz with `pixels`",
        callback=_checked_images,
    ),
]
First = Annotated[int, typer.Option("--first", min=0, help="number of the first image")]
Count = Annotated[int | None, typer.Option("--count", min=1, help=COUNT, show_default="1 of --data, all of an .npz")]
CountOfAll = Annotated[int | None, typer.Option("--count", min=1, help=COUNT, show_default="all")]
CountOf64 = Annotated[int, typer.Option("--count", min=1, help=COUNT)]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        exists=True,
        callback=takes(Role.CHECKPOINT),
        metavar="FILE",
        help="packed .safetensors or a notebook's .pth",
        show_default="the trained VGG16",
    ),
]
Network = Annotated[Path, typer.Argument(exists=True, metavar="NETWORK", help=NETWORK, callback=_checked_network)]
OptionalNetwork = Annotated[
    Path | None, typer.Argument(exists=True, metavar="NETWORK", help=NETWORK, callback=_checked_network)
]
Layer = Annotated[
    str, typer.Option("--layer", metavar="NAME", help="a quantised convolution", autocompletion=_layers_of)
]
OUT = "file to write, or the folder where there are several"
Out = Annotated[Path, typer.Option("--out", help=OUT)]
OutFile = Annotated[Path, typer.Option("--out", help=OUT, callback=checked_file)]
OptionalOutFile = Annotated[Path | None, typer.Option("--out", help=OUT, callback=checked_file)]
OutFolder = Annotated[Path, typer.Option("--out", help=OUT, callback=checked_folder)]
OptionalOutFolder = Annotated[
    Path | None, typer.Option("--out", help=OUT, callback=checked_folder, show_default="the first run's")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="of everything random")]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="cpu, cuda or cuda:N",
        show_default="cuda where there is one",
        callback=_checked_device,
        autocompletion=lambda: ["cpu", "cuda"],
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else on stdout")]
Dark = Annotated[bool, typer.Option("--dark", help="pictures for dark pages")]
