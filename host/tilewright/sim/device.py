"""The RTL as a pynq device: register accesses step a Verilated model; nothing runs between them.

Time
    Every register access makes its AXI4-Lite transaction and then lets ``ACCESS_CYCLES`` (100, one microsecond) more
    cycles pass, so that polling makes progress without Python in the clock loop; one more for every
    ``PATIENCE`` cycles that the DMA's status has been polled for, up to ``MOST_ACCESS_CYCLES``, so that long
    transfers are polled less often. ``monotonic()`` is simulated time in seconds at 100 MHz: time-outs measured
    with it do not depend on the speed of this computer.

Hangs
    When nothing has moved on any DDR channel or stream or inside the accelerator for ``QUIET_CYCLES`` (and the DDR's
    latency), nothing will move again without a write: the accelerator's own watchdog ends a program that stands still
    for 1024 cycles. Reads then make only their transaction, and each adds ``QUIET_READ_SECONDS`` to ``monotonic()``: a
    time-out of seconds passes in some hundred reads. Code that polls DMASR without any time-out, such as pynq's
    ``DMA.wait()``, gets a DeviceTimeoutError after ``HANG_SECONDS`` of that.
"""

from __future__ import annotations

import itertools
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from pynq.pl_server.device import Device
from pynqmetadata.frontends import Metadata
from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright import registers
from tilewright.errors import DeviceTimeoutError, SimulationError
from tilewright.sim.build import build_library
from tilewright.sim.errors import BusError
from tilewright.sim.library import Interrupt, Slave, Soc
from tilewright.sim.memory import SimMemory
from tilewright.sim.metadata import ACCELERATOR_BASE, DMA_BASE, DMA_REGISTERS, WINDOW_BYTES, read_overlay
from tilewright.sim.parameters import SocParameters
from tilewright.sim.window import WORD_BYTES, RegisterWindow
from tilewright.target import DEVICE_VARIABLE, DeviceKind

CLOCK_HZ = 100e6
ACCESS_CYCLES = 100
MOST_ACCESS_CYCLES = 4000
PATIENCE = 32
QUIET_CYCLES = 4096
QUIET_READ_SECONDS = 0.05
HANG_SECONDS = 60.0
MAX_STALL_PROBABILITY = 0.99
MAX_LATENCY = 10_000

# base address -> (slave, bits of its address; the interconnect passes no more)
SLAVES = {DMA_BASE: (Slave.DMA, 10), ACCELERATOR_BASE: (Slave.ACCELERATOR, 12)}
DMASR_ADDRESSES = frozenset(DMA_BASE + DMA_REGISTERS[name][0] for name in ("MM2S_DMASR", "S2MM_DMASR"))

# Clock registers of a Zynq UltraScale+ (UG1087) that pynq.ps.Clocks reads and writes: I/O PLL and RPLL at 1500 MHz,
# PL clocks at 100 MHz, the CPU's PLLs as after boot
CLOCK_REGISTERS = {
    0xFF5E_0020: 90 << 8 | 1 << 16,
    0xFF5E_0030: 90 << 8 | 1 << 16,
    **{0xFF5E_00C0 + 4 * clock: 0x0101_0F00 for clock in range(4)},
    0xFD1A_0020: 0x0001_2C00,
    0xFD1A_002C: 0x0001_2C00,
    0xFD1A_0038: 0x0001_2C00,
    0xFD1A_0060: 0x0300_0100,
}

_tags = itertools.count()


