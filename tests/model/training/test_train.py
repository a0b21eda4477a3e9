"""Training: recipes, augmentation, resumption after a kill, evaluation."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from torch import Tensor
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import TRAIN, sha256
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.checkpoints.float_network import load_float
from tilewright_model.checkpoints.state_file import load_tensors
from tilewright_model.data.cifar10 import load_cifar10
from tilewright_model.data.pixels import normalise
from tilewright_model.errors import CheckpointError, DataError, DivergedError, RecipeError
from tilewright_model.networks.vgg16 import VGG16, FloatVGG16
from tilewright_model.training import augment, clock
from tilewright_model.training.distributed import join_processes
from tilewright_model.training.optimisation import Loss, advanced, build_optimiser, rate_factor
from tilewright_model.training.recipes import RECIPES, recipe_named
from tilewright_model.training.run import STATE, load_teacher, new_run
from tilewright_model.training.settings import Settings
from tilewright_model.training.train import Trainer, train

CHECKPOINT, FLOAT_CHECKPOINT = "cnn6_w4a4_cifar10.safetensors", "cnn6_float_cifar10.safetensors"
EPOCHS = 3
IMAGES = 12
SMALL = ('options.plan="8 M 8 M 8 8- M 16 M 16 M"', "batch=4")
#: so many that a run of the small network does not end before it is killed
KILLED_EPOCHS = 24


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
    images = augment.crop_and_flip(padded, indices, augment.draw(len(indices), 32, 0, generator))
    for index, image in zip(indices.tolist(), images, strict=True):
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


def test_an_erased_square_is_the_mean_pixel_and_the_rest_stays(crops: Tensor) -> None:
    drawn = augment.draw(4, 32, 8, torch.Generator().manual_seed(2))
    assert drawn.corners is not None
    images = augment.erased(crops, drawn.corners, 8)
    for image, original, (row, column) in zip(images, crops, drawn.corners.T.tolist(), strict=True):
        square = torch.zeros(32, 32, dtype=torch.bool)
        square[row : row + 8, column : column + 8] = True
        assert int(square.sum()) == 64, "the square lies within the image"
        assert torch.equal(image[:, ~square], original[:, ~square])
        assert image[:, square].unique(dim=1).flatten().tolist() == [125, 123, 114]


def test_a_share_of_a_draw_is_what_the_whole_batch_would_get(crops: Tensor) -> None:
    drawn = augment.draw(4, 32, 8, torch.Generator().manual_seed(3))
    padded, indices = augment.pad(crops), torch.arange(4)
    whole = augment.crop_and_flip(padded, indices, drawn)
    part = slice(2, 4)
    assert torch.equal(augment.crop_and_flip(padded, indices[part], drawn[part]), whole[part])
    assert drawn.corners is not None and drawn[part].corners is not None
    assert torch.equal(drawn[part].corners, drawn.corners[:, part])


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


def command(data: Path, out: Path, epochs: int, changes: tuple[str, ...], *more: str) -> list[str]:
    options = [
        "--seed",
        "4",
        "--epochs",
        str(epochs),
        "--evaluate-every",
        "12",
        "--test-images",
        "8",
        "--device",
        "cpu",
    ]
    options += ["--train-images", str(IMAGES), *(word for change in changes for word in ("--set", change))]
    return ["-m", "tilewright_model", "train", "--data", str(data), "--out", str(out), *options, *more]


def kill_after_the_first_save(data: Path, out: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    arguments = command(data, out, KILLED_EPOCHS, SMALL)
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (out / "training.state").exists():
        assert process.poll() is None, f"training ended with {process.returncode} before its first save"
        assert time.monotonic() < deadline, "no save within 300 s"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "training ended before the kill"


def state_of(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return load_tensors(folder / "training.state", STATE, TRAIN)


def test_a_killed_run_goes_on_as_if_it_had_not_stopped(data_root: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    kill_after_the_first_save(data_root, killed)
    saved, rows = state_of(killed)[1]["epoch"], len((killed / "log.csv").read_text().splitlines()) - 1
    assert 1 <= saved < KILLED_EPOCHS and rows - saved <= 1, "at most the epoch that it was in is lost"
    training, test = load_cifar10(data_root, "train").first(IMAGES), load_cifar10(data_root, "test").first(8)
    common: dict[str, Any] = {"seed": 4, "epochs": KILLED_EPOCHS, "evaluate_every": 12, "changes": SMALL}
    train(Settings(whole, **common), training, test)
    score = train(Settings(killed, **common), training, test, resume=True)
    (expected, counts), (found, found_counts) = state_of(whole), state_of(killed)
    assert (
        (found_counts["epoch"], found_counts["progress"]) == (counts["epoch"], counts["progress"]) == (KILLED_EPOCHS, 1)
    )
    assert found.keys() == expected.keys() and all(torch.equal(found[key], value) for key, value in expected.items())
    logs = [list(csv.DictReader((folder / "log.csv").open())) for folder in (whole, killed)]
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in log] for log in logs]
    assert timeless[0] == timeless[1] and [int(row["epoch"]) for row in logs[1]] == list(range(1, KILLED_EPOCHS + 1))
    assert [row["test_accuracy"] != "" for row in logs[1]] == [epoch % 12 == 0 for epoch in range(1, KILLED_EPOCHS + 1)]
    record = json.loads((killed / CHECKPOINT).with_suffix(".json").read_text())
    assert (record["correct"], record["total"], record["epochs"]) == (score.correct, 8, KILLED_EPOCHS)
    weights = [layer.weight_codes() for layer in load_network(killed / CHECKPOINT).quantised_layers().values()]
    assert sum(int(codes.count_nonzero()) for codes in weights) > 2_000

    with pytest.raises(CheckpointError, match="holds a run already"):
        train(Settings(killed, **common), training, test)
    with pytest.raises(CheckpointError, match="of another run: seed 4 there, 5 asked for;"):
        train(Settings(killed, **common | {"seed": 5}), training, test, resume=True)
    with pytest.raises(CheckpointError, match="of another run: erase 0 there, 8 asked for;"):
        train(Settings(killed, **common | {"changes": (*SMALL, "erase=8")}), training, test, resume=True)
    with pytest.raises(CheckpointError, match="of another run: training_images 12 there, 11 asked for;"):
        train(Settings(killed, **common), training.first(11), test, resume=True)
    damage(killed / "training.state")
    with pytest.raises(CheckpointError, match="is damaged"):
        train(Settings(killed, **common), training, test, resume=True)


def damage(path: Path) -> None:
    """Flip a bit in the middle of the file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def test_a_run_with_too_little_time_is_refused(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test").first(2)
    settings = Settings(tmp_path, recipe="cosine", minutes=0.001, changes=SMALL)
    with pytest.raises(RecipeError, match=r"0\.001 minutes are too few: no step of training fits"):
        train(settings, training, test)
    assert not list(tmp_path.glob("*.safetensors")), "a network that has learned nothing is not exported"
    for numbers in ({"minutes": 0.0}, {"minutes": float("nan")}, {"epochs": 0}):
        with pytest.raises(RecipeError, match="were asked for"):
            Settings(tmp_path, **numbers)


def small_settings(out: Path, recipe: str, *changes: str, **values: Any) -> Settings:
    """A run of two epochs of a network of 16 channels at most."""
    return Settings(out, recipe, epochs=2, changes=(*SMALL, *changes), **values)


@pytest.fixture
def teacher(data_root: Path, tmp_path: Path) -> Path:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    train(small_settings(tmp_path / "float", "float", hold_out=10), training, test)
    return tmp_path / "float" / FLOAT_CHECKPOINT


def test_a_training_that_diverges_ends_and_says_so(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    settings = small_settings(tmp_path, "notebook", "rate=1e38")
    with pytest.raises(DivergedError, match=r"the loss of epoch 1 is nan: .*--set rate=N, now 1e\+38"):
        train(settings, training, test)


def test_a_student_begins_with_its_teachers_weights_and_learns_its_scores(
    data_root: Path, tmp_path: Path, teacher: Path
) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    settings = small_settings(tmp_path / "student", "distilled", teacher=teacher, hold_out=10, evaluate_every=1)
    run = new_run(settings, torch.device("cpu"), load_teacher(settings, torch.device("cpu")), training.pixels)
    started, taught = run.model.state_dict(), load_float(teacher).state_dict()
    kept = {key for key in taught if "running" not in key and "batches" not in key}  # calibration has its own
    assert len(kept) > 10 and all(torch.equal(started[key], taught[key]) for key in kept)

    score = train(settings, training, test)
    assert score.total == 10, "measured on the images held out"
    record = json.loads((tmp_path / "student" / CHECKPOINT).with_suffix(".json").read_text())
    assert (record["measured"], record["training_images"]) == ("held_out", 30)
    assert record["teacher_sha256"] == sha256(teacher)
    rows = list(csv.DictReader((tmp_path / "student" / "log.csv").open()))
    assert all(row["held_out_accuracy"] and not row["test_accuracy"] for row in rows)
    tensors = state_of(tmp_path / "student")[0]
    assert not torch.equal(tensors["average.module.classifier.weight"], tensors["model.classifier.weight"])

    with pytest.raises(
        RecipeError, match="has learned from 30 images, so from 10 of those that --hold-out 20 measures"
    ):
        train(small_settings(tmp_path / "other", "distilled", teacher=teacher, hold_out=20), training, test)
    with pytest.raises(RecipeError, match="begins with no float network"):
        train(small_settings(tmp_path / "other", "cosine", teacher=teacher), training, test)
    with pytest.raises(DataError, match="40 images to hold out of 40 leave none"):
        train(small_settings(tmp_path / "other", "cosine", hold_out=40), training, test)
    damage(teacher)
    with pytest.raises(CheckpointError, match="is damaged"):
        train(small_settings(tmp_path / "other", "distilled", teacher=teacher), training, test)
    with pytest.raises(RecipeError, match="needs a float network, --teacher FILE"):
        train(small_settings(tmp_path / "other", "distilled"), training, test)
    with pytest.raises(CheckpointError, match="format 'tilewright-packed-vgg16', expected 'tilewright-float-vgg16'"):
        load_float(tmp_path / "student" / CHECKPOINT)


def test_the_exported_network_is_the_average(data_root: Path, tmp_path: Path, teacher: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    settings = small_settings(tmp_path / "student", "distilled", teacher=teacher)
    train(settings, training, test)
    run = new_run(settings, torch.device("cpu"), load_teacher(settings, torch.device("cpu")), training.pixels)
    run.restore(settings)
    exported = load_network(tmp_path / "student" / CHECKPOINT)
    assert isinstance(exported, VGG16) and isinstance(run.network, VGG16) and run.network is not run.model
    for name, layer in run.network.quantised_layers().items():
        assert torch.equal(exported.quantised_layers()[name].weight_codes(), layer.weight_codes())
    assert torch.equal(exported.classifier.weight, run.network.classifier.weight)


def test_distillation_is_the_divergence_of_softened_scores(crops: Tensor) -> None:
    torch.manual_seed(6)
    student, teacher = FloatVGG16("8 M M M M M"), FloatVGG16("8 M M M M M").eval()
    recipe, labels = replace(RECIPES["distilled"], distil=0.75, temperature=2.0), torch.arange(4)
    loss, correct = Loss(student, teacher, recipe)(crops, labels)
    with torch.no_grad():
        scores, wanted = (model(normalise(crops)).double() for model in (student, teacher))
    p, q = (torch.softmax(s / 2, 1) for s in (wanted, scores))
    divergence = (p * (p / q).log()).sum(1).mean() * 4
    entropy = -torch.log_softmax(scores, 1)[torch.arange(4), labels].mean()
    assert loss.item() == pytest.approx(float(0.75 * divergence + 0.25 * entropy), rel=1e-4)
    assert int(correct) == int((scores.argmax(1) == labels).sum())


def test_exported_files_are_named_by_their_widths() -> None:
    names = {recipe: RECIPES[recipe].file_name("cifar10").split("_")[1] for recipe in RECIPES}
    assert names == {
        "notebook": "w4a4",
        "cosine": "w4a4",
        "float": "float",
        "distilled": "w4a4",
        "distilled-w4a2": "w4a2",
        "distilled-w2a2": "w2a2",
        "distilled-mixed": "mixed",
    }


def test_values_of_a_recipe_can_be_changed() -> None:
    changed = recipe_named(
        "distilled", ["erase=0", "rate=1", "options.act_bits=2", 'options.layer_bits={"features.3": [2, 3]}']
    )
    assert (changed.erase, changed.rate, changed.options.act_bits) == (0, 1.0, 2)
    assert changed.options.layer_bits == {"features.3": (2, 3)} and changed.options.image_bits == 8
    assert recipe_named("notebook", ["steps=[0.5]", "clip_norm=null"]).steps == (0.5,)
    for change, problem in [
        ("erase", "erase=: expected"),
        ("erase=0.5", "erase=0.5: expected <class 'int'>"),
        ("rates=1", "no value 'rates'; it has epochs, batch"),
        ("nesterov=1", "nesterov=1: expected"),
        ("options.plan=x", "plan=x: 'x' in the plan"),
        ("erase=33", "erase is 33, expected 0 to 32"),
        ("batch=0", "batch is 0, expected 1 to inf"),
        ("rate=-1", "rate is -1.0"),
        ("average=1", "average is 1.0"),
        ('steps=["a"]', "fractions of the run"),
        ("options.weight_bits=1", "weights may have 2 to 8 bits"),
        ("options.weight_bits=9", "weights may have 2 to 8 bits"),
        ('options.layer_bits={"features.3": [2.5, 4]}', "widths are weights 2.5"),
        (
            'options.layer_bits={"features.99": [2, 4]}',
            "names features.99; the convolutions are features.0, features.3",
        ),
    ]:
        with pytest.raises(RecipeError, match=problem):
            recipe_named("distilled", [change])
    with pytest.raises(RecipeError, match="recipe 'best' is none of notebook, cosine"):
        recipe_named("best")


def test_a_folder_belongs_to_one_run(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    settings = small_settings(tmp_path, "cosine")
    with FileLock(tmp_path / "training.lock"), pytest.raises(CheckpointError, match="another run is training into"):
        train(settings, training, test)
    train(settings, training, test)
    settings.state_file.unlink()
    log = (tmp_path / "log.csv").read_bytes()
    with pytest.raises(CheckpointError, match=r"holds a run that has ended already \(cnn6_w4a4_cifar10\.json\)"):
        train(settings, training, test)
    assert (tmp_path / "log.csv").read_bytes() == log


def test_the_record_says_what_computed_which_epochs(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    settings = small_settings(tmp_path, "cosine", tf32=True)
    run = Trainer(settings, training, test)
    run.run.log = [run._epoch(lambda done: None) | {"seconds": 1.0}]
    run.outputs.note_part()
    run.run.save(settings)
    train(replace(settings, tf32=False), training, test, resume=True)
    path = (tmp_path / CHECKPOINT).with_suffix(".json")
    record = json.loads(path.read_text())
    assert [(part["from_epoch"], part["tf32"]) for part in record["parts"]] == [(1, True), (2, False)]
    assert record["tf32"] is False and record["epochs"] == 2
    train(settings, training, test, resume=True)  # the run has ended: nothing is trained, so nothing is new
    again = json.loads(path.read_text())
    assert again["parts"] == record["parts"] and again["tf32"] is False


#: without batch-norms, which would see only their own process's images
PLAIN = ('options.plan="8- M 8- M M M M"', "batch=4")


def test_two_processes_of_torchrun_train_as_one_does(data_root: Path, tmp_path: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    two = subprocess.run(
        [*launch, *command(data_root, tmp_path / "two", EPOCHS, PLAIN, "--recipe", "cosine", "--deterministic")],
        env=environment,
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert two.stdout.count("schedule_done") == 1 and two.stderr.count("epoch    1 ") == 1, (
        "only the first process prints"
    )
    training, test = load_cifar10(data_root, "train").first(IMAGES), load_cifar10(data_root, "test").first(8)
    settings = Settings(tmp_path / "one", "cosine", seed=4, epochs=EPOCHS, evaluate_every=12, changes=PLAIN)
    train(settings, training, test)
    one, two_tensors = state_of(tmp_path / "one")[0], state_of(tmp_path / "two")[0]
    for key, value in one.items():
        assert torch.allclose(two_tensors[key].double(), value.double(), rtol=1e-3, atol=1e-5), key
    rows = [list(csv.DictReader((tmp_path / name / "log.csv").open())) for name in ("one", "two")]
    assert [row["train_accuracy"] for row in rows[0]] == [row["train_accuracy"] for row in rows[1]]
    record = json.loads((tmp_path / "two" / "cnn2_w4a4_cifar10.safetensors").with_suffix(".json").read_text())
    assert (record["processes"], record["deterministic"], record["total"]) == (2, True, 8)


def test_a_deterministic_run_gives_the_same_bits_again(data_root: Path, tmp_path: Path) -> None:
    training, test = load_cifar10(data_root, "train"), load_cifar10(data_root, "test")
    for name in ("first", "second"):
        train(small_settings(tmp_path / name, "cosine", "erase=8", deterministic=True), training, test)
    torch.use_deterministic_algorithms(False)
    first, second = state_of(tmp_path / "first")[0], state_of(tmp_path / "second")[0]
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_a_batch_that_does_not_divide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(RecipeError, match="3 processes cannot share a batch of 128"):
        join_processes(torch.device("cpu"), 128)


def test_evaluate_counts_the_right_answers(data_root: Path, trained_checkpoint: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--data", str(data_root), "--json", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    images, model, correct = load_cifar10(data_root, "test"), load_network(trained_checkpoint), 0
    with torch.no_grad():
        for pixels, label in zip(images.pixels, images.labels, strict=True):
            correct += int(model(normalise(pixels[None]))[0].argmax() == label)
    found = json.loads(result.stdout)
    assert found.items() >= {"accuracy": 100 * correct / 24, "correct": correct, "total": 24}.items()


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
    npy = io.BytesIO()
    np.save(npy, np.zeros((2, 3, 32, 32), np.uint8))
    for content in (b"PK no archive", npy.getvalue()):
        (tmp_path / "cifar10.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"not a readable \.npz CIFAR-10 archive"):
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


def test_bad_input_that_pytorch_finds_is_one_line_too(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("abc")
    for words, line in [
        (["--device", "cuda:99"], "ModelError: no device 'cuda:99' here"),
        (
            ["--checkpoint", str(tmp_path / "text.pth")],
            "CheckpointError: .*text.pth is truncated or no PyTorch checkpoint",
        ),
    ]:
        result = CliRunner().invoke(app, ["evaluate", "--data", str(data_root), *words])
        assert (result.exit_code, result.stdout) == (2, "")
        assert re.match(line, result.stderr.splitlines()[-1]), result.stderr
