"""Why a transfer stands still: rules over the state of DMA and accelerator, the first that fits counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tilewright.driver.accelerator import Status
from tilewright.hardware import pg021
from tilewright.hardware.beats import BEAT_BYTES


@dataclass(frozen=True)
class Cause:
    """Why a transfer stands still.

    Attributes:
        starved: the side that waits for beats that do not come: MM2S, S2MM, accelerator, or nothing.
        what: what happened, in one sentence.
        suggestion: what to do.
    """

    starved: str
    what: str
    suggestion: str


@dataclass(frozen=True)
class Situation:
    """State of DMA and accelerator.

    Attributes:
        answers: whether the accelerator's ID register holds its ID.
        scatter_gather: the DMA's mode: there, a channel without a transfer is halted.
        mm2s, s2mm: DMASR of both channels.
        sending, receiving: bytes of the transfers that were started; None without one.
        beats_in, beats_out: beats that the accelerator took and sent of this transfer.
        result_beats: beats that it should send.
        ended: whether the accelerator has sent the trailer of this transfer.
        moving: whether its counters moved between two looks at them.
        accelerator: its status.
    """

    answers: bool
    scatter_gather: bool
    mm2s: int
    s2mm: int
    sending: int | None
    receiving: int | None
    beats_in: int
    beats_out: int
    result_beats: int
    ended: bool
    moving: bool
    accelerator: Status


def cause_of(situation: Situation) -> Cause:
    """The cause that fits best."""
    return next(cause for rule in _RULES if (cause := rule(situation)) is not None)


def _other_hardware(now: Situation) -> Cause | None:
    if now.answers:
        return None
    return Cause(
        "nothing",
        "the accelerator's registers no longer hold its ID",
        "another program has loaded a bitstream, or the board has lost power: load the overlay again",
    )


def _dma_error(now: Situation) -> Cause | None:
    for channel, status in (("MM2S", now.mm2s), ("S2MM", now.s2mm)):
        if status & pg021.DMASR_DESCRIPTOR_ERRORS:
            what = f"channel {channel} could not use a descriptor"
            return Cause(channel, what, "descriptors must not be freed or changed in a transfer; run again")
        if status & pg021.DMASR_MEMORY_ERRORS:
            what = f"channel {channel} met an address that is no memory"
            return Cause(channel, what, "was the buffer freed, or made by something else than pynq.allocate?")
        if status & pg021.DMASR_INTERNAL_ERROR:
            return _internal_error(now, channel)
    return None


def _internal_error(now: Situation, channel: str) -> Cause:
    if channel == "S2MM" and now.receiving is not None and now.receiving < now.result_beats * BEAT_BYTES:
        return Cause(
            channel,
            f"the receive buffer is too small: {now.receiving} bytes for a packet of up to {now.result_beats} beats",
            f"give a receive buffer of {now.result_beats * BEAT_BYTES} bytes: program.output_beats and the trailer",
        )
    return Cause(
        channel,
        f"channel {channel} stopped with an internal error",
        "its length must be more than 0 and its address a multiple of its data width; a packet must not exceed its "
        "buffer",
    )


def _halted(now: Situation) -> Cause | None:
    for channel, status, asked in (("S2MM", now.s2mm, now.receiving), ("MM2S", now.mm2s, now.sending)):
        if status & pg021.DMASR_HALTED and (asked is not None or not now.scatter_gather):
            what = f"channel {channel} is halted"
            return Cause(channel, what, "somebody stopped the channel: recover() of the driver starts both again")
    return None


def _not_started(now: Situation) -> Cause | None:
    if now.receiving is None:
        return Cause(
            "S2MM",
            "no receive was started: the results have nowhere to go",
            "start recvchannel.transfer(...) before sendchannel.transfer(...)",
        )
    if now.sending is None:
        return Cause("accelerator", "no program was sent", "start sendchannel.transfer(...) after the receive")
    return None


def _results_stay(now: Situation) -> Cause | None:
    if now.ended:
        return Cause(
            "S2MM",
            "all results and their TLAST have been sent, but the memory has not taken them",
            "the memory does not answer writes: look at the memory port of S2MM, and at its clock",
        )
    if "output blocked" not in now.accelerator.flags:
        return None
    return Cause(
        "S2MM",
        f"the accelerator holds results that channel S2MM does not take ({now.beats_out} beats sent)",
        "the memory does not answer writes, or the buffer is full: look at the memory port of S2MM and its length",
    )


def _program_stays_away(now: Situation) -> Cause | None:
    sent = bool(now.mm2s & pg021.DMASR_IDLE)
    begun = "busy" in now.accelerator.flags
    if sent and (not begun or "input starved" in now.accelerator.flags):
        return Cause(
            "accelerator",
            f"channel MM2S has sent all, the accelerator took {now.beats_in} beats and waits for more",
            "the program is truncated without TLAST, or beats were lost between DMA and accelerator: compare the bytes "
            "sent with the program's, and look at the stream between the two in the block design",
        )
    if not begun or ("input starved" in now.accelerator.flags and not now.moving):
        return Cause(
            "accelerator",
            f"channel MM2S brings no beats (the accelerator took {now.beats_in}): the memory does not answer its reads",
            "look at the memory port of MM2S (enabled in the bitstream?), at its clock, and at the buffer's address",
        )
    return None


def _drains(now: Situation) -> Cause | None:
    if "draining" not in now.accelerator.flags:
        return None
    return Cause(
        "accelerator",
        f"the accelerator refused the program ({now.accelerator.error}) and waits for its TLAST",
        "the program is damaged or was compiled for another array, and its transfer does not end",
    )


def _still_works(now: Situation) -> Cause | None:
    if not now.moving and now.accelerator.engine != "RUNS":
        return None
    return Cause(
        "nothing",
        "the accelerator is still at work: the time-out is shorter than the program",
        "give the driver a longer time-out, or run fewer images a program",
    )


def _stands_still(now: Situation) -> Cause:
    return Cause(
        "accelerator",
        f"nothing moves: decoder {now.accelerator.decoder}, engine {now.accelerator.engine}",
        "the program's weights, thresholds or waits do not fit its commands, or the hardware is at fault: run it on "
        "the simulated device with --trace",
    )


_RULES: tuple[Callable[[Situation], Cause | None], ...] = (
    _other_hardware,
    _dma_error,
    _halted,
    _not_started,
    _still_works,
    _drains,
    _results_stay,
    _program_stays_away,
    _stands_still,
)
