"""Golden sets, and the small files beside the notebooks: what PyTorch computes now."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import json_of, tilewright
from notebook_runs import NOTEBOOKS
from typer.testing import CliRunner

from tilewright import packaged
from tilewright.cli.app import app
from tilewright.errors import NetworkError
from tilewright.network.golden_file import load_golden, sha256_of
from tilewright.network.inference import infer, quantise
from tilewright.network.layer import ConvLayer
from tilewright.pytorch.export import export_network
from tilewright.pytorch.golden import golden_set
from tilewright.pytorch.images import load_images


def test_set_of_the_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch makes it; who reads it needs no PyTorch. What is packaged, and beside the notebooks, is the same."""
    process = tilewright("golden", "--out", tmp_path / "golden", "--json")
    assert process.returncode == 0, process.stderr
    facts = json_of(process)
    assert (facts["network"], facts["images"], facts["integers"]) == ("VGG16", 1, 168_448)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    golden = golden_set(tmp_path / "golden")
    for layer, values in infer(golden.network, golden.images.pixels):
        kind = "accumulators" if layer.is_last else "codes"
        np.testing.assert_array_equal(golden.expected[f"{layer.name}.{kind}"], values, layer.name)
    with pytest.raises(NetworkError, match=r"no golden set at .*, and no PyTorch here .* golden --out other`"):
        golden_set(tmp_path / "other")

    held = load_golden(packaged.GOLDEN)
    assert packaged.NETWORK.read_bytes() == export_network(None).read_bytes(), "make golden"
    assert (held.reference, held.network_sha256) == ("PyTorch", sha256_of(packaged.NETWORK))
    np.testing.assert_array_equal(held.pixels, golden.images.pixels)
    assert held.expected.keys() == golden.expected.keys()
    for name, values in golden.expected.items():
        np.testing.assert_array_equal(held.expected[name], values, name)

    cat = load_images(NOTEBOOKS / "data" / "cat.npz")
    np.testing.assert_array_equal(cat.pixels, golden.images.pixels)
    shipped = ConvLayer.load(NOTEBOOKS / "data" / "features.27.npz")
    layer = next(layer for layer in golden.network.layers if layer.name == shipped.name)
    assert shipped.metadata["checkpoint_sha256"] == golden.network.checkpoint_sha256
    np.testing.assert_array_equal(shipped.weight_codes, layer.weights)
    np.testing.assert_array_equal(shipped.activation_codes, golden.expected["features.24.codes"])
    np.testing.assert_array_equal(quantise(layer, shipped.accumulators), golden.expected["features.27.codes"])
    np.testing.assert_array_equal(shipped.float_integers, shipped.accumulators)


def test_damage_is_named(tmp_path: Path) -> None:
    shutil.copy(export_network(None), tmp_path / "network.safetensors")
    shutil.copy(NOTEBOOKS / "data" / "cat.npz", tmp_path / "images.npz")
    with pytest.raises(NetworkError, match=r"reference\.npz: no such file of PyTorch's integers"):
        golden_set(tmp_path)
    np.savez(tmp_path / "reference.npz", predictions=np.zeros(2, dtype=np.int64))
    with pytest.raises(NetworkError, match=r"1 images, but results for \[2\]"):
        golden_set(tmp_path)
    result = CliRunner().invoke(app, ["golden", "--out", str(tmp_path)])
    assert result.exit_code == 2 and "exists already" in " ".join(result.stderr.split())
