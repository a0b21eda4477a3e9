"""The host's view of a cacheable buffer: what the CPU's caches hold of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LINE_BYTES = 64


class HostCache:
    """The host's view of one buffer, and what is known of its lines.

    A line is 64 bytes, as in the caches of a Cortex-A53 (of a Cortex-A9: 32). It is dirty when the host has changed it
    since it was last taken from DDR; a new buffer is dirty throughout, its zeros are the host's.

    Args:
        nbytes: of the buffer.

    Attributes:
        view: what numpy reads and writes: bytes, in whole lines.
    """

    def __init__(self, nbytes: int) -> None:
        lines = max(1, -(-nbytes // LINE_BYTES))
        self.view = bytearray(lines * LINE_BYTES)
        self._host = np.frombuffer(self.view, np.uint8).reshape(lines, LINE_BYTES)
        self._taken = np.zeros_like(self._host)
        self._known = np.zeros(lines, bool)

    @property
    def nbytes(self) -> int:
        """Bytes in whole lines."""
        return len(self.view)

    def flush(self, ddr: npt.NDArray[np.uint8], offset: int, nbytes: int) -> None:
        """Write the dirty lines of a range to DDR, then take all of its lines from there.

        Args:
            ddr: uint8 (nbytes,), the memory behind the view.
            offset: of the range, in bytes.
            nbytes: of the range.
        """
        lines = slice(offset // LINE_BYTES, -(-(offset + nbytes) // LINE_BYTES))
        memory, host = ddr.reshape(self._host.shape)[lines], self._host[lines]
        dirty = ~self._known[lines] | (host != self._taken[lines]).any(axis=1)
        memory[dirty] = host[dirty]
        host[:] = memory
        self._taken[lines] = memory
        self._known[lines] = True

    def invalidate(self, ddr: npt.NDArray[np.uint8], offset: int, nbytes: int) -> None:
        """Take a range from DDR; arguments as of :meth:`flush`. What the host has changed in it is lost."""
        taken, host = self._taken.reshape(-1), self._host.reshape(-1)
        host[offset : offset + nbytes] = ddr[offset : offset + nbytes]
        taken[offset : offset + nbytes] = ddr[offset : offset + nbytes]
        self._known[-(-offset // LINE_BYTES) : (offset + nbytes) // LINE_BYTES] = True
