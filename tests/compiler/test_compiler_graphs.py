"""Graphs: their programs, carried out as the format's page reads, are the integer network."""

from __future__ import annotations

from itertools import product
from unittest.mock import patch

import graphs
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from interpreter import Interpreter
from networks import average, conv, network

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.errors import CompileError, NetworkError
from tilewright.hardware.commands import Conv, Mode
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.network.inference import infer
from tilewright.network.network import Network
from tilewright.runs.compare_network import commands_of


def check(compiled: CompiledNetwork, seed: int = 0) -> None:
    """Interprets a program of random images and compares every map."""
    drawn = np.random.default_rng(seed).integers(0, 256, (compiled.batch, *compiled.network.image))
    pixels, array = drawn.astype(np.uint8), compiled.array
    program = compiled.program(pixels)
    packet = Interpreter(program.beats, array.act_depth, array.acc_depth).run()
    maps = compiled.collect(program.unpack(np.array(packet, dtype=np.uint64)))
    expected = {layer.name: values for layer, values in infer(compiled.network, pixels)}
    assert maps.keys() == expected.keys()
    for name, values in maps.items():
        np.testing.assert_array_equal(values, expected[name], name)


def compiled(network: Network, array: ArrayParameters, batch: int, side_by_side: bool = False) -> CompiledNetwork:
    with patch("tilewright.compiler.network.WORTH", 10.0 if side_by_side else 0.0):
        return compile_network(network, array, batch, [layer.name for layer in network.layers])


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from(ARRAY_SIZES),
    batch=st.sampled_from([1, 2, 4]),
    depths=st.sampled_from([(1024, 64), (8192, 64), (8192, 1024)]),
    side_by_side=st.booleans(),
)
def test_random_graphs(
    data: st.DataObject, seed: int, n: int, batch: int, depths: tuple[int, int], side_by_side: bool
) -> None:
    drawn = graphs.random_graph(graphs.Choices(data.draw, seed))  # type: ignore[arg-type]
    array = ArrayParameters(n=n, act_depth=depths[0], acc_depth=depths[1])
    try:
        program = compiled(drawn, array, batch, side_by_side)
    except CompileError as error:
        assert "layer " in str(error)
        assume(False)
    check(program, seed)


@pytest.mark.parametrize("side_by_side", [False, True])
@pytest.mark.parametrize("n", ARRAY_SIZES)
@pytest.mark.parametrize("make", [graphs.residual_network, graphs.unet_network, graphs.copies_network])
def test_every_output_has_the_commands_that_make_it(make: object, n: int, side_by_side: bool) -> None:
    assert callable(make)
    program = compiled(make(), ArrayParameters.of_size(n), 4, side_by_side)
    for stage in program.stages[:-1]:
        steps = [step for step in program.placement.schedule.steps if step.stage == stage.index]
        targets = {image: step.target for step in steps for image in step.images}
        for image, tile in product(range(4), range(stage.oc_tiles)):
            target = targets[image]
            assert target is not None
            for row, column in product(*map(range, stage.out_size)):
                chain = commands_of(program, stage.index, image, tile, row, column)
                assert [item.conv.hold for _, item in chain] == [True] * (len(chain) - 1) + [False]
                assert [item.conv.resume for _, item in chain] == [False] + [True] * (len(chain) - 1)
                assert target.address_of(image, tile, row, column) in written(chain[-1][1].conv)


def written(conv: Conv) -> set[int]:
    """Addresses that a command writes."""
    assert conv.mode is Mode.CODES
    height, width = (length // (1 + conv.pool) for length in (conv.out_h, conv.out_w))
    places = product(range(conv.images), range(conv.oc_tiles), range(height), range(width))
    return {
        conv.out_base + image * conv.out_image_stride + tile * conv.out_tile_stride + row * width + column
        for image, tile, row, column in places
    }


@pytest.mark.parametrize(("n", "act_depth"), [(8, 2048), (8, 3072), (16, 1024)])
def test_a_residual_block_whose_maps_do_not_fit_runs_in_strips(n: int, act_depth: int) -> None:
    """The map that both layers of the block read lives as long as the block's strips need it."""
    rng = np.random.default_rng(0)
    added = graphs.adding(rng, conv(rng, "b", 16, 16, pool=2), graphs.shortcut(rng, "image", 16), raised=1)
    layers = [conv(rng, "image", 3, 16, image=True, stride=2), conv(rng, "a", 16, 16), added]
    layers += [conv(rng, "c", 16, 8, stride=2), average(rng, "average", 8, (4, 6), 1, last=True)]
    tall = network(rng, "tall", (32, 48), layers)
    program = compiled(tall, ArrayParameters(n=n, act_depth=act_depth), 1)
    segment = program.placement.schedule.plan.segment
    assert segment is not None and segment.last >= 2
    check(program)


def test_residual_networks_keep_their_shortcut_alive() -> None:
    program = compiled(graphs.resnet20(), ArrayParameters.of_size(8), 1)
    assert program.network.macs == 40_812_544
    check(program)


def test_what_is_no_graph_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    first, last = conv(rng, "first", 3, 8, image=True), conv(rng, "last", 8, 4, last=True)
    unread = [first, conv(rng, "unread", 8, 8), graphs.replace(last, source="first")]
    with pytest.raises(NetworkError, match="layer unread: no layer reads its map"):
        network(rng, "none", (8, 8), unread)
    with pytest.raises(NetworkError, match="layer last reads channel 8 of a map of 8"):
        network(rng, "none", (8, 8), [first, graphs.replace(last, source="first", first_channel=1)])
    with pytest.raises(NetworkError, match="layer last: the codes that it adds are not those of first"):
        wrong = graphs.replace(graphs.shortcut(rng, "first", 4), activation_levels=7)
        network(rng, "none", (8, 8), [first, graphs.replace(last, adds=(wrong,), raised=1)])
    with pytest.raises(NetworkError, match="layer first: nothing is added to the sums of the image"):
        graphs.replace(first, adds=(graphs.shortcut(rng, "first", 8),))
