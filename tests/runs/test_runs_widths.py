"""Widths from training to the compiler: every width exports, the hardware's compile, the others are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from tilewright.compiler.network import compile_network
from tilewright.driver import Driver
from tilewright.errors import CompileError, LayerError, NetworkError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network import infer, load_network
from tilewright.network.layer import ConvLayer
from tilewright.stimulus.findings import examine
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.replay import replay
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.writer import write_set
from tilewright_model.integers.capture import capture
from tilewright_model.integers.reference import reference
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options

# A 16x16 layer without batch-norm on 4x4 maps, as the notebook's, behind as little as possible
SQUEEZED, SQUEEZED_LAYER = "8 M M M 16 16-", "features.9"


def export(folder: Path, **options: Any) -> Path:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path = folder / "network.safetensors"
    save_network(VGG16(VGG16Options(image_bits=8, **options)), path, (3, 32, 32), "VGG16")
    return path


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ({"act_bits": 2}, {(7, 3)}),
        ({"weight_bits": 2, "act_bits": 2}, {(1, 3)}),
        ({"layer_bits": {"features.3": (3, 3), "features.27": (4, 2)}}, {(7, 15), (3, 7), (7, 3)}),
    ],
    ids=["w4a2", "w2a2", "mixed"],
)
def test_narrow_vgg16s_compile(options: dict[str, Any], levels: set[tuple[int, int]], tmp_path: Path) -> None:
    network = load_network(export(tmp_path, **options))
    assert {(layer.weight_levels, layer.activation_levels) for layer in network.layers[1:]} == levels
    compiled = compile_network(network, ArrayParameters.of_size(8))
    assert [stage.layer for stage in compiled.stages] == list(network.layers)


def test_an_8_bit_vgg16_is_exported_and_read_and_refused_by_the_compiler_alone(tmp_path: Path) -> None:
    path = export(tmp_path, weight_bits=8, act_bits=8)
    network = load_network(path)
    with pytest.raises(CompileError) as caught:
        compile_network(network, ArrayParameters.of_size(32), 4)
    lines = str(caught.value).splitlines()
    assert "network VGG16: 13 of 13 layers are too wide for the hardware" in lines[0]
    assert lines[1] == "  layer features.0: 8-bit weights (up to 127), an 8-bit image (up to 127)"
    widths = "8-bit weights (up to 127), 8-bit input codes (up to 255)"
    assert lines[2:-1] == [f"  layer {layer.name}: {widths}" for layer in network.layers[1:]]
    assert "weight_bits, act_bits, layer_bits" in lines[-1]
    pixels = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    expected = reference(load_network_file(path), pixels)
    for layer, values in infer(network, pixels.numpy()):
        want = expected.accumulators if layer.is_last else expected.codes[layer.name]
        np.testing.assert_array_equal(values, want.numpy(), layer.name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_levels": 128}, r"layer features\.27: weight_levels 128 are outside 1\.\.127"),
        ({"weight_levels": 1}, r"layer features\.27: weights lie in -?\d\.\.\d, not -2\.\.1"),
        ({"activation_levels": 255}, r"layer features\.27: its input codes are not those of the layer before"),
        ({"output_levels": 256}, r"layer features\.27: output_levels 256 are outside 0\.\.255"),
        ({"output_levels": 255}, r"'features\.27\.thresholds' is int32 \(16, 15\), not int32 \(16, 255\)"),
        ({"kernel": [3]}, r"layer 'features\.27': field 'kernel' is \[3\], not \[height, width\]"),
    ],
)
def test_a_file_whose_widths_are_damaged_is_no_compile_error(
    change: dict[str, Any], message: str, vgg16: Any, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.safetensors"
    with safe_open(str(vgg16.path), framework="np") as file:
        metadata = file.metadata()
    layers = json.loads(metadata["layers"])
    next(layer for layer in layers if layer["name"] == "features.27").update(change)
    save_file(load_file(vgg16.path), path, {**metadata, "layers": json.dumps(layers)})
    with pytest.raises(NetworkError, match=message):
        load_network(path)


def captured(folder: Path, weight_bits: int, act_bits: int) -> ConvLayer:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    bits = {SQUEEZED_LAYER: (weight_bits, act_bits)}
    model = VGG16(VGG16Options(plan=SQUEEZED, image_bits=8, alpha_a=30.0, layer_bits=bits))
    pixels = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    integers = capture(model, SQUEEZED_LAYER, pixels, checkpoint_sha256="0" * 64, image_source="random pixels")
    integers.save(folder / "layer.npz")
    return ConvLayer.load(folder / "layer.npz")


def test_the_notebooks_2_bit_variant_replays_from_stimulus_files(open_device: Any, tmp_path: Path) -> None:
    """Activations of 2 bits (0..3) in fields of 4, weights of 4 bits, 16x16 channels."""
    layer = captured(tmp_path, 4, 2)
    assert set(np.unique(layer.activation_codes)) == {0, 1, 2, 3}
    write_set(layer, 0, tmp_path / "set")
    outcome = replay(examine(read_set(tmp_path / "set"), Overrides()), Driver(open_device(array=8)))
    assert outcome.mismatches == []
    assert (outcome.compared("out"), outcome.compared("psum")) == (256, 10368)


@pytest.mark.parametrize(("weight_bits", "act_bits", "key"), [(8, 4, "weight_codes"), (4, 8, "activation_codes")])
def test_a_wide_layer_gives_no_stimulus_files(weight_bits: int, act_bits: int, key: str, tmp_path: Path) -> None:
    limits = {"weight_codes": r"-8\.\.7", "activation_codes": r"0\.\.15"}
    message = rf"layer features\.9: {key}\[.*\] is -?\d+, outside {limits[key]} .*; quantise to 4 bits first"
    with pytest.raises(LayerError, match=message):
        captured(tmp_path, weight_bits, act_bits)
