"""The command plot."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tilewright_model.checkpoint import load_network
from tilewright_model.cli import TestImages, app, console, progress
from tilewright_model.crops import crops
from tilewright_model.data import load_cifar10
from tilewright_model.distributions import distributions
from tilewright_model.errors import CheckpointError, DataError
from tilewright_model.float_checkpoint import is_float
from tilewright_model.log_file import read_log
from tilewright_model.plots import save_curves, save_histograms

LOG = "log.csv"


@dataclass(frozen=True)
class RunFiles:
    """What a run left at `path`: the folder that `train` wrote, or a log (.csv)."""

    path: Path

    @property
    def name(self) -> str:
        """For the pictures' titles."""
        return self.path.resolve().name if self.path.is_dir() else self.path.stem

    @property
    def log(self) -> Path:
        """The CSV file. Raises DataError if `path` is neither a folder nor a file."""
        if not self.path.exists():
            raise DataError(
                f"no training run at {self.path}: name the folder that `train --out` wrote, or a log (.csv)"
            )
        return self.path / LOG if self.path.is_dir() else self.path

    def checkpoint(self) -> Path | None:
        """The folder's packed checkpoint; beside a log, the one of its name, if any; a float network has none.

        Raises CheckpointError if the folder holds none or several.
        """
        if not self.path.is_dir():
            beside = self.path.with_suffix(".safetensors")
            return beside if beside.is_file() else None
        files = sorted(self.path.glob("*.safetensors"))
        if len(files) == 1 and is_float(files[0]):
            return None
        if len(files) != 1:
            raise CheckpointError(
                f"{self.path} should hold one packed checkpoint (.safetensors) for the histograms, and holds "
                f"{', '.join(file.name for file in files) or 'none: `train` writes it at the first measured epoch'}"
            )
        return files[0]


@app.command()
def plot(
    paths: Annotated[list[Path], typer.Argument(help="folders that `train` wrote, or logs (.csv)", metavar="RUN...")],
    out: Annotated[Path | None, typer.Option(help="folder of the pictures (default: the first run's)")] = None,
    data: TestImages = None,
    count: Annotated[int, typer.Option(min=1, help="images that give the activation codes")] = 64,
) -> None:
    """Draw runs' curves into one picture, and histograms of each one's weight and activation codes.

    Without --data the images are pieces of scikit-image's pictures. Of a log alone, the checkpoint is the .safetensors
    of the same name, if there is one.
    """
    runs = _named([RunFiles(path) for path in dict.fromkeys(paths)])
    logs = {name: read_log(run.log) for name, run in runs.items()}
    folder = out or next(iter(runs.values())).log.parent
    save_curves(logs, folder / "curves.png")
    console.print(f"wrote {folder / 'curves.png'}")
    for name, run in runs.items():
        checkpoint = run.checkpoint()
        if checkpoint:
            picture = folder / ("histograms.png" if len(runs) == 1 else f"histograms.{name.replace('/', '_')}.png")
            _draw_histograms(checkpoint, name, picture, data, count)
            console.print(f"wrote {picture}")


def _named(runs: list[RunFiles]) -> dict[str, RunFiles]:
    """The runs by name, or by path where a name occurs twice."""
    often = Counter(run.name for run in runs)
    return {run.name if often[run.name] == 1 else str(run.path): run for run in runs}


def _draw_histograms(checkpoint: Path, name: str, picture: Path, data: Path | None, count: int) -> None:
    model = load_network(checkpoint)
    pixels = load_cifar10(data, "test").first(count).pixels if data else crops(count)
    with progress("images", len(pixels)) as advance:
        result = distributions(model, pixels, advance)
    source = "CIFAR-10 test images" if data else "pieces of scikit-image's pictures"
    save_histograms(result, picture, f"{name}: weight codes, and activation codes of {len(pixels)} {source}")
