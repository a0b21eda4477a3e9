"""Quantisation-aware training: one resumable run that keeps the last epoch's network."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from rich.console import Console
from torch import Tensor
from torch.nn import functional

from tilewright_model import __version__, augment
from tilewright_model.checkpoint import save_state, sha256
from tilewright_model.clock import Clock
from tilewright_model.data import Images
from tilewright_model.device import description
from tilewright_model.errors import CheckpointError
from tilewright_model.evaluate import Score, evaluate
from tilewright_model.export import load_packed, save_packed
from tilewright_model.image import normalise
from tilewright_model.recipes import RECIPES, Recipe, advanced, build_optimiser, rate_factor
from tilewright_model.report import epoch_line, progress_bar, write_log
from tilewright_model.run import Run, Settings
from tilewright_model.vgg16 import VGG16

CHECKPOINT = "vgg16_w4a4_cifar10.safetensors"


def train(settings: Settings, training: Images, test: Images, *, resume: bool = False) -> Score:
    """Train, then export and measure the packed checkpoint; returns its score on `test`.

    Writes into `settings.out`: the packed checkpoint, a .json record beside it, log.csv and the resumable state. Raises
    CheckpointError if a run is already there and `resume` is not given, or if there is none to resume.
    """
    trainer = Trainer(settings, training, test)
    if resume:
        trainer.run.restore(settings)
    elif settings.state_file.exists():
        raise CheckpointError(
            f"{settings.state_file} holds a run already: continue it with --resume or name another --out"
        )
    trainer.fit()
    return _finish(settings, trainer.run, trainer.test)


class Trainer:
    """One process's share of a run: data on the device, the optimiser step, the clock."""

    def __init__(self, settings: Settings, training: Images, test: Images) -> None:
        self.settings, self.recipe = settings, RECIPES[settings.recipe]
        self.clock = Clock(settings.minutes)
        device = torch.device(settings.device)
        _configure_backends(settings)
        self.run = _new_run(settings, self.recipe, device)
        self.padded, self.labels = augment.pad(training.pixels.to(device)), training.labels.to(device)
        self.test = test.to(device)
        self.forward = torch.compile(self._loss, dynamic=False) if settings.compile else self._loss

    def fit(self) -> None:
        """Epochs until the schedule or the time is done; saves every few of them."""
        run, settings, console = self.run, self.settings, Console(soft_wrap=True)
        seconds_before = run.seconds
        self._evaluate()
        with progress_bar(console) as bar:
            task = bar.add_task(f"{settings.recipe}, seed {settings.seed}", total=1.0)
            while run.progress < 1 and self.clock.left() > 0:
                row = self._epoch(lambda done: bar.update(task, completed=done))
                run.seconds = seconds_before + self.clock.elapsed()
                row["seconds"] = round(run.seconds, 1)
                run.log.append(row)
                if run.epoch % settings.evaluate_every == 0 or run.progress == 1:
                    row["test_accuracy"] = self._evaluate().accuracy
                    save_packed(run.model, settings.out / CHECKPOINT, _record(settings, run))
                    save_state(settings.state_file, run.state(settings))
                write_log(settings.out / "log.csv", run.log)
                console.print(epoch_line(row), highlight=False)
        save_state(settings.state_file, run.state(settings))

    def _loss(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.run.model(normalise(pixels).contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(scores, labels, label_smoothing=self.recipe.label_smoothing)
        return loss, (scores.argmax(1) == labels).sum()

    def _step(self, indices: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """One optimiser step; returns the mean loss and the number of correct answers, left on the device."""
        run, labels = self.run, self.labels[indices]
        pixels = augment.random_crop_and_flip(self.padded, indices, run.generator)
        for group in run.optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.settings.amp):
            loss, correct = self.forward(pixels, labels)
        run.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if self.recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_(run.model.parameters(), self.recipe.clip_norm)
        run.optimiser.step()
        return loss.detach(), correct

    def _batches(self) -> tuple[Tensor, ...]:
        """Shuffled image indices; the last, smaller batch only where the recipe keeps it."""
        order = torch.randperm(len(self.labels), generator=self.run.generator, device=self.labels.device)
        batches = torch.split(order, self.recipe.batch)
        incomplete = len(batches[-1]) < self.recipe.batch
        return batches[:-1] if self.recipe.drop_last and incomplete and len(batches) > 1 else batches

    def _epoch(self, advance: Callable[[float], None]) -> dict[str, Any]:
        """One pass over the images, or what of it fits the time: one share of what remains of the schedule."""
        run, batches, before = self.run, self._batches(), self.run.progress
        run.model.train()
        epochs_left = self.clock.epochs_left((self.settings.epochs or self.recipe.epochs) - run.epoch)
        loss, correct, seen, done = torch.zeros((), device=self.labels.device), torch.zeros_like(self.labels[0]), 0, 0
        rate = 0.0
        while done < len(batches) and self.clock.left() > 0:
            self.clock.step(done)
            rate = self.recipe.rate * rate_factor(self.recipe, advanced(before, epochs_left, done / len(batches)))
            step_loss, step_correct = self._step(batches[done], rate)
            loss, correct = loss + step_loss * len(batches[done]), correct + step_correct
            seen, done = seen + len(batches[done]), done + 1
            advance(advanced(before, epochs_left, done / len(batches)))
        mean_loss = float(loss) / max(1, seen)  # waits for the device, so that the clock sees its work
        self.clock.epoch(done)
        run.epoch += 1
        run.progress = advanced(before, epochs_left, done / len(batches))
        return {
            "epoch": run.epoch,
            "progress": round(run.progress, 6),
            "rate": rate,
            "loss": round(mean_loss, 5),
            "train_accuracy": round(100 * int(correct) / max(1, seen), 3),
            "test_accuracy": None,
        }

    def _evaluate(self) -> Score:
        start = time.monotonic()
        score = evaluate(self.run.model, self.test)
        self.clock.evaluation_seconds = time.monotonic() - start
        return score


def _configure_backends(settings: Settings) -> None:
    torch.manual_seed(settings.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = settings.tf32
    torch.backends.cuda.matmul.allow_tf32 = settings.tf32


def _new_run(settings: Settings, recipe: Recipe, device: torch.device) -> Run:
    model = VGG16(recipe.options).to(device).to(memory_format=torch.channels_last)
    generator = torch.Generator(device=device)
    generator.manual_seed(settings.seed)
    return Run(model, build_optimiser(model, recipe), generator)


def _record(settings: Settings, run: Run) -> dict[str, Any]:
    """What the model card needs, apart from the accuracy."""
    return {
        "recipe": settings.recipe,
        "settings": {key: value for key, value in asdict(RECIPES[settings.recipe]).items() if key != "epochs"},
        "seed": settings.seed,
        "epochs": run.epoch,
        "schedule_done": run.progress,
        "seconds": round(run.seconds, 1),
        "tf32": settings.tf32,
        "compile": settings.compile,
        "amp": settings.amp,
        "device": description(torch.device(settings.device)),
        "torch": torch.__version__,
        "tilewright_model": __version__,
    }


def _finish(settings: Settings, run: Run, test: Images) -> Score:
    """Export the network as it is now and measure the exported file, in full float32."""
    path = settings.out / CHECKPOINT
    save_packed(run.model, path, _record(settings, run))
    write_log(settings.out / "log.csv", run.log)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    score = evaluate(load_packed(path).to(settings.device), test)
    record = _record(settings, run) | {
        "accuracy": score.accuracy,
        "correct": score.correct,
        "total": score.total,
        "checkpoint": path.name,
        "sha256": sha256(path),
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    return score
