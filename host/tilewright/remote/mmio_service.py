"""The service ``Mmio``: registers at physical addresses."""

from __future__ import annotations

import re
from typing import Any

from pynq.remote import mmio_pb2 as messages
from pynq.remote import mmio_pb2_grpc

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.errors import OutOfRangeError, UnsupportedCallError
from tilewright.remote.failures import unary

WORD_BYTES = 4
READ_BYTES = (1, 2, 4)
# Two numbers of 64 bits
_WINDOW = re.compile(r"([0-9]{1,20})\+([0-9]{1,20})")


class MmioService(mmio_pb2_grpc.MmioServicer):
    """Answers calls of ``RemoteMMIO``. A window's id is its address and length, so that ids outlive a server.

    Args:
        board: what is behind it.
    """

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    @unary
    def get_mmio(self, request: Any) -> Any:
        """The id of a window of registers."""
        return messages.GetMmioResponse(status=True, mmio_id=f"{request.base_addr}+{request.length}")

    @unary
    def read(self, request: Any) -> Any:
        """A register, or its low bytes."""
        if request.length not in READ_BYTES:
            raise UnsupportedCallError(
                f"PYNQ.remote reads 1, 2 or 4 bytes, at most 4 bytes at once, not {request.length}: read registers"
            )
        address = _address(request.mmio_id, request.offset, WORD_BYTES)
        with self._board.lock:
            word = self._board.device.read_word(address)
        return messages.ReadResponse(status=True, data=_as_field(word & (1 << 8 * request.length) - 1))

    @unary
    def write(self, request: Any) -> Any:
        """One register, or several that follow each other."""
        address = _address(request.mmio_id, request.offset, len(request.data))
        with self._board.lock:
            # The client names its window itself, and its message may be of 4 MiB
            self._board.device.check_registers(address, len(request.data))
            for start in range(0, len(request.data), WORD_BYTES):
                word = int.from_bytes(request.data[start : start + WORD_BYTES], "little")
                self._board.device.write_word(address + start, word)
        return messages.WriteResponse(status=True)


def _address(window: str, offset: int, nbytes: int) -> int:
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise OutOfRangeError(f"{window!r} is no window of registers")
    base, length = map(int, found.groups())
    if offset % WORD_BYTES or nbytes % WORD_BYTES or offset + nbytes > length:
        raise OutOfRangeError(f"bytes {offset} to {offset + nbytes} of {length} at {base:#x} are no whole registers")
    return base + offset


def _as_field(word: int) -> int:
    """The field is unsigned in pynq 4.0 and signed in 3.1."""
    field = messages.ReadResponse.DESCRIPTOR.fields_by_name["data"]
    signed = field.type in (field.TYPE_INT32, field.TYPE_SINT32, field.TYPE_SFIXED32)
    return word - (1 << 32) if signed and word >> 31 else word
