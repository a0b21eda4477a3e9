"""The RTL as a pynq device: register accesses step a Verilated model; nothing runs between them.

Time
    Every register access makes its AXI4-Lite transaction and then lets ``ACCESS_CYCLES`` (100) more cycles pass, so
    that polling makes progress without Python in the clock loop; one more for every ``PATIENCE`` cycles that the DMA's
    status has been polled for, up to ``MOST_ACCESS_CYCLES``, so that long transfers are polled less often.
    ``monotonic()`` is simulated time in seconds, by the frequency that the registers of PL clock 0 say
    (``pynq.Clocks``): time-outs measured with it do not depend on the speed of this computer.

Hangs
    When nothing has moved on any DDR channel or stream or inside the accelerator, and no register was written, for some
    thousand cycles (of a third party's hardware: a million), nothing will move again without a write: the accelerator's
    own watchdog ends a program that stands still for 1024 cycles. Reads then make only their transaction, and each adds
    ``QUIET_READ_SECONDS`` to ``monotonic()``: a time-out of seconds passes in some hundred reads. Code that polls DMASR
    without any time-out, such as pynq's ``DMA.wait()``, gets a DeviceTimeoutError after ``HANG_SECONDS`` of that, one
    that polls a register of an IP after ``IP_HANG_SECONDS``; so does code that awaits an interrupt.

Attaching
    An overlay with ``download=False`` stands for a board that another process has configured: its hardware is there as
    soon as it is touched.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from pynq.pl_server.device import Device
from pynq.ps import Clocks
from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright.environment import DEVICE_VARIABLE
from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError, SimulationError
from tilewright.hardware.pg021 import MM2S_DMASR, S2MM_DMASR
from tilewright.sim.address_map import AddressMap
from tilewright.sim.build import build_library
from tilewright.sim.dma_width import dma_width
from tilewright.sim.errors import BusError
from tilewright.sim.guard import TransferGuard
from tilewright.sim.hang import DMA, describe_hang
from tilewright.sim.hardware import Hardware, OwnHardware
from tilewright.sim.hwh_file import read_hwh, register_ranges
from tilewright.sim.interrupts import connect_interrupts
from tilewright.sim.library import Soc, StreamCount
from tilewright.sim.memory import SimMemory
from tilewright.sim.metadata import read_overlay
from tilewright.sim.own_ports import Streams
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import LOW_DDR_BASE, PROCESSING_SYSTEMS, ZYNQ_ULTRASCALE, ProcessingSystem
from tilewright.sim.window import WORD_BYTES, RegisterWindow

ACCESS_CYCLES = 100
MOST_ACCESS_CYCLES = 4000
PATIENCE = 32
QUIET_READ_SECONDS = 0.05
HANG_SECONDS = 60.0
# Of one register of an IP, which may be read for other reasons than to wait
IP_HANG_SECONDS = 1000.0
# Stands for the addresses of the status registers of all DMAs
POLLED_STATUS = -1
MAX_STALL_PROBABILITY = 0.99
MAX_LATENCY = 10_000
SIMULATED_BOARD_VARIABLE = "TILEWRIGHT_SIMULATED_BOARD"
SEED_VARIABLE = "TILEWRIGHT_SEED"

_tags = itertools.count()


class SimDevice(Device):
    """A simulated board, empty until an overlay is loaded.

    Where this module was imported, pynq finds one by itself, before other devices, if $TILEWRIGHT_DEVICE is ``sim`` or
    $TILEWRIGHT_SIMULATED_BOARD is set; its seed is then $TILEWRIGHT_SEED.

    Args:
        latency: cycles from a DDR read address to its first beat, and from the last beat of a write to its response.
        stall_probability: that a cycle withholds ready or valid, independently on each DDR channel.
        seed: of the stalls and of all registers and memories that no reset sets; drawn, and printed on standard error,
            when None.
        traced: whether the hardware is built so that it can write waveforms, which is slower.
        system: processing system, of some board; an overlay of the other family brings another.
        ddr_base: physical address of the memory; None takes the processing system's.

    Attributes:
        seed: the seed in use: the same seed and the same accesses give the same cycles.
        hardware: that is loaded; None before.
        irq_pins: that reach the processing system without interrupt controller, by its interrupt number.
        check_addresses: whether a transfer to or from memory outside all buffers raises BufferNotAllocatedError as it
            is started. Without it the DMA reports an error, as on a board that is lucky.

    Raises:
        SimulationError: latency, probability or seed out of range.
    """

    _probe_priority_ = 10  # before those of pynq, which begin at 40

    @classmethod
    def _probe_(cls) -> list[SimDevice]:
        wanted = os.environ.get(DEVICE_VARIABLE) == "sim" or os.environ.get(SIMULATED_BOARD_VARIABLE)
        seed = os.environ.get(SEED_VARIABLE)
        return [cls(seed=int(seed) if seed else None, ddr_base=LOW_DDR_BASE)] if wanted else []

    def __init__(
        self,
        latency: int = 40,
        stall_probability: float = 0.05,
        seed: int | None = None,
        traced: bool = False,
        system: ProcessingSystem = ZYNQ_ULTRASCALE,
        ddr_base: int | None = None,
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
        self.capabilities = {"MEMORY_MAPPED": True, "SIMULATED": True}
        self.latency = latency
        self.stall_probability = stall_probability
        self.seed = seed
        self.traced = traced
        self.hardware: Hardware | None = None
        self.irq_pins: dict[int, str] = {}
        self.check_addresses = True
        self._substitutes: dict[str, Hardware] = {}
        self._memory = SimMemory(self, system.ddr_base if ddr_base is None else ddr_base)
        self._take_system(system)
        self._soc: Soc | None = None
        self._map = AddressMap()
        self._guards: dict[int, TransferGuard] = {}
        self._seconds_before = 0.0  # up to cycle _mark: of earlier overlays and clocks, and skipped while nothing moved
        self._mark = 0
        self._hung_seconds = 0.0
        self._quiet_limit = 0
        self._written = 0  # cycle of the latest write of a register
        self._polled_since = 0  # cycle of the latest access that was no poll
        self._latest_read: int | None = None  # address or POLLED_STATUS, where no write came after it

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
        """Write what the host has changed of a part of a buffer to DDR. Raises BufferNotAllocatedError."""
        self._memory.flush(bo, offset, virtual_address, nbytes)

    def invalidate(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Copy a part of a buffer from DDR to the host's view. Raises BufferNotAllocatedError."""
        self._memory.invalidate(bo, offset, virtual_address, nbytes)

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> RuntimeMetadataParser:
        """Return the contents of the .hwh beside a .bit. Raises SimulationError without a sound one."""
        del partial
        hwh = Path(bitfile_name).with_suffix(".hwh")
        if not hwh.is_file():
            raise SimulationError(f"{hwh} is missing: pynq needs the .hwh beside the .bit")
        parser = read_hwh(hwh)
        parser.mem_dict["PSDDR"] = self._memory.description
        if parser.family_ps in PROCESSING_SYSTEMS:
            _fill_frequencies(parser, self._system_for(parser))
        return parser

    def set_bitfile_name(self, bitfile_name: str) -> None:
        """Take a bitstream's metadata; pynq calls this for every overlay, before it downloads it or not."""
        super().set_bitfile_name(bitfile_name)
        family = self.parser.family_ps
        if family not in PROCESSING_SYSTEMS:
            raise SimulationError(f"{bitfile_name}: {family} is not simulated, only {', '.join(PROCESSING_SYSTEMS)}")
        self._take_system(self._system_for(self.parser))
        # pynq makes one for ever, of the first device and its architecture.
        if hasattr(Clocks, "_real_instance"):
            del Clocks._real_instance

    def download(self, bitstream: Any, parser: RuntimeMetadataParser | None = None) -> None:
        """Load an overlay: build its hardware where no build is cached, and take it out of reset. DDR is kept.

        Raises:
            OverlayFileError: the .bit was not written for the simulator.
            SimulatorBuildError: the hardware cannot be built.
        """
        parser = parser or self.get_bitfile_metadata(bitstream.bitfile_name)
        self._load(Path(bitstream.bitfile_name), parser)
        self.post_download(bitstream, parser, self.name)

    # ---- what only a simulation has

    def substitute(self, hwh: str | Path, hardware: Hardware) -> None:
        """Have overlays with this .hwh load some hardware, also where their .bit is a real bitstream."""
        hwh = Path(hwh)
        self._substitutes[_digest(hwh)] = hardware

    @property
    def parameters(self) -> SocParameters | None:
        """Of the accelerator that is loaded; None where none is, or a third party's hardware."""
        return self.hardware.parameters if isinstance(self.hardware, OwnHardware) else None

    @property
    def cycles(self) -> int:
        """Clock cycles since the overlay was loaded."""
        return self._loaded.cycles

    @property
    def clock_hz(self) -> float:
        """Frequency of PL clock 0, by its registers; 0 where they make no clock."""
        return self._system.clock_hz(self._clocks)

    def monotonic(self) -> float:
        """Return simulated seconds, as ``time.monotonic`` returns real ones (see the module's text)."""
        if self._soc is None or not self.clock_hz:
            return self._seconds_before
        return self._seconds_before + (self._soc.cycles - self._mark) / self.clock_hz

    @property
    def interrupts(self) -> dict[str, bool]:
        """The interrupt lines by name: mm2s, s2mm, accelerator, controller; of a third party's design, the pins."""
        return self._loaded.interrupts

    def interrupted(self, controller: str) -> bool:
        """Whether the output of an interrupt controller is high, by the name that pynq has for it."""
        lines = self.interrupts
        ports = self.hardware.ports.interrupts if self.hardware is not None else ()
        return any(lines[port.name] for port in ports if port.controller == controller)

    @property
    def quiet(self) -> bool:
        """Whether nothing has moved since the latest write for so long that nothing will without another."""
        soc = self._loaded
        return min(soc.quiet_cycles, soc.cycles - self._written) > self._quiet_limit

    @property
    def streams(self) -> Any:
        """What has moved on the streams between DMA and accelerator: :class:`tilewright.sim.own_ports.Streams`.

        Raises:
            SimulationError: the hardware is a third party's.
        """
        counts = self._loaded.streams
        if self.parameters is None:
            raise SimulationError("streams are those of the accelerator; a third party's are in stream_counts")
        return Streams.of(counts)

    @property
    def stream_counts(self) -> dict[str, StreamCount]:
        """What has moved on all streams, by name."""
        return self._loaded.streams

    @property
    def stall_state(self) -> tuple[int, int]:
        """State of the stalls' random generators: with it, another device repeats a transfer cycle by cycle."""
        return self._loaded.stall_state

    @stall_state.setter
    def stall_state(self, state: tuple[int, int]) -> None:
        self._loaded.stall_state = state

    def trace(self, file: str | Path, first: int, last: int) -> None:
        """Write a waveform (FST) of some cycles of the next program; its first beat is cycle 0.

        The file is complete once the window has passed or the device is gone.

        Args:
            file: to write.
            first, last: the first cycle, and the one after the last.

        Raises:
            SimulatorBuildError: the device is not traced, or the file cannot be written.
        """
        file = Path(file)
        self._loaded.trace(file, first, last)

    def run(self, cycles: int) -> None:
        """Let clock cycles pass.

        Raises:
            BusError: a master broke a rule of AXI.
            BufferNotAllocatedError: a master other than a DMA touched memory outside all buffers.
        """
        soc = self._loaded
        soc.run(cycles)
        self._check_masters(soc)

    def describe_hang(self) -> str:
        """Say where the hardware stands, for a message that it moves no more."""
        soc = self._loaded
        assert self.hardware is not None
        return describe_hang(soc, self.hardware.ports, self.parameters is not None)

    def read_word(self, address: int) -> int:
        """Read the register at a physical address; the bus transaction behind ``MMIO.read``.

        Raises:
            BusError: nothing is there, or it did not answer OKAY.
            DeviceTimeoutError: a register was polled for long while nothing moved.
            BufferNotAllocatedError: a master other than a DMA touched memory outside all buffers.
        """
        if address in self._clocks:
            return self._clocks[address]
        soc = self._loaded
        slave, offset = self._map.decode(address)
        value = soc.read(slave, offset)
        guard = self._guards.get(slave)
        if guard is not None:
            guard.read(offset, value)
        status = guard is not None and offset in (MM2S_DMASR, S2MM_DMASR)
        read = POLLED_STATUS if status else address
        polled = status or (self.parameters is None and read == self._latest_read)
        if read != self._latest_read:
            self._hung_seconds = 0.0
        self._latest_read = read
        if not polled:
            self._polled_since = soc.cycles
        if self.quiet:
            self._skip_time(address, (HANG_SECONDS if status else IP_HANG_SECONDS) if polled else None)
        else:
            self._hung_seconds = 0.0
            waited = soc.cycles - self._polled_since
            soc.run(min(ACCESS_CYCLES + waited // PATIENCE, MOST_ACCESS_CYCLES))
        self._check_masters(soc)
        return value

    def check_registers(self, address: int, nbytes: int) -> None:
        """Make sure that there are registers, before any is written.

        Args:
            address: of the first, physical.
            nbytes: of all of them, which lie in one window of the address map, or are of one clock.

        Raises:
            BusError: there are none, or fewer.
        """
        if address in self._clocks and nbytes <= WORD_BYTES:
            return
        self._loaded  # noqa: B018 - loads what is attached, and with it the address map
        self._map.check(address, nbytes)

    def write_word(self, address: int, value: int) -> None:
        """Write the register at a physical address.

        Raises:
            BusError: as :meth:`read_word`.
            BufferNotAllocatedError: it would start a transfer outside all buffers.
        """
        if address in self._clocks:
            self._seconds_before, self._mark = self.monotonic(), self._soc.cycles if self._soc is not None else 0
            self._clocks[address] = value
            return
        soc = self._loaded
        slave, offset = self._map.decode(address)
        if slave in self._guards:
            self._guards[slave].write(offset, value, check=self.check_addresses)
        soc.write(slave, offset, value)
        self._hung_seconds, self._latest_read = 0.0, None
        soc.run(ACCESS_CYCLES)
        self._check_masters(soc)
        self._written = self._polled_since = soc.cycles

    @property
    def _loaded(self) -> Soc:
        if self._soc is None:
            if getattr(self, "bitfile_name", None) is None:
                raise BusError("no overlay is loaded on the simulated device")
            self._load(Path(self.bitfile_name), self.parser)
        assert self._soc is not None
        return self._soc

    def _load(self, bit: Path, parser: RuntimeMetadataParser) -> None:
        hardware = self._substitutes.get(_digest(bit.with_suffix(".hwh"))) or read_overlay(bit)
        library = build_library(hardware, self.traced)
        self._seconds_before, self._mark = self.monotonic(), 0
        self._soc = Soc(
            library,
            hardware.ports,
            self._memory.ddr,
            self._memory.base_address,
            self._memory.pages,
            latency=self.latency,
            stall_probability=self.stall_probability,
            seed=self.seed,
        )
        self.hardware = hardware
        self._map = AddressMap(register_ranges(bit.with_suffix(".hwh")), hardware.ports)
        self._guards = {
            number: TransferGuard(
                self._memory, slave.instance, dma_width(parser.ip_dict[slave.instance]["parameters"]) // 8
            )
            for number, slave in enumerate(hardware.ports.slaves)
            if slave.kind == DMA
        }
        self._quiet_limit = hardware.quiet_cycles + 4 * self.latency
        self._written = 0
        self._hung_seconds = 0.0
        self.irq_pins = connect_interrupts(parser)

    def _take_system(self, system: ProcessingSystem) -> None:
        self._system = system
        self.arch = system.arch
        self._clocks = dict(system.registers)

    def _system_for(self, parser: RuntimeMetadataParser) -> ProcessingSystem:
        """This board's, or for a block design of the other family that of another board."""
        family = parser.family_ps
        return self._system if family == self._system.family else PROCESSING_SYSTEMS[family]

    def _check_masters(self, soc: Soc) -> None:
        stray = soc.take_stray()
        if stray is not None and self.check_addresses:
            raise BufferNotAllocatedError(
                f"{stray.channel}: {stray.nbytes} bytes at physical address {stray.address:#x} are in no buffer; on a "
                "board the master would read or overwrite whatever is there. "
                f"{self._memory.history.describe(stray.address, stray.nbytes)}"
            )

    def _skip_time(self, address: int, limit: float | None) -> None:
        """A limit in seconds, where the register is polled."""
        self._seconds_before += QUIET_READ_SECONDS
        self._hung_seconds = 0.0 if limit is None else self._hung_seconds + QUIET_READ_SECONDS
        if limit is not None and self._hung_seconds >= limit:
            self._hung_seconds = 0.0
            raise DeviceTimeoutError(
                f"{self._register(address)} was polled for {limit:g} simulated seconds while nothing moved: "
                f"{self.describe_hang()}"
            )

    def _register(self, address: int) -> str:
        assert self.hardware is not None
        slave, offset = self._map.decode(address)
        return f"register {offset:#04x} of {self.hardware.ports.slaves[slave].instance}"


def activate(device: Device) -> None:
    """Make a device pynq's active one, and the first of ``pynq.Device.devices``, in the place of a simulated one.

    Others that pynq has found stay in that list; where it has not looked yet, it will not.

    Args:
        device: to make active.
    """
    found = [each for each in getattr(Device, "_devices", []) if not isinstance(each, SimDevice) and each is not device]
    Device._devices = [device, *found]
    Device.active_device = device


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _fill_frequencies(parser: RuntimeMetadataParser, system: ProcessingSystem) -> None:
    """What pynq 4.0.0 misses in a Zynq-7000's .hwh, so that it sets the clocks as pynq 3.1.2 does: by the divisors."""
    for index, clock in parser.clock_dict.items():
        if clock.get("enable") and clock.get("frequency") is None:
            divisor = int(clock["divisor0"]) * int(clock["divisor1"])
            clock["frequency"] = system.pll_mhz(system.registers, index) / divisor
