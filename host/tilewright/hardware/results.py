"""The result packet: what CONV commands return, then the trailer; ``docs/program_format.md`` has every field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import DeviceError, ResultError
from tilewright.hardware.beats import (
    BEAT_BYTES,
    Beats,
    crc32_of,
    pack_int32,
    pack_nibbles,
    unpack_int32,
    unpack_nibbles,
    whole_words,
)
from tilewright.hardware.commands import End
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program_format import TRAILER, TRAILER_FORMAT, TRAILER_MAGIC, TRAILER_ZERO
from tilewright.hardware.registers import ERROR_CODE_DESCRIPTIONS, ErrorCode

TRAILER_BEATS = TRAILER.beats
# The trailer's CRC-32, from the packet's end
_CRC_BEAT = TRAILER.fields["crc"].beat - TRAILER_BEATS


@dataclass(frozen=True)
class OutputMap:
    """Sums that a CONV command sends.

    Attributes:
        name: the layer's name.
        shape: (images, oc, out_h, out_w).
    """

    name: str
    shape: tuple[int, int, int, int]

    def tiles(self, n: int) -> int:
        """Output-channel tiles of an array of n columns."""
        return -(-self.shape[1] // n)

    def beats(self, n: int) -> int:
        """Result beats from an array of n columns."""
        images, _, out_h, out_w = self.shape
        return self.tiles(n) * images * out_h * out_w * n // 2

    def encode(self, array: npt.NDArray[Any], n: int) -> Beats:
        """The beats of int32 sums (images, oc, out_h, out_w); columns beyond oc are zero."""
        images, _, out_h, out_w = self.shape
        columns = _tiled(array, n).reshape(images, -1, n, out_h * out_w).transpose(1, 0, 3, 2)
        return pack_int32(columns)

    def decode(self, beats: Beats, n: int) -> npt.NDArray[np.int32]:
        """Inverse of :meth:`encode`, in memory of its own. Raises ResultError when a column beyond oc is not zero."""
        images, _, out_h, out_w = self.shape
        # Rows of columns change places as they are; channels then lie side by side
        rows = beats.view(f"V{4 * n}").reshape(self.tiles(n), -1)
        columns = unpack_int32(np.ascontiguousarray(rows.T).view(beats.dtype).reshape(-1))
        whole = columns.reshape(images, out_h, out_w, -1).transpose(0, 3, 1, 2)
        if self.tiles(n) == 1:
            whole = whole.copy()
        return _untiled(whole, self.name, self.shape[1], n)


@dataclass(frozen=True)
class CodeMap:
    """Activation codes that a READ sends.

    Attributes:
        name: of the layer that wrote them.
        shape: (images, channels, h, w).
    """

    name: str
    shape: tuple[int, int, int, int]

    def beats(self, n: int) -> int:
        """Result beats from an array of n columns: words as in a LOAD, filled up to whole 128 bits."""
        return ArrayParameters(n=n).load_beats(self._words(n))

    def encode(self, array: npt.NDArray[Any], n: int) -> Beats:
        """The beats of uint8 codes (images, channels, h, w)."""
        images, _, h, w = self.shape
        words = _tiled(array, n).reshape(images, -1, n, h, w).transpose(1, 0, 3, 4, 2)
        return whole_words(pack_nibbles(words))

    def decode(self, beats: Beats, n: int) -> npt.NDArray[np.uint8]:
        """Inverse of :meth:`encode`; what the channels beyond the map hold is left out."""
        images, channels, h, w = self.shape
        words = unpack_nibbles(beats)[: self._words(n) * n].reshape(-1, images, h, w, n)
        return np.ascontiguousarray(words.transpose(1, 0, 4, 2, 3).reshape(images, -1, h, w)[:, :channels])

    def _words(self, n: int) -> int:
        """Activation words of n channels."""
        images, channels, h, w = self.shape
        return -(-channels // n) * images * h * w


ResultMap = OutputMap | CodeMap


@dataclass(frozen=True)
class Trailer:
    """Last four beats of a result packet.

    Attributes:
        error_code, error_sequence: what was wrong; 0 if nothing was.
        result_beats: before the trailer.
        images_crc, program_crc: of what the accelerator read; of no use with an error, BAD_CRC apart.
        crc: of all beats before it.
    """

    error_code: int
    error_sequence: int
    result_beats: int
    images_crc: int
    program_crc: int
    crc: int = 0

    @property
    def read(self) -> End:
        """END as the beats that the accelerator read give it."""
        return End(self.images_crc, self.program_crc)

    def encode(self) -> Beats:
        """uint64 (4,)."""
        return np.array(TRAILER.encode(vars(self)), dtype=np.uint64)

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
        values = TRAILER.decode(packet[-TRAILER_BEATS:].tolist())
        magic, trailer_format = values.pop("magic"), values.pop("format")
        if magic != TRAILER_MAGIC:
            raise ResultError(
                f"no trailer at the end of the {len(packet)} beats received: magic is {magic:#010x}, not "
                f"{TRAILER_MAGIC:#010x}; was the buffer invalidated, and is its length right?"
            )
        if trailer_format != TRAILER_FORMAT:
            raise ResultError(f"trailer format is {trailer_format}, this library knows format {TRAILER_FORMAT}")
        covered = packet[:_CRC_BEAT]
        got, expected = values["crc"], crc32_of(covered)
        if got != expected:
            raise ResultError(
                f"the trailer's CRC-32 is {got:#010x}, the {len(covered)} beats before it give {expected:#010x}: "
                "they changed on their way; was the buffer invalidated before it was read?"
            )
        if values.pop("zero") != TRAILER_ZERO:
            raise ResultError(
                "the last beat of the trailer is not zero; was the buffer invalidated before it was read?"
            )
        return cls(**values)


def encode_results(maps: Sequence[ResultMap], arrays: Sequence[npt.NDArray[Any]], n: int, sent: End) -> Beats:
    """The packet that an accelerator without fault sends.

    Args:
        maps: what the program returns.
        arrays: the contents of each.
        n: columns of the array.
        sent: the program's END command.

    Returns:
        uint64, trailer included.
    """
    body = np.concatenate([entry.encode(array, n) for entry, array in zip(maps, arrays, strict=True)])
    return seal_results(np.concatenate((body, Trailer(0, 0, len(body), sent.images_crc, sent.program_crc).encode())))


def seal_results(packet: Beats) -> Beats:
    """A result packet with the CRC-32 in its trailer that its beats give."""
    crc = TRAILER.fields["crc"].bits
    sealed = packet.copy()
    sealed[_CRC_BEAT] = int(sealed[_CRC_BEAT]) & ~crc.mask | crc.place(crc32_of(packet[:_CRC_BEAT]))
    return sealed


def decode_results(packet: Beats, n: int, sent: End, maps: Sequence[ResultMap]) -> tuple[npt.NDArray[Any], ...]:
    """Checks a result packet and takes it apart.

    Args:
        packet: uint64, all beats received.
        n: columns of the array.
        sent: END command of the program that was sent.
        maps: what the program returns.

    Returns:
        For each map its contents: int32 sums or uint8 codes.

    Raises:
        ResultError: trailer, CRC-32 or length is wrong, or they are of another program, or of other images.
        DeviceError: the trailer carries an error of the accelerator.
    """
    trailer = Trailer.of_packet(packet)
    if trailer.error_code:
        raise device_error(trailer.error_code, trailer.error_sequence, _changed(trailer, sent))
    if trailer.program_crc != sent.program_crc:
        raise ResultError(
            f"results belong to another program: what the accelerator read has the CRC-32 {trailer.program_crc:#010x}, "
            f"this one {sent.program_crc:#010x}; was the buffer flushed before it was sent?"
        )
    if trailer.images_crc != sent.images_crc:
        raise ResultError(
            "the images that the accelerator read are not those of this batch: their CRC-32 is "
            f"{trailer.images_crc:#010x}, not {sent.images_crc:#010x}; the buffer was not flushed?"
        )
    body = packet[:-TRAILER_BEATS]
    lengths = [entry.beats(n) for entry in maps]
    if not trailer.result_beats == len(body) == sum(lengths):
        raise ResultError(
            f"{len(body)} result beats ({len(body) * BEAT_BYTES} bytes) received, the trailer counts "
            f"{trailer.result_beats}, the program returns {sum(lengths)}"
        )
    decoded, start = [], 0
    for entry, length in zip(maps, lengths, strict=True):
        decoded.append(entry.decode(body[start : start + length], n))
        start += length
    return tuple(decoded)


def _changed(trailer: Trailer, sent: End) -> str:
    """Where the beats differ that the accelerator read to the end and refused; nothing of another error."""
    if trailer.error_code != ErrorCode.BAD_CRC:
        return ""
    pairs = (("images", trailer.images_crc, sent.images_crc), ("program", trailer.program_crc, sent.program_crc))
    sections = [f"the {name} (CRC-32 {got:#010x}, not {own:#010x})" for name, got, own in pairs if got != own]
    return f" What changed: {' and '.join(sections) or 'the CRC-32s in END alone'}"


def device_error(code: int, sequence: int, more: str = "") -> DeviceError:
    """The exception for an error code of the accelerator.

    Args:
        code: error code of the trailer or of the ERROR register.
        sequence: sequence number of the failing command.
        more: what else is known of it.
    """
    names = {int(known): f"{known.name}: {text}" for known, text in ERROR_CODE_DESCRIPTIONS.items()}
    text = names.get(code, "unknown to this library")
    message = f"the accelerator refused sequence number {sequence} with error {code}, {text}{more}"
    return DeviceError(message, code, sequence)


def _tiled(array: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """The array with its channels filled up with zeros to a multiple of n."""
    return np.pad(array, ((0, 0), (0, -array.shape[1] % n), (0, 0), (0, 0)))


def _untiled(array: npt.NDArray[Any], name: str, channels: int, n: int) -> npt.NDArray[Any]:
    """The array without the channels that the layer does not have, which must be zero."""
    if array.shape[1] == channels:
        return array
    beyond = np.argwhere(array[:, channels:] != 0)
    if len(beyond):
        column = (channels + int(beyond[0][1])) % n
        raise ResultError(f"layer {name} has {channels} channels, but column {column} beyond them is not zero")
    return array[:, :channels]
