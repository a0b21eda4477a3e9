"""Requests of a process to the valgrind that runs it: counting on and off, and what was counted to a file."""

from __future__ import annotations

import ctypes
import mmap

# First argument: the request's words. Rotations by 128 bits in all and an exchange of a register with itself do
# nothing, and are what valgrind looks for (valgrind.h, amd64): mov rax,rdi; xor edx,edx; rol rdi,3,13,61,51;
# xchg rbx,rbx; mov rax,rdx; ret
_CODE = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_WORDS = 6
# Of callgrind.h
_BASE = ord("C") << 24 | ord("T") << 16
_DUMP, _START, _STOP = _BASE + 3, _BASE + 4, _BASE + 5


class Callgrind:
    """The Callgrind that runs this process; without one nothing happens. On amd64 only."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)

    def start(self) -> None:
        """Counts from here on."""
        self._request(_START)

    def stop(self) -> None:
        """Counts no further, and writes what was counted to a file of its own."""
        self._request(_STOP)
        name = ctypes.create_string_buffer(b"counted")
        self._request(_DUMP, ctypes.addressof(name))

    def _request(self, *words: int) -> None:
        block = (ctypes.c_uint64 * _WORDS)(*words)
        self._call(ctypes.addressof(block))
