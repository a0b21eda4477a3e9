"""Which slave of the simulated hardware a physical address belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilewright.sim.errors import BusError
from tilewright.sim.library import Slave

# Bits of an address that the interconnect passes on
_ADDRESS_BITS = {Slave.DMA: 10, Slave.ACCELERATOR: 16, Slave.INTC: 9}


@dataclass(frozen=True)
class _Window:
    base: int
    size: int
    slave: Slave


class AddressMap:
    """The address map of a block design.

    Args:
        ip_dict: pynq's; DMA and interrupt controller are known by their type, what else has registers is the
            accelerator.
    """

    def __init__(self, ip_dict: Mapping[str, Any]) -> None:
        self._windows = [
            _Window(ip["phys_addr"], ip["addr_range"], _slave_of(ip["type"]))
            for ip in ip_dict.values()
            if "phys_addr" in ip and not _is_processing_system(ip["type"])
        ]

    def decode(self, address: int) -> tuple[Slave, int]:
        """Return slave and offset. Raises BusError where no slave is."""
        for window in self._windows:
            if window.base <= address < window.base + window.size:
                return window.slave, (address - window.base) % (1 << _ADDRESS_BITS[window.slave])
        raise BusError(f"no register at physical address {address:#x}")


def _slave_of(vlnv: str) -> Slave:
    name = vlnv.split(":")[2]
    return {"axi_dma": Slave.DMA, "axi_intc": Slave.INTC}.get(name, Slave.ACCELERATOR)


def _is_processing_system(vlnv: str) -> bool:
    return vlnv.split(":")[2] in ("zynq_ultra_ps_e", "processing_system7")
