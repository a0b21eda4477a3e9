"""Images as they are: IMAGE commands of any first layer, carried out as the format's page reads, and what is sent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from interpreter import Interpreter
from networks import conv, network, small_network

from tilewright.compiler.image import Images
from tilewright.compiler.network import compile_network
from tilewright.errors import CompileError
from tilewright.hardware.commands import Image
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import decode_program
from tilewright.network.inference import infer
from tilewright.network.network import Network


def check(built: Network, array: ArrayParameters, batch: int) -> list[Image]:
    """Compares a program's results with the integers' and returns its IMAGE commands."""
    pixels = np.random.default_rng(1).integers(0, 256, (batch, *built.image)).astype(np.uint8)
    compiled = compile_network(built, array, batch)
    program = compiled.program(pixels)
    packet = Interpreter(program.beats, array.act_depth, array.acc_depth).run()
    maps = compiled.collect(program.unpack(np.array(packet, dtype=np.uint64)))
    *_, (layer, expected) = infer(built, pixels)
    np.testing.assert_array_equal(maps[layer.name], expected)
    return [command for command in decode_program(program.beats) if isinstance(command, Image)]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([8, 16, 32]),
    batch=st.integers(1, 3),
    size=st.tuples(st.integers(1, 13), st.integers(1, 13)),
    channels=st.integers(1, 5),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.integers(1, 2),
    padding=st.integers(0, 3),
    pool=st.integers(1, 2),
)
def test_first_layers(seed, n, batch, size, channels, kernel, stride, padding, pool) -> None:
    rng = np.random.default_rng(seed)
    first = conv(rng, "first", channels, 9, kernel, stride, padding, pool, image=True)
    rows, columns = ((length + 2 * padding - k) // stride + 1 for length, k in zip(size, kernel, strict=True))
    assume(rows >= pool and columns >= pool)
    built = network(rng, "first", size, [first, conv(rng, "last", 9, 3, (1, 1), 1, 0, last=True)], channels)
    check(built, ArrayParameters.of_size(n), batch)


@pytest.mark.parametrize(("channels", "batch"), [(1, 9), (3, 1), (3, 16)])
def test_what_images_become(channels: int, batch: int) -> None:
    """Byte for byte."""
    rng = np.random.default_rng(batch)
    codes = rng.integers(-128, 128, (channels, 256)).astype(np.int8)
    pixels = rng.integers(0, 256, (batch, channels, 32, 32)).astype(np.uint8)
    tables = tuple((row.astype(np.int16) + 128).astype(np.uint8).tobytes() for row in codes)
    row = Images(tables, channels, 32, 32, 32, ((slice(0, batch), slice(0, 32)),)).data(pixels)
    expected = np.stack([codes[each][pixels[:, each]] for each in range(channels)], axis=-1).astype(np.int16) + 128
    np.testing.assert_array_equal(row.view(np.uint8).reshape(expected.shape), expected)


@pytest.mark.parametrize("n", [16, 32])
def test_a_large_image(n: int) -> None:
    """224x224x3, a kernel of 7x7, stride 2: 147 taps a position, in strips; each row is sent three times at most."""
    rng = np.random.default_rng(0)
    layers = [
        conv(rng, "first", 3, 16, (7, 7), 2, 3, image=True),
        conv(rng, "second", 16, 16, (3, 3), 2, 1, 2),
        conv(rng, "last", 16, 10, (1, 1), 1, 0, last=True),
    ]
    built = network(rng, "large", (224, 224), layers)
    array = ArrayParameters(n=n, act_depth=2 * ArrayParameters.of_size(n).act_depth)
    commands = check(built, array, 1)
    assert sum(8 * len(command.data) for command in commands) < 3 * 224 * 224 * 3
    assert {command.run_bytes for command in commands} == {21} and all(command.row_bytes == 672 for command in commands)


def test_bytes_of_an_image() -> None:
    """Three bytes a pixel; the first images' rows come in two parts, whose taps share two rows."""
    rng = np.random.default_rng(0)
    layers = [conv(rng, "first", 3, 64, image=True), conv(rng, "last", 64, 8, (1, 1), 1, 0, last=True)]
    built = network(rng, "cifar", (32, 32), layers)
    for n, batch in ((8, 1), (16, 4), (32, 4)):
        commands = check(built, ArrayParameters.of_size(n), batch)
        sent = sum(8 * len(command.data) for command in commands)
        shared = commands[0].images * 2 * 96 if commands[0].rows < 32 else 0
        assert sent == batch * 3072 + shared


def test_a_row_beyond_the_line_memory_is_refused() -> None:
    array = ArrayParameters(n=8, image_line=128)
    rng = np.random.default_rng(0)
    last = conv(rng, "one", 3, 4, image=True, last=True)
    check(network(rng, "wide", (4, 42), [last]), array, 1)
    with pytest.raises(CompileError, match=r"layer one: a row of the image has 129 bytes \(43 pixels of 3 channel"):
        compile_network(network(rng, "wide", (4, 43), [last]), array)


def test_small_networks_rows_are_whole_words() -> None:
    (command, *_) = check(small_network(), ArrayParameters.of_size(8), 1)
    assert len(command.data) == command.rows * -(-command.row_bytes // 16) * 2
