"""Layers: what is refused, and the layer file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tilewright.errors import LayerError
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer


def captured(layer: ConvLayer, metadata: dict[str, object]) -> ConvLayer:
    outputs = layer_outputs(layer)
    return ConvLayer(
        layer.name,
        layer.weight_codes,
        layer.activation_codes,
        layer.stride,
        layer.padding,
        accumulators=outputs,
        float_integers=outputs.copy(),
        metadata=metadata,
    )


def test_file_round_trip(small_layer: ConvLayer, metadata: dict[str, object], tmp_path: Path) -> None:
    layer = captured(small_layer, metadata)
    layer.save(tmp_path / "layer.npz")
    again = ConvLayer.load(tmp_path / "layer.npz")
    assert (again.name, again.stride, again.padding) == ("small", 2, 1)
    for key in ("weight_codes", "activation_codes", "accumulators", "float_integers"):
        assert getattr(again, key).dtype == getattr(layer, key).dtype
        np.testing.assert_array_equal(getattr(again, key), getattr(layer, key))
    assert again.metadata == {**metadata, "layer": "small", "stride": 2, "padding": 1}


def test_macs_and_shapes(small_layer: ConvLayer) -> None:
    assert small_layer.output_shape == (2, 17, 3, 4)
    assert small_layer.macs == 2 * 17 * 3 * 4 * 19 * 3 * 2
    assert small_layer.select_images(slice(1, 2)).output_shape == (1, 17, 3, 4)


def test_out_of_range_integers_are_named(small_layer: ConvLayer) -> None:
    codes = small_layer.activation_codes.copy()
    codes[1, 3, 4, 5] = 16
    with pytest.raises(LayerError, match=r"activation_codes\[1, 3, 4, 5\] is 16, outside 0\.\.15"):
        ConvLayer("bad", small_layer.weight_codes, codes)
    weights = small_layer.weight_codes.copy()
    weights[2, 1, 0, 1] = -9
    with pytest.raises(LayerError, match=r"weight_codes\[2, 1, 0, 1\] is -9, outside -8\.\.7"):
        ConvLayer("bad", weights, small_layer.activation_codes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_codes": np.zeros((2, 19, 3, 3))}, "must be a numpy array of int8, got float64"),
        ({"weight_codes": [[1]]}, "must be a numpy array of int8, got list"),
        ({"weight_codes": np.zeros((2, 19, 3), np.int8)}, "4 non-empty dimensions"),
        ({"weight_codes": np.zeros((0, 19, 3, 3), np.int8)}, "4 non-empty dimensions"),
        ({"weight_codes": np.zeros((2, 18, 3, 3), np.int8)}, "18 input channels, activation_codes 19"),
        ({"weight_codes": np.zeros((2, 19, 8, 3), np.int8)}, "larger than 7x7"),
        ({"weight_codes": np.zeros((2, 19, 7, 7), np.int8), "padding": 0}, "there is no output"),
        ({"stride": 3}, "stride 3"),
        ({"padding": 4}, "padding 4"),
        ({"accumulators": np.zeros((2, 17, 3, 3), np.int32)}, r"accumulators has shape \(2, 17, 3, 3\)"),
        ({"float_integers": np.zeros((2, 17, 3, 4), np.int64)}, "float_integers must be a numpy array of int32"),
    ],
)
def test_bad_layers_are_refused(small_layer: ConvLayer, change: dict[str, object], message: str) -> None:
    arguments = {
        "name": "bad",
        "weight_codes": small_layer.weight_codes,
        "activation_codes": small_layer.activation_codes,
        "stride": 2,
        "padding": 1,
        **change,
    }
    with pytest.raises(LayerError, match=message):
        ConvLayer(**arguments)  # type: ignore[arg-type]


def write_file(path: Path, layer: ConvLayer, metadata: object, drop: str = "") -> None:
    members = {
        "weight_codes": layer.weight_codes,
        "activation_codes": layer.activation_codes,
        "accumulators": layer_outputs(layer),
        "float_integers": layer_outputs(layer),
        "metadata": metadata,
    }
    members.pop(drop, None)
    np.savez(path, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["weight_codes", "accumulators", "metadata"])
def test_missing_member(small_layer: ConvLayer, metadata: dict[str, object], tmp_path: Path, key: str) -> None:
    write_file(tmp_path / "layer.npz", small_layer, np.array(json.dumps(metadata)), drop=key)
    with pytest.raises(LayerError, match=f"{key} missing"):
        ConvLayer.load(tmp_path / "layer.npz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "metadata is not JSON"),
        ("[]", "must be a JSON object, got list"),
        ("{}", "key 'layer' is missing"),
    ],
)
def test_bad_metadata(small_layer: ConvLayer, tmp_path: Path, text: str, message: str) -> None:
    write_file(tmp_path / "layer.npz", small_layer, np.array(text))
    with pytest.raises(LayerError, match=message):
        ConvLayer.load(tmp_path / "layer.npz")


def test_metadata_of_a_wrong_type(small_layer: ConvLayer, metadata: dict[str, object], tmp_path: Path) -> None:
    write_file(tmp_path / "layer.npz", small_layer, np.array(json.dumps({**metadata, "stride": "2"})))
    with pytest.raises(LayerError, match="key 'stride' has the wrong type: '2'"):
        ConvLayer.load(tmp_path / "layer.npz")


def test_files_that_are_no_layer_files(small_layer: ConvLayer, metadata: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no such layer file"):
        ConvLayer.load(tmp_path / "none.npz")
    captured(small_layer, metadata).save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LayerError, match="not a readable"):
        ConvLayer.load(tmp_path / "half.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(LayerError, match="not a readable"):
        ConvLayer.load(tmp_path / "array.npy")
    write_file(tmp_path / "pickle.npz", small_layer, np.array({"stride": 1}, dtype=object))
    with pytest.raises(LayerError, match="not a readable"):
        ConvLayer.load(tmp_path / "pickle.npz")


def test_a_layer_without_outputs_is_not_saved(small_layer: ConvLayer, tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="this layer has none"):
        small_layer.save(tmp_path / "layer.npz")
