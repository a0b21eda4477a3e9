"""Exceptions of the host library: one class for each kind of failure, all below :class:`TilewrightError`.

Each says what it is and, behind "To do:", what helps; docs/errors.md is made of it.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = [
    "BitstreamError",
    "BoardError",
    "BufferNotAllocatedError",
    "CacheError",
    "CompileError",
    "DeviceBusyError",
    "DeviceError",
    "DeviceStateWarning",
    "DeviceTimeoutError",
    "DmaError",
    "FarmError",
    "HostCostError",
    "LayerError",
    "ModelProcessError",
    "NetworkError",
    "ParameterError",
    "ParameterMismatchError",
    "ProgramError",
    "RemoteError",
    "ReportError",
    "ResultError",
    "SimulationError",
    "StimulusError",
    "TargetError",
    "TilewrightError",
    "TransferError",
    "TransferLengthError",
    "VivadoError",
]


class TilewrightError(Exception):
    """Base of every exception that this package raises on purpose."""


class LayerError(TilewrightError):
    """A layer's integers, shapes or metadata are wrong, or the layer does not fit the accelerator.

    To do: make the layer file anew (`python -m tilewright_model capture`), or correct what the message names.
    """


class NetworkError(TilewrightError):
    """A network file or its contents are wrong, or images do not fit the network: names the file, layer or tensor.

    To do: the message names what to change: another file, another layer, pixels as uint8 with channels first.
    """


class CompileError(TilewrightError):
    """A network cannot be compiled for an array: names the layer and the reason.

    To do: change the layer that is named, or take hardware with more room; docs/supported_layers.md has all limits.
    """


class ProgramError(TilewrightError):
    """Beats are not a valid program: names the beat, the command and the field.

    To do: compile the program anew; a file of a program that was stored or sent is damaged.
    """


class ParameterMismatchError(TilewrightError):
    """The accelerator is not the one that was asked for: ID, version, program format or array parameters differ.

    To do: load the bitstream that was meant, or the library that drives this one (docs/bitstreams.md has the table).
    """


class ParameterError(TilewrightError):
    """The hardware cannot be built with a parameter: names it, its value and what is possible.

    To do: take one of the values that the message names.
    """


class BufferNotAllocatedError(TilewrightError):
    """A buffer's physical address is not one that ``pynq.allocate`` gave out, so that DMA would go astray.

    To do: give buffers of `pynq.allocate` of the same device, whole ones, not yet freed.
    """


class TransferLengthError(TilewrightError):
    """A program or its results are longer than the DMA transfers at once: says by how much and what to do.

    To do: run a smaller batch, or a DMA with scatter-gather or a longer length register.
    """


class FailureReport(Protocol):
    """What was read out when a transfer failed: of a driver, a :class:`tilewright.driver.stuck.StuckReport`.

    ``str`` is for people.
    """

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""


class TransferError(TilewrightError):
    """A transfer failed. Below the message Python 3.11 and the command line print its notes: the report for people.

    To do: read the report below the message: `starved` and `suggestion` first.

    Args:
        message: what happened, one line.
        report: state of DMA and accelerator at that time, a :class:`FailureReport`, where there is one.
    """

    def __init__(self, message: str, report: FailureReport | None = None) -> None:
        super().__init__(message)
        self.__notes__: list[str] = []
        self.report: FailureReport | None = None
        if report is not None:
            self.add_report(report)

    def add_report(self, report: FailureReport) -> None:
        """Adds the state of DMA and accelerator, where whoever raised this did not know it."""
        self.report = report
        self.__notes__.append(str(report))


class DeviceTimeoutError(TransferError):
    """A transfer did not end in time: ``report`` says which side starved, what each side has done, what to do.

    To do: do what the report suggests (docs/hangs.md has all causes); the next run is exact, nothing need be loaded
    again.
    """


class DmaError(TransferError):
    """The DMA reported an error in DMASR, or it is not in a state to start a transfer.

    To do: do what the report suggests: most often a buffer that was freed or that is too small.
    """


class DeviceBusyError(TilewrightError):
    """A program runs already, of another driver, thread or process: nothing was sent, and that program goes on.

    To do: wait for that program, or end the notebook or process that runs it.
    """


class DeviceStateWarning(UserWarning):
    """A driver found the device in another state than it should be in, and says which: at work, of another build, at
    another clock.

    To do: nothing, if it was meant: the device was reset, or its results are right and its speed another.
    """


class DeviceError(TilewrightError):
    """The accelerator refused a program.

    To do: by its error code, below.

    Args:
        message: what was refused and what to do.
        code: error code of the trailer or the ERROR register (:class:`tilewright.hardware.registers.ErrorCode`).
        sequence: sequence number of the failing command.
    """

    def __init__(self, message: str, code: int, sequence: int) -> None:
        super().__init__(message)
        self.code = code
        self.sequence = sequence


class ResultError(TilewrightError):
    """A result packet cannot be trusted: trailer, length or a CRC-32 is wrong, or it is another batch's.

    To do: run again; if it happens again on a board, `tilewright board check`: its clock or its memory port is at
    fault.
    """


class CacheError(TilewrightError, OSError):
    """The cache cannot be used: names the folder, the reason, and the variable that names another folder.

    To do: make room, or let `TILEWRIGHT_CACHE` name another folder.
    """


class ModelProcessError(TilewrightError):
    """A command of ``python -m tilewright_model`` failed; with its own message.

    To do: read the message of PyTorch's side: it names the file, the layer or the package that is missing.
    """


class TargetError(TilewrightError):
    """The device that was asked for cannot be opened: no bitstream, no address, no such kind.

    To do: name the device: `--device`, `--bitstream` with its .hwh beside it, `--host`.
    """


class BoardError(TilewrightError):
    """A board cannot be reached over ssh, lacks something, or a step of its set-up failed: says what to do.

    To do: do what the message says: a key for ssh, sudo without a password, room on the card (docs/board.md).
    """


class BitstreamError(TilewrightError):
    """A .bit, its .hwh and its manifest do not belong together, or one of them is none: a line for each difference.

    To do: copy .bit, .hwh and manifest.json from one folder, or build anew; `tilewright bitstream check` lists what
    differs.
    """


class VivadoError(TilewrightError):
    """Vivado is missing or of another version, or it made no bitstream: with the reason out of its log.

    To do: put a version of Vivado on PATH that the scripts are written for; where timing is missed, the board's guide
    has what to try.
    """


class FarmError(TilewrightError):
    """A run over many devices cannot begin or go on: no scheduler, no worker, all left out, or a record of another run.

    To do: start what the message names, or name another file with `--record`; the same command goes on from the record
    (docs/farm.md).
    """


class HostCostError(TilewrightError):
    """A processor's instructions cannot be counted: valgrind is missing, or the process that is counted failed.

    To do: install valgrind on an amd64 computer (`apt-get install valgrind`).
    """


class ReportError(TilewrightError):
    """A file is no run's record, or is damaged, or a package that pages are made with is missing.

    To do: `tilewright run --json` prints a record, `--report` writes a page that holds one; give `tilewright report`
    one of these. For the packages: `pip install 'tilewright[report]'`.
    """


class SimulationError(TilewrightError):
    """The simulated device could not be built, loaded or used.

    To do: read the message: the compiler's own words, the file of yours, or the address that it names.
    """


class StimulusError(TilewrightError):
    """A stimulus set is damaged, incomplete or ambiguous: names the file and the line.

    To do: correct the file and line that it names, or state what the files do not say (`--padded-map`, `--kernel`,
    `--weight-line`).
    """


class RemoteError(TilewrightError):
    """A remote device did not answer in time, or answered with an error: names the call and the server's reason.

    To do: look whether the server runs and the address is right; the server's own reason is in the message.
    """
