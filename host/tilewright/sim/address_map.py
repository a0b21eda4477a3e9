"""Which slave of the simulated hardware a physical address belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilewright.sim.errors import BusError
from tilewright.sim.library import Slave
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

_SLAVES = {"axi_dma": Slave.DMA, "axi_intc": Slave.INTC}
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
            _Window(ip["phys_addr"], ip["addr_range"], _SLAVES.get(kind_of(ip), Slave.ACCELERATOR))
            for ip in ip_dict.values()
            if "phys_addr" in ip and kind_of(ip) not in PROCESSING_SYSTEMS
        ]

    def decode(self, address: int) -> tuple[Slave, int]:
        """Return slave and offset. Raises BusError where no slave is."""
        window = self._window(address)
        return window.slave, (address - window.base) % (1 << _ADDRESS_BITS[window.slave])

    def check(self, address: int, nbytes: int) -> None:
        """Raises BusError where an access of several registers leaves the window that it begins in."""
        window = self._window(address)
        left = window.base + window.size - address
        if nbytes > left:
            raise BusError(f"{nbytes} bytes at physical address {address:#x}, where the registers end after {left}")

    def _window(self, address: int) -> _Window:
        for window in self._windows:
            if window.base <= address < window.base + window.size:
                return window
        raise BusError(f"no register at physical address {address:#x}")


def kind_of(ip: Mapping[str, Any]) -> str:
    """Return the name of an IP of pynq's ip_dict in Vivado's catalogue, such as axi_dma."""
    return str(ip["type"]).split(":")[2]
