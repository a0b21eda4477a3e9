"""4-bit codes and 32-bit results in 64-bit beats. Beats are little-endian: the first value lies in the lowest bits."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Beats = npt.NDArray[np.uint64]
BEAT_BYTES = 8
NIBBLES_A_BEAT = 16
# Commands and results are whole 128-bit words: a stream of that width carries none that begins or ends within a word
STREAM_WORD_BEATS = 2


def pack_nibbles(codes: npt.NDArray[Any]) -> Beats:
    """Packs 4-bit codes, in C order, 16 a beat.

    This one rule gives the row formats of all arrays: two rows of 8 a beat, one of 16, two beats for one of 32, four
    for one of 64.

    Args:
        codes: integers of any shape, -8..15; their low four bits are taken.

    Returns:
        uint64 beats; unused nibbles of the last beat are zero.
    """
    nibbles = np.asarray(codes).astype(np.uint8, copy=False).reshape(-1) & 0xF
    nibbles = np.pad(nibbles, (0, -len(nibbles) % NIBBLES_A_BEAT))
    return (nibbles[0::2] | nibbles[1::2] << 4).view("<u8").astype(np.uint64, copy=False)


def whole_words(beats: Beats) -> Beats:
    """Some beats, uint64 (count,), filled up with zeros to whole 128-bit words."""
    return np.pad(beats, (0, -len(beats) % STREAM_WORD_BEATS))


def unpack_nibbles(beats: Beats) -> npt.NDArray[np.uint8]:
    """The unsigned 4-bit codes of some beats.

    Args:
        beats: uint64 (count,).

    Returns:
        uint8 (count * 16,), values 0..15.
    """
    octets = beats.astype("<u8", copy=False).view(np.uint8)
    nibbles = np.empty(2 * len(octets), dtype=np.uint8)
    nibbles[0::2], nibbles[1::2] = octets & 0xF, octets >> 4
    return nibbles


def pack_int32(values: npt.NDArray[Any]) -> Beats:
    """Packs int32 values, in C order, two a beat.

    Args:
        values: an even number of integers that int32 holds.

    Returns:
        uint64 beats.
    """
    return np.ascontiguousarray(values, dtype="<i4").reshape(-1).view("<u8").astype(np.uint64, copy=False)


def unpack_int32(beats: Beats) -> npt.NDArray[np.int32]:
    """The int32 values of some beats.

    Args:
        beats: uint64 (count,).

    Returns:
        int32 (count * 2,); where the processor is little-endian too a view of the beats.
    """
    return beats.astype("<u8", copy=False).view("<i4").astype(np.int32, copy=False)


def crc32_of(beats: Beats, start: int = 0) -> int:
    """CRC-32 (ISO 3309, as :func:`zlib.crc32`) of the little-endian bytes of some beats.

    Args:
        beats: uint64 (count,).
        start: CRC of the beats before them.

    Returns:
        The CRC, 0..2**32-1.
    """
    return zlib.crc32(np.ascontiguousarray(beats, dtype="<u8").data, start)
