"""Static timing of a netlist: the slowest way from a register to each register, by the delays of xc7_delays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import xc7_delays
from netlist import Netlist, instance_of, register_of


@dataclass(frozen=True)
class Arrival:
    """When a net has its value.

    Attributes:
        time: ns after the clock.
        luts: levels of logic since the register.
        carries: carry cells since the register.
        before: the net before it on the slowest way; None at a register.
    """

    time: float
    luts: int
    carries: int
    before: int | None


@dataclass(frozen=True)
class TimingPath:
    """A register-to-register path.

    Attributes:
        ns: delay, set-up time included.
        luts, carries: levels of logic, carry cells.
        source, target: registers (memories, ports) as `instance.name`.
        pin: of the target.
        source_module, target_module: the instances that they are in.
        fanout: the largest on the way.
    """

    ns: float
    luts: int
    carries: int
    source: str
    target: str
    pin: str
    source_module: str
    target_module: str
    fanout: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON: ns with two decimals."""
        return {**asdict(self), "ns": round(self.ns, 2)}


class Loop(ValueError):
    """Combinational logic that feeds itself: there is no static timing of it."""


class Timing:
    """Arrival times of a netlist's nets, worked out as they are asked for."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.arrivals: dict[int, Arrival] = {}

    def arrival(self, net: int) -> Arrival:
        """When a net has its value. Raises Loop for a combinational loop."""
        waiting, open_nets = [net], set()
        while waiting:
            current = waiting[-1]
            if current in self.arrivals:
                waiting.pop()
                continue
            start = xc7_delays.launch(self.netlist, current)
            ways = [] if start is not None else xc7_delays.arcs(self.netlist, self.netlist.drivers[current])
            missing = [way.net for way in ways if way.net not in self.arrivals]
            if not missing:
                self.arrivals[current] = self.latest(current, start, ways)
                open_nets.discard(current)
                continue
            if current in open_nets:
                names = sorted(self.netlist.names.get(at, str(at)) for at in open_nets)
                raise Loop(f"combinational loop through {', '.join(names[:10])}")
            open_nets.add(current)
            waiting.extend(missing)
        return self.arrivals[net]

    def latest(self, net: int, start: float | None, ways: list[xc7_delays.Arc]) -> Arrival:
        """The arrival at a net whose inputs' arrivals are known; without inputs, a constant, at once."""
        if not ways:
            return Arrival(start or 0.0, 0, 0, None)
        reader = self.netlist.type_of(net)

        def time(way: xc7_delays.Arc) -> float:
            wire = xc7_delays.net_delay(self.netlist, way.net, reader, way.port)
            return self.arrivals[way.net].time + wire + way.delay

        way = max(ways, key=time)
        before = self.arrivals[way.net]
        return Arrival(time(way), before.luts + way.luts, before.carries + (reader == "CARRY4"), way.net)

    def nets_to(self, net: int) -> list[int]:
        """The nets of the slowest way to a net, register first."""
        way, at = [], net
        while True:
            way.append(at)
            before = self.arrival(at).before
            if before is None:
                return way[::-1]
            at = before


def endpoint_name(netlist: Netlist, cell: str) -> str:
    """What a register or memory is called: by its output's net, else by its own name."""
    if netlist.cells[cell]["type"].startswith("RAM") and "$" not in cell:
        return cell
    names = [netlist.names[net] for _, _, net in netlist.pins(cell, "output") if net in netlist.names]
    return min(names, key=lambda name: ("$" in name, len(name)), default=cell)


def source_name(netlist: Netlist, net: int) -> str:
    """What the register, memory or port that launches a net is called."""
    driver = netlist.drivers.get(net)
    if driver and netlist.cells[driver.cell]["type"].startswith("RAM"):
        return endpoint_name(netlist, driver.cell)
    return netlist.names.get(net, driver.cell if driver else str(net))


def slowest_paths(netlist: Netlist) -> list[TimingPath]:
    """The slowest path into each register's pins, slowest first.

    Bits of one register, and copies of a generate block, count as one. Raises Loop for a combinational loop.
    """
    timing = Timing(netlist)
    worst: dict[tuple[str, str], tuple[float, int, str, str]] = {}
    for ns, net, target, pin in arrivals_at_registers(timing):
        key = (register_of(target), pin)
        if key not in worst or ns > worst[key][0]:
            worst[key] = (ns, net, target, pin)
    return sorted((path_of(timing, *found) for found in worst.values()), key=lambda path: -path.ns)


def arrivals_at_registers(timing: Timing) -> Iterator[tuple[float, int, str, str]]:
    """Yield the delay in ns to every pin of a register and to every output port, with net, register and pin."""
    netlist = timing.netlist
    for cell in filter(lambda name: xc7_delays.captures(netlist, name), netlist.cells):
        target, kind = endpoint_name(netlist, cell), netlist.cells[cell]["type"]
        for port, _, net in netlist.pins(cell, "input"):
            needed = xc7_delays.setup(netlist, cell, port)
            if needed is not None:
                wire = xc7_delays.net_delay(netlist, net, kind, port)
                yield timing.arrival(net).time + wire + needed, net, target, port
    for net, name in netlist.outputs.items():
        wire = xc7_delays.net_delay(netlist, net, "", "D")
        yield timing.arrival(net).time + wire + xc7_delays.SETUP["D"], net, name, "D"


def path_of(timing: Timing, ns: float, net: int, target: str, pin: str) -> TimingPath:
    """A path with all its facts."""
    nets, arrival = timing.nets_to(net), timing.arrival(net)
    source = source_name(timing.netlist, nets[0])
    return TimingPath(
        ns=ns,
        luts=arrival.luts,
        carries=arrival.carries,
        source=source,
        target=target,
        pin=pin,
        source_module=instance_of(source),
        target_module=instance_of(target),
        fanout=max(len(timing.netlist.readers[at]) for at in nets),
    )


def by_module(paths: list[TimingPath]) -> list[tuple[TimingPath, int]]:
    """The slowest path between each two instances, and how many registers their paths end in; slowest first."""
    found: dict[tuple[str, str], list[TimingPath]] = {}
    for path in paths:
        found.setdefault((path.source_module, path.target_module), []).append(path)
    pairs = [(max(group, key=lambda path: path.ns), len({path.target for path in group})) for group in found.values()]
    return sorted(pairs, key=lambda pair: -pair[0].ns)
