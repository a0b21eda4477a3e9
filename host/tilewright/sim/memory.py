"""DDR of the simulated device and the allocator behind ``pynq.allocate``.

A cacheable buffer exists twice, as on a board with caches: the host's view, which numpy reads and writes, and the DDR,
which the DMA reads and writes. ``flush`` writes the lines that the host has changed to DDR and then takes the DDR's
contents anew; ``invalidate`` takes the DDR's contents, changes of the host's are lost. A missing one shows. A buffer
that is not cacheable exists once.

A buffer that is freed under a transfer is no memory any more, so that the DMA reports an error, and its pages go to no
other buffer before that transfer has ended or the DMA was reset.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pynq.buffer import PynqBuffer

from tilewright.errors import BufferNotAllocatedError
from tilewright.sim.errors import DdrExhaustedError
from tilewright.sim.history import Allocation, BufferHistory
from tilewright.sim.host_cache import HostCache

PAGE_BYTES = 4096
# Contents of newly allocated DDR: neither the host's zeros nor a valid program
FRESH_BYTE = 0xA5
DDR_BYTES = 256 << 20
# Of a DMA: its name and the channel's first register
Channel = tuple[str, int]


class SimMemory:
    """The device's DDR. Untouched parts take no memory of this computer.

    Attributes:
        base_address: physical address of the first byte.
        size: bytes.
        ddr: uint8 (size,), what the DMA sees.
        pages: uint8 (size / 4096,), 1 where a buffer is allocated. Between two buffers one page stays free, so that a
            transfer beyond a buffer ends in SLVERR.
        history: of all buffers.
    """

    def __init__(self, device: Any, base_address: int, size: int = DDR_BYTES) -> None:
        self.device = device
        self.base_address = base_address
        self.size = size
        self.ddr: npt.NDArray[np.uint8] = np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8)
        self.pages: npt.NDArray[np.uint8] = np.zeros(size // PAGE_BYTES, dtype=np.uint8)
        self.history = BufferHistory()
        self._in_flight: dict[Channel, list[tuple[int, int]]] = {}
        self._freed_in_flight: list[Allocation] = []

    @property
    def description(self) -> dict[str, Any]:
        """The entry of ``mem_dict`` for this memory."""
        return {
            "raw_type": 2,
            "used": 1,
            "base_address": self.base_address,
            "size": self.size,
            "type": "DDR4",
            "streaming": False,
            "idx": 0,
            "tag": "PSDDR",
        }

    def allocate(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = "u4", cacheable: bool = True) -> PynqBuffer:
        """Allocate a buffer; ``pynq.allocate`` ends here.

        Args:
            shape: of the array.
            dtype: of the array.
            cacheable: whether the host has a view of its own, which flush and invalidate keep in step.

        Returns:
            PynqBuffer of zeros. The DDR behind a cacheable one holds the byte 0xA5 until the first flush or transfer.

        Raises:
            DdrExhaustedError: no gap in the DDR is large enough.
        """
        shape = tuple(int(size) for size in np.atleast_1d(shape))
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        allocation = self._reserve(nbytes, f"{np.dtype(dtype)}{list(shape)}")
        if cacheable:
            allocation.cache = HostCache(nbytes)
            view: Any = allocation.cache.view
        else:
            view = self._in_ddr(allocation.address, max(nbytes, 1))
            view[:] = 0
        allocation.host = ctypes.addressof(ctypes.c_char.from_buffer(view))
        buffer = PynqBuffer(
            shape,
            np.dtype(dtype),
            buffer=view,
            device=self.device,
            device_address=allocation.address,
            bo=allocation.address,
            coherent=not cacheable,
        )
        buffer.memory, buffer.pointer, buffer.return_to = self, allocation, self
        buffer.freed = True  # nothing for PynqBuffer to unmap once the pointer is returned
        return buffer

    def return_pointer(self, allocation: Allocation) -> None:
        """Take a buffer back; PynqBuffer calls this when it is freed."""
        self._mark(allocation, 0)
        self.history.free(allocation)
        if self._moves(allocation):
            self._freed_in_flight.append(allocation)

    def hold(self, channel: Channel, ranges: list[tuple[int, int]]) -> None:
        """Note what the transfer that a channel of a DMA begins may touch: (address, bytes) of each range."""
        self.release(channel)
        self._in_flight[channel] = ranges

    def release(self, *channels: Channel) -> None:
        """Note that channels have no transfer any more."""
        for channel in channels:
            self._in_flight.pop(channel, None)
        self._freed_in_flight = [each for each in self._freed_in_flight if self._moves(each)]

    def contains(self, address: int, nbytes: int) -> bool:
        """Whether an address range lies in the DDR."""
        return self.base_address <= address and address + nbytes <= self.base_address + self.size

    def flush(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Write what the host has changed to DDR, then take what DDR holds. Raises BufferNotAllocatedError."""
        allocation = self._check(bo, offset, virtual_address, nbytes, "flush")
        if allocation.cache is not None:
            allocation.cache.flush(self._in_ddr(bo, allocation.cache.nbytes), offset, nbytes)

    def invalidate(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Take what DDR holds. Raises BufferNotAllocatedError."""
        allocation = self._check(bo, offset, virtual_address, nbytes, "invalidate")
        if allocation.cache is not None:
            allocation.cache.invalidate(self._in_ddr(bo, allocation.cache.nbytes), offset, nbytes)

    def check_transfer(self, address: int, nbytes: int, what: str) -> None:
        """Make sure that a transfer stays inside one buffer.

        Raises:
            BufferNotAllocatedError: it does not; says which buffers are or were near.
        """
        for allocation in self.history.live.values():
            if allocation.address <= address and address + nbytes <= allocation.address + allocation.nbytes:
                return
        raise BufferNotAllocatedError(
            f"{what}: {nbytes} bytes at physical address {address:#x} are in no buffer; on a board the DMA would read "
            f"or overwrite whatever is there. {self.history.describe(address, nbytes)}"
        )

    def words(self, address: int, count: int) -> npt.NDArray[np.uint32]:
        """Return a copy of 32-bit words of the DDR: uint32 (count,)."""
        return self._in_ddr(address, 4 * count).view(np.uint32).copy()

    def _moves(self, allocation: Allocation) -> bool:
        """Whether a transfer may touch a buffer."""
        end = allocation.address + allocation.nbytes
        ranges = [each for held in self._in_flight.values() for each in held]
        return any(address < end and allocation.address < address + nbytes for address, nbytes in ranges)

    def _in_ddr(self, address: int, nbytes: int) -> npt.NDArray[np.uint8]:
        start = address - self.base_address
        return self.ddr[start : start + nbytes]

    def _reserve(self, nbytes: int, contents: str) -> Allocation:
        pages = max(1, -(-nbytes // PAGE_BYTES))
        for first, free in self._gaps():
            if free > pages:
                address = self.base_address + first * PAGE_BYTES
                allocation = self.history.allocate(address, nbytes, pages, contents)
                self._mark(allocation, 1)
                start = first * PAGE_BYTES
                self.ddr[start : start + pages * PAGE_BYTES] = FRESH_BYTE
                return allocation
        held = sum(other.pages for other in self.history.live.values()) * PAGE_BYTES
        raise DdrExhaustedError(
            f"no room for {nbytes} bytes: {len(self.history.live)} buffers hold {held} of {self.size} bytes; free some"
        )

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Yield first page and number of pages of each gap; a gap's first page is kept free behind a buffer."""
        start = 0
        taken = [*self.history.live.values(), *self._freed_in_flight]
        for allocation in sorted(taken, key=lambda each: each.address):
            first = (allocation.address - self.base_address) // PAGE_BYTES
            yield start, first - start
            start = first + allocation.pages + 1
        yield start, self.size // PAGE_BYTES - start

    def _mark(self, allocation: Allocation, value: int) -> None:
        first = (allocation.address - self.base_address) // PAGE_BYTES
        self.pages[first : first + allocation.pages] = value

    def _check(self, bo: int, offset: int, virtual_address: int, nbytes: int, verb: str) -> Allocation:
        allocation = self.history.live.get(bo)
        if allocation is None:
            raise BufferNotAllocatedError(
                f"{verb}: no buffer at physical address {bo:#x}; it was freed, or never allocated. "
                f"{self.history.describe(bo, nbytes)}"
            )
        inside = offset >= 0 and offset + nbytes <= allocation.nbytes
        if not inside or virtual_address != allocation.host + offset:
            raise BufferNotAllocatedError(
                f"{verb}: the array ({nbytes} bytes at {virtual_address:#x}) does not lie in the allocated buffer at "
                f"{bo:#x} ({allocation}); results of expressions such as a * 2 or a.copy() are ordinary "
                "memory that DMA cannot reach: copy into a buffer from pynq.allocate"
            )
        return allocation
