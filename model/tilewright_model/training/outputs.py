"""What a training run leaves in its folder: log, checkpoint and record, pictures, TensorBoard's files."""

import json
from dataclasses import asdict
from typing import Any

import torch

from tilewright.files import written
from tilewright.progress import phase
from tilewright_model import __version__
from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.float_network import save_float
from tilewright_model.checkpoints.packed import save_packed
from tilewright_model.data.cifar10 import Images
from tilewright_model.device import description
from tilewright_model.networks.vgg16 import VGG16, FloatVGG16
from tilewright_model.training.distributions import distributions
from tilewright_model.training.evaluate import Score
from tilewright_model.training.log import write_log
from tilewright_model.training.plots import save_curves, save_histograms
from tilewright_model.training.run import Run
from tilewright_model.training.settings import CIFAR10, Settings
from tilewright_model.training.tensorboard_log import TensorBoardLog

#: so many of the measured images give the activation codes of the histograms
HISTOGRAM_IMAGES = 64


class Outputs:
    """The files of a run in ``settings.out``; the first of its processes writes them.

    Args:
        settings: of the run.
        run: whose files they are.
        measured: the images that it is measured on, on its device.
        processes: how many there are.
    """

    def __init__(self, settings: Settings, run: Run, measured: Images, processes: int) -> None:
        self.settings, self.run, self.measured, self.processes = settings, run, measured, processes
        self.checkpoint = settings.checkpoint
        self._board: TensorBoardLog | None = None

    def open_board(self) -> None:
        """Begin TensorBoard's file of the epochs to come."""
        with phase("Opening TensorBoard's log", "Opened TensorBoard's log"):
            self._board = TensorBoardLog(self.settings.out / "tensorboard", self.run.epoch + 1)

    def close_board(self) -> None:
        """End TensorBoard's file, if there is one."""
        if self._board:
            self._board.close()

    def epoch(self, row: dict[str, Any]) -> None:
        """Write what an epoch has brought."""
        if self._board:
            self._board.epoch(row)
        self.log()

    def log(self) -> None:
        """Write log.csv."""
        write_log(self.settings.out / "log.csv", self.run.log)

    def network(self) -> None:
        """Write the network as it is now: the checkpoint, and for TensorBoard the counts of its codes."""
        self.export()
        network = self.run.network
        if self._board and isinstance(network, VGG16):
            self._board.histograms(self.run.epoch, distributions(network, self.measured.pixels[:HISTOGRAM_IMAGES]))

    def export(self) -> None:
        """Write the checkpoint of the network as it is now."""
        network = self.run.network
        if isinstance(network, FloatVGG16):
            save_float(network, self.checkpoint, self.record())
        else:
            save_packed(network, self.checkpoint, self.record())

    def score(self, score: Score, measured: str) -> None:
        """Write the record of the exported checkpoint, with its score on the images that are called ``measured``."""
        numbers = {"measured": measured, **asdict(score), "accuracy": score.accuracy}
        record = self.record() | numbers | {"checkpoint": self.checkpoint.name, "sha256": sha256(self.checkpoint)}
        with written(self.checkpoint.with_suffix(".json")) as partial:
            partial.write_text(json.dumps(record, indent=2) + "\n")

    def draw(self) -> None:
        """Pictures of the curves and of the exported network's codes."""
        folder, network = self.settings.out, self.run.network
        with phase("Drawing pictures", "Drew pictures"):
            if self.run.log:
                save_curves({"": self.run.log}, folder / "curves.png")
            if isinstance(network, VGG16):
                pixels = self.measured.pixels[:HISTOGRAM_IMAGES]
                title = f"{self.settings.recipe}: weight codes, and activation codes of {len(pixels)} measured images"
                save_histograms(distributions(network, pixels), folder / "histograms.png", title)

    def note_part(self) -> None:
        """Keep in the run what computed this epoch, if it is not what computed the one before."""
        parts, part = self.run.parts, self._computed_by()
        if not parts or {**parts[-1], "from_epoch": 0} != {**part, "from_epoch": 0}:
            parts.append(part)

    def record(self) -> dict[str, Any]:
        """What the model card needs, apart from the accuracy; what computed the last epoch, and all if it changed."""
        settings, run = self.settings, self.run
        return {
            "recipe": settings.recipe,
            "settings": settings.changed_recipe.values(),
            "seed": settings.seed,
            "teacher_sha256": settings.identity["teacher_sha256"],
            "epochs": run.epoch,
            "schedule_done": run.progress,
            "training_images": run.images,
            "hold_out": settings.hold_out,
            **({} if settings.data == CIFAR10 else {"data": settings.data, "classes": settings.classes}),
            "seconds": round(run.seconds, 1),
            **(run.parts or [self._computed_by()])[-1],
            **({"parts": run.parts} if len(run.parts) > 1 else {}),
        }

    def _computed_by(self) -> dict[str, Any]:
        """What computes, from this epoch on."""
        settings = self.settings
        return {
            "from_epoch": self.run.epoch,
            "processes": self.processes,
            "tf32": settings.tf32,
            "compile": settings.compile,
            "amp": settings.amp,
            "deterministic": settings.deterministic,
            "device": description(self.measured.pixels.device),
            "torch": torch.__version__,
            "tilewright_model": __version__,
        }
