"""The files that a client may see: made up or kept in memory, never those of the server's computer."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.clock_file import CLOCK_FILE
from tilewright.remote.errors import FileAccessError

FPGA_MANAGER = "/sys/class/fpga_manager/fpga0/"
FIRMWARE_FOLDER = "/lib/firmware/"
# Where clients may put files of their own: pynq's self-test of PYNQ.remote does
SCRATCH_FOLDER = "/tmp/"
MOST_BYTES = 256 << 20


class BoardFiles:
    """Files of a simulated board.

    Args:
        board: the board.
    """

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._kept: dict[str, bytes] = {}
        self._flags = b"0"
        self._partial = False
        self._made: dict[str, Callable[[], bytes]] = {
            "/proc/version": lambda: f"Linux version 6.6 (tilewright) {board.device.arch}\n".encode(),
            "/proc/device-tree/chosen/pynq_board": lambda: board.device.name.encode() + b"\0",
            f"{FPGA_MANAGER}state": lambda: b"unknown\n" if board.loaded is None else b"operating\n",
            f"{FPGA_MANAGER}flags": lambda: self._flags,
            CLOCK_FILE: lambda: f"{board.device.monotonic():.9f}\n".encode(),
        }

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._made or path in self._kept

    def read(self, path: str) -> bytes:
        """A file's contents. Raises FileAccessError when there is none."""
        if path in self._made:
            return self._made[path]()
        if path in self._kept:
            return self._kept[path]
        raise FileAccessError(f"no file {path} on the simulated board")

    def expect_firmware(self, name: str, partial: bool) -> None:
        """Forgets a firmware: pynq's client does not send one again whose name is there, although it may differ.

        Args:
            name: of the firmware.
            partial: whether it will reconfigure a part only.
        """
        self._kept.pop(FIRMWARE_FOLDER + name, None)
        self._partial = partial

    def write(self, path: str, contents: bytes) -> None:
        """Takes a file; one for the FPGA manager has its effect.

        Raises:
            FileAccessError: such a file is not taken, or there is no room.
            TilewrightError: the firmware cannot be loaded; see :meth:`SimulatedBoard.load`.
        """
        if path == f"{FPGA_MANAGER}flags":
            self._flags = contents
        elif path == f"{FPGA_MANAGER}firmware":
            name = contents.decode(errors="replace").strip()
            self._board.load(name, self.read(FIRMWARE_FOLDER + name), self._partial)
        elif posixpath.normpath(path) == path and path.startswith((FIRMWARE_FOLDER, SCRATCH_FOLDER)):
            self._keep(path, contents)
        else:
            raise FileAccessError(f"the simulated board takes no file {path}")

    def _keep(self, path: str, contents: bytes) -> None:
        held = sum(len(other) for name, other in self._kept.items() if name != path)
        if held + len(contents) > MOST_BYTES:
            raise FileAccessError(f"{path}: no room for {len(contents)} bytes beside {held} of other files")
        self._kept[path] = contents
