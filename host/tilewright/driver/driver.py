"""Sends programs and receives results through ``pynq.lib.dma.DMA``, with time-outs that say what stopped."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pynq

from tilewright.driver.channels import Channels, channels_of, stream_width
from tilewright.driver.clocks import read_clocks
from tilewright.driver.dma import reset, run_channels
from tilewright.driver.flight import Attempt, Buffers, Flight, RunResult
from tilewright.driver.manifest import check_manifest
from tilewright.driver.run_steps import RunStep, Steps, untimed
from tilewright.driver.simulated import simulated
from tilewright.driver.stuck import StuckReport, Transfer, report_stuck
from tilewright.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceStateWarning,
    DeviceTimeoutError,
    DmaError,
    ParameterMismatchError,
    ResultError,
    TilewrightError,
    TransferError,
)
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program, describe_command
from tilewright.hardware.results import TRAILER_BEATS

_DMA_TYPE = "xilinx.com:ip:axi_dma:7.1"
_DMA_WINDOW = 0x60
# A reset of the DMA waits for the memory accesses that are under way
_RESET_SECONDS = 1.0
_WAITING_SECONDS = 0.2


class Driver:
    """Runs programs on an accelerator behind an AXI DMA; the same code for a board and for the simulated device.

    A new driver resets both, so that what a process that was killed has left does no harm; a program that still runs
    ends with it, which a DeviceStateWarning says.

    Args:
        overlay: a ``pynq.Overlay`` with the DMA and the accelerator.
        timeout: seconds that one program may take, where :meth:`run` is given no other.
        dma_name: name of the DMA in the block design.
        accelerator_name: name of the accelerator in the block design.

    Attributes:
        timeout: seconds that one program may take, on the device's clock, where :meth:`run` is given no other.
        array: what programs must be compiled for.
        bitstream: the .bit that was loaded.
        manifest_build_hash: what the manifest beside the bitstream says that BUILD_HASH reads; None without one.
        clocks: of the PL, as they run and as .hwh and manifest have them; a difference is a DeviceStateWarning.
        simulated: what a simulated device offers beyond a board; None on a board.
        last_attempt: the program that was sent last, to repeat it after a failure; None before.
        steps: times the steps of each run, where it is a :class:`tilewright.driver.run_steps.StepTimes`.
        waiting: called now and then while a program runs, some times a second at most; None where nobody waits.

    Raises:
        ParameterMismatchError: the overlay has no such units, or the accelerator is not one that this library drives,
            or not the one of the manifest beside the bitstream.
    """

    def __init__(
        self,
        overlay: Any,
        timeout: float = 5.0,
        dma_name: str = "axi_dma_0",
        accelerator_name: str = "accelerator_0",
    ) -> None:
        self.device = overlay.device
        self.simulated = simulated(self.device)
        self.timeout = timeout
        self._clock = _clock_of(self.device)
        for name in (dma_name, accelerator_name):
            if name not in overlay.ip_dict:
                raise ParameterMismatchError(f"the overlay holds no '{name}', only {', '.join(overlay.ip_dict)}")
        self.accelerator = getattr(overlay, accelerator_name)
        self.accelerator.check_identity()
        self.bitstream = Path(overlay.bitfile_name or ".")
        self.manifest_build_hash = check_manifest(self.accelerator, self.bitstream)
        self.clocks = read_clocks(overlay)
        for difference in (text for clock in self.clocks for text in clock.differences(self.bitstream)):
            _warn_of_state(difference)
        if "busy" in self.accelerator.status().flags:
            _warn_of_state(f"the accelerator was at work on {self._running()} as a driver was made, and is reset")
        self.dma = self._open_dma(overlay, dma_name)
        self.channels: Channels = channels_of(self.dma)
        self.steps: Steps = untimed
        self._turn = threading.Lock()  # held while a program is on its way
        self._flight: Flight | None = None  # that program
        self.waiting: Callable[[], None] | None = None
        self.array: ArrayParameters = self.accelerator.array_parameters()
        self.last_attempt: Attempt | None = None
        self.recover()

    def run(self, program: Program, timeout: float | None = None) -> RunResult:
        """Sends a program, waits for its results, checks them.

        After any error the device is reset, so that the next run is exact.

        Args:
            program: compiled for this accelerator.
            timeout: seconds that it may take, on the device's clock; default :attr:`timeout`.

        Returns:
            Outputs and counters.

        Raises:
            ParameterMismatchError: the program was compiled for other parameters.
            DeviceBusyError: another program runs; it goes on.
            TransferLengthError: the program, or what it returns, is longer than the DMA transfers at once, or the
                program does not end with a stream word.
            DeviceError: the accelerator refused the program.
            DeviceTimeoutError: the transfer did not end in time; its ``report`` says which side starved.
            DmaError: the DMA reported an error; with a ``report`` too.
            ResultError: the results cannot be trusted.
        """
        if program.array != self.array:
            raise ParameterMismatchError(f"the program is for {program.array}; the accelerator has {self.array}")
        receive_beats = program.output_beats + TRAILER_BEATS
        self.channels.check_lengths(program.nbytes, receive_beats * BEAT_BYTES)
        send, receive = self.allocate(len(program.beats)), self.allocate(receive_beats)
        with self.steps(RunStep.COPY):
            send[:] = program.beats
        return self.run_in(program, send, receive, timeout=timeout)

    def run_in(
        self,
        program: Program,
        send: Any,
        receive: Any,
        send_bytes: int | None = None,
        receive_bytes: int | None = None,
        timeout: float | None = None,
    ) -> RunResult:
        """:meth:`run` in buffers of the caller's, which saves allocating them for each run.

        Args:
            program: whose results are expected.
            send: uint64 buffer of :meth:`allocate` that holds ``program.beats``.
            receive: uint64 buffer of :meth:`allocate`; its contents are lost.
            send_bytes: bytes to send; default all of ``send``.
            receive_bytes: the most bytes to take; default all of ``receive``.
            timeout: as of :meth:`run`.

        Returns:
            Outputs and counters.

        Raises:
            BufferNotAllocatedError: a buffer is not one that pynq allocated.
            TilewrightError: as :meth:`run`.
        """
        buffers = self.checked(Buffers(send, receive, send_bytes, receive_bytes))
        flight = self.start(program, buffers, timeout)
        self.wait(flight)
        return self.take(flight)

    def checked(self, buffers: Buffers) -> Buffers:
        """The buffers, if the DMA can transfer what is asked of them.

        Raises:
            TransferLengthError: that is longer than the DMA transfers at once, or does not end with a stream word.
        """
        self.channels.check_words(buffers.send_bytes)
        self.channels.check_lengths(buffers.send_bytes, buffers.receive_bytes)
        return buffers

    def start(
        self, program: Program, buffers: Buffers, timeout: float | None = None, changed: Sequence[slice] | None = None
    ) -> Flight:
        """Starts a program; the next is for :meth:`wait`, from which on another one may be started.

        Args:
            program: whose results are expected.
            buffers: of which ``send`` holds its beats, :meth:`checked`.
            timeout: as of :meth:`run`.
            changed: the beats of ``send`` that changed since an earlier run sent them, which alone are flushed;
                default all.

        Returns:
            The program on its way.

        Raises:
            DeviceBusyError: another program runs, or the buffers hold results that were not taken; it goes on.
            DmaError: the DMA takes no transfer; with a ``report``.
        """
        if buffers.awaited:
            raise DeviceBusyError("these buffers hold a program whose results were not taken; nothing was sent")
        if not self._turn.acquire(blocking=False):
            raise DeviceBusyError("another program runs on this driver, of another thread or batch; nothing was sent")
        try:
            self._check_ready()
            seconds = self.timeout if timeout is None else timeout
            stall_state = None if self.simulated is None else self.simulated.stall_state
            self.last_attempt = Attempt(program, seconds, stall_state)
        except BaseException:
            self._turn.release()
            raise
        flight = Flight(self.last_attempt, buffers, self._deadline(seconds), self._clock())
        self._flight, buffers.awaited = flight, True
        try:
            with self.steps(RunStep.COPY):
                buffers.clear()
                self.accelerator.forget_ended()
                # S2MM first: results may come before the program is sent.
                self.channels.receive(buffers.receive, buffers.receive_bytes)
                self.channels.send(buffers.flushed(changed), buffers.send_bytes)
        except BaseException as error:
            self._failed(flight, error)
            raise
        return flight

    def wait(self, flight: Flight) -> None:
        """Waits until a program has ended: both transfers, nothing of its results is looked at yet.

        After any error the device is reset, so that the next run is exact.

        Args:
            flight: what :meth:`start` returned last.

        Raises:
            DeviceError: the accelerator refused the program.
            DeviceTimeoutError: the transfer did not end in time; its ``report`` says which side starved.
            DmaError: the DMA reported an error; with a ``report`` too.
            ResultError: the accelerator refused something, and the results do not say what.
        """
        try:
            with self.steps(RunStep.EXECUTE):
                flight.received = self._wait(flight)
                flight.seconds = self._clock() - flight.start
                self.channels.finish(self._deadline(_RESET_SECONDS))
                flight.counters = self.accelerator.counters()
            if self.accelerator.has_error():
                self._results(flight)
                raise ResultError(f"the results say of no error: {self.accelerator.status()}")
        except BaseException as error:
            self._failed(flight, error)
            raise
        self._end(flight)

    def take(self, flight: Flight) -> RunResult:
        """The results of a program that has ended; its buffers are free then. Another program may be on its way.

        After any error the device is reset, what is on its way then ends without results, and the next run is exact.

        Args:
            flight: what :meth:`wait` has waited for.

        Returns:
            Outputs and counters.

        Raises:
            ResultError: the results cannot be trusted.
            DeviceError: they carry an error of the accelerator.
        """
        assert flight.counters is not None, "a program is waited for before its results are taken"
        try:
            outputs = self._results(flight)
        except BaseException as error:
            self._failed(flight, error)
            raise
        flight.buffers.awaited = False
        return RunResult(outputs, flight.counters, flight.seconds, flight.attempt)

    @property
    def seed(self) -> int | None:
        """Of the simulated device; None on a board."""
        return None if self.simulated is None else self.simulated.seed

    def allocate(self, beats: int) -> Any:
        """A buffer for transfers.

        Args:
            beats: its length.

        Returns:
            uint64 (beats,), a ``PynqBuffer``.
        """
        return pynq.allocate((beats,), dtype=np.uint64, target=self.device)

    def recover(self) -> None:
        """Resets DMA and accelerator and starts both channels; a program that is on its way ends without results.

        The DMA is reset twice: before the accelerator, so that no access to memory is under way; and after it, since
        S2MM takes up to four beats before it is programmed (AMD's does, PG021), and between the two resets these are
        beats of a program that is no more, which would lead the next packet.

        Raises:
            DmaError: the DMA's reset does not end, or its channels do not start.
        """
        if self._flight is not None:
            self._flight.buffers.awaited = False
            self._end(self._flight)
        self.channels.reset(self._deadline(_RESET_SECONDS))
        self.accelerator.soft_reset()
        self.channels.recover(self._deadline(_RESET_SECONDS))

    def report(self, program: Program) -> StuckReport:
        """What DMA and accelerator are doing with a program; changes nothing.

        Args:
            program: that was sent.
        """
        return report_stuck(
            self.channels, self.accelerator, Transfer(program.beats, program.output_beats + TRAILER_BEATS)
        )

    def _open_dma(self, overlay: Any, name: str) -> Any:
        """pynq's driver of the DMA; its constructor waits for ever for channels that do not start or stop."""
        description = overlay.ip_dict[name]
        if description["type"] != _DMA_TYPE:
            raise ParameterMismatchError(f"'{name}' is a {description['type']}; pynq's DMA driver needs {_DMA_TYPE}")
        for channel in ("c_include_mm2s", "c_include_s2mm"):
            if not int(description["parameters"].get(channel, 0)):
                raise ParameterMismatchError(f"'{name}' was built without {channel}; both channels are needed")
        self._check_widths(description["parameters"], name)
        registers = pynq.MMIO(description["phys_addr"], _DMA_WINDOW, device=self.device)
        reset(registers, self._deadline(_RESET_SECONDS))
        run_channels(registers, self._deadline(_RESET_SECONDS))
        reset(registers, self._deadline(_RESET_SECONDS))
        return getattr(overlay, name)

    def _check_widths(self, parameters: Mapping[str, Any], dma: str) -> None:
        """Refuses a DMA whose streams have another width than the accelerator's: words would be cut or filled up."""
        own = self.accelerator.stream_width()
        for channel in ("mm2s", "s2mm"):
            width = stream_width(parameters, channel)
            if width != own:
                raise ParameterMismatchError(
                    f"'{dma}' has a stream of {width} bits ({channel.upper()}), the accelerator's have {own}, by "
                    f"its register STYLE: build the DMA with {own} (c_m_axi_{channel}_data_width and its tdata_width)"
                )

    def _results(self, flight: Flight) -> tuple[npt.NDArray[Any], ...]:
        program, received = flight.attempt.program, flight.received
        assert received is not None
        with self.steps(RunStep.COPY_BACK):
            packet = flight.buffers.packet(received)
        with self.steps(RunStep.UNPACK):
            try:
                return program.unpack(packet)
            except DeviceError as error:
                where = describe_command(program.beats, error.sequence)
                raise DeviceError(f"{error}; that number is {where}", error.code, error.sequence) from error

    def _failed(self, flight: Flight, error: BaseException) -> None:
        """After any error, Ctrl-C included: buffers must not be freed under a running transfer."""
        if isinstance(error, TransferError) and error.report is None:
            # Before anything is reset
            transfer = Transfer(flight.buffers.sent(), flight.attempt.program.output_beats + TRAILER_BEATS)
            error.add_report(report_stuck(self.channels, self.accelerator, transfer))
        if flight.ended or self._flight is flight:
            # Whatever is on its way now, what failed is to be repeated
            self.last_attempt = flight.attempt
            flight.buffers.awaited = False
            self._recover_after(error)

    def _end(self, flight: Flight) -> None:
        """Lets another program be started."""
        if self._flight is flight:
            self._flight = None
            self._turn.release()

    def _check_ready(self) -> None:
        """Refuses while a program runs; resets what a program that somebody else has sent left behind."""
        if self.accelerator.is_idle():
            return
        status = self.accelerator.status()
        if "busy" in status.flags:
            raise DeviceBusyError(
                f"the accelerator is at work on {self._running()} of another driver or process: nothing was sent; wait "
                f"for it, or end it with recover(). {status}"
            )
        if status.error is not None:
            _warn_of_state(f"the accelerator kept an error that this driver has not caused, and is reset: {status}")
            self.recover()

    def _running(self) -> str:
        sequence, opcode = self.accelerator.last_command()
        return f"program {self.accelerator.program_id():#010x} (last header {opcode}, sequence number {sequence})"

    def _wait(self, flight: Flight) -> int:
        """Bytes received, once both transfers are done."""
        called = 0.0
        while True:
            if self._flight is not flight:
                raise DmaError("the driver was reset while this program was on its way")
            received, sent = self.channels.received(), self.channels.sent()
            if received is not None and sent:
                return received
            if self.waiting is not None and time.monotonic() - called > _WAITING_SECONDS:
                self.waiting()
                called = time.monotonic()
            if flight.expired():
                raise DeviceTimeoutError(f"no result within {flight.attempt.timeout} s")

    def _recover_after(self, error: BaseException) -> None:
        """:meth:`recover`; where that fails too, the first error is raised."""
        try:
            self.recover()
        except TilewrightError as failure:
            raise error from failure

    def _deadline(self, seconds: float) -> Callable[[], bool]:
        end = self._clock() + seconds
        return lambda: self._clock() > end


def _warn_of_state(message: str) -> None:
    """Emits a :class:`tilewright.errors.DeviceStateWarning`."""
    warnings.warn(message, DeviceStateWarning, stacklevel=4)


def _clock_of(device: Any) -> Callable[[], float]:
    """Seconds; a simulated device has its own clock, so that a slow host never makes a time-out."""
    if device.has_capability("REMOTE"):
        # Imported here: a board needs no gRPC.
        from tilewright.driver.remote_calls import guard_calls, remote_clock

        guard_calls(device)
        return remote_clock(device)
    seen = simulated(device)
    return time.monotonic if seen is None else seen.monotonic
