"""Golden sets, and the small files beside the notebooks: what PyTorch computes now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from command_line import json_of, tilewright
from notebook_runs import NOTEBOOKS
from typer.testing import CliRunner

from tilewright.capture import capture_layer
from tilewright.cli import app
from tilewright.errors import NetworkError
from tilewright.layer import ConvLayer
from tilewright.network.golden import golden_set
from tilewright.network.inference import infer
from tilewright.network.prepare import load_images


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A golden set of the packaged photograph, as the command writes it."""
    folder = tmp_path_factory.mktemp("sets") / "golden"
    process = tilewright("golden", folder, "--json")
    facts = json_of(process)
    assert process.returncode == 0, process.stderr
    assert (facts["network"], facts["images"], facts["integers"]) == ("VGG16", 1, 168_448)
    return folder


def test_a_set_is_read_without_pytorch(photograph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    golden = golden_set(photograph)
    assert golden.images.source == "scikit-image's chelsea"
    for layer, values in infer(golden.network, golden.images.pixels):
        kind = "accumulators" if layer.is_last else "codes"
        np.testing.assert_array_equal(golden.expected[f"{layer.name}.{kind}"], values, layer.name)
    with pytest.raises(NetworkError, match=r"no golden set at .*, and no PyTorch here .* `tilewright golden other`"):
        golden_set(photograph.parent / "other")


def test_files_of_the_notebooks_are_pytorchs(photograph: Path) -> None:
    shipped, now = ConvLayer.load(NOTEBOOKS / "data" / "features.27.npz"), capture_layer("features.27")
    for name in ("weight_codes", "activation_codes", "accumulators", "float_integers"):
        np.testing.assert_array_equal(getattr(shipped, name), getattr(now, name), name)
    assert shipped.metadata["checkpoint_sha256"] == now.metadata["checkpoint_sha256"]
    cat = load_images(NOTEBOOKS / "data" / "cat.npz")
    np.testing.assert_array_equal(cat.pixels, golden_set(photograph).images.pixels)


def test_damage_is_named(photograph: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["golden", str(photograph)])
    assert result.exit_code == 2 and "exists already" in " ".join(result.stderr.split())
    folder = tmp_path / "golden"
    folder.mkdir()
    for name in ("network.safetensors", "images.npz"):
        (folder / name).write_bytes((photograph / name).read_bytes())
    with pytest.raises(NetworkError, match=r"reference\.npz: not a readable file"):
        golden_set(folder)
    with np.load(photograph / "reference.npz") as file:
        np.savez(folder / "reference.npz", **{name: np.repeat(file[name], 2, axis=0) for name in file.files})
    with pytest.raises(NetworkError, match=r"1 images, but results for \[2\]"):
        golden_set(folder)
