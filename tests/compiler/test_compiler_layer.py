"""The compiler against a slow interpreter of its programs, and the reference against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interpreter import Interpreter

from tilewright.compiler.layer import (
    Run,
    compile_layer,
    compile_raw_and_relu,
    compile_runs,
    expected_results,
    images_that_fit,
)
from tilewright.errors import LayerError
from tilewright.hardware.beats import pack_nibbles, unpack_nibbles
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.network.convolution import convolve, layer_outputs
from tilewright.network.layer import ConvLayer


@st.composite
def layers(draw: st.DrawFn) -> ConvLayer:
    """Layers with at least one output; codes from a drawn seed, so that large arrays shrink fast."""
    kernel = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    padding = draw(st.integers(0, 3))
    size = tuple(draw(st.integers(max(1, k - 2 * padding), 8)) for k in kernel)
    oc, ic, images = draw(st.integers(1, 35)), draw(st.integers(1, 35)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return ConvLayer(
        name="drawn",
        weight_codes=rng.integers(-8, 8, (oc, ic, *kernel), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (images, ic, *size), dtype=np.uint8),
        stride=draw(st.integers(1, 2)),
        padding=padding,
    )


def pytorchs_convolution(layer: ConvLayer) -> np.ndarray:
    torch = pytest.importorskip("torch")
    sums = torch.nn.functional.conv2d(
        torch.from_numpy(layer.activation_codes).double(),
        torch.from_numpy(layer.weight_codes).double(),
        stride=layer.stride,
        padding=layer.padding,
    ).numpy()
    return np.asarray(sums)


@settings(deadline=None, max_examples=60)
@given(layer=layers(), n=st.sampled_from(ARRAY_SIZES), relu=st.booleans())
def test_interpreted_program_is_the_convolution(layer: ConvLayer, n: int, relu: bool) -> None:
    layer = layer.select_images(slice(0, 2))
    program = compile_layer(layer, ArrayParameters(n=n), relu)
    packet = Interpreter(program.beats).run()
    assert packet == expected_results([Run(layer, relu)], program).tolist()
    (outputs,) = program.unpack(np.array(packet, dtype=np.uint64))
    expected = pytorchs_convolution(layer)
    assert outputs.dtype == np.int32
    np.testing.assert_array_equal(outputs, np.maximum(expected, 0) if relu else expected)


@settings(deadline=None, max_examples=100)
@given(layer=layers())
def test_reference_is_pytorchs_convolution(layer: ConvLayer) -> None:
    expected = pytorchs_convolution(layer)
    got = convolve(layer.activation_codes, layer.weight_codes, layer.stride, layer.padding)
    assert got.shape == layer.output_shape
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(layer_outputs(layer, relu=True), np.maximum(expected, 0))


@given(codes=st.lists(st.integers(-8, 15), max_size=70))
def test_nibbles_round_trip(codes: list[int]) -> None:
    beats = pack_nibbles(np.array(codes, dtype=np.int8))
    assert len(beats) == -(-len(codes) // 16)
    padded = [code & 0xF for code in codes] + [0] * (-len(codes) % 16)
    assert unpack_nibbles(beats).tolist() == padded


def test_raw_and_relu_load_once(small_layer: ConvLayer) -> None:
    program = compile_raw_and_relu(small_layer, ArrayParameters(n=8))
    single = compile_layer(small_layer, ArrayParameters(n=8))
    packet = Interpreter(program.beats).run()
    raw, relu = program.unpack(np.array(packet, dtype=np.uint64))
    np.testing.assert_array_equal(raw, layer_outputs(small_layer))
    np.testing.assert_array_equal(relu, layer_outputs(small_layer, relu=True))
    loads = 3 * 5 * 6 * 2 // 2 + 2
    assert len(program.beats) < 2 * len(single.beats) - loads


def test_two_layers_in_one_program(small_layer: ConvLayer) -> None:
    first, second = small_layer.select_images(slice(0, 1)), small_layer.select_images(slice(1, 2))
    runs = [Run(first), Run(second, relu=True)]
    program = compile_runs(runs, ArrayParameters(n=16))
    assert Interpreter(program.beats).run() == expected_results(runs, program).tolist()


def test_program_id_is_kept_or_made_from_the_contents(small_layer: ConvLayer) -> None:
    array = ArrayParameters()
    assert compile_layer(small_layer, array, program_id=0xDEADBEEF).program_id == 0xDEADBEEF
    made = {
        compile_layer(small_layer, array).program_id,
        compile_layer(small_layer, array, relu=True).program_id,
        compile_layer(small_layer.select_images(slice(1, 2)), array).program_id,
    }
    assert len(made) == 3
    assert compile_layer(small_layer, array).program_id in made


def test_features_27_fits_its_numbers() -> None:
    rng = np.random.default_rng(27)
    layer = ConvLayer(
        "features.27",
        rng.integers(-7, 8, (16, 16, 3, 3), dtype=np.int8),
        rng.integers(0, 16, (1, 16, 4, 4), dtype=np.uint8),
        padding=1,
    )
    program = compile_layer(layer, ArrayParameters(n=8))
    assert len(program.beats) == 4 + (2 + 16) + 8 + (2 + 2 * 2 * 9 * 4) + 2
    assert program.output_beats == 2 * 16 * 4


def test_what_does_not_fit_is_refused(small_layer: ConvLayer) -> None:
    with pytest.raises(
        LayerError, match=r"layer small: 180 activation words \(2 image\(s\) x 3 tile\(s\) x 5x6\).* 128"
    ):
        compile_layer(small_layer, ArrayParameters(n=8, act_depth=128))
    with pytest.raises(LayerError, match=r"layer small: 24 output positions \(2 image\(s\) x 3x4\).* 23 accumulators"):
        compile_layer(small_layer, ArrayParameters(n=8, acc_depth=23))
    with pytest.raises(LayerError, match="codes have 4 bits"):
        compile_layer(small_layer, ArrayParameters(n=8, act_w=8))


def test_images_that_fit(small_layer: ConvLayer) -> None:
    assert images_that_fit(small_layer, ArrayParameters(n=8)) == 2
    assert images_that_fit(small_layer, ArrayParameters(n=8, act_depth=128)) == 1
    assert images_that_fit(small_layer, ArrayParameters(n=8, acc_depth=23)) == 1
    with pytest.raises(LayerError, match="90 activation words"):
        images_that_fit(small_layer, ArrayParameters(n=8, act_depth=64))


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_both_signs_are_held_to_the_last(sign: int) -> None:
    """4095 = 39 * 7 * 15 exactly, and 15 beyond; weights of the other sign in the channel change nothing."""
    weights = np.zeros((5, 40, 1, 1), dtype=np.int8)
    weights[3, :39], weights[3, 39] = 7 * sign, -7 * sign
    codes, array = np.full((1, 40, 2, 2), 15, dtype=np.uint8), ArrayParameters(n=8, acc_w=13)
    codes[:, 39] = 0
    layer = ConvLayer("full", weights, codes)
    assert (layer_outputs(layer)[0, 3] == sign * array.acc_max).all()
    compile_layer(layer, array)
    weights[3, 39] = sign
    message = rf"layer full: .* channel 3 can reach {sign * 4110}, an accumulator of 13 bits holds -4095\.\.4095"
    with pytest.raises(LayerError, match=message):
        compile_layer(ConvLayer("full", weights, codes), array)
