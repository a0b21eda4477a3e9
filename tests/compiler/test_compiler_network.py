"""The network compiler: its programs, carried out as the format's page reads, are the integer network."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from interpreter import Interpreter, thresholds_of
from networks import average, broad_network, conv, network, random_network, small_network, tall_network, vgg_network

from tilewright.compiler.addresses import lifetimes
from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.compiler.planner import COMMAND_CYCLES, step_cycles
from tilewright.compiler.schedule import Plan, make_schedule
from tilewright.compiler.stages import stages_of
from tilewright.compiler.thresholds import threshold_beats
from tilewright.errors import CompileError, NetworkError
from tilewright.hardware.commands import Image
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.hardware.program import decode_program
from tilewright.network.inference import infer
from tilewright.network.network import Network
from tilewright.network.shape import NEVER


def images(network: Network, count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *network.image)).astype(np.uint8)


def names(network: Network) -> list[str]:
    return [layer.name for layer in network.layers]


def check(compiled: CompiledNetwork, pixels: np.ndarray) -> None:
    """Interprets the program and compares every map that it returns."""
    program = compiled.program(pixels)
    assert len(program.beats) == compiled.beats
    array = compiled.array
    packet = Interpreter(program.beats, array.act_depth, array.acc_depth).run()
    maps = compiled.collect(program.unpack(np.array(packet, dtype=np.uint64)))
    expected = {layer.name: values for layer, values in infer(compiled.network, pixels)}
    assert maps.keys() <= expected.keys()
    for name, values in maps.items():
        np.testing.assert_array_equal(values, expected[name], name)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from(ARRAY_SIZES),
    batch=st.integers(1, 4),
    act_depth=st.sampled_from([256, 1024, 8192]),
    acc_depth=st.sampled_from([16, 64, 1024]),
)
def test_random_networks(seed: int, n: int, batch: int, act_depth: int, acc_depth: int) -> None:
    drawn = random_network(np.random.default_rng(seed))
    try:
        compiled = compile_network(
            drawn, ArrayParameters(n=n, act_depth=act_depth, acc_depth=acc_depth), batch, names(drawn)
        )
    except CompileError as error:
        assert "layer " in str(error)
        assume(False)
    check(compiled, images(drawn, batch, seed))


@pytest.mark.parametrize("n", ARRAY_SIZES)
@pytest.mark.parametrize("batch", [1, 3])
def test_small_network(n: int, batch: int) -> None:
    small = small_network()
    check(compile_network(small, ArrayParameters.of_size(n), batch, names(small)), images(small, batch))


@pytest.mark.parametrize("n", [8, 32])
def test_a_network_that_needs_strips(n: int) -> None:
    tall = tall_network()
    compiled = compile_network(tall, ArrayParameters.of_size(n), 1, names(tall))
    assert compiled.placement.schedule.plan.segment is not None
    check(compiled, images(tall, 1))


@pytest.mark.parametrize(("n", "act_depth"), [(8, 1024), (16, 512), (32, 192)])
def test_channels_are_divided_where_their_map_does_not_fit(n: int, act_depth: int) -> None:
    broad = broad_network()
    compiled = compile_network(broad, ArrayParameters(n=n, act_depth=act_depth), 2, names(broad))
    segment = compiled.placement.schedule.plan.segment
    assert segment is not None and segment.shares > 1
    check(compiled, images(broad, 2))


def test_maps_that_fit_but_not_the_accumulators_are_cut_by_rows() -> None:
    rng = np.random.default_rng(3)
    layers = [conv(rng, "a", 3, 8, image=True, pool=2), conv(rng, "b", 8, 8), conv(rng, "c", 8, 5, last=True)]
    wide = network(rng, "wide", (40, 44), layers)
    compiled = compile_network(wide, ArrayParameters(n=8, acc_depth=200), 2, names(wide))
    assert compiled.placement.schedule.plan.segment is None
    rows = [step.rows for step in compiled.placement.schedule.steps if step.stage == 1 and step.images.start == 0]
    assert len(rows) > 1 and rows[0].start == 0 and rows[-1].stop == 20
    assert all(before.stop == after.start for before, after in pairwise(rows))
    check(compiled, images(wide, 2))


@pytest.mark.parametrize(("n", "batch"), [(8, 1), (16, 4), (32, 16)])
def test_vgg16_queues_its_small_maps(n: int, batch: int) -> None:
    compiled = compile_network(vgg_network(), ArrayParameters.of_size(n), batch)
    groups = compiled.placement.schedule.plan.groups
    assert groups[0] == 1 and groups[-1] == batch
    assert all(after % before == 0 for before, after in pairwise(groups))
    assert compiled.placement.peak <= compiled.array.act_depth
    assert compiled.network.macs == 220_631_040


def test_buffers_that_live_together_do_not_overlap() -> None:
    compiled = compile_network(vgg_network(), ArrayParameters.of_size(32), 16)
    placement = compiled.placement
    alive = lifetimes(placement.schedule, placement.load_steps)
    for index, one in enumerate(alive):
        assert one.buffer.address + one.buffer.words <= compiled.array.act_depth
        for other in alive[:index]:
            together = one.first <= other.last and other.first <= one.last
            apart = (
                one.buffer.address + one.buffer.words <= other.buffer.address
                or other.buffer.address + other.buffer.words <= one.buffer.address
            )
            assert apart or not together


def test_steps_of_a_plan_with_groups() -> None:
    """Groups of 1, 2 and 4: early layers image by image, later ones once their images have queued."""
    rng = np.random.default_rng(0)
    layers = [conv(rng, "a", 3, 8, image=True), conv(rng, "b", 8, 8), conv(rng, "c", 8, 8, last=True)]
    stages = stages_of(network(rng, "queue", (4, 4), layers), ArrayParameters.of_size(8))
    schedule = make_schedule(stages, Plan(4, (1, 2, 4)))
    steps = [("abc"[step.stage], list(step.images)) for step in schedule.steps]
    assert steps == [
        ("a", [0]), ("a", [1]), ("b", [0, 1]), ("a", [2]), ("a", [3]), ("b", [2, 3]), ("c", [0, 1, 2, 3]),
    ]  # fmt: skip


def test_program_differs_by_its_images_only() -> None:
    small = small_network()
    compiled = compile_network(small, ArrayParameters.of_size(8))
    one, other = (compiled.program(images(small, 1, seed)) for seed in (1, 2))
    assert one.frame is other.frame and one.program_id == other.program_id
    assert one.sent.program_crc == other.sent.program_crc and one.sent.images_crc != other.sent.images_crc
    assert [decode_program(each.beats)[-1] for each in (one, other)] == [one.sent, other.sent]
    sent = one.beats.copy()
    other.write_images(sent)
    np.testing.assert_array_equal(sent, other.beats)
    pairs = list(zip(decode_program(one.beats)[1:-1], decode_program(other.beats)[1:-1], strict=True))
    same = [bool(np.array_equal(a.payload(), b.payload())) for a, b in pairs]
    assert same == [not isinstance(command, Image) for command, _ in pairs]
    np.testing.assert_array_equal(one.beats, compiled.program(images(small, 1, 1)).beats)


@pytest.mark.parametrize("changed", ["weights", "thresholds", "descriptors"])
def test_networks_of_one_shape_have_other_ids_for_one_image(changed: str) -> None:
    """Else the results of one would pass for the other's, after a transfer that was not meant or a missing flush."""
    small = small_network()
    layer = small.layers[1]
    assert layer.weights is not None and layer.thresholds is not None
    others = {
        "weights": dataclasses.replace(layer, weights=np.where(layer.weights == 1, 2, layer.weights)),
        "thresholds": dataclasses.replace(layer, thresholds=layer.thresholds.clip(-500, 500)),
        "descriptors": layer,
    }
    other = dataclasses.replace(small, layers=(small.layers[0], others[changed], *small.layers[2:]))
    read_back = [layer.name] if changed == "descriptors" else []
    pixels, array = images(small, 1, 1), ArrayParameters.of_size(8)
    one, two = (
        compile_network(small, array).program(pixels),
        compile_network(other, array, read_back=read_back).program(pixels),
    )
    loads = [[c.payload() for c in decode_program(each.beats) if isinstance(c, Image)] for each in (one, two)]
    for ours, theirs in zip(*loads, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.program_id != two.program_id
    assert one.sent.program_crc != two.sent.program_crc and one.sent.images_crc == two.sent.images_crc


def test_wrong_images_are_named() -> None:
    small = small_network()
    compiled = compile_network(small, ArrayParameters.of_size(8))
    for wrong in (
        np.zeros((1, 3, 32, 33), np.uint8),
        np.zeros((1, 3, 33, 33), np.float32),
        np.zeros((3, 33, 33), np.uint8),
    ):
        with pytest.raises(NetworkError, match=r"network small takes uint8 images \(count, 3x33x33\), got"):
            compiled.program(wrong)


def refused(layers, array: ArrayParameters, size=(16, 16), batch: int = 1) -> str:
    rng = np.random.default_rng(0)
    with pytest.raises(CompileError) as caught:
        compile_network(network(rng, "refused", size, layers), array, batch)
    return str(caught.value)


def test_what_cannot_be_compiled_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    first, last = conv(rng, "first", 3, 16, image=True), conv(rng, "last", 16, 8, last=True)
    text = refused([first, last], ArrayParameters(n=8, act_depth=64))
    assert text.startswith("layer first: its input and output maps take") and "holds 64" in text
    text = refused([first, last], ArrayParameters(n=8, acc_depth=8))
    assert text.startswith("layer first: a row of 1 image(s) has 16 positions, a column has 8 accumulators")
    text = refused([first, last], ArrayParameters(n=8, acc_w=12))
    assert text.startswith("layer first: a sum of output channel ") and "12 bits holds -2047..2047" in text
    layers = [first, average(rng, "window", 16, (9, 9), 1), conv(rng, "last", 16, 8, (1, 1), 1, 0, last=True)]
    text = refused(layers, ArrayParameters.of_size(8))
    assert text.startswith("layer window: a window of 9x9 is larger than 7x7 and not the whole map of 16x16")
    layers[1] = average(rng, "window", 16, (2, 2), 3, pool=2)
    text = refused(layers, ArrayParameters.of_size(8))
    assert text.startswith("layer window: an average of stride 3") and "cannot be max-pooled" in text


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_both_signs_are_held_to_the_last(sign: int) -> None:
    """39 inputs of 15 times 7 reach 4095 exactly, and one of 8 for 7 beyond; the same far below zero."""
    rng, array = np.random.default_rng(0), ArrayParameters(n=8, acc_w=13)
    assert array.acc_max == 39 * 15 * 7
    first = conv(rng, "first", 1, 39, (1, 1), padding=0, image=True)
    weights = np.zeros((9, 39, 1, 1), np.int8)
    weights[3] = 7 * sign
    last = dataclasses.replace(conv(rng, "last", 39, 9, (1, 1), padding=0, last=True), weights=weights.copy())
    exact = network(rng, "exact", (3, 3), [first, last], channels=1)
    stage = stages_of(exact, array)[1]
    weights[3, 0] += sign
    more = dataclasses.replace(last, weights=weights, weight_levels=15)
    with pytest.raises(CompileError, match=rf"layer last: .* channel 3 can reach {sign * 4110}, .* -4095\.\.4095"):
        dataclasses.replace(stage, layer=more).check()


@pytest.mark.parametrize(("n", "shortest"), [(8, 4), (16, 16), (32, 32)])
def test_a_pass_lasts_as_long_as_the_next_weights_take(n: int, shortest: int) -> None:
    """Rows of weights go into the array one a cycle, into one of 8x8 two; a pass with more positions lasts these."""
    rng = np.random.default_rng(0)
    layers = [conv(rng, "first", 3, n, image=True, padding=0), conv(rng, "last", n, 2 * n, (1, 1), 1, 0, last=True)]
    for size, positions in ((3, 1), (9, 49)):
        stages = stages_of(network(rng, "short", (size, size), layers), ArrayParameters.of_size(n))
        (step,) = (each for each in make_schedule(stages, Plan(1, (1, 1))).steps if each.stage == 1)
        assert step_cycles(stages[1], step) == 2 * max(positions, shortest) + COMMAND_CYCLES


def test_thresholds_beyond_the_hardware_are_refused() -> None:
    rng = np.random.default_rng(0)
    first, last = conv(rng, "first", 3, 16, image=True), conv(rng, "last", 16, 8, last=True)
    far = np.full((16, 15), 1 << 28, dtype=np.int32)
    text = refused([dataclasses.replace(first, thresholds=far), last], ArrayParameters.of_size(8))
    assert "layer first: channel 0 needs a threshold at" in text and "28 bits" in text


def test_thresholds_of_28_bits_are_where_the_page_says() -> None:
    """Of every channel each threshold is another number, the first the least and the last the largest of 28 bits."""
    rng = np.random.default_rng(0)
    layer = conv(rng, "far", 8, 9)
    given = np.sort(rng.integers(-(1 << 27), (1 << 27) - 1, (9, 15)), axis=1)
    given[:, 0], given[:, -1] = -(1 << 27), (1 << 27) - 1
    falling = np.arange(9) % 2 == 1
    # What a falling channel compares with its sums' inverted bits is one less
    layer = dataclasses.replace(layer, thresholds=(given + falling[:, None]).astype(np.int32), falling=falling)
    beats = threshold_beats(layer, (0, 15), range(16)).tolist()
    assert len(beats) == 16 * 7
    read = [thresholds_of(beats[7 * channel : 7 * channel + 7]) for channel in range(16)]
    assert read[:9] == list(zip(given.tolist(), falling.tolist(), strict=True))
    assert read[9:] == [([(1 << 27) - 1] * 15, False)] * 7


@pytest.mark.parametrize("beyond", [1 << 27, -(1 << 27) - 1])
def test_thresholds_end_at_28_bits(beyond: int) -> None:
    layer = conv(np.random.default_rng(0), "far", 8, 9)
    assert layer.thresholds is not None
    far = layer.thresholds.copy()
    far[4, [0, -1][beyond > 0]] = beyond
    layer = dataclasses.replace(layer, thresholds=far, falling=np.zeros(9, dtype=np.bool_))
    with pytest.raises(CompileError, match=rf"layer far: channel 4 needs a threshold at {beyond}, .* 28 bits \(-134"):
        threshold_beats(layer, (0, 15), range(16))


def of_widths(rng: np.random.Generator, widths: list[tuple[int, int]]) -> Network:
    """A 7x7 image and a convolution for each pair of bits of weights and input codes; the first takes the image."""
    layers = []
    for number, (weight_bits, act_bits) in enumerate(widths):
        last = number == len(widths) - 1
        out_bits = 4 if last else widths[number + 1][1]
        levels = (2**act_bits - 1, 2**out_bits - 1)
        weights = 2 ** (weight_bits - 1) - 1
        first, channels = number == 0, 9 if number else 3
        name = f"layer{number}"
        layers.append(conv(rng, name, channels, 9, image=first, last=last, levels=levels, weight_levels=weights))
    return network(rng, "widths", (7, 7), layers)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    widths=st.lists(st.tuples(st.integers(2, 5), st.integers(1, 5)), min_size=2, max_size=4),
)
@example(seed=1, widths=[(2, 8), (3, 4), (4, 3), (2, 2)])
@example(seed=1, widths=[(8, 8), (8, 8), (4, 8), (8, 4)])
def test_widths_are_computed_exactly_or_refused_by_name(seed: int, widths: list[tuple[int, int]]) -> None:
    drawn = of_widths(np.random.default_rng(seed), widths)
    wide = [number for number, (w, a) in enumerate(widths) if w > 4 or (number and a > 4)]
    if not wide:
        check(compile_network(drawn, ArrayParameters.of_size(8), 1, names(drawn)), images(drawn, 1, seed))
        return
    with pytest.raises(CompileError) as caught:
        compile_network(drawn, ArrayParameters.of_size(8))
    first, *lines, last = str(caught.value).splitlines()
    assert first == (
        f"network widths: {len(wide)} of {len(widths)} layers are too wide for the hardware, which has 4-bit weights "
        "(-8..7), 4-bit activations (0..15) and an 8-bit image:"
    )
    assert lines == [
        f"  layer layer{number}: {w}-bit weights (up to {2 ** (w - 1) - 1}), "
        + (f"{a}-bit input codes (up to {2**a - 1})" if number else "an 8-bit image (up to 127)")
        for number, (w, a) in enumerate(widths)
        if number in wide
    ]
    assert last.startswith("Train these layers with weights and input codes of at most 4 bits")


