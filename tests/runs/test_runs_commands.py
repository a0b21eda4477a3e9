"""`tilewright run`, `verify --layers` and `demo`, as a user runs them, and what a wrong integer is told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import json_of, refused, tilewright

from tilewright.cli import trace
from tilewright.driver import Driver
from tilewright.pytorch.reference import PyTorchReference
from tilewright.runs.network import run_network
from tilewright.sim import open_overlay


@pytest.fixture
def small(example: Callable[[str], Any], tmp_path: Path) -> tuple[Any, Path]:
    """The small network, and its images as a file."""
    case = example("small")
    case.images.save(tmp_path / "images.npz")
    return case, tmp_path / "images.npz"


@pytest.mark.simulation
def test_run_with_check_as_json(small: tuple[Any, Path]) -> None:
    case, images = small
    process = tilewright("run", case.path, "--images", images, "--batch", "3", "--check", "--json", "--seed", "4")
    facts = json_of(process)
    assert process.returncode == 0, process.stderr
    assert process.stderr.splitlines()[-1].startswith("image 4 of 4, ")
    last = case.network.layers[-1].name
    accumulators = case.expected[f"{last}.accumulators"]
    assert facts["equal"] is True and facts["checked"] is True
    assert (facts["images"], facts["programs"], facts["batch"], facts["array"]) == (4, 2, 3, 8)
    assert (facts["compared"], facts["mismatches"]) == (accumulators.size, 0)
    assert (facts["predictions_compared"], facts["predictions_differing"]) == (4, 0)
    assert facts["predictions"] == case.expected["predictions"].tolist()
    assert facts["macs"] == 4 * case.network.macs
    assert facts["program_utilisation"] == pytest.approx(facts["macs"] / (64 * facts["program_cycles"]))
    assert 0 < facts["mac_cycles"] < facts["program_cycles"] and facts["wall_s"] > 0
    assert facts["images_per_s_at_assumed_clock"] == pytest.approx(4 * 100e6 / facts["program_cycles"])
    assert (facts["seed"], facts["waveform"], facts["correct"]) == (4, None, None)


@pytest.mark.simulation
def test_run_for_people_without_pytorch(small: tuple[Any, Path]) -> None:
    case, images = small
    process = tilewright("run", case.path, "--images", images, "--first", "1", "--count", "2", "--clock", "200")
    assert process.returncode == 0, process.stderr
    for part in ("small", "8x8", "2 of random pixels", "Program utilisation", "assumed 200 MHz, not reached"):
        assert part in process.stdout
    assert "not compared" in process.stdout


@pytest.mark.simulation
def test_a_run_that_is_not_compared_is_not_equal(small: tuple[Any, Path]) -> None:
    """And its progress moves within a program, of one image too, without another cycle."""
    case, _ = small
    images = dataclasses.replace(case.images, pixels=case.images.pixels[:2], labels=case.images.labels[:2])
    shares: list[float] = []
    runs = []
    for waiting in (None, shares.append):
        driver = Driver(open_overlay(array=8, seed=5))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tilewright.driver.driver._WAITING_SECONDS", 0.0)
            runs.append(run_network(driver, case.network, case.path, images, batch=1, waiting=waiting))
        assert driver.waiting is None
    facts = json.loads(json.dumps(runs[0].as_dict(100.0)))
    assert (facts["equal"], facts["checked"], facts["compared"]) == (None, False, 0)
    assert len(shares) > 20 and shares == sorted(shares) and 0 < shares[1] < 1 < shares[-1] <= 2
    assert len({share for share in shares if share < 1}) > 5
    assert runs[0].counters == runs[1].counters and runs[0].device_seconds == runs[1].device_seconds


def test_verify_every_layer(small: tuple[Any, Path]) -> None:
    case, images = small
    facts = json_of(tilewright("verify", case.path, "--images", images, "--json"))
    assert [layer["layer"] for layer in facts["layers"]] == [layer.name for layer in case.network.layers]
    assert facts["equal"] is True and facts["compared"] == sum(layer["compared"] for layer in facts["layers"])
    names = [layer.name for layer in case.network.layers]
    chosen = tilewright("verify", case.path, "--layers", f"{names[1]}, {names[2]}", "--images", images, "--json")
    assert [layer["layer"] for layer in json_of(chosen)["layers"]] == [names[1], names[2], names[-1]]


@pytest.mark.simulation
def test_demo_as_json() -> None:
    process = tilewright("demo", "--json", "--seed", "1")
    facts = json_of(process)
    assert process.returncode == 0
    assert facts["equal"] is True and facts["class"] == "cat"
    assert (facts["layer"], facts["array"], facts["images"]) == ("features.27", 8, 1)
    assert (facts["compared"], facts["mismatches"]) == (168_448 + 512, 0)
    assert (facts["float_integers_compared"], facts["float_integers_mismatches"]) == (256, 0)
    assert 0 < facts["nonzero"] <= facts["compared"]
    assert facts["mac_cycles"] < facts["program_cycles"] < 3_700_000
    assert facts["program_utilisation"] == pytest.approx(220_631_040 / (64 * facts["program_cycles"]))
    assert 0 <= facts["max_distance"] < 0.5
    assert facts["seed"] == 1
    keys = {"reports", "programs", "seconds", "macs", "image_source", "checkpoint_sha256", "network"}
    assert keys <= facts.keys()


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "board"], "a board device needs a bitstream"),
        (["--data", "/", "--images", "x.png"], "give --images or --data, not both"),
        (["--images", "missing.npz"], "no such image file"),
        (["--images", "damaged.npz"], "not a readable .npz image file"),
        (["--images", "float.npz"], "expected uint8 'pixels'"),
        (["--images", "wide.npz"], "network small takes uint8 images (count, 3x32x32), got uint8 (1, 3, 40, 40)"),
        (["--images", "images.npz", "--layers", "features.99"], "small has no layer features.99; there are features.0"),
        (["--array", "12"], "array size 12"),
    ],
)
def test_bad_input_is_named(small: tuple[Any, Path], tmp_path: Path, arguments: list[str], message: str) -> None:
    case, _ = small
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(tmp_path / "float.npz", pixels=np.zeros((1, 3, 32, 32)))
    np.savez(tmp_path / "wide.npz", pixels=np.zeros((1, 3, 40, 40), dtype=np.uint8))
    given = [str(tmp_path / word) if word.endswith(".npz") else word for word in arguments]
    assert message in refused("run", case.path, *given)


@pytest.mark.parametrize("damage", ["cut", "missing", "other"])
def test_bad_network_files_are_named(small: tuple[Any, Path], tmp_path: Path, damage: str) -> None:
    case, images = small
    path, whole = tmp_path / "network.safetensors", case.path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "other":
        path.write_bytes(whole.replace(b"tilewright-network", b"tilewright-garment"))
    texts = {"cut": "truncated", "missing": "no such file", "other": "has format 'tilewright-garment'"}
    text = refused("run", path, "--images", images)
    assert text.startswith("NetworkError: ") and texts[damage] in text


@pytest.mark.simulation
def test_a_mismatch_is_named_and_repeated_with_a_waveform(
    open_device: Callable[..., Any], small: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A code that differs from PyTorch's: layer, place and tile are named; then a traced run of the same cycles."""
    case, _ = small
    name = case.network.layers[2].name
    compute = PyTorchReference.chunk

    def altered(reference: PyTorchReference, index: int) -> dict[str, Any]:
        arrays = compute(reference, index)
        if index == 1:
            arrays[f"{name}.codes"][0, 9, 1, 2] ^= 1
        return arrays

    monkeypatch.setattr(PyTorchReference, "chunk", altered)
    monkeypatch.setattr(trace, "cache_folder", lambda: tmp_path)
    images = dataclasses.replace(case.images, pixels=case.images.pixels[:3], labels=case.images.labels[:3])
    driver = Driver(open_device(array=8))
    read_back = [layer.name for layer in case.network.layers]
    run = run_network(driver, case.network, case.path, images, batch=1, read_back=read_back, check=True)
    assert not run.equal and run.comparison.mismatches == 1
    mismatch = run.comparison.first_mismatch
    assert mismatch is not None
    assert (mismatch.layer, mismatch.image, mismatch.channel, mismatch.row, mismatch.column) == (name, 1, 9, 1, 2)
    assert (mismatch.oc_tile, mismatch.array_column) == (1, 1)
    text = str(run.comparison)
    assert f"The first layer that differs is {name}" in text
    assert "image 1, channel 9, row 1, column 2: expected" in text and "output tile 1, array column 1" in text
    waveform = trace.trace_of_run(run, driver, None)
    assert waveform is not None and waveform.repeated, str(waveform)
    assert waveform.file.stat().st_size > 1000
    assert 0 < waveform.last - waveform.first <= 20_000


def test_run_on_cifar10_counts_correct_answers(cifar10_root: Path) -> None:
    facts = json_of(tilewright("run", "--data", cifar10_root, "--first", "3", "--count", "1", "--check", "--json"))
    assert (facts["images"], facts["compared"], facts["mismatches"]) == (1, 2048, 0)
    assert facts["correct"] in (0, 1)
    assert facts["network"] == "VGG16" and facts["program_utilisation"] >= 0.97
