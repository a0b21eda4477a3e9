"""Watches the DMA's registers: for transfers to or from memory that no buffer holds, and for which of them may run."""

from __future__ import annotations

import numpy as np

from tilewright.errors import SimulationError
from tilewright.hardware.pg021 import ADDRESS, CURDESC, LENGTH, MM2S_DMACR, S2MM_DMACR, TAILDESC, TAILDESC_MSB
from tilewright.sim.memory import SimMemory

# PG021, offsets from a channel's first register
DMACR, DMASR = 0x00, 0x04
LENGTH_MASK = (1 << 26) - 1
DESCRIPTOR_BYTES = 52
BEAT_BYTES = 8
MOST_DESCRIPTORS = 1 << 16
CHANNELS = {MM2S_DMACR: "MM2S", S2MM_DMACR: "S2MM"}
RESET, HALTED_OR_IDLE = 1 << 2, 0x3
Range = tuple[int, int]


class TransferGuard:
    """Knows what was written to the DMA's address registers; a new one stands for a DMA without transfers.

    Args:
        memory: with the buffers.
    """

    def __init__(self, memory: SimMemory) -> None:
        self._memory = memory
        self._words: dict[int, int] = {}
        memory.release(*CHANNELS)

    def write(self, offset: int, value: int, *, check: bool) -> None:
        """Note a write to a register of the DMA; where it starts a transfer, check and hold the transfer's memory.

        Raises:
            BufferNotAllocatedError: the transfer leaves the buffers.
            SimulationError: its address is one that the simulated DMA cannot begin at.
        """
        self._words[offset] = value
        channel = S2MM_DMACR if offset >= S2MM_DMACR else MM2S_DMACR
        if offset == channel + DMACR and value & RESET:
            self._memory.release(*CHANNELS)
        elif offset == channel + LENGTH and value & LENGTH_MASK:
            transfer = (self._address(channel + ADDRESS), value & LENGTH_MASK)
            if check:
                self._check(*transfer, f"{CHANNELS[channel]} transfer")
            self._memory.hold(channel, [transfer])
        elif offset == channel + TAILDESC_MSB:
            self._memory.hold(channel, self._of_descriptors(channel, check))

    def read(self, offset: int, value: int) -> None:
        """Note what was read from a register of the DMA: a channel that is idle or halted has no transfer any more."""
        channel = S2MM_DMACR if offset >= S2MM_DMACR else MM2S_DMACR
        if offset == channel + DMASR and value & HALTED_OR_IDLE:
            self._memory.release(channel)

    def _address(self, offset: int) -> int:
        return self._words.get(offset, 0) | self._words.get(offset + 4, 0) << 32

    def _check(self, address: int, nbytes: int, what: str) -> None:
        self._memory.check_transfer(address, nbytes, what)
        if address % BEAT_BYTES:
            raise SimulationError(
                f"{what}: physical address {address:#x} is no multiple of {BEAT_BYTES}, which the simulated DMA "
                "needs; one of 32 bits, or with data realignment, would take it"
            )

    def _of_descriptors(self, channel: int, check: bool) -> list[Range]:
        """Descriptors and their transfers; without the check, up to the first descriptor that lies in no memory."""
        at, tail = self._address(channel + CURDESC), self._address(channel + TAILDESC)
        ranges: list[Range] = []
        seen: set[int] = set()
        while at not in seen and len(seen) < MOST_DESCRIPTORS:
            seen.add(at)
            if check:
                self._memory.check_transfer(at, DESCRIPTOR_BYTES, f"{CHANNELS[channel]} descriptor {len(seen) - 1}")
            elif not self._memory.contains(at, DESCRIPTOR_BYTES):
                break
            words = self._memory.words(at, DESCRIPTOR_BYTES // 4).astype(np.uint64)
            buffer, nbytes = int(words[2] | words[3] << np.uint64(32)), int(words[6]) & LENGTH_MASK
            if check:
                self._check(buffer, nbytes, f"{CHANNELS[channel]} transfer of descriptor {len(seen) - 1}")
            ranges += [(at, DESCRIPTOR_BYTES), (buffer, nbytes)]
            if at == tail:
                break
            at = int(words[0] | words[1] << np.uint64(32))
        return ranges
