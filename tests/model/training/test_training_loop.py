"""The training loop against a plain one: every step of a short run computed by hand, and what a run writes of it."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor
from torch.nn import functional

from tilewright_model.checkpoint_file import TRAIN
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.checkpoints.state_file import load_tensors
from tilewright_model.data.cifar10 import Images, load_cifar10
from tilewright_model.data.pixels import normalise
from tilewright_model.errors import CheckpointError
from tilewright_model.layers.quantisers import ActivationQuantiser, WeightQuantiser
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.training import augment
from tilewright_model.training.evaluate import evaluate
from tilewright_model.training.recipes import Recipe, recipe_named
from tilewright_model.training.run import STATE, Run, load_teacher, new_run
from tilewright_model.training.settings import Settings
from tilewright_model.training.tensorboard_log import TensorBoardLog
from tilewright_model.training.train import Trainer, train

CPU = torch.device("cpu")
PLAN = 'options.plan="8 M 8 M 8 8- M 16 M 16 M"'
CHECKPOINT, FLOAT_CHECKPOINT = "cnn6_w4a4_cifar10.safetensors", "cnn6_float_cifar10.safetensors"
SEED, EPOCHS, IMAGES = 5, 3, 10
#: between them every value of a recipe that the loop uses, each far enough from nothing to be seen
RECIPES = {
    "cosine": ("batch=4", "warm_up=0.4", "erase=12", "average=0.7", "clip_norm=0.5", "label_smoothing=0.3"),
    "notebook": ("batch=4", "learned_steps=true", "alpha_rate=0.5", "rate=0.05", "steps=[0.5]"),
}


@pytest.fixture(autouse=True)
def backends() -> Iterator[None]:
    """A run sets PyTorch's for the whole process."""
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def images(data_root: Path) -> tuple[Images, Images]:
    return load_cifar10(data_root, "train").first(IMAGES), load_cifar10(data_root, "test")


def settings_of(out: Path, recipe: str, *changes: str, **values: Any) -> Settings:
    common = {"seed": SEED, "epochs": EPOCHS, "evaluate_every": 2}
    return Settings(out, recipe, changes=(PLAN, *changes), **common | values)


