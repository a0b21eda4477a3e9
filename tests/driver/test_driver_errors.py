"""Bad input through pynq, DMA and RTL: one named exception each, and the next run is exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, compile_runs
from tilewright.driver import Driver
from tilewright.errors import (
    BufferNotAllocatedError,
    DeviceError,
    DmaError,
    LayerError,
    ParameterMismatchError,
    ResultError,
)
from tilewright.hardware.commands import Command, Conv, End, Load, Weights
from tilewright.hardware.program import Program, decode_program, encode_frame, seal_program
from tilewright.hardware.registers import ErrorCode
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import compare

pytestmark = pytest.mark.usefixtures("next_run_is_exact")


@pytest.fixture
def next_run_is_exact(assert_exact: Callable[[], None]) -> Any:
    """Whatever a test does to the device, the next run is exact."""
    yield
    assert_exact()


@pytest.fixture
def program(driver: Driver, small_layer: ConvLayer) -> Program:
    return compile_raw_and_relu(small_layer, driver.array)


@pytest.fixture
def send(driver: Driver, program: Program) -> Any:
    buffer = driver.allocate(len(program.beats))
    buffer[:] = program.beats
    return buffer


@pytest.fixture
def receive(driver: Driver, program: Program) -> Any:
    return driver.allocate(program.output_beats + 4)


def altered(program: Program, changes: dict[int, int], sealed: bool = False) -> Program:
    """A program with other beats; ``sealed`` makes its CRC-32s right again."""
    beats = program.beats.copy()
    for beat, value in changes.items():
        beats[beat] = value
    if sealed:
        beats = seal_program(beats, encode_frame(decode_program(program.beats)[:-1]).images)
    return dataclasses.replace(program, beats=beats)


def starts(program: Program) -> list[int]:
    """Beat of each command's header."""
    lengths = [1 + len(command.payload()) for command in decode_program(program.beats)]
    return [sum(lengths[:index]) for index in range(len(lengths))]


def start_of(program: Program, kind: type[Command], number: int = 0) -> tuple[int, int]:
    """Sequence number and header's beat of a command of one kind."""
    commands = decode_program(program.beats)
    sequence = [place for place, command in enumerate(commands) if isinstance(command, kind)][number]
    return sequence, starts(program)[sequence]


def test_program_for_another_array(driver: Driver, small_layer: ConvLayer) -> None:
    other = dataclasses.replace(driver.array, n=16)
    with pytest.raises(ParameterMismatchError, match=r"the program is for 16x16.* the accelerator has 8x8"):
        driver.run(compile_layer(small_layer, other))


def test_program_for_another_array_that_reaches_the_hardware(driver: Driver, small_layer: ConvLayer) -> None:
    program = compile_layer(small_layer, dataclasses.replace(driver.array, n=16))
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    with pytest.raises(DeviceError, match="BAD_PARAMETERS") as caught:
        driver.run_in(program, send, receive)
    assert (caught.value.code, caught.value.sequence) == (ErrorCode.BAD_PARAMETERS, 0)


def test_integers_out_of_range(small_layer: ConvLayer) -> None:
    codes = small_layer.activation_codes + np.uint8(1)
    with pytest.raises(LayerError, match="outside 0"):
        ConvLayer("bad", small_layer.weight_codes, codes, padding=1)


@pytest.mark.parametrize("bogus", [lambda b: b * 1, lambda b: b.copy(), lambda b: b.astype(np.int64), np.array])
def test_send_buffer_that_was_not_allocated(
    driver: Driver, program: Program, send: Any, receive: Any, bogus: Callable[[Any], Any]
) -> None:
    with pytest.raises(BufferNotAllocatedError, match=r"not made by pynq\.allocate"):
        driver.run_in(program, bogus(send), receive)
    with pytest.raises(BufferNotAllocatedError, match=r"not made by pynq\.allocate"):
        driver.run_in(program, send, bogus(receive))


