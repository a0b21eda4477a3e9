"""A .hwh as a graph: IPs, their bus interfaces by the bus that joins them, and their other pins by the net."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

AXI, STREAM = "aximm", "axis"
MASTERS = ("MASTER", "INITIATOR")
SLAVES = ("SLAVE", "TARGET")
# Vivado's name of a bus and of a signal without another end
UNCONNECTED = ("", "__NOC__", "__DEF__")
EXTERNAL = "External_Ports"

# An IP and its pin; the design's own pins are of EXTERNAL
Node = tuple[str, str]


@dataclass(frozen=True)
class BusInterface:
    """A bus interface of an IP.

    Attributes:
        name: of the interface.
        kind: AXI, STREAM or another of Vivado's.
        is_master: whether it drives the bus.
        bus: names the bus, the same at both ends; empty where nothing is connected.
        signals: pins by the bus's signal in lower case, such as ``tdata``.
    """

    name: str
    kind: str
    is_master: bool
    bus: str
    signals: Mapping[str, str]


@dataclass(frozen=True)
class Pin:
    """A pin of an IP: direction, bits, and what Vivado says that it is (clk, rst, INTERRUPT)."""

    name: str
    is_input: bool
    width: int
    use: str


@dataclass(frozen=True)
class Range:
    """Where a master finds a slave.

    Attributes:
        master: its interface.
        instance, interface: the slave.
    """

    master: str
    instance: str
    interface: str


@dataclass(frozen=True)
class Instance:
    """An IP of a block design.

    Attributes:
        name: INSTANCE.
        path: as pynq names it: with the hierarchies that it is in.
        module: MODTYPE.
        vlnv: vendor, library, name and version.
        parameters: as text.
        buses: its bus interfaces.
        pins: by name, those of the buses too.
        ranges: what its masters reach.
    """

    name: str
    path: str
    module: str
    vlnv: str
    parameters: Mapping[str, str]
    buses: tuple[BusInterface, ...]
    pins: Mapping[str, Pin]
    ranges: tuple[Range, ...]

    @property
    def kind(self) -> str:
        """The IP's name in its catalogue."""
        parts = self.vlnv.split(":")
        return parts[2] if len(parts) == 4 else self.module

    @property
    def is_xilinx(self) -> bool:
        """Whether it is of Vivado's own catalogue."""
        return self.vlnv.startswith(("xilinx.com:ip:", "xilinx.com:inline_hdl:"))

    @property
    def bus_pins(self) -> set[str]:
        """The pins that belong to bus interfaces."""
        return {pin for bus in self.buses for pin in bus.signals.values()}

    def parameter(self, name: str, default: str = "") -> str:
        """Return a parameter, whatever the case of its name."""
        return {key.lower(): value for key, value in self.parameters.items()}.get(name.lower(), default)


class BlockDesign:
    """The contents of a .hwh that :func:`tilewright.sim.hwh_file.read_hwh` has read.

    Attributes:
        instances: by INSTANCE.
        inputs: pins of the FPGA that the design reads.
    """

    def __init__(self, hwh: Path) -> None:
        root = ElementTree.parse(hwh).getroot()
        self.instances = {each.name: each for each in map(_instance, root.iter("MODULE"))}
        self.inputs = {p.get("NAME", "") for p in root.findall("EXTERNALPORTS/PORT") if p.get("DIR") == "I"}
        self._nets = _Nets()
        for module in root.iter("MODULE"):
            self._connect(module.get("INSTANCE", ""), module.findall("PORTS/PORT"))
        self._connect(EXTERNAL, root.findall("EXTERNALPORTS/PORT"))

    def net(self, instance: str, pin: str) -> list[Node]:
        """Return what a pin is connected to, itself left out."""
        return self._nets.others((instance, pin))

    def drivers(self, instance: str, pin: str) -> list[Node]:
        """Return the outputs that a pin is connected to."""
        return [node for node in self.net(instance, pin) if self._drives(node)]

    def ends(self, bus: str) -> list[tuple[Instance, BusInterface]]:
        """Return the interfaces that a bus joins."""
        every = ((instance, each) for instance in self.instances.values() for each in instance.buses)
        return [(instance, each) for instance, each in every if each.bus and each.bus == bus]

    def _drives(self, node: Node) -> bool:
        instance, pin = node
        if instance not in self.instances:
            return pin in self.inputs
        pins = self.instances[instance].pins
        return pin in pins and not pins[pin].is_input

    def _connect(self, instance: str, ports: Iterable[ElementTree.Element]) -> None:
        for port in ports:
            node = (instance, port.get("NAME", ""))
            if port.get("SIGNAME", "") not in UNCONNECTED:
                self._nets.join(node, ("", port.get("SIGNAME", "")))
            for each in port.iter("CONNECTION"):
                other = each.get("INSTANCE", "")
                if each.get("PORT"):
                    self._nets.join(node, (other if other in self.instances else EXTERNAL, each.get("PORT", "")))


class _Nets:
    """Sets of nodes that are connected; nodes of no instance are names of signals."""

    def __init__(self) -> None:
        self._sets: dict[Node, set[Node]] = {}

    def join(self, one: Node, other: Node) -> None:
        first, second = self._sets.setdefault(one, {one}), self._sets.setdefault(other, {other})
        if first is not second:
            first |= second
            for node in second:
                self._sets[node] = first

    def others(self, node: Node) -> list[Node]:
        return sorted(each for each in self._sets.get(node, ()) if each != node and each[0])


def _instance(module: ElementTree.Element) -> Instance:
    name = module.get("INSTANCE", "")
    parameters = {p.get("NAME", ""): p.get("VALUE", "") for p in module.findall("PARAMETERS/PARAMETER")}
    ranges = tuple(
        Range(r.get("MASTERBUSINTERFACE", ""), r.get("INSTANCE", ""), r.get("SLAVEBUSINTERFACE", ""))
        for r in module.iter("MEMRANGE")
    )
    buses = tuple(
        bus for each in module.findall("BUSINTERFACES/BUSINTERFACE") for bus in [_bus(each)] if bus is not None
    )
    return Instance(
        name,
        module.get("FULLNAME", "").lstrip("/") or name,
        module.get("MODTYPE", ""),
        module.get("VLNV", ""),
        parameters,
        buses,
        {pin.name: pin for pin in map(_pin, module.findall("PORTS/PORT"))},
        ranges,
    )


def _bus(element: ElementTree.Element) -> BusInterface | None:
    """None for one that only looks on."""
    role = element.get("TYPE", "")
    if role not in (*MASTERS, *SLAVES):
        return None
    bus, vlnv = element.get("BUSNAME", ""), element.get("VLNV", "").split(":")
    signals = {each.get("LOGICAL", "").lower(): each.get("PHYSICAL", "") for each in element.iter("PORTMAP")}
    return BusInterface(
        element.get("NAME", ""),
        vlnv[2] if len(vlnv) == 4 else "",
        role in MASTERS,
        "" if bus in UNCONNECTED else bus,
        signals,
    )


def _pin(port: ElementTree.Element) -> Pin:
    left, right = port.get("LEFT"), port.get("RIGHT")
    width = abs(int(left) - int(right)) + 1 if left and right else 1
    return Pin(port.get("NAME", ""), port.get("DIR") == "I", width, port.get("SIGIS", "").upper())
