"""DMA and accelerator as a model that tests can stop at any beat: pynq and the driver cannot tell.

PG021: S2MM takes beats before it is programmed, until its buffer is full (four are taken as the number here, as by
cores/axi_dma), also while it is halted; a reset of the DMA loses them. It resets the accelerator's output, too, which
holds four beats more, whole stream words, that a soft reset does not touch (AXI4-Stream 2.2.1). No board was measured.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pynq

from tilewright.boards.design import DMA
from tilewright.driver.accelerator import Accelerator
from tilewright.errors import ProgramError
from tilewright.hardware import pg021
from tilewright.hardware import registers as reg
from tilewright.hardware.beats import Beats
from tilewright.hardware.program import decode_program
from tilewright.hardware.program_format import BEGIN_FORMAT_VERSION
from tilewright.hardware.results import Trailer, seal_results
from tilewright.sim import SimDevice, SocParameters, write_overlay
from tilewright.sim.address_map import AddressMap
from tilewright.sim.guard import TransferGuard
from tilewright.sim.hardware import OwnHardware
from tilewright.sim.hwh_file import register_ranges
from tilewright.sim.library import StreamCount
from tilewright.sim.memory import SimMemory
from tilewright.sim.own_ports import OWN_PORTS, Slave

TAKEN_EARLY = 4
HELD_AT_OUTPUT = 4


class Channel:
    """One channel of the DMA in direct register mode."""

    def __init__(self, memory: SimMemory) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        self.running, self.idle, self.error = False, False, 0
        self.address = self.length = self.moved = 0
        self.held: deque[tuple[int, bool]] = deque()

    @property
    def status(self) -> int:
        return self.error | (pg021.DMASR_IDLE if self.idle else 0) | (0 if self.running else pg021.DMASR_HALTED)

    def write(self, offset: int, value: int) -> None:
        if offset == pg021.DMACR:
            self.running = bool(value & pg021.DMACR_RUN)
            self.idle = self.idle and self.running
        elif offset == pg021.ADDRESS:
            self.address = self.address >> 32 << 32 | value
        elif offset == pg021.ADDRESS_MSB:
            self.address = self.address & 0xFFFFFFFF | value << 32
        elif offset == pg021.LENGTH and self.running and self.length == 0:
            self.length, self.moved, self.idle = value, 0, False

    def beats(self) -> Any:
        start = self.address - self.memory.base_address
        return self.memory.ddr[start : start + self.length].view(np.uint64)

    def end(self, error: int = 0) -> None:
        self.length, self.error = 0, error
        self.idle, self.running = not error, self.running and not error


class Pg021Soc:
    """Stands in for `tilewright.sim.library.Soc`.

    Attributes:
        answers: result packet of each program, by its id.
        input_stopped: whether MM2S moves nothing.
        output_after: beats of results that the accelerator sends before it waits; None for all.
    """

    def __init__(self, memory: SimMemory) -> None:
        self.answers: dict[int, Beats] = {}
        self.input_stopped = False
        self.output_after: int | None = None
        self.cycles = 0
        self.quiet_cycles = 0
        self.stall_state = (0, 0)
        self.streams = {"program": StreamCount(0, False), "result": StreamCount(0, False)}
        self.mm2s, self.s2mm = Channel(memory), Channel(memory)
        self.output: deque[tuple[int, bool]] = deque()
        self.reset_accelerator()

    def reset_accelerator(self) -> None:
        self.taken: list[int] = []
        self.pending: deque[tuple[int, bool]] = deque()
        self.sent = 0
        self.error = 0

    @property
    def busy(self) -> bool:
        return bool(self.taken or self.pending or self.output)

    def read(self, slave: int, offset: int) -> int:
        if slave == Slave.DMA:
            channel, register = self._channel(offset)
            return {pg021.DMASR: channel.status, pg021.LENGTH: channel.moved}.get(register, 0)
        values = {
            reg.REG_ID: reg.REG_ID_RESET,
            reg.REG_VERSION: reg.REG_VERSION_RESET,
            reg.REG_FORMAT: reg.FORMAT_PROGRAM_FORMAT.place(BEGIN_FORMAT_VERSION),
            reg.REG_ARRAY: 8 | 4 << 8 | 4 << 16 | 28 << 24,
            reg.REG_STYLE: reg.STYLE_STREAM_W.place(64),
            reg.REG_ACT_DEPTH: 32768,
            reg.REG_ACC_DEPTH: 1024,
            reg.REG_STATUS: reg.STATUS_BUSY.place(self.busy) | reg.STATUS_ERROR.place(self.error != 0),
            reg.REG_ERROR: self.error,
        }
        return values.get(offset, 0)

    def _channel(self, offset: int) -> tuple[Channel, int]:
        """The channel that a register belongs to, and the register's offset from its first."""
        return (self.s2mm, offset - pg021.S2MM) if offset >= pg021.S2MM else (self.mm2s, offset)

    def write(self, slave: int, offset: int, value: int) -> None:
        if slave == Slave.DMA:
            channel, register = self._channel(offset)
            if register == pg021.DMACR and value & pg021.DMACR_RESET:
                self.mm2s.reset()
                self.s2mm.reset()
                self.output.clear()
            else:
                channel.write(register, value)
        elif slave == Slave.ACCELERATOR and offset == reg.REG_CONTROL and value & 1:
            self.reset_accelerator()

    def take_stray(self) -> None:
        """Its only master is the DMA."""

    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            self.cycles += 1
            self._send_program()
            self._take_results()

    def _send_program(self) -> None:
        channel = self.mm2s
        if not channel.running or channel.length == 0 or self.input_stopped:
            return
        self.taken.append(int(channel.beats()[channel.moved // 8]))
        channel.moved += 8
        if channel.moved >= channel.length:
            channel.end()
            self._answer(np.array(self.taken, dtype=np.uint64))
            self.taken = []

    def _answer(self, beats: Beats) -> None:
        try:
            packet = self.answers[decode_program(beats)[0].program_id]
        except ProgramError:
            code, sequence = int(reg.ErrorCode.BAD_SEQUENCE), int(beats[0]) >> 16 & 0xFFFF
            self.error = reg.ERROR_CODE.place(code) | reg.ERROR_SEQUENCE.place(sequence)
            packet = seal_results(Trailer(code, sequence, 0, 0, 0).encode())
        self.pending.extend((int(beat), index == len(packet) - 1) for index, beat in enumerate(packet))

    def _take_results(self) -> None:
        channel = self.s2mm
        blocked = self.output_after is not None and self.sent >= self.output_after
        if self.output and not blocked and len(channel.held) < TAKEN_EARLY:
            channel.held.append(self.output.popleft())
            self.sent += 1
        if self.pending and len(self.output) < HELD_AT_OUTPUT:
            self.output.append(self.pending.popleft())
        if channel.running and channel.length and channel.held:
            beat, last = channel.held.popleft()
            if channel.moved + 8 > channel.length:
                channel.end(pg021.DMASR_INTERNAL_ERROR)
                return
            channel.beats()[channel.moved // 8] = beat
            channel.moved += 8
            if last:
                channel.end()


class Pg021Device(SimDevice):
    """A simulated device with the model in place of the RTL."""

    def _load(self, bit: Path, parser: Any) -> None:
        self._soc: Any = Pg021Soc(self._memory)
        self.hardware = OwnHardware(SocParameters(n=8))
        self._map = AddressMap(register_ranges(bit.with_suffix(".hwh")), OWN_PORTS)
        self._guards = {int(Slave.DMA): TransferGuard(self._memory, DMA, 8)}
        self._quiet_limit = 1


def pg021_overlay(folder: Path) -> pynq.Overlay:
    """An 8x8 overlay on the model, which is `overlay.device._loaded`."""
    assert Accelerator.bindto
    device = Pg021Device(seed=1)
    pynq.Device.active_device = device
    return pynq.Overlay(str(write_overlay(SocParameters(n=8), folder)), device=device)
