"""What became of the buffers of a simulated device, for messages about addresses that belong to none."""

from __future__ import annotations

import itertools
import sys
from collections import deque
from dataclasses import dataclass, field

from tilewright.sim.host_cache import HostCache

REMEMBERED = 64
# Frames of these packages are not where a user asked for a buffer
_OWN = ("pynq", "tilewright.sim")


@dataclass
class Allocation:
    """One buffer.

    Attributes:
        number: counts the device's buffers from 1.
        address: physical address.
        nbytes: bytes asked for.
        pages: taken.
        contents: type and shape.
        made: file and line that allocated it.
        freed: file and line where it was freed; None while it lives.
        host: virtual address of the host's view.
        cache: the host's view; None where the buffer is not cacheable.
    """

    number: int
    address: int
    nbytes: int
    pages: int
    contents: str
    made: str
    freed: str | None = None
    host: int = 0
    cache: HostCache | None = field(default=None, repr=False)

    def __str__(self) -> str:
        end = "" if self.freed is None else f", freed at {self.freed}"
        return (
            f"buffer {self.number}: {self.contents}, {self.nbytes} bytes at {self.address:#x}, "
            f"allocated at {self.made}{end}"
        )


class BufferHistory:
    """The buffers that live, and the last ones that were freed.

    Attributes:
        live: by physical address.
    """

    def __init__(self) -> None:
        self.live: dict[int, Allocation] = {}
        self._numbers = itertools.count(1)
        self._freed: deque[Allocation] = deque(maxlen=REMEMBERED)

    def allocate(self, address: int, nbytes: int, pages: int, contents: str) -> Allocation:
        """Note a new buffer; arguments as of :class:`Allocation`."""
        allocation = Allocation(next(self._numbers), address, nbytes, pages, contents, _caller())
        self.live[address] = allocation
        return allocation

    def free(self, allocation: Allocation) -> None:
        """Note that a buffer is gone."""
        del self.live[allocation.address]
        allocation.freed, allocation.cache = _caller(), None
        self._freed.append(allocation)

    def describe(self, address: int, nbytes: int) -> str:
        """Say what is known of an address range that lies in no live buffer."""
        before = [each for each in self.live.values() if each.address <= address]
        nearest = max(before, key=lambda each: each.address, default=None)
        if nearest is not None and address < nearest.address + nearest.nbytes:
            beyond = address + nbytes - nearest.address - nearest.nbytes
            return f"It begins in {nearest} and goes {beyond} bytes beyond its end."
        for each in reversed(self._freed):
            if each.address <= address < each.address + each.nbytes:
                return f"That was {each}."
        live = "; ".join(str(each) for each in self.live.values()) or "none"
        return (
            "No buffer was ever there. An array that was not made by pynq.allocate but derived from a buffer "
            f"(arithmetic, copy(), astype()) has an address that is not its own. Buffers: {live}."
        )


def _caller() -> str:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_globals.get("__name__", "")
        if not any(name == own or name.startswith(f"{own}.") for own in _OWN) and name != __name__:
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
