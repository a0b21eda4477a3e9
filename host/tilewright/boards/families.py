"""What the processing systems of a family have in common: ports, their settings and clock pins, windows of addresses.

Port and parameter names: PG082 and PG201 as Vivado-made designs show them; windows: UG585 and UG1085 (from memory; they
agree with every public design that was read).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """An AXI port of a processing system.

    Attributes:
        name: of the interface.
        clock: its clock pin.
        enable: the setting that turns it on.
        width: the setting of its data width, "" where it has none.
        prefix: of its memory segments' names; "" for a port that is a master.
        window: first and last address of the registers behind it; (0, 0) for a port to memory.
    """

    name: str
    clock: str
    enable: str
    width: str = ""
    prefix: str = ""
    window: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Family:
    """A family of processing systems.

    Attributes:
        name: as boards say it.
        ip: of the processing system, without version.
        instance: its name in the block design.
        interconnect: the IP between AXI ports.
        addr_width: bits of the DMA's addresses.
        ports: by name.
        irq_settings: turn the interrupt input on.
        clock_pin, reset_pin: of PL clock 0 and of the reset; ``{}`` in the first stands for the clock's number.
        pl_clocks: how many clocks there are for the PL.
        divisor_most: of each of a PL clock's two divisors.
        clock_limit_mhz: no PL clock is faster.
        config_voltage: whether the constraints name the configuration bank's voltage.
    """

    name: str
    ip: str
    instance: str
    interconnect: str
    addr_width: int
    ports: dict[str, Port]
    irq_settings: dict[str, str]
    clock_pin: str
    reset_pin: str
    pl_clocks: int
    divisor_most: int
    clock_limit_mhz: float
    config_voltage: bool

    def clock_settings(self, index: int, mhz: str, source: str, divisors: tuple[int, int] | None) -> dict[str, str]:
        """The settings that ask for a PL clock.

        Args:
            index: of the clock.
            mhz: its frequency.
            source: its PLL.
            divisors: where they are to be set, not computed.
        """
        if self is ZYNQ_7000:
            return {
                f"PCW_EN_CLK{index}_PORT": "1",
                f"PCW_FCLK{index}_PERIPHERAL_CLKSRC": source,
                f"PCW_FPGA{index}_PERIPHERAL_FREQMHZ": mhz,
            }
        control = f"PSU__CRL_APB__PL{index}_REF_CTRL"
        settings = {f"PSU__FPGA_PL{index}_ENABLE": "1", f"{control}__SRCSEL": source, f"{control}__FREQMHZ": mhz}
        if divisors is not None:
            settings |= {f"{control}__DIVISOR{place}": str(divisor) for place, divisor in enumerate(divisors)}
        return settings

    def no_clock(self, index: int) -> dict[str, str]:
        """The settings that leave a PL clock off."""
        return {f"PCW_EN_CLK{index}_PORT" if self is ZYNQ_7000 else f"PSU__FPGA_PL{index}_ENABLE": "0"}

    @property
    def crystal(self) -> str:
        """The setting that is the crystal's frequency in MHz."""
        return "PCW_CRYSTAL_PERIPHERAL_FREQMHZ" if self is ZYNQ_7000 else "PSU__PSS_REF_CLK__FREQMHZ"

    def clock_enable(self, index: int) -> str:
        """What a .hwh calls the setting that says whether a PL clock is on, 1 or 0."""
        return f"PCW_FPGA_FCLK{index}_ENABLE" if self is ZYNQ_7000 else f"PSU__FPGA_PL{index}_ENABLE"

    def clock_source(self, index: int) -> str:
        """The setting that is a PL clock's PLL."""
        clock = f"PCW_FCLK{index}_PERIPHERAL_CLKSRC"
        return clock if self is ZYNQ_7000 else f"PSU__CRL_APB__PL{index}_REF_CTRL__SRCSEL"

    def clock_frequency(self, index: int) -> str:
        """The setting in which Vivado says what frequency it made of a PL clock, in MHz."""
        control = f"PSU__CRL_APB__PL{index}_REF_CTRL__ACT_FREQMHZ"
        return f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ" if self is ZYNQ_7000 else control

    def clock_readings(self, index: int, pll: str) -> dict[str, str]:
        """What Vivado computed: the settings to read, by what they are.

        Args:
            index: of the PL clock.
            pll: that it comes from.
        """
        if self is ZYNQ_7000:
            clock = f"PCW_FCLK{index}_PERIPHERAL_DIVISOR"
            multiplier = {"IO PLL": "IOPLL", "ARM PLL": "ARMPLL", "DDR PLL": "DDRPLL"}[pll]
            readings = {"multiplier": f"PCW_{multiplier}_CTRL_FBDIV"}
        else:
            clock = f"PSU__CRL_APB__PL{index}_REF_CTRL__DIVISOR"
            unit = "CRF" if pll == "DPLL" else "CRL"
            readings = {
                f: f"PSU__{unit}_APB__{pll}_CTRL__{n}" for f, n in (("multiplier", "FBDIV"), ("halved", "DIV2"))
            }
        return {**readings, "divisor0": f"{clock}0", "divisor1": f"{clock}1", "mhz": self.clock_frequency(index)}


