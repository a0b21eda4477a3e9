"""The processing systems that a simulated board may have: Zynq UltraScale+ and Zynq-7000, with a board's clocks.

Register addresses and fields: UG1087 (Zynq UltraScale+, CRL_APB and CRF_APB) and UG585 (Zynq-7000, SLCR), as far as
``pynq.ps.Clocks`` reads and writes them. Values after boot: the board's PLLs and CPU clock, the PL's clocks at the
fastest up to 100 MHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.boards.board import Board, board_of
from tilewright.boards.clocks import pl_clock
from tilewright.boards.design import ACCELERATOR, DMA, INTC
from tilewright.boards.families import ZYNQ_7000 as ZYNQ_7000_FAMILY

PL_CLOCKS = 4
# Physical address of memory that every board has, and a DMA of 32 bits reaches
LOW_DDR_BASE = 0x1000_0000
_CRL_APB, _CRF_APB, _SLCR = 0xFF5E_0000, 0xFD1A_0000, 0xF800_0000
_BOOT_MHZ = 100.0
# By the value of a PL clock's SRCSEL: the PLL's name and its register
_ZYNQ_PLLS = {0: ("IO PLL", _SLCR + 0x108), 2: ("ARM PLL", _SLCR + 0x100), 3: ("DDR PLL", _SLCR + 0x104)}
_ULTRASCALE_PLLS = {0: ("IOPLL", _CRL_APB + 0x20), 2: ("RPLL", _CRL_APB + 0x30), 3: ("DPLL", _CRF_APB + 0x2C)}


@dataclass(frozen=True)
class ProcessingSystem:
    """A board's processing system, as software sees it.

    Attributes:
        board: that it is on.
        arch: of the CPU, as ``platform.machine()`` there says.
        ddr_base: physical address of the memory that ``pynq.allocate`` hands out.
        pll_registers: PLLs by the value of a PL clock's SRCSEL.
        clock_registers: address of each PL clock's control register.
        registers: all clock registers with their values after boot.
    """

    board: Board
    arch: str
    ddr_base: int
    pll_registers: Mapping[int, int]
    clock_registers: tuple[int, ...]
    registers: Mapping[int, int]

    @property
    def family(self) -> str:
        """Name of the IP in Vivado."""
        return self.board.kind.ip.split(":")[-1]

    @property
    def dma_base(self) -> int:
        """Where the design has the DMA's registers."""
        return self.board.address(DMA)

    @property
    def accelerator_base(self) -> int:
        """Where the design has the accelerator's registers."""
        return self.board.address(ACCELERATOR)

    @property
    def intc_base(self) -> int:
        """Where the design has the interrupt controller's registers."""
        return self.board.address(INTC)

    def pll_mhz(self, registers: Mapping[int, int], index: int = 0) -> float:
        """Frequency of a PL clock's PLL in MHz, by the registers' present values; 0 where it has none."""
        control = registers[self.clock_registers[index]]
        source = control >> 4 & 3 if self._is_zynq else control & 7
        if source not in self.pll_registers:
            return 0.0
        pll = registers[self.pll_registers[source]]
        if self._is_zynq:
            return self.board.clock.crystal_mhz * (pll >> 12 & 127)
        return self.board.clock.crystal_mhz * (pll >> 8 & 127) / (2 if pll >> 16 & 1 else 1)

    def clock_hz(self, registers: Mapping[int, int], index: int = 0) -> float:
        """Frequency of a PL clock in Hz, by the registers' present values; 0 where a divisor is 0."""
        control = registers[self.clock_registers[index]]
        divisors = (control >> 8 & 63) * (control >> (20 if self._is_zynq else 16) & 63)
        return self.pll_mhz(registers, index) * 1e6 / divisors if divisors else 0.0

    @property
    def _is_zynq(self) -> bool:
        return self.board.kind is ZYNQ_7000_FAMILY


def system_of(board: Board) -> ProcessingSystem:
    """A board's processing system as its image boots it."""
    return _zynq_7000(board) if board.kind is ZYNQ_7000_FAMILY else _zynq_ultrascale(board)


def _zynq_7000(board: Board) -> ProcessingSystem:
    boot, sources = pl_clock(board, _BOOT_MHZ), {0: 0, 1: 0, 2: 2, 3: 3}
    select = next(value for value, (name, _) in _ZYNQ_PLLS.items() if name == boot.pll)
    clocks = tuple(_SLCR + 0x170 + 16 * clock for clock in range(PL_CLOCKS))
    registers = {
        # DDR and I/O PLL; the CPU's clock is half the ARM PLL's
        _SLCR + 0x104: 21 << 12,
        _SLCR + 0x108: 20 << 12,
        _SLCR + 0x100: round(2 * board.clock.cpu_mhz / board.clock.crystal_mhz) << 12,
        _SLCR + 0x120: 0x1F00_0200,
        **dict.fromkeys(clocks, boot.divisor1 << 20 | boot.divisor0 << 8 | select << 4),
    }
    for name, register in _ZYNQ_PLLS.values():
        if name in board.clock.plls:
            registers[register] = board.clock.plls[name].multiplier << 12
    plls = {value: _ZYNQ_PLLS[source][1] for value, source in sources.items()}
    return ProcessingSystem(board, "armv7l", LOW_DDR_BASE, plls, clocks, registers)


def _zynq_ultrascale(board: Board) -> ProcessingSystem:
    boot = pl_clock(board, _BOOT_MHZ)
    select = next(value for value, (name, _) in _ULTRASCALE_PLLS.items() if name == boot.pll)
    clocks = tuple(_CRL_APB + 0xC0 + 4 * clock for clock in range(PL_CLOCKS))
    registers = {
        # Halved: I/O PLL, RPLL, DPLL, VPLL, and the APLL, which is the CPU's clock
        **dict.fromkeys((_CRL_APB + 0x20, _CRL_APB + 0x30, _CRF_APB + 0x2C, _CRF_APB + 0x38), 1 << 16 | 90 << 8),
        _CRF_APB + 0x20: 1 << 16 | round(2 * board.clock.cpu_mhz / board.clock.crystal_mhz) << 8,
        _CRF_APB + 0x60: 0x0300_0100,
        **dict.fromkeys(clocks, 1 << 24 | boot.divisor1 << 16 | boot.divisor0 << 8 | select),
    }
    for name, register in _ULTRASCALE_PLLS.values():
        if name in board.clock.plls:
            pll = board.clock.plls[name]
            registers[register] = int(pll.halved) << 16 | pll.multiplier << 8
    # In the high DDR region an address needs both address registers of the DMA
    bases = [int(segment.base, 16) for segment in board.memory.segments]
    ddr_base = max(bases) if max(bases) >= 1 << 32 else LOW_DDR_BASE
    plls = {value: register for value, (_, register) in _ULTRASCALE_PLLS.items()}
    return ProcessingSystem(board, "aarch64", ddr_base, plls, clocks, registers)


# Of a simulated board that nobody chose
ZYNQ_ULTRASCALE = system_of(board_of("aup_zu3"))
ZYNQ_7000 = system_of(board_of("pynq_z2"))

PROCESSING_SYSTEMS = {system.family: system for system in (ZYNQ_ULTRASCALE, ZYNQ_7000)}
