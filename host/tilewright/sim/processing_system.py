"""The processing systems that a simulated board may have: Zynq UltraScale+ and Zynq-7000.

Register addresses and fields: UG1087 (Zynq UltraScale+, CRL_APB and CRF_APB) and UG585 (Zynq-7000, SLCR), as far as
``pynq.ps.Clocks`` reads and writes them. Reset values: PLLs and clocks as PYNQ's boot loaders leave them, the PL's
clocks at 100 MHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PL_CLOCKS = 4


@dataclass(frozen=True)
class ProcessingSystem:
    """One family's processing system, as software sees it.

    Attributes:
        family: name of the IP in Vivado.
        version: of the IP.
        instance: its usual name in a block design.
        arch: of the CPU, as ``platform.machine()`` there says.
        system: ARCH of the .hwh's SYSTEMINFO.
        part: FPGA, for the header of a .bit.
        master: interface through which the CPU reaches registers.
        irq_pin: input of interrupts from the PL.
        dma_base, accelerator_base, intc_base: where the simulated design has its registers.
        ddr_base: physical address of the memory that ``pynq.allocate`` hands out.
        addr_width: bits of an address of the DMA.
        reference_mhz: clock of the PLLs.
        pll_registers: PLLs by the value of a PL clock's SRCSEL.
        clock_registers: address of each PL clock's control register.
        registers: all clock registers with their values after boot.
    """

    family: str
    version: str
    instance: str
    arch: str
    system: str
    part: str
    master: str
    irq_pin: str
    dma_base: int
    accelerator_base: int
    intc_base: int
    ddr_base: int
    addr_width: int
    reference_mhz: float
    pll_registers: Mapping[int, int]
    clock_registers: tuple[int, ...]
    registers: Mapping[int, int]

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version of the IP."""
        return f"xilinx.com:ip:{self.family}:{self.version}"

    def clock_hz(self, registers: Mapping[int, int], index: int = 0) -> float:
        """Frequency of a PL clock in Hz, by the registers' present values; 0 where a divisor is 0."""
        control = registers[self.clock_registers[index]]
        second, source = (16, control & 7) if self is ZYNQ_ULTRASCALE else (20, control >> 4 & 3)
        divisors = (control >> 8 & 63) * (control >> second & 63)
        pll = registers[self.pll_registers[source]] if source in self.pll_registers else 0
        return self.reference_mhz * 1e6 * self._multiplier(pll) / divisors if divisors else 0.0

    def _multiplier(self, pll: int) -> float:
        if self is ZYNQ_ULTRASCALE:
            return (pll >> 8 & 127) / (2 if pll >> 16 & 1 else 1)
        return pll >> 12 & 127


_CRL_APB, _CRF_APB, _SLCR = 0xFF5E_0000, 0xFD1A_0000, 0xF800_0000

ZYNQ_ULTRASCALE = ProcessingSystem(
    family="zynq_ultra_ps_e",
    version="3.5",
    instance="zynq_ultra_ps_e_0",
    arch="aarch64",
    system="zynquplus",
    part="xczu7ev-ffvc1156-2-e",
    master="M_AXI_HPM0_FPD",
    irq_pin="pl_ps_irq0",
    dma_base=0xA000_0000,
    accelerator_base=0xA001_0000,
    intc_base=0xA002_0000,
    # The high DDR region: an address needs both address registers of the DMA
    ddr_base=0x8_0000_0000,
    addr_width=40,
    reference_mhz=100 / 3,
    # I/O PLL, RPLL, DPLL
    pll_registers={0: _CRL_APB + 0x20, 2: _CRL_APB + 0x30, 3: _CRF_APB + 0x2C},
    clock_registers=tuple(_CRL_APB + 0xC0 + 4 * clock for clock in range(PL_CLOCKS)),
    registers={
        _CRL_APB + 0x20: 90 << 8 | 1 << 16,
        _CRL_APB + 0x30: 90 << 8 | 1 << 16,
        **{_CRL_APB + 0xC0 + 4 * clock: 0x0101_0F00 for clock in range(PL_CLOCKS)},
        # APLL, DPLL, VPLL, the CPU's clock
        _CRF_APB + 0x20: 0x0001_2C00,
        _CRF_APB + 0x2C: 0x0001_2C00,
        _CRF_APB + 0x38: 0x0001_2C00,
        _CRF_APB + 0x60: 0x0300_0100,
    },
)

ZYNQ_7000 = ProcessingSystem(
    family="processing_system7",
    version="5.5",
    instance="processing_system7_0",
    arch="armv7l",
    system="zynq",
    part="xc7z020clg400-1",
    master="M_AXI_GP0",
    irq_pin="IRQ_F2P",
    dma_base=0x4040_0000,
    accelerator_base=0x43C0_0000,
    intc_base=0x4180_0000,
    ddr_base=0x1000_0000,
    addr_width=32,
    reference_mhz=50.0,
    # I/O PLL twice, ARM PLL, DDR PLL
    pll_registers={0: _SLCR + 0x108, 1: _SLCR + 0x108, 2: _SLCR + 0x100, 3: _SLCR + 0x104},
    clock_registers=tuple(_SLCR + 0x170 + 16 * clock for clock in range(PL_CLOCKS)),
    registers={
        # ARM, DDR and I/O PLL at 1300, 1050 and 1000 MHz; CPU at 650 MHz
        _SLCR + 0x100: 26 << 12,
        _SLCR + 0x104: 21 << 12,
        _SLCR + 0x108: 20 << 12,
        _SLCR + 0x120: 0x1F00_0200,
        **{_SLCR + 0x170 + 16 * clock: 2 << 20 | 5 << 8 for clock in range(PL_CLOCKS)},
    },
)

# Where any overlay can be loaded, also one whose DMA has addresses of 32 bits
LOW_DDR_BASE = ZYNQ_7000.ddr_base

PROCESSING_SYSTEMS = {system.family: system for system in (ZYNQ_ULTRASCALE, ZYNQ_7000)}
