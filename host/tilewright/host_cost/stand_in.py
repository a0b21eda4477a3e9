"""An accelerator for counting: pynq's classes and ours on plain memory, where every transfer has ended at once.

Nothing is computed: the results are made before. So all that runs is what a board's processor runs for a batch, its
polls while it waits for the accelerator apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from pynq.buffer import PynqBuffer
from pynq.lib.dma import DMA

from tilewright.driver import Driver
from tilewright.driver.accelerator import Accelerator
from tilewright.hardware import pg021
from tilewright.hardware import registers as reg
from tilewright.hardware.beats import Beats
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program_format import BEGIN_FORMAT_VERSION
from tilewright.hardware.results import TRAILER_BEATS

_DMA_AT, _ACCELERATOR_AT, _WINDOW = 0x4040_0000, 0x43C0_0000, 0x1_0000
_STREAM_W = 64
# Between the addresses of two buffers
_APART = 1 << 26
_RESETS = {offset // 4: pg021.DMACR_RESET for offset in (pg021.MM2S_DMACR, pg021.S2MM_DMACR)}
_DMA_PARAMETERS = {
    **dict.fromkeys(("c_include_mm2s", "c_include_s2mm"), 1),
    **dict.fromkeys(("c_m_axi_mm2s_data_width", "c_m_axi_s2mm_data_width"), _STREAM_W),
    "c_sg_length_width": 26,
}


class Counts:
    """What a device was asked for.

    Attributes:
        accesses: of registers.
        cache_calls: flushes and invalidations, each a call of the kernel on a board.
        cache_bytes: of all of them.
    """

    def __init__(self) -> None:
        self.accesses = self.cache_calls = self.cache_bytes = 0


class _Watched(np.ndarray[Any, np.dtype[np.uint32]]):
    """Registers whose accesses are counted; a bit of some ends at once what it began: the reset of a DMA."""

    counts: Counts
    resets: Mapping[int, int]

    def __getitem__(self, index: Any) -> Any:
        self.counts.accesses += 1
        return self.view(np.ndarray)[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.counts.accesses += 1
        self.view(np.ndarray)[index] = int(value) & ~self.resets.get(index, 0)


class StandIn:
    """A pynq device whose registers are plain memory.

    Args:
        array: parameters that the accelerator's registers say.

    Attributes:
        counts: what was asked for.
        packets: results by the program that was sent: by the beat that ends it.
    """

    name = "stand-in"

    def __init__(self, array: ArrayParameters) -> None:
        self.counts = Counts()
        self.packets: dict[int, Beats] = {}
        self._registers = {_DMA_AT: _dma_registers(), _ACCELERATOR_AT: _accelerator_registers(array)}
        self._holds: dict[int, Beats] = {}
        self._memory: list[npt.NDArray[np.uint64]] = []

    def has_capability(self, name: str) -> bool:
        """As of pynq's devices."""
        return name == "MEMORY_MAPPED"

    def mmap(self, base_address: int, length: int) -> Any:
        """The registers from an address on."""
        watched = self._registers[base_address][: length // 4].view(_Watched)
        watched.counts, watched.resets = self.counts, _RESETS if base_address == _DMA_AT else {}
        return watched

    def allocate(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> PynqBuffer:
        """A buffer, as ``pynq.allocate`` asks for."""
        memory = np.zeros(shape, dtype=np.uint64)
        self._memory.append(memory)
        number = len(self._memory) - 1
        buffer = PynqBuffer(shape, dtype, memory.data, device=self, device_address=number * _APART, bo=number)
        buffer.memory, buffer.pointer, buffer.return_to, buffer.freed = self, number, self, True
        return buffer

    def return_pointer(self, pointer: int) -> None:
        """Takes a buffer back, of which nothing is used again."""

    def flush(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Counts a flush."""
        self.counts.cache_calls += 1
        self.counts.cache_bytes += nbytes

    def invalidate(self, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        """Counts one, and puts the results there of what lies in the send buffer: the one allocated before."""
        self.counts.cache_calls += 1
        self.counts.cache_bytes += nbytes
        packet, memory = self.packets[self._memory[bo - 1].item(-1)], self._memory[bo]
        if self._holds.get(bo) is packet:
            # A board's processor copies nothing; the driver has cleared the trailer alone
            trailer = slice(len(packet) - TRAILER_BEATS, len(packet))
            memory[trailer] = packet[trailer]
        else:
            memory[: len(packet)], self._holds[bo] = packet, packet


def open_stand_in(array: ArrayParameters) -> Driver:
    """A driver of a stand-in.

    Args:
        array: of the accelerator.
    """
    device = StandIn(array)
    descriptions = {
        "axi_dma_0": _description("xilinx.com:ip:axi_dma:7.1", _DMA_AT, device, _DMA_PARAMETERS),
        "accelerator_0": _description(Accelerator.bindto[0], _ACCELERATOR_AT, device, {}),
    }
    overlay = SimpleNamespace(
        device=device,
        ip_dict=descriptions,
        bitfile_name=None,
        axi_dma_0=DMA(descriptions["axi_dma_0"]),
        accelerator_0=Accelerator(descriptions["accelerator_0"]),
    )
    return Driver(overlay)


def stop_watching(driver: Driver) -> None:
    """Has registers read and written without being counted, as fast as a board's."""
    for unit in (driver.dma, driver.accelerator):
        unit.mmio.array = unit.mmio.array.view(np.ndarray)


def _description(kind: str, address: int, device: StandIn, parameters: dict[str, int]) -> dict[str, Any]:
    return {
        "type": kind,
        "phys_addr": address,
        "addr_range": _WINDOW,
        "device": device,
        "parameters": parameters,
        "interrupts": {},
        "gpio": {},
        "fullpath": kind,
    }


def _dma_registers() -> npt.NDArray[np.uint32]:
    words = np.zeros(_WINDOW // 4, dtype=np.uint32)
    words[[pg021.MM2S_DMASR // 4, pg021.S2MM_DMASR // 4]] = pg021.DMASR_IDLE
    return words


def _accelerator_registers(array: ArrayParameters) -> npt.NDArray[np.uint32]:
    words = np.zeros(_WINDOW // 4, dtype=np.uint32)
    fields = (
        (reg.ARRAY_N, array.n),
        (reg.ARRAY_ACT_W, array.act_w),
        (reg.ARRAY_WGT_W, array.wgt_w),
        (reg.ARRAY_ACC_W, array.acc_w),
    )
    values = {
        reg.REG_ID: reg.REG_ID_RESET,
        reg.REG_VERSION: reg.REG_VERSION_RESET,
        reg.REG_FORMAT: reg.FORMAT_PROGRAM_FORMAT.place(BEGIN_FORMAT_VERSION),
        reg.REG_ARRAY: sum(field.place(value) for field, value in fields),
        reg.REG_ACT_DEPTH: array.act_depth,
        reg.REG_ACC_DEPTH: array.acc_depth,
        reg.REG_STYLE: reg.STYLE_STREAM_W.place(_STREAM_W),
    }
    for offset, value in values.items():
        words[offset // 4] = value
    return words
