"""Encoding and decoding of programs and result packets; what a damaged one is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, expected_results
from tilewright.errors import DeviceError, ParameterError, ProgramError, ResultError
from tilewright.hardware.commands import Begin, Body, Conv, Load, Mode, Opcode, Thresholds, Weights
from tilewright.hardware.parameters import AcceleratorParameters, ArrayParameters
from tilewright.hardware.program import (
    Program,
    decode_program,
    describe_command,
    encode_program,
)
from tilewright.hardware.results import Trailer, seal_results
from tilewright.network.layer import ConvLayer

uint16 = st.integers(0, 0xFFFF)
int16 = st.integers(-0x8000, 0x7FFF)
uint24 = st.integers(0, 0xFFFFFF)
uint32 = st.integers(0, 0xFFFFFFFF)
data = st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=3).map(
    lambda words: np.array([word >> low & (1 << 64) - 1 for word in words for low in (0, 64)], dtype=np.uint64)
)
loads = st.builds(Load, address=uint24, data=data, after=uint24)
weights = st.builds(Weights, data=data, last=st.booleans())
thresholds = st.builds(Thresholds, data=data)
convs = st.builds(
    Conv,
    in_h=uint16,
    in_w=uint16,
    out_h=uint16,
    out_w=uint16,
    ic_tiles=uint16,
    oc_tiles=uint16,
    images=uint16,
    kernel_h=st.integers(0, 15),
    kernel_w=st.integers(0, 15),
    stride=st.integers(0, 3),
    act_base=uint24,
    act_tile_stride=uint24,
    act_image_stride=uint24,
    act_oc_stride=uint24,
    origin_y=int16,
    origin_x=int16,
    mode=st.sampled_from(Mode),
    out_base=uint24,
    out_tile_stride=uint24,
    out_image_stride=uint24,
    after=uint24,
    pool=st.booleans(),
    raise_from=uint16,
    raise_each=st.booleans(),
    step=st.booleans(),
    acc_base=uint16,
    acc_tile_stride=uint16,
    resume=st.booleans(),
    hold=st.booleans(),
)


@pytest.fixture
def program(small_layer: ConvLayer) -> Program:
    return compile_raw_and_relu(small_layer, ArrayParameters(n=8))


@pytest.fixture
def packet(small_layer: ConvLayer, program: Program) -> np.ndarray:
    return expected_results([Run(small_layer), Run(small_layer, relu=True)], program)


@settings(deadline=None)
@given(program_id=uint32, commands=st.lists(st.one_of(loads, convs, weights, thresholds), max_size=5))
def test_commands_round_trip(program_id: int, commands: list[Body]) -> None:
    begin = Begin(8, 4, 4, 28, program_id)
    beats = encode_program([begin, *commands])
    first, *decoded, end = decode_program(beats)
    assert first == begin
    assert end.opcode is Opcode.END
    assert len(decoded) == len(commands)
    for sequence, (got, sent) in enumerate(zip(decoded, commands, strict=True), start=1):
        assert type(got) is type(sent)
        np.testing.assert_array_equal(got.payload(), sent.payload())
        assert not isinstance(sent, Conv) or got == sent
        assert str(got) in describe_command(beats, sequence)


def test_program_is_read_only(program: Program) -> None:
    with pytest.raises(ValueError, match="read-only"):
        program.beats[0] = 0


@pytest.mark.parametrize(
    ("beat", "value", "message"),
    [
        (0, 0x07, r"beat 0, command 0: unknown opcode 0x07"),
        (0, 0x2_0000_0002, r"beat 0, command 0 \(LOAD\): BEGIN is the first command"),
        (0, 0x2_0001_0001, r"sequence number is 1"),
        (0, 0x3_0000_0101, r"flags are 0x01"),
        (0, 0x2_0000_0001, r"payload of 2 beat\(s\), it needs 3"),
        (1, 0x1_0000_0000, r"command 0 \(BEGIN\): magic is 0x00000000"),
        (1, 0x2_5250_5754, r"format version 2, this library knows version 3"),
        (3, 1, r"command 0 \(BEGIN\): zero is 1, this library knows only 0"),
        (4, 0x5_0001_0006, r"beat 4, command 1 \(IMAGE\): payload of 5 beat\(s\), it needs 7"),
        (4, 0x1_0001_0002, r"beat 4, command 1 \(LOAD\): payload of 1 beat\(s\), it needs 3"),
        (4, 0x4_0001_0002, r"command 1 \(LOAD\): header and payload have 5 beats, no whole number of 128-bit words"),
        (4, 0xFFFF_0001_0002, r"beat 4, command 1 \(LOAD\): payload of 65535 beat\(s\), but only"),
        (4, 0x0003_0001_0102, r"command 1 \(LOAD\): flags are 0x01"),
    ],
)
def test_damaged_programs_are_named(program: Program, beat: int, value: int, message: str) -> None:
    beats = program.beats.copy()
    beats[beat] = value
    with pytest.raises(ProgramError, match=message):
        decode_program(beats)


@pytest.mark.parametrize(
    ("beat", "bits", "message"),
    [
        (6, 1 << 26, "a reserved bit is set in beat 6"),
        (1, 1 << 61, "a reserved bit is set in beat 1"),
        (1, 1 << 58, "dilation is 0, this library knows only 1"),
        (1, 3 << 58, "dilation is 2, this library knows only 1"),
        (1, 1 << 60, "upsample is 1, this library knows only 0"),
        (6, 2 << 23, "pool_window is 2, this library knows only 0"),
        (6, 1 << 25, "pool_padding is 1, this library knows only 0"),
    ],
)
def test_descriptor_bits_that_are_not_built_are_named(program: Program, beat: int, bits: int, message: str) -> None:
    """The bits are flipped: those of constant fields have one value."""
    beats = program.beats.copy()
    conv = 4 + 1 + len(decode_program(beats)[1].payload())
    assert int(beats[conv]) & 0xFF == Opcode.CONV
    beats[conv + 1 + beat] ^= np.uint64(bits)
    with pytest.raises(ProgramError, match=rf"^beat {conv}, command 2 \(CONV\): {message}"):
        decode_program(beats)


def test_a_beat_before_weights_that_is_not_zero_is_named(program: Program) -> None:
    beats = program.beats.copy()
    weights = 4 + 1 + len(decode_program(beats)[1].payload()) + 8
    assert int(beats[weights]) & 0xFF == Opcode.WEIGHTS and beats[weights + 1] == 0
    beats[weights + 1] = 5
    with pytest.raises(ProgramError, match=rf"^beat {weights}, command 3 \(WEIGHTS\): the beat before the data is 0x"):
        decode_program(beats)


@pytest.mark.parametrize("kind", [partial(Load, 0), partial(Weights, last=True), Thresholds])
def test_commands_of_no_whole_128_bit_words_are_refused(kind: Callable[..., Body]) -> None:
    begin = Begin(8, 4, 4, 28, 0)
    for odd in (1, 3):
        message = rf"command 1 \([A-Z]+\): header and payload have {odd + 2} beats, no whole number of 128-bit words"
        with pytest.raises(ProgramError, match=message):
            encode_program([begin, kind(data=np.zeros(odd, dtype=np.uint64))])
    assert len(encode_program([begin, kind(data=np.zeros(2, dtype=np.uint64))])) == 4 + 4 + 2


@pytest.mark.parametrize("kind", [partial(Load, 0), partial(Weights, last=True)])
def test_words_and_rows_of_64_are_whole_256_bits(kind: Callable[..., Body]) -> None:
    begin, whole = Begin(64, 4, 4, 28, 0), kind(data=np.arange(8, dtype=np.uint64))
    for beats in (2, 6):
        message = rf"command 1 \([A-Z]+\): {beats} beats of data, no whole number of words or rows of 4 beats"
        with pytest.raises(ProgramError, match=message):
            encode_program([begin, kind(data=np.zeros(beats, dtype=np.uint64))])
    beats = encode_program([begin, whole])
    np.testing.assert_array_equal(decode_program(beats)[1].payload(), whole.payload())
    cut = np.delete(beats, [6, 7])
    cut[4] -= np.uint64(2 << 32)
    with pytest.raises(ProgramError, match=r"^beat 4, command 1 \([A-Z]+\): 6 beats of data, no whole number of"):
        decode_program(cut)
    assert "6 beats of data" in describe_command(cut, 1)
    thresholds = Thresholds(np.zeros(14, dtype=np.uint64))
    assert len(encode_program([begin, thresholds])) == 4 + 16 + 2


def test_every_command_is_whole_128_bit_words(program: Program) -> None:
    begin, load, conv, *_, end = decode_program(program.beats)
    weights = Weights(np.zeros(4, dtype=np.uint64), last=True)
    thresholds = Thresholds(np.zeros(56, dtype=np.uint64))
    lengths = [1 + len(command.payload()) for command in (begin, load, conv, weights, thresholds, end)]
    assert lengths == [4, 2 + len(load.data), 8, 6, 58, 2] and not any(length % 2 for length in lengths)


def test_a_value_that_no_field_holds_is_named() -> None:
    with pytest.raises(ProgramError, match="LOAD: address 16777216 does not fit a field of 24 bits"):
        encode_program([Begin(8, 4, 4, 28, 0), Load(1 << 24, np.zeros(2, dtype=np.uint64))])


def test_every_flipped_bit_is_found(program: Program) -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        beats = program.beats.copy()
        beats[rng.integers(len(beats))] ^= np.uint64(1) << np.uint64(rng.integers(64))
        with pytest.raises(ProgramError):
            decode_program(beats)


def test_cut_and_lengthened_programs(program: Program) -> None:
    with pytest.raises(ProgramError, match="without END"):
        decode_program(program.beats[:-2])
    with pytest.raises(ProgramError, match=r"END\): payload of 1 beat\(s\), but only 0 follow"):
        decode_program(program.beats[:-1])
    with pytest.raises(ProgramError, match=r"1 beat\(s\) after END"):
        decode_program(np.append(program.beats, np.uint64(0)))
    with pytest.raises(ProgramError, match="without END"):
        decode_program(program.beats[:0])


def test_description_of_what_is_not_there(program: Program) -> None:
    assert describe_command(program.beats, 40461).startswith("no command of this program, which has 7: ")
    assert describe_command(program.beats, 0).startswith("command 0 (beats 0 to 3): BEGIN program")
    beats = program.beats.copy()
    beats[0] = 7
    assert "cannot be decoded" in describe_command(beats, 1)


def test_too_many_commands() -> None:
    load = Load(0, np.zeros(2, dtype=np.uint64))
    with pytest.raises(ProgramError, match="at most 65535"):
        encode_program([Begin(8, 4, 4, 28, 0), *[load] * 65535])


def test_every_flipped_result_bit_is_found(program: Program, packet: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        beats = packet.copy()
        beats[rng.integers(len(beats))] ^= np.uint64(1) << np.uint64(rng.integers(64))
        with pytest.raises(ResultError):
            program.unpack(beats)


def test_untrustworthy_packets_are_named(program: Program, packet: np.ndarray) -> None:
    with pytest.raises(ResultError, match=r"2 beat\(s\) received"):
        program.unpack(packet[:2])
    with pytest.raises(ResultError, match=r"no trailer .* invalidated"):
        program.unpack(np.zeros_like(packet))
    with pytest.raises(ResultError, match="no trailer"):
        program.unpack(packet[:-1])
    cut = packet[1:].copy()
    with pytest.raises(ResultError, match="changed on their way"):
        program.unpack(cut)
    with pytest.raises(ResultError, match="the trailer counts"):
        program.unpack(seal_results(cut))
    other = packet.copy()
    other[-3] ^= np.uint64(1)
    with pytest.raises(ResultError, match="results belong to another program"):
        program.unpack(seal_results(other))
    images = packet.copy()
    images[-2] ^= np.uint64(1 << 32)
    with pytest.raises(ResultError, match="the images that the accelerator read are not those of this batch"):
        program.unpack(images)
    version = packet.copy()
    version[-4] ^= np.uint64(1 << 56)
    with pytest.raises(ResultError, match="trailer format is 2"):
        program.unpack(seal_results(version))
    last = packet.copy()
    last[-1] = np.uint64(1)
    with pytest.raises(ResultError, match="the last beat of the trailer is not zero"):
        program.unpack(last)


def test_columns_beyond_the_channels_must_be_zero(program: Program, packet: np.ndarray) -> None:
    beats = packet.copy()
    tiles, positions = 3, 24
    beats[(tiles - 1) * positions * 4 + 2] = 7
    with pytest.raises(ResultError, match="layer small has 17 channels, but column 4"):
        program.unpack(seal_results(beats))


@pytest.mark.parametrize(("code", "name"), [(14, "BAD_CRC"), (3, "BAD_PARAMETERS"), (99, "unknown to this library")])
def test_device_errors_carry_code_and_sequence(program: Program, code: int, name: str) -> None:
    trailer = Trailer(code, 2, 0, 0, 0).encode()
    with pytest.raises(DeviceError, match=f"sequence number 2 with error {code}, {name}") as caught:
        program.unpack(seal_results(trailer))
    assert (caught.value.code, caught.value.sequence) == (code, 2)


def test_single_conv_unpacks_to_one_array(small_layer: ConvLayer) -> None:
    program = compile_layer(small_layer, ArrayParameters(n=32))
    assert program.nbytes == 8 * len(program.beats)
    (outputs,) = program.unpack(expected_results([Run(small_layer)], program))
    assert outputs.shape == small_layer.output_shape


@pytest.mark.parametrize(
    ("n", "stream_w", "beats", "cycles"),
    [
        (8, 64, 1, 4),
        (16, 64, 1, 16),
        (16, 128, 2, 8),
        (32, 64, 2, 32),
        (32, 128, 2, 32),
        (64, 64, 4, 64),
        (64, 128, 4, 64),
    ],
)
def test_a_pass_lasts_the_loading_of_its_weights(n: int, stream_w: int, beats: int, cycles: int) -> None:
    hardware = AcceleratorParameters(n=n, stream_w=stream_w)
    assert (hardware.group_beats, hardware.weight_groups) == (beats, cycles)
    assert n * n // 16 == beats * cycles


@pytest.mark.parametrize(("n", "cycles"), [(8, 4), (16, 16), (32, 32), (64, 64)])
def test_planning_reckons_with_the_narrow_stream(n: int, cycles: int) -> None:
    assert ArrayParameters.of_size(n).pass_cycles == cycles


@pytest.mark.parametrize(("n", "words"), [(8, 4), (16, 2), (32, 1), (64, 1)])
def test_loads_are_whole_128_bit_words(n: int, words: int) -> None:
    array = ArrayParameters(n=n)
    assert array.alignment == words
    beats = [array.load_beats(count) for count in range(6)]
    assert beats == [-(-count // words) * max(2, n // 16) for count in range(6)]


@pytest.mark.parametrize(("n", "act_depth"), [(8, 1002), (16, 1001)])
def test_memories_of_no_whole_128_bit_words_are_refused(n: int, act_depth: int) -> None:
    message = f"act_depth {act_depth}: a multiple of {32 // n}, the words in 128 bits"
    with pytest.raises(ParameterError, match=message):
        AcceleratorParameters(n=n, act_depth=act_depth)
    assert AcceleratorParameters(n=n, act_depth=1004).array.act_depth == 1004


def test_the_documented_example_is_what_the_compiler_makes() -> None:
    page = Path(__file__).parents[2] / "docs" / "program_format.md"
    codes = re.findall(r"^\| \d+ \| `([0-9a-f]{16})`", page.read_text(), flags=re.MULTILINE)
    layer = ConvLayer(
        "example", np.array([[[[1, -2]]], [[[3, 7]]]], dtype=np.int8), np.array([[[[5, 0, 15]]]], dtype=np.uint8)
    )
    program = compile_layer(layer, ArrayParameters(n=8), program_id=0x2A)
    assert [int(code, 16) for code in codes] == [
        *program.beats.tolist(),
        *expected_results([Run(layer)], program).tolist(),
    ]
