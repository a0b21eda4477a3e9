"""Which slave of the simulated hardware a physical address belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tilewright.sim.errors import BusError
from tilewright.sim.hwh_file import RegisterRange
from tilewright.sim.ports import SocPorts


@dataclass(frozen=True)
class _Window:
    base: int
    size: int
    slave: int
    address_bits: int


class AddressMap:
    """The address map of a block design.

    Args:
        ranges: of the .hwh.
        ports: of the hardware; what it has no slave for has no registers.
    """

    def __init__(self, ranges: Iterable[RegisterRange] = (), ports: SocPorts | None = None) -> None:
        slaves = () if ports is None else ports.slaves
        numbers = {(slave.instance, slave.interface): number for number, slave in enumerate(slaves)}
        self._windows = [
            _Window(each.base, each.size, number, slaves[number].address_bits)
            for each in ranges
            if (number := numbers.get((each.instance, each.interface))) is not None
        ]

    def decode(self, address: int) -> tuple[int, int]:
        """Return the slave's number, and the bits of the address that it sees. Raises BusError where no slave is."""
        window = self._window(address)
        return window.slave, address % (1 << window.address_bits)

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
