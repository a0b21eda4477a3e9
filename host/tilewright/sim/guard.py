"""Watches a DMA's registers: for transfers to or from memory that no buffer holds, and for which of them may run."""

from __future__ import annotations

from tilewright.errors import SimulationError
from tilewright.hardware import pg021
from tilewright.hardware.pg021 import DESCRIPTOR_BYTES
from tilewright.sim.memory import SimMemory

MOST_DESCRIPTORS = 1 << 16
CHANNELS = {pg021.MM2S: "MM2S", pg021.S2MM: "S2MM"}
Range = tuple[int, int]


class TransferGuard:
    """Knows what was written to the address registers of a DMA; a new one stands for a DMA without transfers.

    Args:
        memory: with the buffers.
        dma: its name in the block design.
        beat_bytes: of its data in memory; a transfer begins at a multiple.
    """

    def __init__(self, memory: SimMemory, dma: str, beat_bytes: int) -> None:
        self._memory = memory
        self._dma = dma
        self._beat_bytes = beat_bytes
        self._words: dict[int, int] = {}
        self._release(*CHANNELS)

    def write(self, offset: int, value: int, *, check: bool) -> None:
        """Note a write to a register of the DMA; where it starts a transfer, check and hold the transfer's memory.

        Raises:
            BufferNotAllocatedError: the transfer leaves the buffers.
            SimulationError: its address is one that the simulated DMA cannot begin at.
        """
        self._words[offset] = value
        channel = pg021.S2MM if offset >= pg021.S2MM else pg021.MM2S
        if offset == channel + pg021.DMACR and value & pg021.DMACR_RESET:
            self._release(*CHANNELS)
        elif offset == channel + pg021.LENGTH and (length := pg021.LENGTH_FIELD.extract(value)):
            transfer = (self._address(channel + pg021.ADDRESS), length)
            if check:
                self._check(*transfer, self._name(channel, "transfer"))
            self._hold(channel, [transfer])
        elif offset == channel + pg021.TAILDESC_MSB:
            self._hold(channel, self._of_descriptors(channel, check))

    def read(self, offset: int, value: int) -> None:
        """Note what was read from a register of the DMA: a channel that is idle or halted has no transfer any more."""
        channel = pg021.S2MM if offset >= pg021.S2MM else pg021.MM2S
        if offset == channel + pg021.DMASR and value & (pg021.DMASR_HALTED | pg021.DMASR_IDLE):
            self._release(channel)

    def _name(self, channel: int, what: str) -> str:
        return f"{self._dma}: {CHANNELS[channel]} {what}"

    def _hold(self, channel: int, ranges: list[Range]) -> None:
        self._memory.hold((self._dma, channel), ranges)

    def _release(self, *channels: int) -> None:
        self._memory.release(*((self._dma, channel) for channel in channels))

    def _address(self, offset: int) -> int:
        return self._words.get(offset, 0) | self._words.get(offset + 4, 0) << 32

    def _check(self, address: int, nbytes: int, what: str) -> None:
        self._memory.check_transfer(address, nbytes, what)
        if address % self._beat_bytes:
            raise SimulationError(
                f"{what}: physical address {address:#x} is no multiple of {self._beat_bytes}, which the "
                "simulated DMA needs; a narrower one, or one with data realignment, would take it"
            )

    def _of_descriptors(self, channel: int, check: bool) -> list[Range]:
        """Descriptors and their transfers; without the check, up to the first descriptor that lies in no memory."""
        at, tail = self._address(channel + pg021.CURDESC), self._address(channel + pg021.TAILDESC)
        ranges: list[Range] = []
        seen: set[int] = set()
        while at not in seen and len(seen) < MOST_DESCRIPTORS:
            seen.add(at)
            if check:
                self._memory.check_transfer(at, DESCRIPTOR_BYTES, self._name(channel, f"descriptor {len(seen) - 1}"))
            elif not self._memory.contains(at, DESCRIPTOR_BYTES):
                break
            words = self._memory.words(at, DESCRIPTOR_BYTES // 4).tolist()
            buffer = _pointer(words, pg021.DESCRIPTOR_BUFFER)
            nbytes = pg021.LENGTH_FIELD.extract(words[pg021.DESCRIPTOR_CONTROL // 4])
            if check:
                self._check(buffer, nbytes, self._name(channel, f"transfer of descriptor {len(seen) - 1}"))
            ranges += [(at, DESCRIPTOR_BYTES), (buffer, nbytes)]
            if at == tail:
                break
            at = _pointer(words, pg021.DESCRIPTOR_NEXT)
        return ranges


def _pointer(words: list[int], offset: int) -> int:
    """The address in two words of a descriptor."""
    return words[offset // 4] | words[offset // 4 + 1] << 32
