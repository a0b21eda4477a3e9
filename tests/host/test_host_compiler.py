"""The compiler against a slow interpreter of its programs, and the reference against PyTorch."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.compiler import (
    Run,
    compile_layer,
    compile_raw_and_relu,
    compile_runs,
    expected_results,
    images_that_fit,
)
from tilewright.errors import LayerError
from tilewright.layer import ConvLayer
from tilewright.packing import pack_nibbles, unpack_nibbles
from tilewright.program import ArrayParameters
from tilewright.reference import convolve, layer_outputs


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


class Interpreter:
    """Runs a program as docs/program_format.md reads, one multiplication at a time.

    Shares nothing with the compiler.
    """

    def __init__(self, beats: np.ndarray) -> None:
        self.beats = [int(beat) for beat in beats]
        self.memory: dict[int, int] = {}
        self.n = 0
        self.results: list[int] = []

    def run(self) -> list[int]:
        at = sequence = 0
        program_id = 0
        while True:
            header = self.beats[at]
            opcode, length = header & 0xFF, header >> 32
            assert header >> 8 & 0xFF == 0
            assert header >> 16 & 0xFFFF == sequence
            payload = self.beats[at + 1 : at + 1 + length]
            at, sequence = at + 1 + length, sequence + 1
            if opcode == 0x01:
                assert payload[0] == 0x0000000152505754
                self.n = payload[1] & 0xFF
                assert payload[1] >> 8 & 0xFFFFFF == 0x1C0404
                program_id = payload[1] >> 32
            elif opcode == 0x02:
                self.load(payload)
            elif opcode == 0x03:
                self.conv(payload)
            else:
                assert opcode == 0x0F
                body = b"".join(beat.to_bytes(8, "little") for beat in self.beats[:-1])
                assert payload == [zlib.crc32(body)]
                assert at == len(self.beats)
                return self.packet(program_id)

    def rows(self, data: list[int]) -> Iterator[list[int]]:
        nibbles = [beat >> 4 * k & 0xF for beat in data for k in range(16)]
        for first in range(0, len(nibbles), self.n):
            yield nibbles[first : first + self.n]

    def load(self, payload: list[int]) -> None:
        assert payload[0] < 1 << 32
        assert self.n != 8 or payload[0] % 2 == 0
        for k, word in enumerate(self.rows(payload[1:])):
            self.memory[payload[0] + k] = word

    def conv(self, payload: list[int]) -> None:
        d0, d1, d2, d3, d4, d5 = payload[:6]
        in_h, in_w, out_h, out_w = (d0 >> s & 0xFFFF for s in (0, 16, 32, 48))
        ic_tiles, oc_tiles, images = (d1 >> s & 0xFFFF for s in (0, 16, 32))
        kernel_h, kernel_w, stride, padding = d1 >> 48 & 15, d1 >> 52 & 15, d1 >> 56 & 3, d1 >> 58 & 3
        base, tile_stride, image_stride, relu = d2 & 0xFFFFFFFF, d2 >> 32, d3 & 0xFFFFFFFF, d3 >> 32 & 0xFF
        assert (d1 >> 60, d3 >> 40, d4, d5) == (0, 0, 0, 0)
        rows = self.rows(payload[6:])
        for _ in range(oc_tiles):
            sums = [[0] * self.n for _ in range(images * out_h * out_w)]
            for ic_tile in range(ic_tiles):
                for ky in range(kernel_h):
                    for kx in range(kernel_w):
                        weights = [[w - 16 if w > 7 else w for w in next(rows)] for _ in range(self.n)]
                        for p, column in enumerate(sums):
                            image, oy, ox = p // (out_h * out_w), p // out_w % out_h, p % out_w
                            iy, ix = oy * stride + ky - padding, ox * stride + kx - padding
                            if 0 <= iy < in_h and 0 <= ix < in_w:
                                word = base + image * image_stride + ic_tile * tile_stride + iy * in_w + ix
                                self.multiply(self.memory[word], weights, column)
            for column in sums:
                values = [max(v, 0) if relu else v for v in column]
                self.results += [
                    (low & 0xFFFFFFFF) | (high & 0xFFFFFFFF) << 32
                    for low, high in zip(values[0::2], values[1::2], strict=True)
                ]
        assert next(rows, None) is None

    @staticmethod
    def multiply(word: list[int], weights: list[list[int]], column: list[int]) -> None:
        for a, row in zip(word, weights, strict=True):
            for c, w in enumerate(row):
                column[c] += a * w

    def packet(self, program_id: int) -> list[int]:
        beats = [*self.results, 0x0100000053525754, program_id | len(self.results) << 32]
        return [*beats, zlib.crc32(b"".join(beat.to_bytes(8, "little") for beat in beats))]


@settings(deadline=None, max_examples=60)
@given(layer=layers(), n=st.sampled_from([8, 16, 32]), relu=st.booleans())
def test_interpreted_program_is_the_convolution(layer: ConvLayer, n: int, relu: bool) -> None:
    layer = layer.select_images(slice(0, 2))
    program = compile_layer(layer, ArrayParameters(n=n), relu)
    packet = Interpreter(program.beats).run()
    assert packet == expected_results([Run(layer, relu)], program).tolist()
    (outputs,) = program.unpack(np.array(packet, dtype=np.uint64))
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(layer.activation_codes).double(),
        torch.from_numpy(layer.weight_codes).double(),
        stride=layer.stride,
        padding=layer.padding,
    ).numpy()
    assert outputs.dtype == np.int32
    np.testing.assert_array_equal(outputs, np.maximum(expected, 0) if relu else expected)


@settings(deadline=None, max_examples=100)
@given(layer=layers())
def test_reference_is_pytorchs_convolution(layer: ConvLayer) -> None:
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(layer.activation_codes).double(),
        torch.from_numpy(layer.weight_codes).double(),
        stride=layer.stride,
        padding=layer.padding,
    ).numpy()
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
    assert len(program.beats) == 3 + (2 + 16) + (1 + 6 + 2 * 2 * 9 * 4) + 2
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


def test_accumulator_bound_names_the_channel() -> None:
    weights = np.zeros((5, 20, 3, 3), dtype=np.int8)
    weights[3] = 7
    layer = ConvLayer("wide", weights, np.zeros((1, 20, 4, 4), dtype=np.uint8))
    bound = 20 * 9 * 7 * 15
    enough = bound.bit_length() + 1
    compile_layer(layer, ArrayParameters(n=8, acc_w=enough))
    with pytest.raises(LayerError, match=f"output channel 3 can reach {bound} .* {enough - 1} bits"):
        compile_layer(layer, ArrayParameters(n=8, acc_w=enough - 1))
