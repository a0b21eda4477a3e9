"""The command line and the notebook, run as a user runs them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from command_line import json_of, refused, tilewright

from tilewright.network.layer import ConvLayer


@pytest.mark.simulation
def test_verify_of_the_squeezed_layer() -> None:
    """Without options: features.27 of the packaged photograph."""
    process = tilewright("verify", "--array", "16", "--seed", "2")
    assert process.returncode == 0, process.stderr
    for part in ("features.27", "16x16", "256 raw + 256 after ReLU", "0 raw, 0 after ReLU", "equal", "chelsea"):
        assert part in process.stdout


def test_verify_of_images_without_pytorch(cat_layer: ConvLayer, tmp_path: Path) -> None:
    cat_layer.save(tmp_path / "layer.npz")
    facts = json_of(tilewright("verify", "--layer-file", tmp_path / "layer.npz", "--json", "--array", "8"))
    assert facts["equal"] is True
    assert (facts["compared"], facts["float_integers_compared"], facts["float_integers_mismatches"]) == (512, 256, 0)
    assert 576 == facts["mac_cycles"] <= facts["layer_cycles"] <= 620 < facts["program_cycles"]
    for what in ("layer", "program"):
        assert facts[f"{what}_utilisation"] == pytest.approx(36864 / (64 * facts[f"{what}_cycles"]))


def test_a_mismatch_is_reported_and_fails(cat_layer: ConvLayer, tmp_path: Path) -> None:
    assert cat_layer.accumulators is not None
    accumulators = cat_layer.accumulators.copy()
    accumulators[0, 3, 1, 2] = abs(accumulators[0, 3, 1, 2]) + 1
    dataclasses.replace(cat_layer, accumulators=accumulators).save(tmp_path / "layer.npz")
    process = tilewright("verify", "--layer-file", tmp_path / "layer.npz", "--json")
    facts = json_of(process)
    assert process.returncode == 1
    assert (facts["equal"], facts["mismatches"]) == (False, 2)
    process = tilewright("verify", "--layer-file", tmp_path / "layer.npz")
    assert process.returncode == 1
    assert "NOT EQUAL" in process.stdout
    assert "image 0, channel 3, row 1, column 2" in process.stdout


def test_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    shipped = next((Path(__file__).parents[2] / "model" / "checkpoints").glob("*.safetensors"))
    whole = shipped.read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    text = refused("verify", "--checkpoint", tmp_path / "half.safetensors")
    assert text.startswith("ModelProcessError: CheckpointError: ") and "truncated" in text
    assert text.count("\n") == 1 and "-m tilewright_model" not in text


def test_unknown_layer_is_named() -> None:
    assert "the checkpoint has no layer features.99; there are features.0" in refused(
        "verify", "--layer", "features.99"
    )


@pytest.mark.simulation
def test_info() -> None:
    facts = json_of(tilewright("info", "--json", "--array", "32"))
    assert (facts["n"], facts["act_w"], facts["wgt_w"], facts["version"]) == (32, 4, 4, "0.2.0")
    assert facts["simulated"] is True
    assert facts["build_hash_in_manifest"] is None
    assert {"device", "build_hash", "program_format", "pynq", "numpy", "tilewright", "acc_depth"} <= facts.keys()
    process = tilewright("info")
    assert process.returncode == 0
    assert "sram_latency" in process.stdout
