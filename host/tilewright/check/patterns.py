"""Bit patterns through both DMA channels and the activation memory: what LOAD brings, READ returns, beat for beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.check.findings import Finding, State
from tilewright.driver import Driver
from tilewright.errors import TilewrightError
from tilewright.hardware.beats import BEAT_BYTES, Beats, unpack_nibbles
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.selftest.memory import BLOCK, memory_program

_BEAT_BITS = 8 * BEAT_BYTES
_ALL = (1 << _BEAT_BITS) - 1
LISTED = 4


def walking_ones(count: int, stream_w: int) -> Beats:
    """One bit of a stream word after the other: uint64 (count,)."""
    lanes, number = stream_w // _BEAT_BITS, np.arange(count, dtype=np.uint64)
    bit = number // np.uint64(lanes) % np.uint64(stream_w)
    here = bit // np.uint64(_BEAT_BITS) == number % np.uint64(lanes)
    return np.where(here, np.left_shift(np.uint64(1), bit % np.uint64(_BEAT_BITS)), np.uint64(0))


def addresses(count: int, stream_w: int) -> Beats:
    """A number of each beat's own, in which every bit changes: uint64 (count,)."""
    del stream_w
    return np.arange(count, dtype=np.uint64) * np.uint64(0x9E37_79B9_7F4A_7C15)


def constant(value: int) -> Callable[[int, int], Beats]:
    """The same beat again and again."""
    return lambda count, stream_w: np.full(count, value, dtype=np.uint64)


def turning(value: int) -> Callable[[int, int], Beats]:
    """A stream word and its complement in turn: every bit changes with every word."""

    def beats(count: int, stream_w: int) -> Beats:
        odd = np.arange(count) // (stream_w // _BEAT_BITS) % 2 == 1
        return np.where(odd, np.uint64(value ^ _ALL), np.uint64(value)).astype(np.uint64)

    return beats


PATTERNS: dict[str, Callable[[int, int], Beats]] = {
    "zeros": constant(0),
    "ones": constant(_ALL),
    "0x55": turning(0x5555_5555_5555_5555),
    "0xAA": turning(0xAAAA_AAAA_AAAA_AAAA),
    "walking one": walking_ones,
    "walking zero": lambda count, stream_w: ~walking_ones(count, stream_w),
    "addresses": addresses,
    "random": lambda count, stream_w: np.random.default_rng(count).integers(0, 1 << 64, count, dtype=np.uint64),
}


@dataclass(frozen=True)
class Echo:
    """A pattern that was sent, and what came back.

    Attributes:
        sent, got: uint64 (count,), ``got`` as it lies in memory, whatever the trailer says.
        error: what was raised; None where nothing was.
    """

    sent: Beats
    got: Beats
    error: TilewrightError | None

    @property
    def wrong(self) -> npt.NDArray[np.intp]:
        """Numbers of the beats that differ."""
        return np.flatnonzero(self.sent != self.got)


def check_patterns(driver: Driver, stream_w: int) -> tuple[list[Finding], int]:
    """Every pattern through the whole activation memory, all beats compared.

    Args:
        driver: of the accelerator.
        stream_w: bits of its streams.

    Returns:
        A finding a pattern, and how many beats were compared.
    """
    count = block_beats(driver.array) * (driver.array.act_depth // (BLOCK[0] * BLOCK[1]))
    findings, total = [], 0
    for name, pattern in PATTERNS.items():
        echo = send(driver, pattern(count, stream_w))
        total += len(echo.sent)
        findings.append(_finding(name, echo, stream_w))
    return findings, total


def block_beats(array: ArrayParameters) -> int:
    """Beats of one block that READ returns."""
    return BLOCK[0] * BLOCK[1] * array.n * array.act_w // _BEAT_BITS


def send(driver: Driver, beats: Beats) -> Echo:
    """Beats to the activation memory and back; errors of the device are caught, and the device is as good as new.

    Args:
        driver: of the accelerator.
        beats: whole blocks.
    """
    words = unpack_nibbles(beats).reshape(-1, *BLOCK, driver.array.n).transpose(0, 3, 1, 2)
    program = memory_program(driver.array, words)
    to_device: Any = driver.allocate(len(program.beats))
    from_device: Any = driver.allocate(len(beats) + TRAILER_BEATS)
    to_device[:] = program.beats
    error = None
    try:
        driver.run_in(program, to_device, from_device)
    except TilewrightError as raised:
        error = raised
        from_device.invalidate()
    got = np.array(from_device[: len(beats)], dtype=np.uint64, subok=False)
    for buffer in (to_device, from_device):
        buffer.freebuffer()
    return Echo(beats, got, error)


def _finding(name: str, echo: Echo, stream_w: int) -> Finding:
    expected = f"all {len(echo.sent)} beats as they were sent"
    if not len(echo.wrong) and echo.error is None:
        return Finding("patterns", name, State.PASSED, expected, expected)
    raised = "" if echo.error is None else f"; {type(echo.error).__name__}: {echo.error}"
    return Finding("patterns", name, State.FAILED, expected, _differences(echo, stream_w) + raised, _advice(echo))


def _differences(echo: Echo, stream_w: int) -> str:
    """How many beats differ, the bits that stand still, the first places."""
    wrong = echo.wrong
    if not len(wrong):
        return "the beats came back as they were sent, with an error"
    if not echo.got.any():
        return f"nothing came back: {len(wrong)} of {len(echo.sent)} beats differ and all are 0"
    places = ", ".join(
        f"beat {number}: sent {int(echo.sent[number]):#018x}, got {int(echo.got[number]):#018x}"
        for number in wrong[:LISTED].tolist()
    )
    bits = "; ".join(stuck_bits(echo.sent, echo.got, stream_w)) or "no bit stands still in all of them"
    return f"{len(wrong)} of {len(echo.sent)} beats differ; {bits}; {places}"


def stuck_bits(sent: Beats, got: Beats, stream_w: int) -> list[str]:
    """Bits of a stream word that have one value in all that came back, and another in what was sent.

    Args:
        sent, got: uint64 of equal length, whole stream words.
        stream_w: bits of a word.
    """
    lanes = stream_w // _BEAT_BITS
    found = []
    for lane in range(lanes):
        there, back = sent[lane::lanes], got[lane::lanes]
        high = int(np.bitwise_and.reduce(back)) & ~int(np.bitwise_and.reduce(there))
        low = ~int(np.bitwise_or.reduce(back)) & int(np.bitwise_or.reduce(there))
        for value, mask in ((1, high), (0, low)):
            found += [
                f"bit {lane * _BEAT_BITS + bit} of {stream_w} is always {value}"
                for bit in range(_BEAT_BITS)
                if mask >> bit & 1
            ]
    return found


def _advice(echo: Echo) -> str:
    if len(echo.wrong):
        return (
            "one bit that stands still is a wire of a stream or of the memory port; many that change from run to run "
            "are timing: look at the worst negative slack, lower pynq.Clocks.fclk0_mhz and try again"
        )
    return "the data are sound and the packet is not: see the error, and docs/hangs.md"