def test_wide_codes_that_a_layer_averages_are_refused() -> None:
    rng = np.random.default_rng(0)
    window = average(rng, "window", 9, (2, 2), 1)
    wide = dataclasses.replace(window, activation_levels=255)
    layers = [conv(rng, "first", 3, 9, image=True, levels=(15, 255)), wide, conv(rng, "last", 9, 8, last=True)]
    text = refused(layers, ArrayParameters.of_size(8))
    assert "1 of 3 layers" in text and "\n  layer window: 8-bit input codes (up to 255)\n" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_levels": 128}, r"layer last: weight_levels 128 are outside 1\.\.127"),
        ({"weight_levels": 0}, r"layer last: weight_levels 0 are outside 1\.\.127"),
        ({"weight_levels": 3}, r"layer last: weights lie in -8\.\.7, not -4\.\.3"),
        ({"activation_levels": 256}, r"layer last: activation_levels 256 are outside 1\.\.255"),
        ({"activation_levels": 128, "image_input": True}, r"layer last: activation_levels 128 are outside 1\.\.127"),
        ({"output_levels": 256}, r"layer last: output_levels 256 are outside 0\.\.255"),
    ],
)
def test_levels_that_no_file_may_hold_are_no_compile_error(change: dict[str, int], message: str) -> None:
    layer = conv(np.random.default_rng(0), "last", 9, 8, last=True)
    with pytest.raises(NetworkError, match=message):
        dataclasses.replace(layer, **change)


