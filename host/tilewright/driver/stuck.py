"""What DMA and accelerator were doing when a transfer failed or stood still: read out before anything is reset."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tilewright.driver.accelerator import Accelerator, Counters, Status
from tilewright.driver.channels import Channels
from tilewright.driver.dma import status_words
from tilewright.driver.simulated import simulated
from tilewright.driver.stuck_causes import Cause, Situation, cause_of
from tilewright.hardware import pg021
from tilewright.hardware import registers as reg
from tilewright.hardware.beats import BEAT_BYTES, Beats
from tilewright.hardware.program import describe_command


@dataclass(frozen=True)
class Transfer:
    """What was to be transferred.

    Attributes:
        beats: uint64, the program as sent.
        result_beats: beats that it returns, trailer included.
    """

    beats: Beats
    result_beats: int


@dataclass(frozen=True)
class ChannelReport:
    """One channel of the DMA.

    Attributes:
        status: its DMASR.
        flags: DMASR in words.
        asked: bytes of its transfer; None when none was started.
        moved: bytes that the accelerator took (MM2S), or that the memory got (S2MM; None where the DMA does not say).
    """

    status: int
    flags: tuple[str, ...]
    asked: int | None
    moved: int | None

    def __str__(self) -> str:
        asked = "no transfer started" if self.asked is None else f"{self.asked} bytes asked"
        moved = "" if self.moved is None else f", {self.moved} moved"
        return f"{self.status:#010x} ({', '.join(self.flags)}), {asked}{moved}"


@dataclass(frozen=True)
class StuckReport:
    """A transfer that stands still or has failed; ``str`` is for people, :meth:`as_dict` for machines.

    Attributes:
        cause: which side starved, why, and what to do.
        mm2s, s2mm: the DMA's channels: to the accelerator, and from it.
        beats_in, beats_out: beats that the accelerator took and sent of this transfer.
        program_beats, result_beats: beats that it should take and send.
        tlast_in: whether the accelerator saw the program's TLAST.
        tlast_out: whether it sent the TLAST of its results.
        accelerator: its status.
        last_command: the command whose header it took last, and its place in the program; None without one.
        counters: of the last program that it began.
        streams: what a local simulated device saw on the streams of its DMA; None elsewhere.
    """

    cause: Cause
    mm2s: ChannelReport
    s2mm: ChannelReport
    beats_in: int
    beats_out: int
    program_beats: int
    result_beats: int
    tlast_in: bool
    tlast_out: bool
    accelerator: Status
    last_command: str | None
    counters: Counters
    streams: dict[str, int | bool] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        return asdict(self)

    def __str__(self) -> str:
        seen = {True: "with TLAST", False: "no TLAST"}
        lines = {
            "starved": f"{self.cause.starved}: {self.cause.what}",
            "MM2S": f"{self.mm2s}; the accelerator took {self.beats_in} of {self.program_beats} beats, "
            f"{seen[self.tlast_in]}",
            "S2MM": f"{self.s2mm}; the accelerator sent {self.beats_out} of {self.result_beats} beats, "
            f"{seen[self.tlast_out]}",
            "state": str(self.accelerator),
            "last header taken": self.last_command or "none of this program",
            "counters": str(self.counters),
        }
        if self.streams is not None:
            lines["streams"] = ", ".join(f"{name} {value}" for name, value in self.streams.items())
        lines["suggestion"] = self.cause.suggestion
        return "\n".join(f"  {name}: {text}" for name, text in lines.items())


def report_stuck(channels: Channels, accelerator: Accelerator, transfer: Transfer) -> StuckReport:
    """Reads out DMA and accelerator; changes nothing.

    Args:
        channels: of the DMA.
        accelerator: the accelerator.
        transfer: what was to be transferred.

    Returns:
        The report, its cause included.
    """
    dma = channels.dma
    # First: time passes while registers are read.
    device = simulated(dma.device)
    streams = None if device is None else asdict(device.streams)
    before = accelerator.counters()
    status, ended = accelerator.status(), accelerator.has_ended()
    mm2s, s2mm = (dma.read(offset) & 0xFFFF_FFFF for offset in (pg021.MM2S_DMASR, pg021.S2MM_DMASR))
    counters = accelerator.counters()
    # Without a program of this transfer, counters and last command are those of an earlier one.
    begun = ended or "busy" in status.flags
    beats_in, beats_out = (counters.beats_in, counters.beats_out) if begun else (0, 0)
    received = None if channels.scatter_gather or not s2mm & pg021.DMASR_IDLE else dma.read(pg021.S2MM_LENGTH)
    situation = Situation(
        answers=accelerator.word(reg.REG_ID) == reg.REG_ID_RESET,
        scatter_gather=channels.scatter_gather,
        mm2s=mm2s,
        s2mm=s2mm,
        sending=channels.sending,
        receiving=channels.receiving,
        beats_in=beats_in,
        beats_out=beats_out,
        result_beats=transfer.result_beats,
        ended=ended,
        moving=begun
        and (before.beats_in, before.beats_out, before.mac_cycles)
        != (counters.beats_in, counters.beats_out, counters.mac_cycles),
        accelerator=status,
    )
    sequence, opcode = accelerator.last_command()
    return StuckReport(
        cause=cause_of(situation),
        mm2s=ChannelReport(mm2s, status_words(mm2s), channels.sending, beats_in * BEAT_BYTES),
        s2mm=ChannelReport(s2mm, status_words(s2mm), channels.receiving, received),
        beats_in=beats_in,
        beats_out=beats_out,
        program_beats=len(transfer.beats),
        result_beats=transfer.result_beats,
        tlast_in=ended or status.decoder in ("FINISH", "TRAILER"),
        tlast_out=ended,
        accelerator=status,
        last_command=f"{opcode}, {describe_command(transfer.beats, sequence)}" if begun else None,
        counters=counters,
        streams=streams,
    )
