"""Exceptions of the host library: one class for each kind of failure, all below :class:`TilewrightError`."""

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
    "HostCostError",
    "LayerError",
    "ModelProcessError",
    "NetworkError",
    "ParameterError",
    "ParameterMismatchError",
    "ProgramError",
    "RemoteError",
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
    """A layer's integers, shapes or metadata are wrong, or the layer does not fit the accelerator."""


class NetworkError(TilewrightError):
    """A network file or its contents are wrong, or images do not fit the network: names the file, layer or tensor."""


class CompileError(TilewrightError):
    """A network cannot be compiled for an array: names the layer and the reason."""


class ProgramError(TilewrightError):
    """Beats are not a valid program: names the beat, the command and the field."""


class ParameterMismatchError(TilewrightError):
    """The accelerator is not the one that was asked for: ID, version, program format or array parameters differ."""


class ParameterError(TilewrightError):
    """The hardware cannot be built with a parameter: names it, its value and what is possible."""


class BufferNotAllocatedError(TilewrightError):
    """A buffer's physical address is not one that ``pynq.allocate`` gave out, so that DMA would go astray."""


class TransferLengthError(TilewrightError):
    """A program or its results are longer than the DMA transfers at once: says by how much and what to do."""


class FailureReport(Protocol):
    """What was read out when a transfer failed: of a driver, a :class:`tilewright.driver.stuck.StuckReport`.

    ``str`` is for people.
    """

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""


class TransferError(TilewrightError):
    """A transfer failed. Below the message Python 3.11 and the command line print its notes: the report for people.

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
    """A transfer did not end in time: ``report`` says which side starved, what each side has done, what to do."""


class DmaError(TransferError):
    """The DMA reported an error in DMASR, or it is not in a state to start a transfer."""


class DeviceBusyError(TilewrightError):
    """A program runs already, of another driver, thread or process: nothing was sent, and that program goes on."""


class DeviceStateWarning(UserWarning):
    """A driver found the device in another state than it should be in, and says which: at work, of another build, at
    another clock."""


class DeviceError(TilewrightError):
    """The accelerator refused a program.

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
    """A result packet cannot be trusted: trailer, length or a CRC-32 is wrong, or it is another batch's."""


class CacheError(TilewrightError, OSError):
    """The cache cannot be used: names the folder, the reason, and the variable that names another folder."""


class ModelProcessError(TilewrightError):
    """A command of ``python -m tilewright_model`` failed; with its own message."""


class TargetError(TilewrightError):
    """The device that was asked for cannot be opened: no bitstream, no address, no such kind."""


class BoardError(TilewrightError):
    """A board cannot be reached over ssh, lacks something, or a step of its set-up failed: says what to do."""


class BitstreamError(TilewrightError):
    """A .bit, its .hwh and its manifest do not belong together, or one of them is none: a line for each difference."""


class VivadoError(TilewrightError):
    """Vivado is missing or of another version, or it made no bitstream: with the reason out of its log."""


class HostCostError(TilewrightError):
    """A processor's instructions cannot be counted: valgrind is missing, or the process that is counted failed."""


class SimulationError(TilewrightError):
    """The simulated device could not be built, loaded or used."""


class StimulusError(TilewrightError):
    """A stimulus set is damaged, incomplete or ambiguous: names the file and the line."""


class RemoteError(TilewrightError):
    """A remote device did not answer in time, or answered with an error: names the call and the server's reason."""
