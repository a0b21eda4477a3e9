"""The block design that a Tcl has made, as the stand-ins recorded it."""

from __future__ import annotations

from dataclasses import dataclass, field

from board_checks.vendor import Interface, Ip, Pin


@dataclass
class RecordedCell:
    """A cell: its IP with version, what was set of its parameters, and what it has by them."""

    name: str
    vlnv: str
    parameters: dict[str, str]
    ip: Ip
    all_parameters: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """The IP's name."""
        return self.vlnv.split(":")[2]


@dataclass
class Recorded:
    """A block design.

    Attributes:
        cells: by name.
        nets: pins ``cell/pin`` that are connected with each other.
        buses: pairs of interfaces ``cell/interface`` as they were connected.
        mapped: by space and segment: first address and bytes.
        excluded: spaces and segments.
        external: interfaces that leave the design.
        finished: what was done with the whole: validated, saved, generated, wrapped.
    """

    cells: dict[str, RecordedCell] = field(default_factory=dict)
    nets: list[set[str]] = field(default_factory=list)
    buses: list[tuple[str, str]] = field(default_factory=list)
    mapped: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    excluded: set[tuple[str, str]] = field(default_factory=set)
    external: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)

    def net_of(self, pin: str) -> frozenset[str]:
        """The pins of a pin's net, itself included; empty where it is open."""
        return next((frozenset(net) for net in self.nets if pin in net), frozenset())

    def connect(self, pins: list[str]) -> None:
        """Connect pins; nets that share one become one."""
        joined = set(pins)
        for net in [net for net in self.nets if net & joined]:
            joined |= net
            self.nets.remove(net)
        self.nets.append(joined)

    def driver_of(self, pin: str) -> str:
        """The output that drives a pin, "" where none or several do."""
        drivers = [each for each in self.net_of(pin) if self.pin_of(each).dir == "O"]
        return drivers[0] if len(drivers) == 1 else ""

    def pin_of(self, path: str) -> Pin:
        """What is known of a pin ``cell/pin``."""
        cell, _, pin = path.partition("/")
        return self.cells[cell].ip.pins[pin]

    def interface_of(self, path: str) -> Interface:
        """What is known of an interface ``cell/interface``."""
        cell, _, name = path.partition("/")
        return self.cells[cell].ip.interfaces[name]

    def width_of(self, path: str) -> str:
        """Bits of an interface's data, or "any"."""
        cell = self.cells[path.partition("/")[0]]
        return cell.ip.value(self.interface_of(path).data, cell.parameters)
