"""What the commands share: where they print, the device that the options name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.cli.argument_checks import check_writable
from tilewright.cli.narrow import Screen
from tilewright.errors import TargetError
from tilewright.hardware.parameters import AcceleratorParameters
from tilewright.progress import phase
from tilewright.target import DeviceKind, board_of, default_device

if TYPE_CHECKING:
    from tilewright.driver import Driver

output = Screen()


@dataclass(frozen=True)
class Target:
    """A device that options name, checked and not opened yet.

    Attributes:
        kind: of the device.
        array: rows and columns of the simulated array.
        seed: of the simulated device's stalls.
        bitstream: a board's .bit file.
        host: a remote board's address.
        stream: bits of the simulated hardware's streams.
    """

    kind: DeviceKind
    array: int
    seed: int | None
    bitstream: Path | None
    host: str | None
    stream: int = 64

    def open(self) -> Driver:
        """The driver of its accelerator.

        Raises:
            TilewrightError: the device cannot be opened.
        """
        overlay = self.overlay()
        from tilewright.driver import Driver

        return Driver(overlay)

    def overlay(self) -> Any:
        """Its ``pynq.Overlay``, loaded.

        Raises:
            TilewrightError: the device cannot be opened.
        """
        texts = {
            DeviceKind.SIM: f"Simulated device {self.array}x{self.array}",
            DeviceKind.BOARD: "Bitstream",
            DeviceKind.REMOTE: "Bitstream over the network",
        }
        text = texts[self.kind]
        doing = f"{text} (compiled on first use)" if self.kind is DeviceKind.SIM else f"Loading: {text}"
        with phase(doing, f"{text} ready"):
            # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
            from tilewright.target import open_overlay

            return open_overlay(
                self.kind, self.array, stream=self.stream, bitstream=self.bitstream, host=self.host, seed=self.seed
            )


def chosen_device(device: DeviceKind | None, bitstream: Path | None, host: str | None) -> DeviceKind:
    """The kind of device that the options mean.

    Args:
        device: --device.
        bitstream: --bitstream; alone it means a board.
        host: --host; alone it means a remote board.

    Raises:
        TargetError: the options contradict each other.
    """
    if device is None and host is not None:
        kind = DeviceKind.REMOTE
    elif device is None and bitstream is not None:
        kind = DeviceKind.REMOTE if default_device() is DeviceKind.REMOTE else DeviceKind.BOARD
    else:
        kind = default_device() if device is None else device
    if bitstream is not None and kind is DeviceKind.SIM:
        raise TargetError("--bitstream is for a board, the simulated device has --array: leave one out")
    if host is not None and kind is not DeviceKind.REMOTE:
        raise TargetError(f"--host is for --device remote, not for --device {kind.value}")
    return kind


def choose_target(
    array: int,
    seed: int | None,
    device: DeviceKind | None,
    bitstream: Path | None,
    host: str | None,
    trace: Path | None = None,
    stream: int = 64,
) -> Target:
    """The device that the options name, before any work.

    Args:
        array: rows and columns of the simulated array.
        seed: of the simulated device's stalls.
        device: kind of the device; None leaves it to the other options, see :func:`chosen_device`.
        bitstream: a board's .bit file.
        host: a remote board's address.
        trace: file of --trace.
        stream: bits of the simulated hardware's streams.

    Raises:
        ParameterError: no such hardware.
        TargetError: the options contradict each other, a board lacks its bitstream or address, or no waveform can be
            written.
    """
    kind = chosen_device(device, bitstream, host)
    if kind is not DeviceKind.SIM:
        board_of(kind, bitstream, host)
    if trace is not None:
        if kind is not DeviceKind.SIM:
            raise TargetError("--trace needs the simulated device of this computer: leave out --device, or --trace")
        if trace.suffix != ".fst":
            raise TargetError(f"--trace {trace}: a waveform has the suffix .fst")
        check_writable("--trace", trace)
    return Target(kind, array, seed, bitstream, host, AcceleratorParameters(n=array, stream_w=stream).stream_w)
