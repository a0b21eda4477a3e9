"""Which arrays a DMA may transfer: those that ``pynq.allocate`` made, locally or remotely; how parts are flushed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tilewright.errors import BufferNotAllocatedError


def check_buffer(buffer: Any, start: int, nbytes: int) -> None:
    """Makes sure that a transfer stays inside memory that pynq allocated.

    ``buffer * 2``, ``buffer.copy()`` and ``buffer.astype(...)`` are pynq buffers too, with an address that is not
    theirs: only the array that the allocator made and, on a local device, views of it are accepted.

    Args:
        buffer: the array to transfer.
        start: offset in bytes.
        nbytes: length in bytes.

    Raises:
        BufferNotAllocatedError: not an allocated buffer, freed, not contiguous, or the range lies outside it.
    """
    if is_remote(buffer):
        _check_remote(buffer)
    else:
        _check_local(buffer)
    if not buffer.flags.c_contiguous:
        raise BufferNotAllocatedError("the buffer is not contiguous; DMA transfers one range of addresses")
    if start < 0 or nbytes <= 0 or start + nbytes > buffer.nbytes:
        raise BufferNotAllocatedError(
            f"bytes {start} to {start + nbytes} do not lie in a buffer of {buffer.nbytes} bytes"
        )


def ranges_of(parts: Iterable[slice], itemsize: int) -> list[tuple[int, int]]:
    """Where parts of a buffer's elements begin, and how long they are, in bytes."""
    return [(part.start * itemsize, (part.stop - part.start) * itemsize) for part in parts]


def flush_ranges(buffer: Any, ranges: Iterable[tuple[int, int]], address: int) -> None:
    """Flushes parts of a buffer whose others have not changed since they were flushed.

    As ``buffer[part].flush()``, whose views cost more; of a buffer object of XRT, pynq 4.0 flushes the whole.

    Args:
        buffer: from ``pynq.allocate``, not a remote one.
        ranges: of :func:`ranges_of`.
        address: its virtual address, which numpy takes long to say.
    """
    if buffer.coherent:
        return
    offset = buffer.offset
    if hasattr(buffer.bo, "sync"):
        import pyxrt  # type: ignore[import-not-found]  # on boards only

        for start, nbytes in ranges:
            buffer.bo.sync(pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE, nbytes, offset + start)
    else:
        for start, nbytes in ranges:
            buffer.device.flush(buffer.bo, offset + start, address + start, nbytes)


def invalidate(buffer: Any, address: int) -> None:
    """As ``buffer.invalidate()`` of a buffer that is not remote, whose virtual address is known."""
    if not buffer.coherent:
        buffer.device.invalidate(buffer.bo, buffer.offset, address, buffer.nbytes)


def as_flushed(buffer: Any) -> Any:
    """What pynq transfers as a buffer that is flushed, without flushing it again; not of a remote one."""
    flushed = buffer[:]
    flushed.coherent = True
    return flushed


def is_remote(buffer: Any) -> bool:
    """Whether a buffer lies on a board beyond PYNQ.remote, which knows whole buffers only."""
    return getattr(buffer, "buffer_id", None) is not None


def _check_local(buffer: Any) -> None:
    """The allocator's own array has the attribute ``memory``."""
    owner: Any = buffer
    while not hasattr(owner, "memory") and isinstance(getattr(owner, "base", None), np.ndarray):
        owner = owner.base
    if not hasattr(owner, "memory") or getattr(buffer, "physical_address", None) is None:
        raise _not_allocated(buffer)
    offset = buffer.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    if buffer.physical_address != owner.physical_address + offset:
        raise BufferNotAllocatedError(
            f"the buffer's physical address {buffer.physical_address:#x} is not that of its memory "
            f"({owner.physical_address + offset:#x})"
        )


def _check_remote(buffer: Any) -> None:
    """The allocator's own array has the attribute ``freed``; a derived one's flush would overwrite its memory."""
    if hasattr(buffer, "freed"):
        if buffer.freed:
            raise BufferNotAllocatedError(f"the remote buffer {buffer.buffer_id} was freed")
        return
    owner: Any = buffer.base
    while owner is not None and not hasattr(owner, "freed"):
        owner = getattr(owner, "base", None)
    if owner is None:
        raise _not_allocated(buffer)
    raise BufferNotAllocatedError(
        f"a view of {buffer.nbytes} bytes of a remote buffer cannot be transferred: PYNQ.remote knows whole buffers "
        "only; give the buffer that pynq.allocate returned, and how many of its bytes"
    )


def _not_allocated(buffer: Any) -> BufferNotAllocatedError:
    return BufferNotAllocatedError(
        f"a {type(buffer).__name__} of {buffer.nbytes} bytes was not made by pynq.allocate (results of arithmetic, "
        "copy() and astype() are not); allocate a buffer and assign to it with buffer[:] = ..."
    )
