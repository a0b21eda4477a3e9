"""What a processing system's stand-in computes: PLLs and divisors, as far as Vivado-made designs show them.

Zynq-7000: a board's peripherals give an IO PLL of 1000 MHz (both PYNQ bases), none of them 1600 MHz.
Zynq UltraScale+: the preset's PLLs, else what makes 1500 MHz.
"""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.boards.clocks import split
from tilewright.boards.families import ZYNQ_7000, ZYNQ_ULTRASCALE

Plls = Mapping[str, tuple[int, int]]


def computed(kind: str, settings: Mapping[str, str], plls: Plls, name: str) -> str | None:
    """A setting that Vivado computes; None for one that it does not.

    Args:
        kind: name of the IP.
        settings: of the instance, presets included.
        plls: of the preset: multiplier, and whether it is halved.
        name: of the setting.
    """
    found = _zynq_7000(settings) if kind == "processing_system7" else _ultrascale(settings, plls)
    return found.get(name)


def _zynq_7000(settings: Mapping[str, str]) -> dict[str, str]:
    crystal = float(settings.get("PCW_CRYSTAL_PERIPHERAL_FREQMHZ", "33.333333"))
    peripherals = any(settings.get(f"PCW_{name}_PERIPHERAL_ENABLE") == "1" for name in ("ENET0", "QSPI", "SD0"))
    multiplier = round((1000 if peripherals else 1600) / crystal)
    values = {"PCW_IOPLL_CTRL_FBDIV": str(multiplier)}
    for index in range(4):
        asked = float(settings.get(f"PCW_FPGA{index}_PERIPHERAL_FREQMHZ", "50"))
        divisor = max(1, round(crystal * multiplier / asked))
        first, second = split(ZYNQ_7000, divisor) or (divisor, 1)
        clock = f"PCW_FCLK{index}_PERIPHERAL_DIVISOR"
        values |= {f"{clock}0": str(first), f"{clock}1": str(second)}
        values[f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ"] = f"{crystal * multiplier / (first * second):.6f}"
    return values


def _ultrascale(settings: Mapping[str, str], plls: Plls) -> dict[str, str]:
    crystal = float(settings.get("PSU__PSS_REF_CLK__FREQMHZ", "33.333"))
    values = {}
    known = {"IOPLL": (90, 1), "RPLL": (90, 1), **plls}
    for name, (multiplier, halved) in known.items():
        values[f"PSU__CRL_APB__{name}_CTRL__FBDIV"] = str(multiplier)
        values[f"PSU__CRL_APB__{name}_CTRL__DIV2"] = str(halved)
    for index in range(4):
        control = f"PSU__CRL_APB__PL{index}_REF_CTRL"
        multiplier, halved = known[settings.get(f"{control}__SRCSEL", "IOPLL")]
        source = crystal * multiplier / (1 + halved)
        if settings.get("PSU__OVERRIDE__BASIC_CLOCK") == "1":
            first, second = (int(settings.get(f"{control}__DIVISOR{place}", "1")) for place in (0, 1))
        else:
            divisor = max(1, round(source / float(settings.get(f"{control}__FREQMHZ", "100"))))
            first, second = split(ZYNQ_ULTRASCALE, divisor) or (divisor, 1)
        values |= {f"{control}__DIVISOR0": str(first), f"{control}__DIVISOR1": str(second)}
        values[f"{control}__ACT_FREQMHZ"] = f"{source / (first * second):.6f}"
    return values
