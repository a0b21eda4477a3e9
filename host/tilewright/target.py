"""Where programs run: on the simulated device, on the board under this Python, or on a board over the network."""

from __future__ import annotations

import os
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any

from tilewright.environment import BITSTREAM_VARIABLE, BOARD_VARIABLE, DEVICE_VARIABLE, HOST_VARIABLE
from tilewright.errors import TargetError

__all__ = ["DeviceKind", "open_overlay"]

# What pynq's own board images have
BOARD_NAME = Path("/proc/device-tree/chosen/pynq_board")


class DeviceKind(str, Enum):
    """Where a program runs."""

    SIM = "sim"
    BOARD = "board"
    REMOTE = "remote"


KINDS = "one of " + ", ".join(kind.value for kind in DeviceKind)


def default_device() -> DeviceKind:
    """Return the kind that $TILEWRIGHT_DEVICE names, else the board on a PYNQ board, else the simulated device.

    Raises:
        TargetError: $TILEWRIGHT_DEVICE names no kind.
    """
    chosen = os.environ.get(DEVICE_VARIABLE)
    if chosen:
        try:
            return DeviceKind(chosen)
        except ValueError:
            raise TargetError(f"${DEVICE_VARIABLE} is {chosen!r}: {KINDS}") from None
    return DeviceKind.BOARD if BOARD_NAME.is_file() else DeviceKind.SIM


def device_kind(name: DeviceKind | str) -> DeviceKind:
    """The kind of a name.

    Args:
        name: the kind's value, or itself.

    Raises:
        TargetError: there is none of it.
    """
    try:
        return DeviceKind(name)
    except ValueError:
        raise TargetError(f"no device {name!r}: {KINDS}") from None


def open_overlay(
    device: DeviceKind | str | None = None,
    array: int | None = None,
    *,
    stream: int | None = None,
    board: str | None = None,
    bitstream: str | PathLike[str] | None = None,
    host: str | None = None,
    seed: int | None = None,
) -> Any:
    """Load the accelerator and return its ``pynq.Overlay``; its device becomes ``pynq.Device.active_device``.

    Args:
        device: kind of the device; None takes :func:`default_device`.
        array: rows and columns of the simulated array: 8, 16, 32 or 64; None takes the board's, without one 8. A
            bitstream brings its own.
        stream: bits of the simulated hardware's streams: 64, or 128 for arrays of 16 and more; None takes the board's
            where the array has them, without one 64.
        board: that the simulated device stands for, of ``tilewright.boards``; None takes $TILEWRIGHT_BOARD.
        bitstream: .bit file for a board, its .hwh beside it; None takes $TILEWRIGHT_BITSTREAM.
        host: address of a remote board, with ``:PORT`` where it is not pynq's; None takes $TILEWRIGHT_HOST.
        seed: of the simulated device's stalls.

    Raises:
        TargetError: no such kind, a board without a bitstream, a remote board without an address, no board under this
            Python, a bitstream for Zynq-7000 with a pynq that cannot load it, or no package for the simulated device.
        ParameterError: there is no such board to simulate, or no such hardware.
        SimulationError: the simulated device cannot be built.
        CacheError: nor can the cache be used.
    """
    import tilewright.driver.accelerator  # noqa: F401 - pynq binds it as it loads the overlay

    kind = default_device() if device is None else device_kind(device)
    if kind is DeviceKind.SIM:
        return _open_simulated(array, stream, seed, board or os.environ.get(BOARD_VARIABLE) or None)
    file, address = board_of(kind, bitstream, host)
    _check_pynq(file)
    return _open_board(file) if address is None else _open_remote(file, address)


def board_of(
    kind: DeviceKind, bitstream: str | PathLike[str] | None = None, host: str | None = None
) -> tuple[Path, str | None]:
    """The bitstream of a board, and a remote one's address; nothing is opened.

    Args:
        kind: ``BOARD`` or ``REMOTE``.
        bitstream: as of :func:`open_overlay`.
        host: as of :func:`open_overlay`.

    Raises:
        TargetError: there is no bitstream, or no address.
    """
    bitstream = bitstream or os.environ.get(BITSTREAM_VARIABLE)
    if not bitstream:
        raise TargetError(f"a {kind.value} device needs a bitstream: give one, or set ${BITSTREAM_VARIABLE}")
    if not Path(bitstream).is_file():
        raise TargetError(f"no bitstream {bitstream}")
    address = host or os.environ.get(HOST_VARIABLE) if kind is DeviceKind.REMOTE else None
    if kind is DeviceKind.REMOTE and not address:
        raise TargetError(f"a remote device needs its address: give it as host (--host), or set ${HOST_VARIABLE}")
    return Path(bitstream), address or None


def _open_simulated(array: int | None, stream: int | None, seed: int | None, board: str | None) -> Any:
    try:
        from tilewright.sim import hardware_of_board
        from tilewright.sim import open_overlay as open_simulated
    except ModuleNotFoundError as error:
        raise TargetError(f"the simulated device needs Python's {error.name}: pip install 'tilewright[sim]'") from error
    return open_simulated(array=hardware_of_board(board, array, stream), seed=seed, board=board)


def _check_pynq(bitstream: Path) -> None:
    """Raises TargetError where pynq itself would fail with a TypeError: it misses a frequency in the .hwh."""
    import pynq

    hwh = bitstream.with_suffix(".hwh")
    if int(pynq.__version__.split(".")[0]) < 4 or not hwh.is_file():
        return
    if b'MODTYPE="processing_system7"' in hwh.read_bytes():
        raise TargetError(
            f"{bitstream.name} is for a Zynq-7000 (PYNQ-Z1, PYNQ-Z2), which pynq {pynq.__version__} cannot load: since "
            "4.0 it wants a clock frequency that no such .hwh has. Use an image of PYNQ 3.1, or pip install pynq==3.1.2"
        )


def _open_board(bitstream: Path) -> Any:
    import pynq

    try:
        device = pynq.Device.active_device
    except RuntimeError as error:
        raise TargetError(
            f"pynq finds no board here ({error}): run this on the board, as root and with the environment that "
            "/etc/profile.d sets there, or choose another device"
        ) from error
    return pynq.Overlay(str(bitstream), device=device)


def _open_remote(bitstream: Path, host: str) -> Any:
    from tilewright.remote.client import open_remote

    return open_remote(bitstream, host)
