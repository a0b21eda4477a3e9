"""Sends programs and receives results through ``pynq.lib.dma.DMA``, with time-outs that say what stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pynq

from tilewright import dma as pg021
from tilewright.accelerator import Counters
from tilewright.errors import DeviceError, DeviceTimeoutError, DmaError, ParameterMismatchError
from tilewright.packing import BEAT_BYTES, Beats
from tilewright.program import ArrayParameters, Program, describe_command
from tilewright.results import TRAILER_BEATS


@dataclass(frozen=True)
class RunResult:
    """What a program returned.

    Attributes:
        outputs: for each CONV command, int32 (images, oc, out_h, out_w).
        counters: performance counters of the program.
        seconds: from the start of the send to the end of the receive, on the device's clock.
    """

    outputs: tuple[npt.NDArray[np.int32], ...]
    counters: Counters
    seconds: float


class Driver:
    """Runs programs on an accelerator behind an AXI DMA; the same code for a board and for the simulated device.

    Args:
        overlay: a ``pynq.Overlay`` with the DMA and the accelerator.
        timeout: seconds that one program may take.
        dma_name: name of the DMA in the block design.
        accelerator_name: name of the accelerator in the block design.

    Raises:
        ParameterMismatchError: the overlay has no such units, or the accelerator is not one that this library drives.
    """

    def __init__(
        self,
        overlay: Any,
        timeout: float = 5.0,
        dma_name: str = "axi_dma_0",
        accelerator_name: str = "accelerator_0",
    ) -> None:
        for name in (dma_name, accelerator_name):
            if name not in overlay.ip_dict:
                raise ParameterMismatchError(f"the overlay holds no '{name}', only {', '.join(overlay.ip_dict)}")
        self.dma = getattr(overlay, dma_name)
        self.accelerator = getattr(overlay, accelerator_name)
        self.device = overlay.device
        self.timeout = timeout
        # A simulated device has its own clock, so that a slow host never makes a time-out.
        self._clock: Callable[[], float] = getattr(self.device, "monotonic", time.monotonic)
        self.accelerator.check_identity()
        self.array: ArrayParameters = self.accelerator.array_parameters()
        self.recover()

    def run(self, program: Program) -> RunResult:
        """Sends a program, waits for its results, checks them.

        After any error the device is reset, so that the next run is exact.

        Args:
            program: compiled for this accelerator.

        Returns:
            Outputs and counters.

        Raises:
            ParameterMismatchError: the program was compiled for other parameters.
            DeviceError: the accelerator refused the program.
            DeviceTimeoutError: the transfer did not end in time.
            DmaError: the DMA reported an error.
            ResultError: the results cannot be trusted.
        """
        if program.array != self.array:
            raise ParameterMismatchError(f"the program is for {program.array}; the accelerator has {self.array}")
        send, receive = self.allocate(len(program.beats)), self.allocate(program.output_beats + TRAILER_BEATS)
        send[:] = program.beats
        return self.run_in(program, send, receive)

    def run_in(
        self, program: Program, send: Any, receive: Any, send_bytes: int | None = None, receive_bytes: int | None = None
    ) -> RunResult:
        """:meth:`run` in buffers of the caller's, which saves allocating them for each run.

        Args:
            program: whose results are expected.
            send: uint64 buffer of :meth:`allocate` that holds ``program.beats``.
            receive: uint64 buffer of :meth:`allocate`; its contents are lost.
            send_bytes: bytes to send; default all of ``send``.
            receive_bytes: the most bytes to take; default all of ``receive``.

        Returns:
            Outputs and counters.

        Raises:
            BufferNotAllocatedError: a buffer is not one that pynq allocated.
            TilewrightError: as :meth:`run`.
        """
        send_bytes = send.nbytes if send_bytes is None else send_bytes
        receive_bytes = receive.nbytes if receive_bytes is None else receive_bytes
        pg021.check_buffer(send, 0, send_bytes)
        pg021.check_buffer(receive, 0, receive_bytes)
        try:
            start = self._clock()
            packet = self._exchange(send, receive, send_bytes, receive_bytes)
            seconds = self._clock() - start
            return RunResult(program.unpack(packet), self.accelerator.counters(), seconds)
        except BaseException as error:  # Ctrl-C included: buffers must not be freed under a running transfer
            self.recover()
            if isinstance(error, DeviceError):
                where = describe_command(program.beats, error.sequence)
                raise DeviceError(f"{error}; {where}", error.code, error.sequence) from error
            raise

    def allocate(self, beats: int) -> Any:
        """A buffer for transfers.

        Args:
            beats: its length.

        Returns:
            uint64 (beats,), a ``PynqBuffer``.
        """
        return pynq.allocate((beats,), dtype=np.uint64, target=self.device)

    def recover(self) -> None:
        """Resets DMA and accelerator and starts both channels.

        Raises:
            DmaError: the DMA's reset does not end.
        """
        pg021.reset(self.dma, self._deadline())
        self.accelerator.soft_reset()
        self.dma.recvchannel.start()
        self.dma.sendchannel.start()

    def _exchange(self, send: Any, receive: Any, send_bytes: int, receive_bytes: int) -> Beats:
        # Nothing of an earlier run must be left that could pass for results.
        receive[:] = 0
        receive.flush()
        try:
            # S2MM first: results may come before the program is sent.
            self.dma.recvchannel.transfer(receive, start=0, nbytes=receive_bytes)
            self.dma.sendchannel.transfer(send, start=0, nbytes=send_bytes)
        except (RuntimeError, ValueError) as error:
            raise DmaError(f"the DMA takes no transfer: {error}; {pg021.describe_status(self.dma)}") from error
        expired = self._deadline()
        for offset in (pg021.S2MM_DMASR, pg021.MM2S_DMASR):
            while not self.dma.read(offset) & pg021.DMASR_IDLE:
                pg021.check_status(self.dma)
                if expired():
                    raise DeviceTimeoutError(self._describe_stop(send))
        receive.invalidate()
        received = self.dma.read(pg021.S2MM_LENGTH)
        return np.array(receive[: received // BEAT_BYTES], dtype=np.uint64, subok=False)

    def _describe_stop(self, send: Any) -> str:
        sequence, opcode = self.accelerator.last_command()
        beats = np.array(send, dtype=np.uint64, subok=False)
        return (
            f"no result within {self.timeout} s: DMA {pg021.describe_status(self.dma)}; "
            f"{self.accelerator.describe_status()}; last header taken: {opcode}, {describe_command(beats, sequence)}; "
            f"{self.accelerator.counters()}"
        )

    def _deadline(self) -> Callable[[], bool]:
        end = self._clock() + self.timeout
        return lambda: self._clock() > end
