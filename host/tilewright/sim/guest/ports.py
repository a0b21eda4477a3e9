"""The bus interfaces that the ports of a module make, as the .hwh or the usual names say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from tilewright.sim.guest.hwh_graph import AXI, STREAM, BusInterface
from tilewright.sim.guest.sources import Port

_ADDRESS = ("id", "addr", "len", "size", "burst", "lock", "cache", "prot", "qos", "region", "user", "valid", "ready")
_WRITE = ("wid", "wdata", "wstrb", "wlast", "wuser", "wvalid", "wready")
_RESPONSE = ("bid", "bresp", "buser", "bvalid", "bready")
_READ = ("rid", "rdata", "rresp", "rlast", "ruser", "rvalid", "rready")
AXI_SIGNALS = (*(f"aw{n}" for n in _ADDRESS), *_WRITE, *_RESPONSE, *(f"ar{n}" for n in _ADDRESS), *_READ)
STREAM_SIGNALS = ("tdata", "tkeep", "tlast", "tvalid", "tready", "tstrb", "tid", "tdest", "tuser")
# Which signal shows that there is a bus; the first of them that there is tells the direction
_KEYS = {STREAM: ("tvalid", "tdata"), AXI: ("awaddr", "araddr")}
_SIGNALS = {STREAM: STREAM_SIGNALS, AXI: AXI_SIGNALS}

ACTIVE_LOW = re.compile(r"(resetn|rst_?n|reset_?n)$", re.IGNORECASE)
RESET = re.compile(r"(reset|rst)", re.IGNORECASE)
CLOCK = re.compile(r"(clk|clock)$", re.IGNORECASE)


class Role(Enum):
    """What a bus interface is."""

    SLAVE = "AXI4 slave"
    MASTER = "AXI4 master"
    SINK = "AXI4-Stream input"
    SOURCE = "AXI4-Stream output"


_ROLES = {(AXI, True): Role.SLAVE, (AXI, False): Role.MASTER, (STREAM, True): Role.SINK, (STREAM, False): Role.SOURCE}
# Signals that a bus interface must have; of an AXI4 interface, of each half that it has
_HALVES = {
    "awaddr": ("awvalid", "awready", "wdata", "wvalid", "wready", "bvalid", "bready"),
    "araddr": ("arvalid", "arready", "rdata", "rvalid", "rready"),
}


@dataclass(frozen=True)
class Bus:
    """A bus interface of a module.

    Attributes:
        name: of the .hwh, or what its ports' names begin with.
        role: what it is.
        signals: its ports by the signal in lower case, such as ``tdata``.
    """

    name: str
    role: Role
    signals: Mapping[str, Port]

    @property
    def missing(self) -> list[str]:
        """The signals that it should have and has not."""
        if self.role in (Role.SINK, Role.SOURCE):
            needed = ["tvalid", "tready"]
        else:
            halves = [key for key in _HALVES if key in self.signals] if self.role is Role.MASTER else list(_HALVES)
            needed = [signal for key in halves for signal in (key, *_HALVES[key])]
        return [signal for signal in needed if signal not in self.signals]

    def without(self, names: Iterable[str]) -> Bus:
        """Return the interface without some signals."""
        return replace(self, signals={name: port for name, port in self.signals.items() if name not in set(names)})

    def width(self, signal: str) -> int:
        """Bits of a signal; 0 where it has none."""
        return self.signals[signal].width if signal in self.signals else 0


def find_buses(ports: Iterable[Port], interfaces: Iterable[BusInterface]) -> tuple[dict[str, Bus], list[Port]]:
    """Sort a module's ports into bus interfaces.

    Args:
        ports: of the module.
        interfaces: of the IP, as the .hwh names them and, mostly, their ports. What it does not name is found by the
            usual names: PREFIX_awaddr, PREFIX_tdata, in any case.

    Returns:
        The bus interfaces by name, and the ports that belong to none.
    """
    rest = {port.name.lower(): port for port in ports}
    known = [each for each in interfaces if each.kind in _KEYS]
    buses: dict[str, Bus] = {}
    for each in known:
        signals = {
            signal: rest.pop(pin.lower())
            for signal, pin in each.signals.items()
            if pin.lower() in rest and signal in _SIGNALS[each.kind]
        }
        if signals:
            buses[each.name] = _bus(each.name, each.kind, signals)
    unnamed = [each for each in known if each.name not in buses]
    for kind, prefix in _prefixes(rest):
        members = {signal: f"{prefix}{signal}" for signal in _SIGNALS[kind]}
        signals = {signal: rest.pop(member) for signal, member in members.items() if member in rest}
        if signals:
            found = _bus(prefix.rstrip("_"), kind, signals)
            name = _name(found, kind, unnamed)
            buses[name] = Bus(name, found.role, signals)
    return buses, list(rest.values())


def _prefixes(ports: Mapping[str, Port]) -> list[tuple[str, str]]:
    return [
        (kind, name[: -len(key)])
        for kind, keys in _KEYS.items()
        for key in keys
        for name in ports
        if name.endswith(f"_{key}")
    ]


def _bus(name: str, kind: str, signals: Mapping[str, Port]) -> Bus:
    key = next((key for key in _KEYS[kind] if key in signals), next(iter(signals)))
    return Bus(name, _ROLES[kind, signals[key].is_input], signals)


def _name(bus: Bus, kind: str, unnamed: list[BusInterface]) -> str:
    """The name that the .hwh has for a bus that was found by its ports: the same, or the only one of its role."""
    alike = [each for each in unnamed if _ROLES[kind, not each.is_master] is bus.role and each.kind == kind]
    named = [each for each in alike if each.name.lower() == bus.name.lower()] or (alike if len(alike) == 1 else [])
    if not named:
        return next(iter(bus.signals.values())).name[: len(bus.name)]
    unnamed.remove(named[0])
    return named[0].name
