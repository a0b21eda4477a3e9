"""Training: recipes, augmentation, resumption after a kill, evaluation."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from tilewright_model import augment, clock
from tilewright_model.__main__ import app
from tilewright_model.checkpoint import load_network, load_tensors
from tilewright_model.data import load_cifar10
from tilewright_model.errors import CheckpointError, DataError
from tilewright_model.image import normalise
from tilewright_model.recipes import RECIPES, advanced, build_optimiser, rate_factor
from tilewright_model.run import Settings
from tilewright_model.train import CHECKPOINT, train
from tilewright_model.vgg16 import VGG16

EPOCHS = 3
IMAGES = 12


def test_the_notebooks_rates_step_at_80_120_and_160_of_200_epochs() -> None:
    recipe, progress, rates = RECIPES["notebook"], 0.0, []
    for epoch in range(recipe.epochs):
        rates.append(recipe.rate * rate_factor(recipe, progress))
        progress = advanced(progress, recipe.epochs - epoch)
    assert progress == 1
    expected = [0.01] * 80 + [0.001] * 40 + [0.0001] * 40 + [0.00001] * 40
    assert rates == pytest.approx(expected, rel=1e-12)
    assert (recipe.batch, recipe.weight_decay, recipe.nesterov, recipe.label_smoothing) == (128, 1e-4, False, 0)


def test_the_cosine_recipe_warms_up_and_falls_to_zero() -> None:
    recipe = RECIPES["cosine"]
    factors = [rate_factor(recipe, p / 1000) for p in range(1001)]
    assert factors[30] == 1 and factors[15] == pytest.approx(0.5) and factors[1000] == pytest.approx(0, abs=1e-12)
    assert factors[:31] == sorted(factors[:31]) and factors[30:] == sorted(factors[30:], reverse=True)


def test_the_alphas_have_their_own_rate_and_decay() -> None:
    model = VGG16(RECIPES["cosine"].options)
    others, alphas = build_optimiser(model, RECIPES["cosine"]).param_groups
    assert (others["weight_decay"], others["scale"]) == (5e-4, 1.0)
    assert (alphas["weight_decay"], alphas["scale"]) == (1e-5, 0.1)
    assert len(alphas["params"]) == 25  # 13 layers, two each, but for the image's fixed scale
    assert len(alphas["params"]) + len(others["params"]) == sum(p.requires_grad for p in model.parameters())


def test_every_augmented_image_is_a_crop_or_a_flipped_crop(crops: Tensor) -> None:
    padded = augment.pad(crops)
    assert padded.shape == (4, 3, 40, 40) and padded[:, :, :4].abs().sum() == 0
    generator = torch.Generator().manual_seed(1)
    indices = torch.arange(4).repeat(30)
    seen = set()
    for index, image in zip(indices.tolist(), augment.random_crop_and_flip(padded, indices, generator), strict=True):
        found = [
            (y, x, flip)
            for y in range(9)
            for x in range(9)
            for flip in (False, True)
            if torch.equal(image.flip(2) if flip else image, padded[index, :, y : y + 32, x : x + 32])
        ]
        assert found, f"image {index} is no crop"
        seen.update(found)
    assert {flip for _, _, flip in seen} == {False, True}
    assert {y for y, _, _ in seen} == {x for _, x, _ in seen} == set(range(9))


def test_the_clock_fits_the_epochs_to_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    timer = clock.Clock(minutes=2)
    timer.evaluation_seconds = 2.5
    assert timer.epochs_left(140) == 140, "nothing is timed yet"
    for step in range(20):
        timer.step(step)
        now[0] += 3.0 if step == 0 else 0.1  # the first step compiles
    timer.epoch(20)
    assert timer.epoch_seconds == pytest.approx(2.0)
    assert timer.left() == pytest.approx(120 - 4.9 - 5 - 5)
    assert timer.epochs_left(140) == 52
    now[0] = 100 + 111
    assert timer.left() < 0 and timer.epochs_left(140) == 1
    assert clock.Clock(None).epochs_left(7) == 7


def command(data: Path, out: Path, *more: str) -> list[str]:
    options = ["--seed", "4", "--epochs", str(EPOCHS), "--evaluate-every", "1", "--test-images", "8", "--device", "cpu"]
    options += ["--images", str(IMAGES)]
    return [sys.executable, "-m", "tilewright_model", "train", "--data", str(data), "--out", str(out), *options, *more]


def kill_after_the_first_save(data: Path, out: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(command(data, out), env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (out / "state.pth").exists():
        assert process.poll() is None, f"training ended with {process.returncode} before its first save"
        assert time.monotonic() < deadline, "no save within 300 s"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "training ended before the kill"


def test_a_killed_run_goes_on_as_if_it_had_not_stopped(data_root: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    kill_after_the_first_save(data_root, killed)
    assert load_tensors(killed / "state.pth")["epoch"] < EPOCHS
    training, test = load_cifar10(data_root, "train").first(IMAGES), load_cifar10(data_root, "test").first(8)
    train(Settings(whole, seed=4, epochs=EPOCHS, evaluate_every=1), training, test)
    score = train(Settings(killed, seed=4, epochs=EPOCHS, evaluate_every=1), training, test, resume=True)
    expected, found = load_tensors(whole / "state.pth"), load_tensors(killed / "state.pth")
    assert found["epoch"] == expected["epoch"] == EPOCHS and found["progress"] == expected["progress"] == 1
    assert all(torch.equal(found["model"][key], value) for key, value in expected["model"].items())
    assert torch.equal(found["generator"], expected["generator"])
    rows = [list(csv.DictReader((folder / "log.csv").open())) for folder in (whole, killed)]
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in log] for log in rows]
    assert timeless[0] == timeless[1] and [row["epoch"] for row in rows[1]] == ["1", "2", "3"]
    record = json.loads((killed / CHECKPOINT).with_suffix(".json").read_text())
    assert (record["correct"], record["total"], record["epochs"]) == (score.correct, 8, EPOCHS)
    weights = [layer.weight_codes() for layer in load_network(killed / CHECKPOINT).quantised_layers().values()]
    assert sum(int(codes.count_nonzero()) for codes in weights) > 1_000_000

    with pytest.raises(CheckpointError, match="holds a run already"):
        train(Settings(killed, seed=4), training, test)
    with pytest.raises(CheckpointError, match="seed 4, not 'notebook' seed 5"):
        train(Settings(killed, seed=5), training, test, resume=True)


def test_a_run_with_too_little_time_ends_and_says_how_far_it_came(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test").first(2)
    settings = Settings(tmp_path, recipe="cosine", minutes=0.001)
    train(settings, training, test)
    record = json.loads((tmp_path / CHECKPOINT).with_suffix(".json").read_text())
    assert record["schedule_done"] == 0 and record["epochs"] == 0
    load_network(tmp_path / CHECKPOINT)


def test_evaluate_counts_the_right_answers(data_root: Path, trained_checkpoint: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--data", str(data_root), "--json", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    images, model, correct = load_cifar10(data_root, "test"), load_network(trained_checkpoint), 0
    with torch.no_grad():
        for pixels, label in zip(images.pixels, images.labels, strict=True):
            correct += int(model(normalise(pixels[None]))[0].argmax() == label)
    assert json.loads(result.stdout) == {"accuracy": 100 * correct / 24, "correct": correct, "total": 24}


def test_the_trained_checkpoint_classifies_cifar10_as_recorded(cifar10_root: Path, trained_checkpoint: Path) -> None:
    count = 500
    result = CliRunner().invoke(app, ["evaluate", "--data", str(cifar10_root), "--count", str(count), "--json"])
    assert result.exit_code == 0, result.output
    recorded = json.loads(trained_checkpoint.with_suffix(".json").read_text())["accuracy"]
    spread = 100 * np.sqrt(0.09 * 0.91 / count)  # one standard deviation of a share of about 91 % of `count`
    assert json.loads(result.stdout)["accuracy"] == pytest.approx(recorded, abs=4 * spread)


def test_data_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CIFAR-10 at"):
        load_cifar10(tmp_path, "test")
    (tmp_path / "cifar10.npz").write_bytes(b"PK no archive")
    with pytest.raises(DataError, match="is not a CIFAR-10 archive"):
        load_cifar10(tmp_path, "test")
    np.savez(
        tmp_path / "cifar10.npz", test_images=np.zeros((2, 3, 32, 32), np.uint8), test_labels=np.zeros(2, np.uint8)
    )
    with pytest.raises(DataError, match="expected uint8 images"):
        load_cifar10(tmp_path, "test")
    (tmp_path / "cifar10.npz").unlink()
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(DataError, match="torchvision cannot read"):
        load_cifar10(tmp_path, "test")


def test_the_command_line_says_one_clear_line_for_bad_input(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tilewright_model", "evaluate", "--checkpoint", str(tmp_path / "x.safetensors")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("CheckpointError: no checkpoint at") and len(result.stderr.splitlines()) == 1
