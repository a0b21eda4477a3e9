"""Watches the DMA's registers for transfers to or from memory that no buffer holds."""

from __future__ import annotations

import numpy as np

from tilewright.errors import SimulationError
from tilewright.sim.memory import SimMemory

# PG021, offsets from a channel's first register
CURDESC, TAILDESC, TAILDESC_MSB, ADDRESS, LENGTH = 0x08, 0x10, 0x14, 0x18, 0x28
LENGTH_MASK = (1 << 26) - 1
DESCRIPTOR_BYTES = 52
BEAT_BYTES = 8
MOST_DESCRIPTORS = 1 << 16
CHANNELS = {0x00: "MM2S", 0x30: "S2MM"}


class TransferGuard:
    """Knows what was written to the DMA's address registers.

    Args:
        memory: with the buffers.
    """

    def __init__(self, memory: SimMemory) -> None:
        self._memory = memory
        self._words: dict[int, int] = {}

    def write(self, offset: int, value: int, *, check: bool) -> None:
        """Note a write to a register of the DMA; where it starts a transfer, check the transfer's addresses.

        Raises:
            BufferNotAllocatedError: the transfer leaves the buffers.
            SimulationError: its address is one that the simulated DMA cannot begin at.
        """
        self._words[offset] = value
        channel = 0x30 if offset >= 0x30 else 0x00
        if not check:
            return
        if offset == channel + LENGTH and value & LENGTH_MASK:
            self._check(self._address(channel + ADDRESS), value & LENGTH_MASK, f"{CHANNELS[channel]} transfer")
        elif offset == channel + TAILDESC_MSB:
            self._check_descriptors(channel)

    def _address(self, offset: int) -> int:
        return self._words.get(offset, 0) | self._words.get(offset + 4, 0) << 32

    def _check(self, address: int, nbytes: int, what: str) -> None:
        self._memory.check_transfer(address, nbytes, what)
        if address % BEAT_BYTES:
            raise SimulationError(
                f"{what}: physical address {address:#x} is no multiple of {BEAT_BYTES}, which the simulated DMA "
                "needs; one of 32 bits, or with data realignment, would take it"
            )

    def _check_descriptors(self, channel: int) -> None:
        at, tail = self._address(channel + CURDESC), self._address(channel + TAILDESC)
        seen: set[int] = set()
        while at not in seen and len(seen) < MOST_DESCRIPTORS:
            seen.add(at)
            self._memory.check_transfer(at, DESCRIPTOR_BYTES, f"{CHANNELS[channel]} descriptor {len(seen) - 1}")
            words = self._memory.words(at, DESCRIPTOR_BYTES // 4).astype(np.uint64)
            buffer, nbytes = int(words[2] | words[3] << np.uint64(32)), int(words[6]) & LENGTH_MASK
            self._check(buffer, nbytes, f"{CHANNELS[channel]} transfer of descriptor {len(seen) - 1}")
            if at == tail:
                return
            at = int(words[0] | words[1] << np.uint64(32))