class PlainLoop:
    """The same run with PyTorch's forward, loss and backward, and everything else written out.

    In the same order of additions: a weight that is rounded to another code takes the two runs apart.
    """

    def __init__(self, recipe: Recipe, training: Images) -> None:
        self.recipe, self.training = recipe, training
        torch.manual_seed(SEED)
        self.model = VGG16(recipe.options)
        for module in self.model.modules():
            if isinstance(module, WeightQuantiser | ActivationQuantiser):
                module.learned_step = recipe.learned_steps
        self.model.to(memory_format=torch.channels_last)
        self.generator = torch.Generator().manual_seed(SEED)
        self.momentum: dict[str, Tensor] = {}
        self.average = {key: value.clone() for key, value in self.model.state_dict().items()}
        self.steps, self.correct, self.losses = 0, 0, 0.0

    def rate(self, progress: float) -> float:
        if self.recipe.steps:
            return self.recipe.rate * 0.1 ** sum(progress >= step for step in self.recipe.steps)
        if progress < self.recipe.warm_up:
            return self.recipe.rate * max(progress, 1e-4) / self.recipe.warm_up
        rest = (progress - self.recipe.warm_up) / (1 - self.recipe.warm_up)
        return self.recipe.rate * (1 + math.cos(math.pi * rest)) / 2

    def epoch(self, number: int) -> tuple[float, float]:
        """Mean loss and percent correct."""
        self.model.train()
        order = torch.randperm(IMAGES, generator=self.generator)
        batch, self.correct, self.losses, seen = self.recipe.batch, 0, 0.0, 0
        batches = [order[first : first + batch] for first in range(0, IMAGES, batch)]
        batches = [b for b in batches if len(b) == batch or not self.recipe.drop_last]
        for done, indices in enumerate(batches):
            self.step(indices, self.rate(round((number + done / len(batches)) / EPOCHS, 9)))
            seen += len(indices)
        return self.losses / seen, 100 * self.correct / seen

    def step(self, indices: Tensor, rate: float) -> None:
        drawn = augment.draw(len(indices), 32, self.recipe.erase, self.generator)
        pixels = augment.crop_and_flip(augment.pad(self.training.pixels), indices, drawn)
        if self.recipe.erase:
            pixels = pixels.clone()
            assert drawn.corners is not None
            for image, (row, column) in zip(pixels, drawn.corners.T.tolist(), strict=True):
                side = self.recipe.erase
                image[:, row : row + side, column : column + side] = torch.tensor([125, 123, 114])[:, None, None]
        labels = self.training.labels[indices]
        scores = self.model(normalise(pixels).contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(scores, labels, label_smoothing=self.recipe.label_smoothing)
        self.losses += loss.item() * len(labels)
        self.correct += int((scores.argmax(1) == labels).sum())
        self.model.zero_grad()
        torch.autograd.backward(loss)
        self.update(rate)
        self.steps += 1
        if self.recipe.average:
            before = self.steps - 1
            kept = min(self.recipe.average, (1 + before) / (10 + before)) if before else 0.0
            for key, value in self.model.state_dict().items():
                if value.is_floating_point():
                    self.average[key] = torch.lerp(self.average[key], value, 1 - kept)

    @torch.no_grad()
    def update(self, rate: float) -> None:
        recipe = self.recipe
        gradients = {name: p.grad for name, p in self.model.named_parameters() if p.grad is not None}
        length = torch.stack([torch.linalg.vector_norm(g) for g in gradients.values()]).norm()
        shrink = (recipe.clip_norm / (length + 1e-6)).clamp(max=1.0) if recipe.clip_norm else 1.0
        for name, parameter in self.model.named_parameters():
            if name not in gradients:
                continue
            alpha = name.endswith("_alpha")
            alpha_decay = recipe.weight_decay if recipe.alpha_weight_decay is None else recipe.alpha_weight_decay
            change = (gradients[name] * shrink).add(parameter, alpha=alpha_decay if alpha else recipe.weight_decay)
            kept = (0.9 * self.momentum[name]).add(change) if name in self.momentum else change.clone()
            self.momentum[name] = kept
            move = change.add(kept, alpha=0.9) if recipe.nesterov else kept
            parameter.add_(move, alpha=-rate * (recipe.alpha_rate if alpha else 1.0))


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_of_a_run_is_that_of_a_plain_loop(name: str, images: tuple[Images, Images], tmp_path: Path) -> None:
    training, test = images
    train(settings_of(tmp_path, name, *RECIPES[name]), training, test)
    plain = PlainLoop(recipe_named(name, (PLAN, *RECIPES[name])), training)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert len(rows) == EPOCHS
    for number, row in enumerate(rows):
        loss, percent = plain.epoch(number)
        assert float(row["loss"]) == pytest.approx(loss, rel=1e-3)
        assert float(row["train_accuracy"]) == pytest.approx(percent, abs=1e-3)
    tensors, _ = load_tensors(tmp_path / "training.state", STATE, TRAIN)
    compare(tensors, "model.", plain.model.state_dict())
    compare(tensors, "momentum.", plain.momentum)
    if plain.recipe.average:
        for counter in [key for key in plain.average if key.endswith("num_batches_tracked")]:
            del plain.average[counter], tensors[f"average.module.{counter}"]  # nothing reads the average's
        compare(tensors, "average.module.", plain.average)


def compare(tensors: dict[str, Tensor], prefix: str, expected: dict[str, Tensor]) -> None:
    found = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    assert found.keys() == {key for key in expected if not key.endswith("weight_q")}
    for key, value in found.items():
        wanted = expected[key]
        assert torch.allclose(value.double(), wanted.double(), rtol=1e-3, atol=1e-5), key


def test_log_and_tensorboard_hold_what_was_measured(images: tuple[Images, Images], tmp_path: Path) -> None:
    training, test = images
    train(settings_of(tmp_path, "notebook", "batch=4"), training, test)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    last = evaluate(load_network(tmp_path / CHECKPOINT), test).accuracy
    assert [bool(row["test_accuracy"]) for row in rows] == [False, True, True]
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(last)
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"scalars": 0, "histograms": 0}).Reload()
    losses = [(event.step, event.value) for event in events.Scalars("loss")]
    assert losses == [(int(row["epoch"]), pytest.approx(float(row["loss"]))) for row in rows]
    assert [event.value for event in events.Scalars("accuracy/test")][-1] == pytest.approx(last)
    assert [event.step for event in events.Histograms("weights/features.0")] == [2, 3]