@pytest.mark.shared_memory
def test_buffers_that_dma_cannot_transfer(driver: Driver, program: Program, send: Any, receive: Any) -> None:
    with pytest.raises(BufferNotAllocatedError, match="not contiguous"):
        driver.run_in(program, send[::2], receive)
    with pytest.raises(BufferNotAllocatedError, match="do not lie in a buffer"):
        driver.run_in(program, send, receive, send_bytes=send.nbytes + 8)
    with pytest.raises(BufferNotAllocatedError, match="do not lie in a buffer"):
        driver.run_in(program, send, receive, receive_bytes=0)


@pytest.mark.shared_memory
# pynq's destructor frees a buffer once more and fails outside a board.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_freed_buffer(driver: Driver, program: Program, receive: Any) -> None:
    send = driver.allocate(len(program.beats))
    address = send.physical_address
    send.freebuffer()
    with pytest.raises(BufferNotAllocatedError, match=f"{address:#x}"):
        driver.run_in(program, send, receive)


@pytest.mark.shared_memory
def test_view_of_an_allocated_buffer_is_taken(driver: Driver, program: Program, small_layer: ConvLayer) -> None:
    memory = driver.allocate(len(program.beats) + 64)
    send = memory[32 : 32 + len(program.beats)]
    send[:] = program.beats
    raw, _ = driver.run_in(program, send, driver.allocate(program.output_beats + 4)).outputs
    np.testing.assert_array_equal(raw, layer_outputs(small_layer))


@pytest.mark.parametrize(
    ("command", "header", "code"),
    [
        (0, 0x00000003_0000_00_02, ErrorCode.BAD_MAGIC),
        (0, 0x00000003_0001_00_01, ErrorCode.BAD_SEQUENCE),
        (0, 0x00000002_0000_00_01, ErrorCode.BAD_LENGTH),
        (0, 0x00000005_0000_00_01, ErrorCode.BAD_LENGTH),
        (1, 0x00000021_0001_00_08, ErrorCode.UNKNOWN_OPCODE),
        (1, 0x00000021_0001_00_07, ErrorCode.UNKNOWN_OPCODE),
        (1, 0x00000021_0002_00_02, ErrorCode.BAD_SEQUENCE),
        (1, 0x00000021_0001_01_02, ErrorCode.BAD_DESCRIPTOR),
        (1, 0x00000001_0001_00_02, ErrorCode.BAD_LENGTH),
        (1, 0x00000022_0001_00_02, ErrorCode.BAD_LENGTH),
        (2, 0x00000006_0002_00_03, ErrorCode.BAD_LENGTH),
        (3, 0x00000003_0000_00_01, ErrorCode.BAD_MAGIC),
        (3, 0x00000022_0003_01_04, ErrorCode.BAD_LENGTH),
        (4, 0x00000002_0004_00_0F, ErrorCode.BAD_LENGTH),
    ],
)
def test_corrupt_header(driver: Driver, program: Program, command: int, header: int, code: ErrorCode) -> None:
    beat = starts(program)[command]
    with pytest.raises(DeviceError, match=f"error {code}, {code.name}") as caught:
        driver.run(altered(program, {beat: header}, sealed=True))
    assert caught.value.code == code
    assert caught.value.sequence == header >> 16 & 0xFFFF


def test_other_magic_and_format(driver: Driver, program: Program) -> None:
    with pytest.raises(DeviceError, match="BAD_MAGIC"):
        driver.run(altered(program, {1: 0x1_5250_5755}, sealed=True))
    with pytest.raises(DeviceError, match="BAD_FORMAT"):
        driver.run(altered(program, {1: 0x1_5250_5754}, sealed=True))


def test_error_names_the_command(driver: Driver, program: Program) -> None:
    sequence, header = start_of(program, Conv, 1)
    beat = header + 2
    named = rf"BAD_DESCRIPTOR.*; that number is command {sequence} \(beats \d+ to \d+\): CONV with ReLU"
    with pytest.raises(DeviceError, match=named) as caught:
        driver.run(altered(program, {beat: int(program.beats[beat]) & ~0xFFFF}, sealed=True))
    assert caught.value.sequence == sequence


def test_more_activations_than_the_memory_holds(driver: Driver, program: Program) -> None:
    beat = starts(program)[1] + 1
    with pytest.raises(DeviceError, match="ACT_OVERFLOW"):
        driver.run(altered(program, {beat: driver.array.act_depth - 8}, sealed=True))


