"""The Verilated system on chip, bound with cffi in ABI mode."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cffi import FFI

from tilewright.environment import CACHE_VARIABLE
from tilewright.sim.errors import BusError, SimulatorBuildError
from tilewright.sim.ports import SocPorts

_ffi = FFI()
# cores/soc/cpp/soc_sim.h
_ffi.cdef(
    """
    typedef struct soc soc_t;
    typedef struct {
        uint64_t ddr_base;
        uint64_t ddr_size;
        uint8_t *ddr_data;
        const uint8_t *ddr_pages;
        uint32_t latency;
        double stall_probability;
        uint64_t seed;
    } soc_config_t;
    soc_t *soc_create(const soc_config_t *config);
    void soc_destroy(soc_t *soc);
    int soc_read(soc_t *soc, uint32_t slave, uint32_t address, uint32_t *value);
    int soc_write(soc_t *soc, uint32_t slave, uint32_t address, uint32_t value);
    void soc_run(soc_t *soc, uint64_t cycles);
    uint64_t soc_cycles(const soc_t *soc);
    uint64_t soc_last_activity(const soc_t *soc);
    uint64_t soc_interrupts(const soc_t *soc);
    uint64_t soc_stream(const soc_t *soc, uint32_t stream, int *last);
    void soc_bursts(const soc_t *soc, uint64_t *taken, uint64_t *outstanding);
    const char *soc_violation(const soc_t *soc);
    const char *soc_stray(soc_t *soc, uint64_t *address, uint32_t *bytes);
    void soc_get_stalls(const soc_t *soc, uint64_t *states);
    void soc_set_stalls(soc_t *soc, const uint64_t *states);
    int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last);
    """
)


@dataclass(frozen=True)
class StreamCount:
    """What has moved on a stream.

    A stream of a DMA counts from its channel's latest LENGTH or TAILDESC write, or the DMA's latest soft reset; another
    one from when the hardware was loaded.

    Attributes:
        beats: that were taken.
        last: whether one of them ended a packet (TLAST).
    """

    beats: int
    last: bool


@dataclass(frozen=True)
class Stray:
    """An access of a master's to memory that no buffer holds.

    Attributes:
        channel: the master's, named.
        address: physical.
        nbytes: up to the burst's end.
    """

    channel: str
    address: int
    nbytes: int


_WORD = (1 << 64) - 1
_RESPONSES = {2: "SLVERR", 3: "DECERR", 4: "no response within 10000 cycles (a board's CPU would hang here)"}


class Soc:
    """One simulated system on chip, out of reset. Calls are serialised: the model is not re-entrant.

    Args:
        library: shared library from :func:`tilewright.sim.build.build_library`.
        ports: that it was built with.
        ddr: the DDR's contents, uint8; shared with the model, not copied.
        ddr_base: physical address of ``ddr[0]``.
        pages: uint8, one for each 4096 bytes of ``ddr``, not 0 where memory is allocated; shared.
        latency: cycles from a read address to its first beat.
        stall_probability: that a cycle withholds ready or valid on a DDR channel.
        seed: of the stalls and of the registers that no reset sets.

    Raises:
        SimulatorBuildError: the library does not load.
        BusError: the model refuses the configuration.
    """

    def __init__(
        self,
        library: Path,
        ports: SocPorts,
        ddr: npt.NDArray[np.uint8],
        ddr_base: int,
        pages: npt.NDArray[np.uint8],
        *,
        latency: int,
        stall_probability: float,
        seed: int,
    ) -> None:
        try:
            self._lib: Any = _ffi.dlopen(str(library))
        except OSError as error:
            raise SimulatorBuildError(
                f"{library} does not load ({error}); delete its folder to build it again, or where its file system "
                f"runs no programs, name another folder with ${CACHE_VARIABLE}"
            ) from error
        self._ports = ports
        self._shared = (ddr, pages)
        self._lock = threading.Lock()
        self._value = _ffi.new("uint32_t *")
        config = _ffi.new("soc_config_t *")
        config.ddr_base, config.ddr_size = ddr_base, ddr.nbytes
        config.ddr_data = _ffi.cast("uint8_t *", ddr.ctypes.data)
        config.ddr_pages = _ffi.cast("const uint8_t *", pages.ctypes.data)
        config.latency, config.stall_probability, config.seed = latency, stall_probability, seed
        handle = self._lib.soc_create(config)
        if handle == _ffi.NULL:
            raise BusError(f"the model refuses DDR size {ddr.nbytes} or stall probability {stall_probability}")
        self._soc = _ffi.gc(handle, self._lib.soc_destroy)

    def read(self, slave: int, address: int) -> int:
        """Read a 32-bit register of a slave, by its number. Raises BusError for a response other than OKAY."""
        with self._lock:
            response = self._lib.soc_read(self._soc, slave, address, self._value)
            value = int(self._value[0])
        self._check(response, "read from", slave, address)
        return value

    def write(self, slave: int, address: int, value: int) -> None:
        """Write a 32-bit register of a slave, by its number. Raises BusError for a response other than OKAY."""
        with self._lock:
            response = self._lib.soc_write(self._soc, slave, address, value)
        self._check(response, "write to", slave, address)

    def run(self, cycles: int) -> None:
        """Step the clock. Raises BusError if a master broke a rule of AXI."""
        with self._lock:
            self._lib.soc_run(self._soc, cycles)
        self._check_rules()

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return int(self._lib.soc_cycles(self._soc))

    @property
    def quiet_cycles(self) -> int:
        """Cycles since something moved: on a DDR channel, on a stream, or inside the accelerator."""
        return self.cycles - int(self._lib.soc_last_activity(self._soc))

    @property
    def interrupts(self) -> dict[str, bool]:
        """Which interrupt lines are high, by name."""
        lines = int(self._lib.soc_interrupts(self._soc))
        return {port.name: bool(lines >> index & 1) for index, port in enumerate(self._ports.interrupts)}

    @property
    def streams(self) -> dict[str, StreamCount]:
        """What has moved on the streams, by name."""
        last = _ffi.new("int *")
        counts = {}
        for index, port in enumerate(self._ports.streams):
            beats = int(self._lib.soc_stream(self._soc, index, last))
            counts[port.name] = StreamCount(beats, bool(last[0]))
        return counts

    @property
    def bursts(self) -> list[tuple[int, int]]:
        """Bursts of each master that reads, then of each that writes: asked for, and of them not answered yet."""
        count = len(self._ports.readers) + len(self._ports.writers)
        taken, outstanding = _ffi.new("uint64_t[]", count), _ffi.new("uint64_t[]", count)
        self._lib.soc_bursts(self._soc, taken, outstanding)
        return [(int(taken[index]), int(outstanding[index])) for index in range(count)]

    def take_stray(self) -> Stray | None:
        """Return an access, since the latest call, of a master other than a DMA to memory that no buffer holds."""
        address, nbytes = _ffi.new("uint64_t *"), _ffi.new("uint32_t *")
        channel = self._lib.soc_stray(self._soc, address, nbytes)
        if channel == _ffi.NULL:
            return None
        return Stray(_ffi.string(channel).decode(), int(address[0]), int(nbytes[0]))

    @property
    def stall_state(self) -> tuple[int, int]:
        """State of the stalls' random generators, of masters that read and of those that write: 64 bits each."""
        readers, writers = len(self._ports.readers), len(self._ports.writers)
        states = _ffi.new("uint64_t[]", readers + writers)
        self._lib.soc_get_stalls(self._soc, states)
        words = list(states)
        return _joined(words[:readers]), _joined(words[readers:])

    @stall_state.setter
    def stall_state(self, states: tuple[int, int]) -> None:
        counts = (len(self._ports.readers), len(self._ports.writers))
        words = [state >> 64 * i & _WORD for state, count in zip(states, counts, strict=True) for i in range(count)]
        self._lib.soc_set_stalls(self._soc, _ffi.new("uint64_t[]", words))

    def trace(self, file: Path, first: int, last: int) -> None:
        """Write a waveform of some cycles, counted from the first stream's next beat, which is cycle 0.

        Raises SimulatorBuildError when the library was built without tracing or the file cannot be written.
        """
        if self._lib.soc_trace(self._soc, str(file).encode(), first, last) != 0:
            raise SimulatorBuildError(f"no waveform {file}: the device is not traced, or the file cannot be written")

    def _check(self, response: int, verb: str, slave: int, address: int) -> None:
        if response != 0:
            name = self._ports.slaves[slave].instance
            raise BusError(f"{verb} {name} register {address:#05x}: {_RESPONSES.get(response, response)}")
        self._check_rules()

    def _check_rules(self) -> None:
        text = _ffi.string(self._lib.soc_violation(self._soc)).decode()
        if text:
            raise BusError(f"the simulated hardware broke a rule: {text}")


def _joined(words: list[int]) -> int:
    return sum(word << 64 * index for index, word in enumerate(words))