def test_sums_beyond_32_bits_are_no_compile_error() -> None:
    layer = average(np.random.default_rng(0), "window", 1, (2, 2), 1)
    with pytest.raises(NetworkError, match=r"layer window: a sum of 9000000 products .* 2295000000, beyond 32"):
        dataclasses.replace(layer, kernel=(3000, 3000), activation_levels=255)


def test_sums_of_weights_one_beyond_their_levels_count_in_full() -> None:
    layer = conv(np.random.default_rng(0), "last", 1, 1, (7, 7), last=True, weight_levels=1)
    weights = np.full((1, 90_000, 7, 7), -2, np.int8)
    assert 90_000 * 49 * 255 < 2**31 - 1
    with pytest.raises(NetworkError, match=r"layer last: sums of its weights can reach 2249100000, beyond 32 bits"):
        dataclasses.replace(layer, in_channels=90_000, activation_levels=255, weights=weights)


def test_the_largest_sum_is_one_that_32_bits_hold_and_no_threshold_means() -> None:
    """NEVER is a threshold that no sum reaches: a sum of as much would reach it."""
    layer = average(np.random.default_rng(0), "window", 1, (2, 2), 1, last=True)
    held = dataclasses.replace(layer, kernel=(NEVER - 1, 1), activation_levels=1)
    assert held.reach()[1].tolist() == [NEVER - 1]
    with pytest.raises(NetworkError, match=f"a sum of {NEVER} products can reach {NEVER}, beyond 32 bits"):
        dataclasses.replace(held, kernel=(NEVER, 1))


def test_unknown_layers_to_read_back() -> None:
    with pytest.raises(CompileError, match=r"layer features\.1: network small has none of this name, but image, wide"):
        compile_network(small_network(), ArrayParameters.of_size(8), 1, ["features.1"])
