"""Commands where there is no PyTorch: the packaged network, photograph and integers, else the numpy reference."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import refused
from typer.testing import CliRunner

from tilewright import packaged
from tilewright.cli.app import app
from tilewright.cli.options import complete_layer, complete_layers
from tilewright.driver import Driver
from tilewright.errors import NetworkError
from tilewright.network import layer_names
from tilewright.network.file import load_network
from tilewright.network.golden_file import computed, load_golden
from tilewright.pytorch import capture, export, process
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import check_layer, resolve_network
from tilewright.runs.network import run_network


@pytest.fixture
def no_pytorch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As after `pip install 'tilewright[sim]'`: neither torch nor the checkpoint, and no process of model/ begins."""
    find = importlib.util.find_spec

    def found(name: str, package: str | None = None) -> Any:
        return None if name == "torch" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    monkeypatch.setattr(layer_names, "trained_checkpoint", lambda: tmp_path / "none.safetensors")

    def began(*arguments: Any) -> str:
        raise AssertionError(f"model/ was asked for {arguments}")

    monkeypatch.setattr(process, "ModelProcess", began)
    for module in (capture, export):
        monkeypatch.setattr(module, "run_model", began)


@pytest.mark.usefixtures("no_pytorch")
def test_what_a_command_takes_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_network(resolve_network(None))
    images = ImageChoice().take(network)
    layer = capture.capture_layer(capture.DEMO_LAYER)
    golden = load_golden(packaged.GOLDEN)
    np.testing.assert_array_equal(images.pixels, golden.pixels)
    assert (images.source, images.labels.tolist()) == ("scikit-image's chelsea", [-1])
    np.testing.assert_array_equal(layer.activation_codes, golden.expected["features.24.codes"])
    assert layer.metadata["checkpoint_sha256"] == network.checkpoint_sha256
    check_layer("features.24")
    monkeypatch.setattr(capture, "trained_checkpoint", layer_names.trained_checkpoint)
    with pytest.raises(
        NetworkError, match=r"features\.24 needs the trained checkpoint.* verify --layers features\.24`"
    ):
        capture.capture_layer("features.24")
    with pytest.raises(NetworkError, match=r"no layer features\.99; there are features\.0"):
        resolve_network(None, layers="features.99")


@pytest.mark.usefixtures("no_pytorch")
def test_layers_are_completed() -> None:
    context: Any = SimpleNamespace(params={})
    assert complete_layers(context, "features.3") == ["features.3", "features.33", "features.36", "features.39"]
    assert "features.27" in complete_layer(context, "features.2")


@pytest.mark.usefixtures("no_pytorch")
def test_a_network_of_another_size_needs_images(example: Callable[[str], Any]) -> None:
    network = dataclasses.replace(example("small").network, image=(3, 28, 28))
    with pytest.raises(NetworkError, match=r"takes images of 3x28x28.* no PyTorch here.* give --images FILE\.npz"):
        ImageChoice().take(network)


@pytest.mark.usefixtures("no_pytorch")
def test_the_estimate_needs_no_pytorch() -> None:
    result = CliRunner().invoke(app, ["estimate", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["network"] == "VGG16"


@pytest.mark.usefixtures("no_pytorch")
def test_the_reference_is_numpy_or_what_is_packaged(
    example: Callable[[str], Any],
    open_device: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An integer of the packaged ones that differs is found, at its place."""
    case = example("small")
    driver, names = Driver(open_device(array=8)), [layer.name for layer in case.network.layers]

    def run(read_back: list[str]) -> Any:
        return run_network(driver, case.network, case.path, case.images, 3, read_back, check=True)

    by_numpy = run(names)
    assert (by_numpy.reference, by_numpy.origin, by_numpy.equal) == ("numpy", "", True)
    assert len(by_numpy.comparison.layers) == len(names) and by_numpy.images == 4

    golden = computed(case.network, case.path, case.images.pixels, "random pixels")
    golden.expected[f"{names[2]}.codes"][3, 9, 1, 2] ^= 1
    dataclasses.replace(golden, reference="PyTorch").save(tmp_path / "golden.npz")
    monkeypatch.setattr(packaged, "GOLDEN", tmp_path / "golden.npz")
    held = run(names)
    assert held.reference == "PyTorch's packaged integers" and not held.equal
    assert re.search(rf"PyTorch computed them .* SHA-256 {golden.network_sha256[:16]}", held.origin)
    mismatch = held.comparison.first_mismatch
    assert held.comparison.mismatches == 1 and mismatch is not None
    assert (mismatch.layer, mismatch.image, mismatch.channel, mismatch.row, mismatch.column) == (names[2], 3, 9, 1, 2)
    assert run([]).equal is True

    other = dataclasses.replace(case.images, pixels=case.images.pixels ^ 1)
    assert run_network(driver, case.network, case.path, other, 4, check=True).reference == "numpy"


@pytest.mark.usefixtures("no_pytorch")
def test_a_lost_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "GOLDEN", tmp_path / "gone.npz")
    assert "gone.npz: no such golden file" in refused("demo", "--array", "8")
