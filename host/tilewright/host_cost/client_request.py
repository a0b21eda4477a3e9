"""Requests of a process to the valgrind that runs it: counting on and off."""

from __future__ import annotations

import ctypes
import mmap

# rax: the request's words; rdx: the answer where no valgrind runs. Rotations by 128 bits in all and an exchange of a
# register with itself do nothing, and are what valgrind looks for (valgrind.h, amd64).
_CODE = bytes.fromhex("4889f831d248c1c70348c1c70d48c1c73d48c1c7334887db4889d0c3")
_TOOL = ord("C") << 24 | ord("T") << 16
_DUMP_AT, _START, _STOP, _ZERO = _TOOL + 3, _TOOL + 4, _TOOL + 5, _TOOL + 1


class Callgrind:
    """The Callgrind that runs this process."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)

    def _request(self, number, *words):
        block = (ctypes.c_uint64 * 6)(number, *words)
        return int(self._call(ctypes.addressof(block)))

    def start(self):
        self._request(_START)

    def stop(self):
        self._request(_STOP)

    def dump(self, name):
        text = ctypes.create_string_buffer(name.encode())
        self._request(_DUMP_AT, ctypes.addressof(text))