def test_load_within_a_128_bit_word(driver: Driver, program: Program) -> None:
    beat = starts(program)[1] + 1
    with pytest.raises(DeviceError, match="BAD_DESCRIPTOR") as caught:
        driver.run(altered(program, {beat: driver.array.alignment // 2}, sealed=True))
    assert caught.value.sequence == 1


@pytest.mark.parametrize(("beat", "bits"), [(1, 3 << 58), (1, 1 << 60), (6, 1 << 23), (6, 1 << 25)])
def test_what_is_not_built_yet(driver: Driver, program: Program, beat: int, bits: int) -> None:
    """Dilation, upsampling, other windows of pooling; the bits are flipped."""
    sequence, header = start_of(program, Conv)
    place = header + 1 + beat
    with pytest.raises(DeviceError, match="BAD_DESCRIPTOR") as caught:
        driver.run(altered(program, {place: int(program.beats[place]) ^ bits}, sealed=True))
    assert caught.value.sequence == sequence


def test_more_positions_than_accumulators(driver: Driver, program: Program) -> None:
    beat = starts(program)[2] + 1
    size = int(program.beats[beat]) & 0xFFFFFFFF | 33 << 32 | 33 << 48
    with pytest.raises(DeviceError, match="ACC_OVERFLOW"):
        driver.run(altered(program, {beat: size}, sealed=True))


@pytest.mark.parametrize(("ic_tiles", "code"), [(3, ErrorCode.WEIGHTS_SHORT), (1, ErrorCode.WEIGHTS_LONG)])
def test_weights_that_do_not_fit_the_descriptor(
    driver: Driver, small_layer: ConvLayer, ic_tiles: int, code: ErrorCode
) -> None:
    program = compile_layer(small_layer, driver.array)
    beat = starts(program)[2] + 2
    with pytest.raises(DeviceError, match=code.name) as caught:
        driver.run(altered(program, {beat: int(program.beats[beat]) & ~0xFFFF | ic_tiles}, sealed=True))
    assert (caught.value.code, caught.value.sequence) == (code, 2)


@pytest.mark.parametrize("seed", range(30))
def test_flipped_program_bit(driver: Driver, program: Program, seed: int) -> None:
    rng = np.random.default_rng(seed)
    beat, bit = int(rng.integers(len(program.beats))), int(rng.integers(64))
    print(f"beat {beat}, bit {bit}")
    with pytest.raises(DeviceError) as caught:
        driver.run(altered(program, {beat: int(program.beats[beat]) ^ 1 << bit}))
    assert caught.value.code in iter(ErrorCode)


def test_flipped_weight_bit_is_found_by_crc(driver: Driver, program: Program) -> None:
    beat = start_of(program, Weights)[1] + 2
    with pytest.raises(DeviceError, match="BAD_CRC"):
        driver.run(altered(program, {beat: int(program.beats[beat]) ^ 1}))


@pytest.mark.parametrize(
    ("command", "offset", "what"),
    [(Weights, 2, r"the program \(CRC"), (Load, 2, r"the images \(CRC"), (End, 1, "the CRC-32s in END alone")],
)
def test_what_the_crc_found_is_named(
    driver: Driver, program: Program, send: Any, receive: Any, command: type[Command], offset: int, what: str
) -> None:
    send[:] = program.beats
    send[start_of(program, command)[1] + offset] ^= np.uint64(1)
    with pytest.raises(DeviceError, match=rf"BAD_CRC.* What changed: {what}[^)]*\)?; that"):
        driver.run_in(program, send, receive)


def test_flipped_weight_bit_with_a_right_crc_is_named(driver: Driver, small_layer: ConvLayer) -> None:
    program = compile_layer(small_layer, driver.array)
    oc_tile, ic_tile, tap, row, column, bit = 1, 0, 5, 3, 6, 2
    nibble = (((oc_tile * 2 + ic_tile) * 9 + tap) * 8 + row) * 8 + column
    beat, shift = start_of(program, Weights)[1] + 2 + nibble // 16, 4 * (nibble % 16) + bit
    wrong = altered(program, {beat: int(program.beats[beat]) ^ 1 << shift}, sealed=True)
    (outputs,) = driver.run(wrong).outputs
    report = compare(layer_outputs(small_layer), outputs, small_layer, driver.array)
    (fault,) = report.faults
    assert (fault.channel, fault.in_channel, fault.ky, fault.kx) == (14, 3, 1, 2)
    assert fault.flipped_bits == (bit,)
    assert {(mismatch.channel, mismatch.oc_tile, mismatch.array_column) for mismatch in report.listed} == {(14, 1, 6)}


@pytest.mark.parametrize("beats", [1, 2, 40, 100])
def test_transfer_that_ends_early(driver: Driver, program: Program, send: Any, receive: Any, beats: int) -> None:
    with pytest.raises(DeviceError, match="TLAST_EARLY") as caught:
        driver.run_in(program, send, receive, send_bytes=send.nbytes - 8 * beats)
    assert caught.value.code == ErrorCode.TLAST_EARLY


def test_transfer_that_does_not_end(driver: Driver, program: Program, receive: Any) -> None:
    send = driver.allocate(len(program.beats) + 5)
    send[: len(program.beats)] = program.beats
    with pytest.raises(DeviceError, match="TLAST_MISSING") as caught:
        driver.run_in(program, send, receive)
    assert caught.value.code == ErrorCode.TLAST_MISSING


def test_results_longer_than_the_buffer(driver: Driver, program: Program, send: Any, receive: Any) -> None:
    with pytest.raises(DmaError, match=r"S2MM stopped: .*DMAIntErr") as caught:
        driver.run_in(program, send, receive, receive_bytes=receive.nbytes - 8)
    report = caught.value.report
    assert report is not None and report.cause.starved == "S2MM"
    assert f"too small: {receive.nbytes - 8} bytes" in report.cause.what
    assert f"a receive buffer of {receive.nbytes} bytes" in report.cause.suggestion


def test_channel_that_is_not_started(driver: Driver, program: Program, send: Any, receive: Any) -> None:
    driver.dma.sendchannel.stop()
    with pytest.raises(DmaError, match=r"DMA channel not started.*MM2S .*halted") as caught:
        driver.run_in(program, send, receive)
    assert caught.value.report is not None
    assert caught.value.report.cause.what == "channel MM2S is halted"
    assert "recover()" in caught.value.report.cause.suggestion


@pytest.mark.simulation
def test_missing_flush_of_a_new_buffer(driver: Driver, program: Program, send: Any, receive: Any) -> None:
    send.coherent = True
    with pytest.raises(DeviceError, match="BAD_MAGIC"):
        driver.run_in(program, send, receive)


@pytest.mark.simulation
def test_missing_flush_of_a_part(driver: Driver, program: Program, small_layer: ConvLayer, receive: Any) -> None:
    other = compile_runs([Run(small_layer, relu=True), Run(small_layer)], driver.array)
    send = driver.allocate(len(program.beats))
    send[:] = other.beats
    send.flush()
    send[:] = program.beats
    send[len(send) // 2 :].flush()
    send.coherent = True
    with pytest.raises(DeviceError, match="BAD_CRC"):
        driver.run_in(program, send, receive)


@pytest.mark.simulation
def test_missing_flush_that_sends_the_program_before(
    driver: Driver, program: Program, small_layer: ConvLayer, receive: Any
) -> None:
    other = compile_runs([Run(small_layer, relu=True), Run(small_layer)], driver.array)
    send = driver.allocate(len(program.beats))
    send[:] = other.beats
    send.flush()
    send[:] = program.beats
    send.coherent = True
    with pytest.raises(ResultError, match="results belong to another program"):
        driver.run_in(program, send, receive)


@pytest.mark.simulation
def test_missing_invalidate(driver: Driver, program: Program, send: Any, receive: Any) -> None:
    driver.run_in(program, send, receive)
    receive.coherent = True
    with pytest.raises(ResultError, match=r"no trailer.* was the buffer invalidated"):
        driver.run_in(program, send, receive)
