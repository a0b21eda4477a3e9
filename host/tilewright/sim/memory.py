"""DDR of the simulated device and the allocator behind ``pynq.allocate``.

A buffer exists twice, as on a board with caches: the host's view, which numpy reads and writes, and the DDR, which the
DMA reads and writes. Only ``flush`` (host to DDR) and ``invalidate`` (DDR to host) copy, so that a missing one shows.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pynq.buffer import PynqBuffer

from tilewright.errors import BufferNotAllocatedError
from tilewright.sim.errors import DdrExhaustedError

PAGE_BYTES = 4096
# Contents of newly allocated DDR: neither the host's zeros nor a valid program
FRESH_BYTE = 0xA5
# High DDR region of a Zynq UltraScale+: addresses need both address registers of the DMA
DDR_BASE = 0x8_0000_0000
DDR_BYTES = 256 << 20


@dataclass(frozen=True)
class Allocation:
    """One buffer: physical address, bytes asked for, pages taken, and where the host's view lies."""

    address: int
    nbytes: int
    pages: int
    host: int


class SimMemory:
    """The device's DDR. Untouched parts take no memory of this computer.

    Attributes:
        base_address: physical address of the first byte.
        size: bytes.
        ddr: uint8 (size,), what the DMA sees.
        pages: uint8 (size / 4096,), 1 where a buffer is allocated. Between two buffers one page stays free, so that a
            transfer beyond a buffer ends in SLVERR.
    """

    def __init__(self, device: Any, base_address: int = DDR_BASE, size: int = DDR_BYTES) -> None:
        self.device = device
        self.base_address = base_address
        self.size = size
        self.ddr: npt.NDArray[np.uint8] = np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8)
        self.pages: npt.NDArray[np.uint8] = np.zeros(size // PAGE_BYTES, dtype=np.uint8)
        self._allocations: dict[int, Allocation] = {}

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
            cacheable: taken for pynq's sake; a simulated buffer always needs flush and invalidate.

        Returns:
            PynqBuffer of zeros. Its copy in DDR holds the byte 0xA5 until the first flush or transfer.

        Raises:
            DdrExhaustedError: no gap in the DDR is large enough.
        """
        del cacheable
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        host = bytearray(max(nbytes, 1))
        allocation = self._reserve(nbytes, ctypes.addressof(ctypes.c_char.from_buffer(host)))
        buffer = PynqBuffer(
            shape,
            np.dtype(dtype),
            buffer=host,
            device=self.device,
            device_address=allocation.address,
            bo=allocation.address,
            coherent=False,
        )
        buffer.memory, buffer.pointer, buffer.return_to = self, allocation, self
        buffer.freed = True  # nothing for PynqBuffer to unmap once the pointer is returned
        return buffer

    def return_pointer(self, allocation: Allocation) -> None:
        """Take a buffer back; PynqBuffer calls this when it is freed."""
        del self._allocations[allocation.address]
        self._mark(allocation, 0)

    def flush(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Copy from the host's view to DDR. Raises BufferNotAllocatedError."""
        self._check(bo, offset, virtual_address, nbytes, "flush")
        ctypes.memmove(self._ddr_pointer(bo + offset), virtual_address, nbytes)

    def invalidate(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Copy from DDR to the host's view. Raises BufferNotAllocatedError."""
        self._check(bo, offset, virtual_address, nbytes, "invalidate")
        ctypes.memmove(virtual_address, self._ddr_pointer(bo + offset), nbytes)

    def _ddr_pointer(self, address: int) -> int:
        return int(self.ddr.ctypes.data) + address - self.base_address

    def _reserve(self, nbytes: int, host: int) -> Allocation:
        pages = max(1, -(-nbytes // PAGE_BYTES))
        for first, free in self._gaps():
            if free > pages:
                allocation = Allocation(self.base_address + first * PAGE_BYTES, nbytes, pages, host)
                self._allocations[allocation.address] = allocation
                self._mark(allocation, 1)
                start = first * PAGE_BYTES
                self.ddr[start : start + pages * PAGE_BYTES] = FRESH_BYTE
                return allocation
        held = sum(other.pages for other in self._allocations.values()) * PAGE_BYTES
        raise DdrExhaustedError(
            f"no room for {nbytes} bytes: {len(self._allocations)} buffers hold {held} of {self.size} bytes; free some"
        )

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Yield first page and number of pages of each gap; a gap's first page is kept free behind a buffer."""
        start = 0
        for allocation in sorted(self._allocations.values(), key=lambda each: each.address):
            first = (allocation.address - self.base_address) // PAGE_BYTES
            yield start, first - start
            start = first + allocation.pages + 1
        yield start, self.size // PAGE_BYTES - start

    def _mark(self, allocation: Allocation, value: int) -> None:
        first = (allocation.address - self.base_address) // PAGE_BYTES
        self.pages[first : first + allocation.pages] = value

    def _check(self, bo: int, offset: int, virtual_address: int, nbytes: int, verb: str) -> None:
        allocation = self._allocations.get(bo)
        if allocation is None:
            raise BufferNotAllocatedError(
                f"{verb}: no buffer at physical address {bo:#x}; it was freed, or never allocated"
            )
        inside = offset >= 0 and offset + nbytes <= allocation.nbytes
        if not inside or virtual_address != allocation.host + offset:
            raise BufferNotAllocatedError(
                f"{verb}: the array ({nbytes} bytes at {virtual_address:#x}) does not lie in the allocated buffer at "
                f"{bo:#x} ({allocation.nbytes} bytes); results of expressions such as a * 2 or a.copy() are ordinary "
                "memory that DMA cannot reach: copy into a buffer from pynq.allocate"
            )