class SimDevice(Device):
    """A simulated Zynq UltraScale+ board, empty until an overlay is loaded.

    Args:
        latency: cycles from a DDR read address to its first beat, and from the last beat of a write to its response.
        stall_probability: that a cycle withholds ready or valid, independently on each DDR channel.
        seed: of the stalls and of all registers and memories that no reset sets; drawn, and printed on standard error,
            when None.
        traced: whether the hardware is built so that it can write waveforms, which is slower.

    Attributes:
        seed: the seed in use: the same seed and the same accesses give the same cycles.
        parameters: of the hardware that is loaded; None before.

    Raises:
        SimulationError: latency, probability or seed out of range.
    """

    # Before pynq's own devices, of which the first has 40
    _probe_priority_ = 10

    @classmethod
    def _probe_(cls) -> list[SimDevice]:
        """Called by pynq when it looks for devices: one where $TILEWRIGHT_DEVICE asks for it."""
        return [cls()] if os.environ.get(DEVICE_VARIABLE) == DeviceKind.SIM.value else []

    def __init__(
        self, latency: int = 40, stall_probability: float = 0.05, seed: int | None = None, traced: bool = False
    ) -> None:
        super().__init__(f"tilewright-sim-{next(_tags)}")
        if not 1 <= latency <= MAX_LATENCY:
            raise SimulationError(f"latency {latency}: 1 to {MAX_LATENCY} cycles")
        if not 0.0 <= stall_probability <= MAX_STALL_PROBABILITY:
            raise SimulationError(f"stall probability {stall_probability}: 0 to {MAX_STALL_PROBABILITY}")
        if seed is None:
            seed = secrets.randbits(32)
            print(f"simulated device: seed {seed}", file=sys.stderr)
        if not 0 <= seed < 1 << 64:
            raise SimulationError(f"seed {seed}: 0 to 2^64 - 1")
        self.name = "tilewright-sim"
        self.arch = "aarch64"
        self.capabilities = {"MEMORY_MAPPED": True}
        self.latency = latency
        self.stall_probability = stall_probability
        self.seed = seed
        self.traced = traced
        self.parameters: SocParameters | None = None
        self._memory = SimMemory(self)
        self._clocks = dict(CLOCK_REGISTERS)
        self._soc: Soc | None = None
        self._seconds_before = 0.0  # of earlier overlays, and skipped while nothing moved
        self._hung_seconds = 0.0
        self._quiet_limit = 0
        self._polled_since = 0  # cycle of the latest access that was no poll of the DMA's status

    # ---- what pynq asks of a device

    @property
    def default_memory(self) -> SimMemory:
        """The DDR."""
        return self._memory

    def get_memory(self, description: dict[str, Any]) -> SimMemory:
        """Return the DDR, which is the only memory."""
        del description
        return self._memory

    def mmap(self, base_address: int, length: int) -> RegisterWindow:
        """Return the registers in [base_address, base_address + length) as an array whose accesses step the clock."""
        return RegisterWindow(self, base_address, length // WORD_BYTES)

    def flush(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Copy a part of a buffer from the host's view to DDR. Raises BufferNotAllocatedError."""
        self._memory.flush(bo, offset, virtual_address, nbytes)

    def invalidate(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Copy a part of a buffer from DDR to the host's view. Raises BufferNotAllocatedError."""
        self._memory.invalidate(bo, offset, virtual_address, nbytes)

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> RuntimeMetadataParser:
        """Return the contents of the .hwh beside a .bit. Raises SimulationError when there is none."""
        del partial
        hwh = Path(bitfile_name).with_suffix(".hwh")
        if not hwh.is_file():
            raise SimulationError(f"{hwh} is missing: pynq needs the .hwh beside the .bit")
        parser = RuntimeMetadataParser(Metadata(input=str(hwh)))
        parser.mem_dict["PSDDR"] = self._memory.description
        return parser

    def download(self, bitstream: Any, parser: RuntimeMetadataParser | None = None) -> None:
        """Load an overlay: build its hardware where no build is cached, and take it out of reset. DDR is kept.

        Raises:
            OverlayFileError: the .bit was not written for the simulator.
            SimulatorBuildError: the hardware cannot be built.
        """
        parameters = read_overlay(Path(bitstream.bitfile_name))
        library = build_library(parameters, self.traced)
        self._seconds_before = self.monotonic()
        self._soc = Soc(
            library,
            self._memory.ddr,
            self._memory.base_address,
            self._memory.pages,
            latency=self.latency,
            stall_probability=self.stall_probability,
            seed=self.seed,
        )
        self.parameters = parameters
        self._quiet_limit = QUIET_CYCLES + 4 * self.latency
        self.post_download(bitstream, parser, self.name)

    # ---- what only a simulation has

    @property
    def cycles(self) -> int:
        """Clock cycles since the overlay was loaded."""
        return self._loaded.cycles

    def monotonic(self) -> float:
        """Return simulated seconds, as ``time.monotonic`` returns real ones (see the module's text)."""
        return self._seconds_before + (self._soc.cycles / CLOCK_HZ if self._soc is not None else 0.0)

    @property
    def interrupts(self) -> dict[str, bool]:
        """The interrupt lines by name: mm2s, s2mm, accelerator."""
        lines = self._loaded.interrupts
        return {line.name.lower(): line in lines for line in Interrupt if line.name}

    @property
    def stall_state(self) -> tuple[int, int]:
        """State of the stalls' random generators: with it, another device repeats a transfer cycle by cycle."""
        return self._loaded.stall_state

    @stall_state.setter
    def stall_state(self, state: tuple[int, int]) -> None:
        self._loaded.stall_state = state

    def trace(self, file: Path, first: int, last: int) -> None:
        """Write a waveform (FST) of some cycles of the next program; its first beat is cycle 0.

        The file is complete once the window has passed or the device is gone. Raises SimulatorBuildError when the
        device is not traced or the file cannot be written.
        """
        self._loaded.trace(file, first, last)

    def run(self, cycles: int) -> None:
        """Let clock cycles pass. Raises BusError if the DMA broke a rule of AXI."""
        self._loaded.run(cycles)

    def read_word(self, address: int) -> int:
        """Read the register at a physical address; the bus transaction behind ``MMIO.read``.

        Raises:
            BusError: nothing is there, or it did not answer OKAY.
            DeviceTimeoutError: the DMA's status was polled for long while nothing moved.
        """
        if address in self._clocks:
            return self._clocks[address]
        slave, offset = self._decode(address)
        value = self._loaded.read(slave, offset)
        if address not in DMASR_ADDRESSES:
            self._polled_since = self._loaded.cycles
        if self._loaded.quiet_cycles <= self._quiet_limit:
            self._hung_seconds = 0.0
            polled = self._loaded.cycles - self._polled_since
            self._loaded.run(min(ACCESS_CYCLES + polled // PATIENCE, MOST_ACCESS_CYCLES))
        else:
            self._skip_time(polled=address in DMASR_ADDRESSES)
        return value

    def write_word(self, address: int, value: int) -> None:
        """Write the register at a physical address. Raises BusError as :meth:`read_word` does."""
        if address in self._clocks:
            self._clocks[address] = value
            return
        slave, offset = self._decode(address)
        self._loaded.write(slave, offset, value)
        self._hung_seconds = 0.0
        self._loaded.run(ACCESS_CYCLES)
        self._polled_since = self._loaded.cycles

    @property
    def _loaded(self) -> Soc:
        if self._soc is None:
            raise BusError("no overlay is loaded on the simulated device")
        return self._soc

    def _decode(self, address: int) -> tuple[Slave, int]:
        base = address - address % WINDOW_BYTES
        if base not in SLAVES:
            raise BusError(f"no register at physical address {address:#x}")
        slave, bits = SLAVES[base]
        return slave, (address - base) % (1 << bits)

    def _skip_time(self, *, polled: bool) -> None:
        self._seconds_before += QUIET_READ_SECONDS
        self._hung_seconds = self._hung_seconds + QUIET_READ_SECONDS if polled else 0.0
        if self._hung_seconds >= HANG_SECONDS:
            self._hung_seconds = 0.0
            raise DeviceTimeoutError(self._describe_hang())

    def _describe_hang(self) -> str:
        words = {name: self._loaded.read(Slave.DMA, offset) for name, (offset, _) in DMA_REGISTERS.items()}
        status = self._loaded.read(Slave.ACCELERATOR, registers.REG_STATUS)
        error = self._loaded.read(Slave.ACCELERATOR, registers.REG_ERROR)
        decoder = registers.DecoderState(registers.STATUS_DECODER_STATE.extract(status)).name
        engine = registers.EngineState(registers.STATUS_ENGINE_STATE.extract(status)).name
        code = registers.ErrorCode(registers.ERROR_CODE.extract(error)).name
        return (
            f"the DMA was polled for {HANG_SECONDS:g} simulated seconds while nothing moved on any bus for "
            f"{self._loaded.quiet_cycles} cycles: MM2S DMASR {words['MM2S_DMASR']:#x} LENGTH {words['MM2S_LENGTH']}, "
            f"S2MM DMASR {words['S2MM_DMASR']:#x} LENGTH {words['S2MM_LENGTH']}; accelerator: decoder {decoder}, "
            f"engine {engine}, error {code}"
        )
