"""Both channels of a ``pynq.lib.dma.DMA`` in one transfer each way, in either of its modes, without endless waits.

pynq's ``start`` and ``stop`` of a channel, and its ``wait``, poll DMASR for ever. Here they are called only when what
they wait for is true already, or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tilewright.driver import dma as dma_calls
from tilewright.driver.dma import describe_status, run_channels, running_status
from tilewright.errors import DmaError, TransferLengthError
from tilewright.hardware import pg021

_STATUS_WORD = pg021.DESCRIPTOR_STATUS // 4

Expired = Callable[[], bool]


class Channels(ABC):
    """The channels of one DMA.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.

    Attributes:
        dma: the driver.
        sending: bytes of the send that was started since the last reset or :meth:`finish`; None without one.
        receiving: bytes asked for by the receive, likewise.
        in_flight: the buffers of both; held here, since memory that is freed under a transfer is somebody else's when
            the DMA writes to it.
    """

    scatter_gather: bool

    def __init__(self, dma: Any) -> None:
        self.dma = dma
        self.sending: int | None = None
        self.receiving: int | None = None
        self.in_flight: list[Any] = []

    def reset(self, expired: Expired) -> None:
        """Resets the DMA: both channels halt once the memory accesses under way have ended.

        Args:
            expired: says when to give up.

        Raises:
            DmaError: the reset does not end.
        """
        dma_calls.reset(self.dma, expired)
        self.sending = self.receiving = None
        self.in_flight.clear()

    def recover(self, expired: Expired) -> None:
        """Resets the DMA and makes both channels ready for a transfer.

        Args:
            expired: says when to give up.

        Raises:
            DmaError: the reset does not end, or a channel does not start.
        """
        self.reset(expired)
        self._prepare(expired)

    def receive(self, buffer: Any, nbytes: int) -> None:
        """Starts to receive one packet.

        Args:
            buffer: from ``pynq.allocate``.
            nbytes: the most bytes to take.

        Raises:
            DmaError: the channel takes no transfer.
        """
        self.in_flight.append(buffer)
        self._transfer(self.dma.recvchannel, buffer, nbytes)
        self.receiving = nbytes

    def send(self, buffer: Any, nbytes: int) -> None:
        """Flushes a buffer and starts to send it as one packet.

        Args:
            buffer: from ``pynq.allocate``.
            nbytes: bytes to send, from its start.

        Raises:
            DmaError: the channel takes no transfer.
        """
        self.in_flight.append(buffer)
        self._transfer(self.dma.sendchannel, buffer, nbytes)
        self.sending = nbytes

    def sent(self) -> bool:
        """Whether all has been sent. Raises DmaError when the channel has stopped."""
        return bool(running_status(self.dma, "MM2S", pg021.MM2S_DMASR) & pg021.DMASR_IDLE)

    def finish(self, expired: Expired) -> None:
        """After both transfers: makes the channels ready for the next. Raises DmaError when they do not get ready."""
        del expired
        self.sending = self.receiving = None
        self.in_flight.clear()

    def check_words(self, send_bytes: int) -> None:
        """Raises TransferLengthError when a program does not end with a stream word: the accelerator takes no part."""
        word = stream_width(self.dma.description["parameters"], "mm2s") // 8
        if send_bytes % word:
            raise TransferLengthError(
                f"the program has {send_bytes} bytes, and its stream has words of {word}: it would take the last "
                "one as a whole; send whole words, as the compiler writes them"
            )

    @abstractmethod
    def check_lengths(self, send_bytes: int, receive_bytes: int) -> None:
        """Raises TransferLengthError when the DMA cannot transfer so much at once."""

    @abstractmethod
    def received(self) -> int | None:
        """Bytes of the packet, once it is complete; None before. Raises DmaError when the channel has stopped."""

    @abstractmethod
    def _prepare(self, expired: Expired) -> None:
        """After a reset."""

    def _transfer(self, channel: Any, buffer: Any, nbytes: int) -> None:
        try:
            channel.transfer(buffer, start=0, nbytes=nbytes)
        except (RuntimeError, ValueError) as error:
            raise DmaError(f"the DMA takes no transfer: {error}; {describe_status(self.dma)}") from error


class DirectChannels(Channels):
    """Direct register mode: a transfer is what one write of LENGTH starts."""

    scatter_gather = False

    def check_lengths(self, send_bytes: int, receive_bytes: int) -> None:
        """As :meth:`Channels.check_lengths`: a packet is one transfer, no longer than LENGTH counts."""
        for what, channel, nbytes in (
            ("the program", "mm2s", send_bytes),
            ("what the program returns", "s2mm", receive_bytes),
        ):
            longest = _longest_transfer(self.dma, channel)
            if nbytes > longest:
                raise TransferLengthError(
                    f"{what} has {nbytes} bytes, the DMA's {channel.upper()} channel transfers at most {longest} at "
                    "once, and a packet cannot be split in direct register mode: run fewer images a program, read "
                    "back fewer layers, or build the DMA with a wider length register (c_sg_length_width, up to 26) "
                    "or with scatter-gather"
                )

    def received(self) -> int | None:
        """As :meth:`Channels.received`: LENGTH reads back the bytes received."""
        if not running_status(self.dma, "S2MM", pg021.S2MM_DMASR) & pg021.DMASR_IDLE:
            return None
        return int(self.dma.read(pg021.S2MM_LENGTH))

    def _prepare(self, expired: Expired) -> None:
        run_channels(self.dma, expired)
        self.dma.recvchannel.start()
        self.dma.sendchannel.start()


class ScatterGatherChannels(Channels):
    """Scatter-gather mode: pynq splits a transfer into descriptors, which the DMA reads and writes its status to."""

    scatter_gather = True

    def check_lengths(self, send_bytes: int, receive_bytes: int) -> None:
        """As :meth:`Channels.check_lengths`: any number of descriptors makes a packet."""

    def received(self) -> int | None:
        """As :meth:`Channels.received`: the sum over the descriptors up to the one that ends the packet."""
        running_status(self.dma, "S2MM", pg021.S2MM_DMASR)
        descriptors = self.dma.recvchannel._descr
        descriptors.invalidate()
        return packet_bytes(np.array(descriptors, dtype=np.uint32, subok=False)[:, _STATUS_WORD].tolist())

    def finish(self, expired: Expired) -> None:
        """As :meth:`Channels.finish`: a reset, as descriptors behind the packet's end may still be waiting."""
        self.recover(expired)

    def _transfer(self, channel: Any, buffer: Any, nbytes: int) -> None:
        """pynq's ``transfer`` stops and starts the channel, for ever where it is not halted or has an error."""
        offset = pg021.S2MM_DMASR if channel is self.dma.recvchannel else pg021.MM2S_DMASR
        status = self.dma.read(offset)
        if not status & pg021.DMASR_HALTED or status & pg021.DMASR_ERRORS:
            raise DmaError(f"the DMA takes no transfer: its channel is not ready; {describe_status(self.dma)}")
        super()._transfer(channel, buffer, nbytes)

    def _prepare(self, expired: Expired) -> None:
        """The channels stay halted; pynq frees descriptors only in its endless ``wait``."""
        for channel in (self.dma.sendchannel, self.dma.recvchannel):
            channel._descr = None
            channel._active_buffer = None


