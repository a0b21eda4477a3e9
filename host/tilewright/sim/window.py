"""What ``MMIO.array`` is on a simulated device: an array whose element accesses are bus transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

WORD_BYTES = 4


class Bus(Protocol):
    """Something with 32-bit registers at physical addresses."""

    def read_word(self, address: int) -> int:
        """Read the register at a physical address."""

    def write_word(self, address: int, value: int) -> None:
        """Write the register at a physical address."""


class RegisterWindow:
    """Registers as a one-dimensional array of uint32 (or uint64: low word first), as far as pynq uses numpy arrays.

    Args:
        bus: makes the accesses.
        base: physical address of element 0.
        length: number of elements.
        dtype: uint32 or uint64.
    """

    ndim = 1

    def __init__(self, bus: Bus, base: int, length: int, dtype: npt.DTypeLike = np.uint32) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.uint32), np.dtype(np.uint64)):
            raise TypeError(f"registers are seen as uint32 or uint64, not {self.dtype}")
        self._bus = bus
        self._base = base
        self._length = length

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(self.dtype.itemsize)

    @property
    def shape(self) -> tuple[int]:
        """Number of elements, as a tuple."""
        return (self._length,)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._length

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._length * self.itemsize

    def view(self, dtype: npt.DTypeLike) -> RegisterWindow:
        """Return the same registers as uint32 or uint64. Raises TypeError for other types."""
        return RegisterWindow(self._bus, self._base, self.nbytes // np.dtype(dtype).itemsize, dtype)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return self._part(key)
        address = self._address(key)
        words = [self._bus.read_word(address + offset) for offset in range(0, self.itemsize, WORD_BYTES)]
        return self.dtype.type(sum(word << 32 * index for index, word in enumerate(words)))

    def __setitem__(self, key: int | slice, value: npt.ArrayLike) -> None:
        if isinstance(key, slice):
            part = self._part(key)
            for index, each in enumerate(np.broadcast_to(np.asarray(value), part.shape)):
                part[index] = each
            return
        address = self._address(key)
        number = int(np.asarray(value))
        for offset in range(0, self.itemsize, WORD_BYTES):
            self._bus.write_word(address + offset, number >> 8 * offset & 0xFFFFFFFF)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self._length))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        values = np.fromiter(self, self.dtype, self._length)
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"RegisterWindow({self._length} x {self.dtype} at {self._base:#x})"

    def _part(self, key: slice) -> RegisterWindow:
        start, stop, step = key.indices(self._length)
        if step != 1:
            raise IndexError("slices of registers have step 1")
        return RegisterWindow(self._bus, self._base + start * self.itemsize, max(0, stop - start), self.dtype)

    def _address(self, index: int) -> int:
        position = int(index) + (self._length if index < 0 else 0)
        if not 0 <= position < self._length:
            raise IndexError(f"register {index} of {self._length}")
        return self._base + position * self.itemsize
