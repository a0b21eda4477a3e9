"""The command plot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tilewright.file_kinds import Role
from tilewright.progress import phase
from tilewright_model.checkpoint_file import is_float
from tilewright_model.cli.app import command, report
from tilewright_model.cli.inputs import load_pytorch, read_checkpoint, read_data
from tilewright_model.cli.options import CountOf64, Dark, Json, OptionalOutFolder, TestImages, check_count, takes
from tilewright_model.errors import CheckpointError, DataError
from tilewright_model.training.log import read_log

LOG = "log.csv"


@dataclass(frozen=True)
class RunFiles:
    """What a run left at ``path``: the folder that ``train`` wrote, or a log (.csv)."""

    path: Path

    @property
    def name(self) -> str:
        """For the pictures' titles."""
        return self.path.resolve().name if self.path.is_dir() else self.path.stem

    @property
    def log(self) -> Path:
        """The CSV file.

        Raises:
            DataError: ``path`` is neither a folder nor a file.
        """
        if not self.path.exists():
            raise DataError(
                f"no training run at {self.path}: name the folder that `train --out` wrote, or a log (.csv)"
            )
        return self.path / LOG if self.path.is_dir() else self.path

    def checkpoint(self) -> Path | None:
        """The folder's packed checkpoint; beside a log, the one of its name, if any; a float network has none.

        Raises:
            CheckpointError: the folder holds none or several.
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


@command("plot", "build/training", "RUN_A RUN_B --out build/pictures")
def plot(
    paths: Annotated[
        list[Path],
        typer.Argument(
            exists=True, help="folders that `train` wrote, or logs (.csv)", metavar="RUN...", callback=takes(Role.RUN)
        ),
    ],
    out: OptionalOutFolder = None,
    data: TestImages = None,
    count: CountOf64 = 64,
    dark: Dark = False,
    as_json: Json = False,
) -> None:
    """Draw runs' curves into one picture, and histograms of each one's weight and activation codes.

    Into the first run's folder, if there is no --out. The activation codes are those of test images, or
    without --data of pieces of scikit-image's pictures. Of a log alone, the checkpoint is the .safetensors of the same
    name, if there is one.
    """
    if data:
        check_count(data, 0, count)
    runs = _named([RunFiles(path) for path in dict.fromkeys(paths)])
    logs = {name: read_log(run.log) for name, run in runs.items()}
    folder = out or next(iter(runs.values())).log.parent
    load_pytorch()
    checkpoints = {name: run.checkpoint() for name, run in runs.items()}
    pictures = [folder / "curves.png"]
    with phase("Drawing curves", "Drew curves"):
        from tilewright_model.training.plots import save_curves

        save_curves(logs, pictures[0], dark)
    for name, checkpoint in checkpoints.items():
        if checkpoint:
            pictures.append(folder / _picture_name(name, len(runs)))
            _draw_histograms(checkpoint, name, pictures[-1], data, count, dark)
    report({"runs": list(runs), "pictures": list(map(str, pictures))}, as_json)


def _picture_name(run: str, runs: int) -> str:
    return "histograms.png" if runs == 1 else f"histograms.{run.replace('/', '_')}.png"


def _named(runs: list[RunFiles]) -> dict[str, RunFiles]:
    """The runs by name, or by path where a name occurs twice."""
    often = Counter(run.name for run in runs)
    return {run.name if often[run.name] == 1 else str(run.path): run for run in runs}


def _draw_histograms(checkpoint: Path, name: str, picture: Path, data: Path | None, count: int, dark: bool) -> None:
    model = read_checkpoint(checkpoint)
    from tilewright_model.data.crops import crops
    from tilewright_model.training.distributions import distributions
    from tilewright_model.training.plots import save_histograms

    pixels = read_data(data, "test", 0, count).pixels if data else crops(count)
    with phase("Counting codes", total=len(pixels)) as step:
        result = distributions(model, pixels, step.advance)
    source = "test images" if data else "pieces of scikit-image's pictures"
    with phase("Drawing histograms", "Drew histograms"):
        title = f"{name}: codes of its weights, and of {len(pixels)} {source}"
        save_histograms(result, picture, title, dark)
