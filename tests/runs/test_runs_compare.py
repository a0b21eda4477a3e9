"""Comparison: complete, and one flipped weight bit is named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tilewright.errors import ResultError
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.network.comparison import LISTED
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import compare

ARRAY = ArrayParameters(n=8)


def with_flipped_bit(layer: ConvLayer, index: tuple[int, int, int, int], bit: int) -> ConvLayer:
    weights = layer.weight_codes.copy()
    code = int(weights[index]) ^ 1 << bit
    weights[index] = (code & 0xF) - (16 if code & 8 else 0)
    return ConvLayer(layer.name, weights, layer.activation_codes, layer.stride, layer.padding)


def test_equal(small_layer: ConvLayer) -> None:
    outputs = layer_outputs(small_layer)
    report = compare(outputs, outputs.copy(), small_layer, ARRAY)
    assert report.equal
    assert report.compared == outputs.size
    assert report.nonzero == np.count_nonzero(outputs)
    assert (report.mismatches, report.listed, report.faults) == (0, (), ())


def test_one_wrong_output_is_located(small_layer: ConvLayer) -> None:
    expected = layer_outputs(small_layer)
    got = expected.copy()
    got[1, 13, 0, 3] += 1
    report = compare(expected, got, small_layer, ARRAY)
    assert not report.equal
    assert report.mismatches == 1
    (mismatch,) = report.listed
    assert (mismatch.image, mismatch.channel, mismatch.row, mismatch.column) == (1, 13, 0, 3)
    assert (mismatch.expected, mismatch.got) == (expected[1, 13, 0, 3], got[1, 13, 0, 3])
    assert (mismatch.oc_tile, mismatch.array_column, mismatch.ic_tiles) == (1, 5, 3)
    assert mismatch.taps == ((1, 0), (2, 0))
    text = str(report)
    for part in ("1 of 408 outputs differ", "image 1, channel 13, row 0, column 3", "output tile 1", "array column 5"):
        assert part in text


def test_taps_are_those_inside_the_map(small_layer: ConvLayer) -> None:
    expected = layer_outputs(small_layer)
    got = expected.copy()
    got[0, 0, 0, 0] += 1
    got[0, 0, 1, 1] += 1
    first, second = compare(expected, got, small_layer, ARRAY).listed
    assert first.taps == ((1, 1), (2, 1))
    assert second.taps == tuple((ky, kx) for ky in range(3) for kx in range(2))


def test_the_rest_is_counted(small_layer: ConvLayer) -> None:
    expected = layer_outputs(small_layer)
    report = compare(expected, expected + 1, small_layer, ARRAY)
    assert report.mismatches == expected.size
    assert len(report.listed) == LISTED
    assert f"and {expected.size - LISTED} more" in str(report)
    assert json.loads(json.dumps(report.as_dict()))["mismatches"] == expected.size


@pytest.mark.parametrize("bit", range(4))
@pytest.mark.parametrize("n", ARRAY_SIZES)
def test_a_flipped_weight_bit_is_named(small_layer: ConvLayer, n: int, bit: int) -> None:
    rng = np.random.default_rng(bit)
    index = tuple(int(rng.integers(size)) for size in small_layer.weight_codes.shape)
    wrong = with_flipped_bit(small_layer, index, bit)  # type: ignore[arg-type]
    report = compare(layer_outputs(small_layer), layer_outputs(wrong), small_layer, ArrayParameters(n=n))
    (fault,) = report.faults
    assert (fault.channel, fault.in_channel, fault.ky, fault.kx) == index
    assert (fault.expected, fault.got) == (small_layer.weight_codes[index], wrong.weight_codes[index])
    assert fault.flipped_bits == (bit,)
    assert {mismatch.channel for mismatch in report.listed} == {index[0]}
    assert f"channel {index[0]} is explained exactly by one weight: input channel {index[1]}, tap ky {index[2]}" in str(
        report
    )


def test_a_flipped_weight_bit_is_named_behind_relu() -> None:
    rng = np.random.default_rng(5)
    weights = rng.integers(-3, 8, (16, 16, 3, 3), dtype=np.int8)
    layer = ConvLayer("relu", weights, rng.integers(0, 16, (1, 16, 4, 4), dtype=np.uint8), padding=1)
    wrong = with_flipped_bit(layer, (9, 4, 1, 2), 0)
    report = compare(layer_outputs(layer, relu=True), layer_outputs(wrong, relu=True), layer, ARRAY, relu=True)
    assert any((fault.channel, fault.in_channel, fault.ky, fault.kx) == (9, 4, 1, 2) for fault in report.faults)


def test_no_weight_is_blamed_for_what_it_does_not_explain(small_layer: ConvLayer) -> None:
    expected = layer_outputs(small_layer)
    got = expected.copy()
    got[:, 4] += np.arange(24, dtype=np.int32).reshape(2, 3, 4) + 1000
    assert compare(expected, got, small_layer, ARRAY).faults == ()


def test_two_wrong_channels_are_both_explained(small_layer: ConvLayer) -> None:
    wrong = with_flipped_bit(with_flipped_bit(small_layer, (2, 0, 1, 1), 1), (16, 18, 2, 0), 2)
    report = compare(layer_outputs(small_layer), layer_outputs(wrong), small_layer, ARRAY)
    assert {(fault.channel, fault.in_channel, fault.ky, fault.kx) for fault in report.faults} == {
        (2, 0, 1, 1),
        (16, 18, 2, 0),
    }


def test_wrong_shapes_are_refused(small_layer: ConvLayer) -> None:
    outputs = layer_outputs(small_layer)
    with pytest.raises(ResultError, match=r"got has shape \(1, 17, 3, 4\), its outputs are \(2, 17, 3, 4\)"):
        compare(outputs, outputs[:1], small_layer, ARRAY)