def test_a_resumed_run_tells_tensorboard_where_it_goes_on(images: tuple[Images, Images], tmp_path: Path) -> None:
    training, test = images
    settings, longer = (settings_of(tmp_path, "notebook", "batch=4", epochs=epochs) for epochs in (1, 2))
    killed = Trainer(longer, training, test)
    killed.run.log = [killed._epoch(lambda done: None) | {"seconds": 1.0}]
    killed.run.save(settings)
    board = TensorBoardLog(tmp_path / "tensorboard", 1)
    board.epoch(killed.run.log[0])
    board.epoch(killed.run.log[0] | {"epoch": 2, "loss": 99.0})  # of the epoch that the kill has lost
    board.close()
    train(longer, training, test, resume=True)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"scalars": 0}).Reload()
    losses = [(event.step, event.value) for event in events.Scalars("loss")]
    assert losses == [(int(row["epoch"]), pytest.approx(float(row["loss"]))) for row in rows] and len(rows) == 2


def test_the_state_is_saved_every_few_epochs_and_at_the_end(
    images: tuple[Images, Images], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, test = images
    saved: list[int] = []
    monkeypatch.setattr(Run, "save", lambda run, settings: saved.append(run.epoch))
    train(settings_of(tmp_path, "notebook", "batch=4", epochs=5, save_every=2), training, test)
    assert saved == [2, 4, 5]


def test_the_flags_of_the_command_line_reach_pytorch(images: tuple[Images, Images], tmp_path: Path) -> None:
    training, test = images
    changes = ("batch=4",)
    trainer = Trainer(settings_of(tmp_path, "notebook", *changes, deterministic=True, amp=True), training, test)
    assert torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark
    seen = []
    trainer.run.model.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    trainer._step(torch.arange(4), 0.01)
    assert seen == [True]
    assert not isinstance(trainer.loss, torch._dynamo.eval_frame.OptimizedModule)
    trainer = Trainer(settings_of(tmp_path, "notebook", *changes, compile=True, tf32=True), training, test)
    assert isinstance(trainer.loss, torch._dynamo.eval_frame.OptimizedModule)
    assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.benchmark


def test_a_student_begins_with_calibrated_alphas_and_its_teachers_plan(
    images: tuple[Images, Images], tmp_path: Path
) -> None:
    training, test = images
    train(settings_of(tmp_path / "float", "float", "batch=4", epochs=1), training, test)
    teacher = tmp_path / "float" / FLOAT_CHECKPOINT
    settings = settings_of(tmp_path / "student", "distilled", "batch=4", teacher=teacher)
    network = new_run(settings, CPU, load_teacher(settings, CPU), training.pixels).network
    assert isinstance(network, VGG16)
    options = network.options
    for name, layer in network.quantised_layers().items():
        assert layer.weight_quant.wgt_alpha.item() != options.alpha_w, name
        assert name == "features.0" or layer.act_alpha.item() != options.alpha_a, name
    other = Settings(tmp_path / "student", "distilled", changes=('options.plan="8 M M M M M"',), teacher=teacher)
    with pytest.raises(CheckpointError, match=r"has the plan '8 M 8 M .*, the recipe '8 M M M M M'"):
        load_teacher(other, CPU)
