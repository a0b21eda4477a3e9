"""The result packet: outputs of each CONV command, then the trailer; ``docs/program_format.md`` has every field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import DeviceError, ResultError
from tilewright.packing import BEAT_BYTES, Beats, crc32_of, pack_int32, unpack_int32
from tilewright.registers import ERROR_CODE_DESCRIPTIONS

TRAILER_MAGIC = 0x53525754
TRAILER_BEATS = 3
TRAILER_FORMAT = 1


@dataclass(frozen=True)
class OutputMap:
    """Outputs of one CONV command.

    Attributes:
        name: the layer's name.
        shape: (images, oc, out_h, out_w).
    """

    name: str
    shape: tuple[int, int, int, int]

    def tiles(self, n: int) -> int:
        """Output-channel tiles of an array of n columns."""
        return -(-self.shape[1] // n)

    @property
    def positions(self) -> int:
        """Output positions of all images."""
        images, _, out_h, out_w = self.shape
        return images * out_h * out_w

    def beats(self, n: int) -> int:
        """Result beats from an array of n columns."""
        return self.tiles(n) * self.positions * n // 2


@dataclass(frozen=True)
class Trailer:
    """Last three beats of a result packet."""

    error_code: int
    error_sequence: int
    program_id: int
    result_beats: int
    crc: int

    def encode(self) -> Beats:
        """uint64 (3,)."""
        first = TRAILER_MAGIC | self.error_code << 32 | self.error_sequence << 40 | TRAILER_FORMAT << 56
        return np.array([first, self.program_id | self.result_beats << 32, self.crc], dtype=np.uint64)

    @classmethod
    def of_packet(cls, packet: Beats) -> Trailer:
        """Reads and checks the trailer of a packet.

        Args:
            packet: uint64, all beats received.

        Raises:
            ResultError: there is no trailer, its format is unknown, or the CRC-32 differs.
        """
        if len(packet) < TRAILER_BEATS:
            raise ResultError(
                f"{len(packet)} beat(s) received; a result packet has at least {TRAILER_BEATS} (its trailer)"
            )
        first, second, third = (int(beat) for beat in packet[-TRAILER_BEATS:])
        if first & 0xFFFFFFFF != TRAILER_MAGIC:
            raise ResultError(
                f"no trailer at the end of the {len(packet)} beats received: magic is {first & 0xFFFFFFFF:#010x}, not "
                f"{TRAILER_MAGIC:#010x}; was the buffer invalidated, and is its length right?"
            )
        if first >> 56 != TRAILER_FORMAT:
            raise ResultError(f"trailer format is {first >> 56}, this library knows format {TRAILER_FORMAT}")
        expected = crc32_of(packet[:-1])
        if third != expected:
            raise ResultError(
                f"the trailer's CRC-32 is {third:#010x}, the {len(packet) - 1} beats before it give {expected:#010x}: "
                "they changed on their way; was the buffer invalidated before it was read?"
            )
        return cls(first >> 32 & 0xFF, first >> 40 & 0xFFFF, second & 0xFFFFFFFF, second >> 32, third)


def encode_results(arrays: tuple[npt.NDArray[np.int32], ...], n: int, program_id: int) -> Beats:
    """The packet that an accelerator without fault sends.

    Args:
        arrays: for each CONV command, int32 (images, oc, out_h, out_w), ReLU already applied where asked.
        n: columns of the array; columns beyond oc are sent as zero.
        program_id: the program's id.

    Returns:
        uint64, trailer included.
    """
    body = np.concatenate([_encode_output(array, n) for array in arrays])
    trailer = Trailer(0, 0, program_id, len(body), 0).encode()
    trailer[-1] = crc32_of(np.concatenate((body, trailer[:-1])))
    return np.concatenate((body, trailer))


def decode_results(
    packet: Beats, n: int, program_id: int, outputs: tuple[OutputMap, ...]
) -> tuple[npt.NDArray[np.int32], ...]:
    """Checks a result packet and takes it apart.

    Args:
        packet: uint64, all beats received.
        n: columns of the array.
        program_id: id of the program that was sent.
        outputs: what the program's CONV commands return.

    Returns:
        For each CONV command, int32 (images, oc, out_h, out_w).

    Raises:
        ResultError: trailer, CRC-32, program id or length is wrong.
        DeviceError: the trailer carries an error of the accelerator.
    """
    trailer = Trailer.of_packet(packet)
    if trailer.error_code:
        raise device_error(trailer.error_code, trailer.error_sequence)
    if trailer.program_id != program_id:
        raise ResultError(
            f"results belong to program {trailer.program_id:#010x}, not to {program_id:#010x}; was the program flushed "
            "before it was sent?"
        )
    body = packet[:-TRAILER_BEATS]
    expected = sum(output.beats(n) for output in outputs)
    if not trailer.result_beats == len(body) == expected:
        raise ResultError(
            f"{len(body)} result beats ({len(body) * BEAT_BYTES} bytes) received, the trailer counts "
            f"{trailer.result_beats}, the program returns {expected}"
        )
    ends = np.cumsum([output.beats(n) for output in outputs])
    parts = np.split(body, ends[:-1])
    return tuple(_decode_output(part, n, output) for part, output in zip(parts, outputs, strict=True))


def device_error(code: int, sequence: int) -> DeviceError:
    """The exception for an error code of the accelerator.

    Args:
        code: error code of the trailer or of the ERROR register.
        sequence: sequence number of the failing command.
    """
    names = {int(known): f"{known.name}: {text}" for known, text in ERROR_CODE_DESCRIPTIONS.items()}
    text = names.get(code, "unknown to this library")
    return DeviceError(f"the accelerator stopped at command {sequence} with error {code}, {text}", code, sequence)


def _encode_output(array: npt.NDArray[np.int32], n: int) -> Beats:
    images, oc, out_h, out_w = array.shape
    padded = np.pad(array, ((0, 0), (0, -oc % n), (0, 0), (0, 0)))
    columns = padded.reshape(images, -1, n, out_h * out_w).transpose(1, 0, 3, 2)
    return pack_int32(columns)


def _decode_output(beats: Beats, n: int, output: OutputMap) -> npt.NDArray[np.int32]:
    images, oc, out_h, out_w = output.shape
    columns = unpack_int32(beats).reshape(output.tiles(n), images, out_h, out_w, n)
    padded = columns.transpose(1, 0, 4, 2, 3).reshape(images, -1, out_h, out_w)
    beyond = np.argwhere(padded[:, oc:] != 0)
    if len(beyond):
        channel = oc + int(beyond[0][1])
        raise ResultError(f"layer {output.name} has {oc} channels, but column {channel % n} beyond them is not zero")
    return np.ascontiguousarray(padded[:, :oc])