def packet_bytes(statuses: Sequence[int]) -> int | None:
    """Bytes of a packet that was received in scatter-gather mode.

    Args:
        statuses: status words of its descriptors, in order.

    Returns:
        Their sum up to the descriptor that ends the packet; None before that one is complete.

    Raises:
        DmaError: a descriptor has an error, or all are full and the packet goes on.
    """
    total = 0
    for status in statuses:
        if status & pg021.STATUS_ERRORS:
            raise DmaError(f"DMA channel S2MM: a descriptor has status {status:#010x}")
        if not status & pg021.STATUS_COMPLETE:
            return None
        total += pg021.LENGTH_FIELD.extract(status)
        if status & pg021.STATUS_LAST:
            return total
    raise DmaError(f"{total} bytes fill every S2MM descriptor, and the packet goes on: the receive buffer is short")


def channels_of(dma: Any) -> Channels:
    """The channels in the mode that the DMA was built with.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
    """
    return ScatterGatherChannels(dma) if _parameter(dma, "c_include_sg") else DirectChannels(dma)


def stream_width(parameters: Mapping[str, Any], channel: str) -> int:
    """Bits of a beat between the DMA and the accelerator.

    Args:
        parameters: of the DMA in the block design.
        channel: mm2s or s2mm.
    """
    stream = {"mm2s": "m_axis_mm2s", "s2mm": "s_axis_s2mm"}[channel]
    return int(parameters.get(f"c_{stream}_tdata_width", parameters[f"c_m_axi_{channel}_data_width"]))


def _longest_transfer(dma: Any, channel: str) -> int:
    """In bytes, whole beats of the memory's; in micro mode no more than a burst."""
    longest, beat = int(dma.buffer_max_size), _parameter(dma, f"c_m_axi_{channel}_data_width") // 8
    if _parameter(dma, "c_micro_dma"):
        longest = beat * _parameter(dma, f"c_{channel}_burst_size")
    return longest - longest % beat


def _parameter(dma: Any, name: str) -> int:
    return int(dma.description["parameters"].get(name, 0))
