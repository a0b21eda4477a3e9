"""The files that a client may see: made up or kept in memory, never those of the server's computer."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tilewright.driver.remote_calls import CLOCK_FILE
from tilewright.remote import limits
from tilewright.remote.board import SimulatedBoard
from tilewright.remote.errors import FileAccessError, LimitError

FPGA_MANAGER = "/sys/class/fpga_manager/fpga0/"
FIRMWARE_FILE = f"{FPGA_MANAGER}firmware"
FLAGS_FILE = f"{FPGA_MANAGER}flags"
FIRMWARE_FOLDER = "/lib/firmware/"
# Where clients may put files of their own: pynq's self-test of PYNQ.remote does
SCRATCH_FOLDER = "/tmp/"


class BoardFiles:
    """Files of a simulated board, which several threads may use.

    Args:
        board: the board.
    """

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}
        self._arriving = 0
        self._flags = b"0"
        self._partial = False
        self._made: dict[str, Callable[[], bytes]] = {
            "/proc/version": lambda: f"Linux version 6.6 (tilewright) {board.device.arch}\n".encode(),
            "/proc/device-tree/chosen/pynq_board": lambda: board.device.name.encode() + b"\0",
            f"{FPGA_MANAGER}state": lambda: b"unknown\n" if board.loaded is None else b"operating\n",
            FLAGS_FILE: lambda: self._flags,
            CLOCK_FILE: lambda: f"{board.monotonic():.9f}\n".encode(),
        }

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._made or path in self._kept

    def read(self, path: str) -> bytes:
        """A file's contents. Raises FileAccessError when there is none."""
        if path in self._made:
            return self._made[path]()
        contents = self._kept.get(path)
        if contents is None:
            raise FileAccessError(f"no file {path} on the simulated board")
        return contents

    def expect_firmware(self, name: str, partial: bool) -> None:
        """Forgets a firmware: pynq's client does not send one again whose name is there, although it may differ.

        Args:
            name: of the firmware.
            partial: whether it will reconfigure a part only.
        """
        with self._lock:
            self._kept.pop(FIRMWARE_FOLDER + name, None)
            self._partial = partial

    @contextmanager
    def arriving(self) -> Iterator[ArrivingFile]:
        """A file that a client sends in parts, which count as those of kept files until the block ends."""
        file = ArrivingFile(self)
        try:
            yield file
        finally:
            with self._lock:
                self._arriving -= file.room

    def write(self, file: ArrivingFile) -> None:
        """Takes a file; one for the FPGA manager has its effect.

        Raises:
            FileAccessError: such a file is not taken.
            LimitError: there is no room.
            TilewrightError: the firmware cannot be loaded; see :meth:`SimulatedBoard.load`.
        """
        path, contents = file.path, bytes(file.contents)
        if path == FLAGS_FILE:
            if len(contents) > limits.MOST_FLAGS_BYTES:
                raise LimitError(f"{path}: {len(contents)} bytes; flags have at most {limits.MOST_FLAGS_BYTES}")
            self._flags = contents
        elif path == FIRMWARE_FILE:
            if len(contents) > limits.MOST_PATH_BYTES:
                raise LimitError(f"{path}: a name of {len(contents)} bytes; at most {limits.MOST_PATH_BYTES} are taken")
            name = contents.decode(errors="replace").strip()
            self._board.load(name, self.read(FIRMWARE_FOLDER + name), self._partial)
        elif posixpath.normpath(path) == path and path.startswith((FIRMWARE_FOLDER, SCRATCH_FOLDER)):
            self._keep(path, contents)
        else:
            raise FileAccessError(f"the simulated board takes no file {path}")

    def reserve(self, nbytes: int) -> None:
        """Room for a part of a file that arrives. Raises LimitError when there is none."""
        with self._lock:
            held = self._held() + self._arriving
            if held + nbytes > limits.MOST_FILE_BYTES:
                raise LimitError(f"no room for {nbytes} more bytes: files and their names have {held} bytes already")
            self._arriving += nbytes

    def _keep(self, path: str, contents: bytes) -> None:
        with self._lock:
            if path not in self._kept and len(self._kept) >= limits.MOST_FILES:
                raise LimitError(f"{path}: {len(self._kept)} files are kept already, and no more than that")
            self._kept[path] = contents

    def _held(self) -> int:
        return sum(_name_bytes(path) + len(contents) for path, contents in self._kept.items())


class ArrivingFile:
    """A file that a client sends in parts.

    Args:
        files: where it will be kept.

    Attributes:
        path: its path; empty before the first part.
        contents: so far.
        room: bytes that it takes, its name included.
    """

    def __init__(self, files: BoardFiles) -> None:
        self._files = files
        self.path = ""
        self.contents = bytearray()
        self.room = 0

    def add(self, path: str, part: bytes) -> None:
        """Adds a part.

        Raises:
            FileAccessError: it is one of another file.
            LimitError: the name is too long, or there is no room.
        """
        nbytes = len(part)
        if path != self.path:
            if self.path:
                raise FileAccessError(f"parts of two files in one stream: {self.path} and {path}")
            if _name_bytes(path) > limits.MOST_PATH_BYTES:
                raise LimitError(f"a path of {_name_bytes(path)} bytes; at most {limits.MOST_PATH_BYTES} are taken")
            nbytes += _name_bytes(path)
        self._files.reserve(nbytes)
        self.room += nbytes
        self.path = path
        self.contents += part


def _name_bytes(path: str) -> int:
    return len(path.encode())