def _ultrascale_memory(index: int) -> Port:
    number = index + 2
    return Port(
        f"S_AXI_HP{index}_FPD",
        f"saxihp{index}_fpd_aclk",
        f"PSU__USE__S_AXI_GP{number}",
        f"PSU__SAXIGP{number}__DATA_WIDTH",
        f"SAXIGP{number}/HP{index}_",
    )


def _named(*ports: Port) -> dict[str, Port]:
    return {port.name: port for port in ports}


ZYNQ_7000 = Family(
    name="zynq-7000",
    ip="xilinx.com:ip:processing_system7",
    instance="processing_system7_0",
    interconnect="xilinx.com:ip:axi_interconnect",
    addr_width=32,
    ports=_named(
        Port("M_AXI_GP0", "M_AXI_GP0_ACLK", "PCW_USE_M_AXI_GP0", window=(0x4000_0000, 0x7FFF_FFFF)),
        Port("M_AXI_GP1", "M_AXI_GP1_ACLK", "PCW_USE_M_AXI_GP1", window=(0x8000_0000, 0xBFFF_FFFF)),
        *(
            Port(
                f"S_AXI_HP{index}",
                f"S_AXI_HP{index}_ACLK",
                f"PCW_USE_S_AXI_HP{index}",
                f"PCW_S_AXI_HP{index}_DATA_WIDTH",
                f"S_AXI_HP{index}/HP{index}_",
            )
            for index in range(4)
        ),
    ),
    irq_settings={"PCW_USE_FABRIC_INTERRUPT": "1", "PCW_IRQ_F2P_INTR": "1"},
    clock_pin="FCLK_CLK{}",
    reset_pin="FCLK_RESET0_N",
    pl_clocks=4,
    divisor_most=63,
    clock_limit_mhz=250.0,
    config_voltage=True,
)

ZYNQ_ULTRASCALE = Family(
    name="zynq-ultrascale+",
    ip="xilinx.com:ip:zynq_ultra_ps_e",
    instance="zynq_ultra_ps_e_0",
    interconnect="xilinx.com:ip:smartconnect",
    addr_width=40,
    ports=_named(
        *(
            Port(
                f"M_AXI_{name}",
                f"maxi{name.lower()}_aclk",
                f"PSU__USE__M_AXI_GP{number}",
                f"PSU__MAXIGP{number}__DATA_WIDTH",
                window=window,
            )
            for number, name, window in (
                (0, "HPM0_FPD", (0xA000_0000, 0xAFFF_FFFF)),
                (1, "HPM1_FPD", (0xB000_0000, 0xBFFF_FFFF)),
                (2, "HPM0_LPD", (0x8000_0000, 0x9FFF_FFFF)),
            )
        ),
        *(_ultrascale_memory(index) for index in range(4)),
    ),
    irq_settings={"PSU__USE__IRQ0": "1"},
    clock_pin="pl_clk{}",
    reset_pin="pl_resetn0",
    pl_clocks=4,
    divisor_most=63,
    clock_limit_mhz=400.0,
    config_voltage=False,
)

FAMILIES = {family.name: family for family in (ZYNQ_7000, ZYNQ_ULTRASCALE)}
