"""Training: one resumable run, in one process or several, that keeps the last epoch's network."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from rich.progress import Progress
from torch import Tensor, nn

from tilewright.process import is_first_process
from tilewright.progress import phase, print_line
from tilewright_model.checkpoints.float_network import load_float
from tilewright_model.checkpoints.packed import load_packed
from tilewright_model.data.cifar10 import Images
from tilewright_model.errors import CheckpointError, DataError, DivergedError, RecipeError
from tilewright_model.training import augment
from tilewright_model.training.clock import Clock
from tilewright_model.training.distributed import join_processes, local_device
from tilewright_model.training.evaluate import Score, evaluate
from tilewright_model.training.log import TrainingBar, epoch_line, progress_bar
from tilewright_model.training.optimisation import Loss, advanced, rate_factor
from tilewright_model.training.outputs import Outputs
from tilewright_model.training.run import check_held_out, load_teacher, new_run
from tilewright_model.training.settings import Settings


def train(settings: Settings, training: Images, test: Images, *, resume: bool = False) -> Score:
    """Train, then export and measure the checkpoint.

    Writes into ``settings.out``: the checkpoint, a .json record beside it, log.csv, TensorBoard's files, pictures of
    the curves and of the codes, and the resumable state.

    Args:
        settings: of the run.
        training: images to train on, those to hold out included.
        test: images to measure on, where none are held out.
        resume: whether to go on with the run whose state is saved.

    Returns:
        The score of the exported checkpoint.

    Raises:
        CheckpointError: a run trains there now, one is there and ``resume`` is not given, or there is none to resume.
        RecipeError: the recipe lacks what it needs, the teacher has seen what is held out, or the time is too short for
            one step.
        DataError: nothing is left to train on.
        DivergedError: the loss is no number.
    """
    measured = test
    if settings.hold_out:
        count = len(training) - settings.hold_out
        if count < 1:
            raise DataError(f"{settings.hold_out} images to hold out of {len(training)} leave none to train on")
        training, measured = training.part(0, count), training.part(count, None)
    check_held_out(settings, len(training))
    with _alone(settings.out) if is_first_process() else nullcontext():
        with phase("Preparing the run", "Prepared the run"):
            trainer = Trainer(settings, training, measured)
            if resume:
                trainer.run.restore(settings)
            else:
                settings.check_unused()
        trainer.processes.wait()
        trainer.fit()
        score = trainer.finish()
    trainer.processes.leave()
    return score


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder. Raises CheckpointError if one is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "training.lock", timeout=0):
            yield
    except Timeout as error:
        raise CheckpointError(f"another run is training into {folder} now: name another --out") from error


class Trainer:
    """One process's share of a run: data on the device, the optimiser step, the clock, when to measure and to save."""

    def __init__(self, settings: Settings, training: Images, measured: Images) -> None:
        self.settings, self.recipe = settings, settings.changed_recipe
        device = local_device(settings.device)
        self.processes = join_processes(device, self.recipe.batch)
        if settings.minutes and self.processes.size > 1:
            raise RecipeError("--minutes is for one process: several would not agree on the time; give --epochs")
        self.clock = Clock(settings.minutes)
        _configure_backends(settings)
        teacher = load_teacher(settings, device)
        self.run = new_run(settings, device, teacher, training.pixels)
        self.padded, self.labels = augment.pad(training.pixels.to(device)), training.labels.to(device)
        self.measured, self.measured_name = measured.to(device), "held_out" if settings.hold_out else "test"
        self.outputs = Outputs(settings, self.run, self.measured, self.processes.size)
        loss = Loss(self.processes.parallel(self.run.model), teacher, self.recipe)
        self.loss = torch.compile(loss, dynamic=False) if settings.compile else loss

    def fit(self) -> None:
        """Epochs until the schedule or the time is done; saves the state after each, or every few of them."""
        run, settings = self.run, self.settings
        seconds_before = run.seconds
        if self.processes.first:
            self.outputs.open_board()
        if run.progress == 1 and self.processes.first:
            print_line(f"trained for all its {run.epoch} epochs already")
        with progress_bar() as bar:
            if settings.minutes:
                self._evaluate(bar)  # to know how long it takes
            first_step = f"{'Compiling' if settings.compile else 'Taking'} the first step"
            shown = TrainingBar(bar, f"{settings.recipe}, seed {settings.seed}", first_step)
            while run.progress < 1 and self.clock.left() > 0:
                row = self._epoch(shown)
                run.seconds = seconds_before + self.clock.elapsed()
                row["seconds"] = round(run.seconds, 1)
                run.log.append(row)
                self.outputs.note_part()
                if self.processes.first:
                    self._keep(row, bar)
                    print_line(epoch_line(row))
                self.processes.wait()
        self.outputs.close_board()
        if run.progress == 0:
            raise RecipeError(
                f"{settings.minutes} minutes are too few: no step of training fits beside two measurements, of "
                f"{self.clock.evaluation_seconds:.0f} s each; give more, or measure on fewer images (--test-images)"
            )

    def finish(self) -> Score:
        """Export the network as it is now and measure the exported file, in full float32."""
        outputs, path = self.outputs, self.outputs.checkpoint
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        if self.processes.first:
            outputs.log()
            outputs.export()
        self.processes.wait()
        exported = load_float(path) if self.recipe.float_network else load_packed(path)
        with progress_bar() as bar:
            score = self._score(exported.to(self.labels.device), bar)
        if self.processes.first:
            outputs.score(score, self.measured_name)
            outputs.draw()
        return score

    def _keep(self, row: dict[str, Any], bar: Progress) -> None:
        """Write what an epoch has brought."""
        run, settings = self.run, self.settings
        if run.epoch % settings.evaluate_every == 0 or run.progress == 1:
            row[f"{self.measured_name}_accuracy"] = self._evaluate(bar).accuracy
            self.outputs.network()
        self.outputs.epoch(row)
        if run.epoch % settings.save_every == 0 or run.progress == 1 or self.clock.left() <= 0:
            run.save(settings)

    def _step(self, indices: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """One optimiser step; returns the mean loss and the number of correct answers, left on the device.

        Every process draws for the whole batch, so that the images do not depend on their number.
        """
        run, size = self.run, self.padded.shape[2] - 2 * augment.PADDING
        drawn, share = (
            augment.draw(len(indices), size, self.recipe.erase, run.generator),
            self.processes.share(len(indices)),
        )
        drawn, indices = drawn[share], indices[share]
        pixels = augment.crop_and_flip(self.padded, indices, drawn)
        if drawn.corners is not None:
            pixels = augment.erased(pixels, drawn.corners, self.recipe.erase)
        for group in run.optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.settings.amp):
            loss, correct = self.loss(pixels, self.labels[indices])
        run.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if self.recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_(run.model.parameters(), self.recipe.clip_norm)
        run.optimiser.step()
        if run.average:
            run.average.update_parameters(run.model)
        return loss.detach(), correct

    def _batches(self) -> tuple[Tensor, ...]:
        """Shuffled image indices; the last, smaller batch only where the recipe keeps it and all processes share it."""
        order = torch.randperm(len(self.labels), generator=self.run.generator, device=self.labels.device)
        batches = torch.split(order, self.recipe.batch)
        incomplete = len(batches[-1]) < (self.recipe.batch if self.recipe.drop_last else self.processes.size)
        return batches[:-1] if incomplete and len(batches) > 1 else batches

    def _epoch(self, advance: Callable[[float], None]) -> dict[str, Any]:
        """One pass over the images, or what of it fits the time: one share of what remains of the schedule."""
        run, batches, before = self.run, self._batches(), self.run.progress
        run.model.train()
        epochs_left = self.clock.epochs_left((self.settings.epochs or self.recipe.epochs) - run.epoch)
        sums, seen, done = torch.zeros(2, dtype=torch.float64, device=self.labels.device), 0, 0
        rate = 0.0
        while done < len(batches) and self.clock.left() > 0:
            self.clock.step(done)
            rate = self.recipe.rate * rate_factor(self.recipe, advanced(before, epochs_left, done / len(batches)))
            loss, correct = self._step(batches[done], rate)
            images = len(batches[done]) // self.processes.size
            sums += torch.stack([loss.double() * images, correct.double()])
            seen, done = seen + images * self.processes.size, done + 1
            advance(advanced(before, epochs_left, done / len(batches)))
        # waits for the device, so that the clock sees its work
        mean_loss, accuracy = (self.processes.total(sums) / max(1, seen)).tolist()
        self.clock.epoch(done)
        run.epoch += 1
        if not math.isfinite(mean_loss):
            raise DivergedError(
                f"the loss of epoch {run.epoch} is {mean_loss}: train anew with a lower rate (--set rate=N, now "
                f"{self.recipe.rate}) or clipped gradients (--set clip_norm=5)"
            )
        run.progress = advanced(before, epochs_left, done / len(batches))
        return {
            "epoch": run.epoch,
            "progress": round(run.progress, 6),
            "rate": rate,
            "loss": round(mean_loss, 5),
            "train_accuracy": round(100 * accuracy, 3),
            "held_out_accuracy": None,
            "test_accuracy": None,
        }

    def _evaluate(self, bar: Progress) -> Score:
        start = time.monotonic()
        score = self._score(self.run.network, bar)
        self.clock.evaluation_seconds = time.monotonic() - start
        return score

    def _score(self, network: nn.Module, bar: Progress) -> Score:
        task = bar.add_task(f"measuring {len(self.measured)} images", total=len(self.measured))
        score = evaluate(network, self.measured, lambda done: bar.advance(task, done))
        bar.remove_task(task)
        return score


def _configure_backends(settings: Settings) -> None:
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as torch's notes on reproducibility ask for
        torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = not settings.deterministic
    torch.backends.cudnn.allow_tf32 = settings.tf32
    torch.backends.cuda.matmul.allow_tf32 = settings.tf32
