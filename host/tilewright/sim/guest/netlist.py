"""What of a block design is simulated: modules with their buses, and the streams between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tilewright.sim.guest.catalogue import INLINE, TRANSPARENT, NotSimulated, Simulated, simulated
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.hwh_graph import AXI, STREAM, BlockDesign, Instance
from tilewright.sim.guest.ports import Bus, Role, find_buses
from tilewright.sim.guest.sources import Module, Port, UserSources
from tilewright.sim.hardware import GUEST_CORES
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

DMA, INTC = "axi_dma", "axi_intc"
MOST_STREAM_BYTES = 128
AXI_WIDTHS = (8, 16, 32, 64, 128, 256, 512)
AXI_LITE_WIDTH = 32


@dataclass(frozen=True)
class Part:
    """A module that stands for an IP.

    Attributes:
        instance: the IP.
        module: its module's name.
        parameters: of the module.
        buses: by the names of the .hwh.
        pins: its other ports.
        core: FuseSoC's, of a module of ours; None of a user's.
    """

    instance: Instance
    module: str
    parameters: Mapping[str, ParameterValue]
    buses: Mapping[str, Bus]
    pins: tuple[Port, ...]
    core: str | None

    @property
    def is_dma(self) -> bool:
        """Whether it is the DMA."""
        return self.core is not None and self.module == DMA

    def bus_name(self, bus: Bus) -> str:
        """Name a bus interface in messages."""
        return f"{self.instance.path}/{bus.name}"


@dataclass(frozen=True)
class Link:
    """A stream from one part to another; both by name and interface."""

    source: tuple[str, str]
    sink: tuple[str, str]


@dataclass(frozen=True)
class Netlist:
    """The simulated part of a block design.

    Attributes:
        design: all of it.
        parts: by INSTANCE.
        links: streams between parts.
        remarks: what the user is told.
    """

    design: BlockDesign
    parts: Mapping[str, Part]
    links: tuple[Link, ...]
    remarks: tuple[str, ...] = ()


def is_user(instance: Instance) -> bool:
    """Whether an IP needs a module of the user's."""
    known = {*TRANSPARENT, *INLINE, *PROCESSING_SYSTEMS}
    try:
        return not (instance.is_xilinx and (instance.kind in known or simulated(instance) is not None))
    except NotSimulated:
        return False


def unusual_settings(design: BlockDesign) -> list[str]:
    """Return what is said of IPs of Vivado's that are simulated, but not with their settings."""
    found = []
    for instance in design.instances.values():
        try:
            simulated(instance)
        except NotSimulated as error:
            found.append(f"{instance.path} ({instance.vlnv}): {error}")
    return found


def read_netlist(
    design: BlockDesign,
    modules: Mapping[str, Module],
    parameters: Mapping[str, Mapping[str, ParameterValue]],
    cores: Path,
) -> Netlist:
    """Return what of a block design is simulated.

    Args:
        design: all of it.
        modules: the user's, with their parameters, by INSTANCE.
        parameters: of the user's modules, by INSTANCE.
        cores: the folder of our cores.

    Raises:
        ThirdPartyError: something of it is not; names all such instances.
    """
    refusals: list[str] = []
    parts: dict[str, Part] = {}
    for instance in design.instances.values():
        try:
            if instance.name in modules:
                parts[instance.name] = _user_part(design, instance, modules[instance.name], parameters[instance.name])
            elif (found := simulated(instance)) is not None:
                parts[instance.name] = _own_part(instance, found, cores)
        except NotSimulated as error:
            refusals.append(f"{instance.path} ({instance.vlnv}): {error}")
    links = _inferred_links(parts) if _says_no_streams(design) else _links(design, parts, refusals)
    for part in parts.values():
        refusals += _faults(part)
    refusals += _mismatches(parts, links)
    refuse(refusals)
    remarks = [remark for name, module in modules.items() for remark in _other_widths(design.instances[name], module)]
    return Netlist(design, parts, tuple(links), tuple(remarks))


def refuse(refusals: Iterable[str]) -> None:
    """Raise ThirdPartyError with all reasons, if there are any."""
    reasons = list(dict.fromkeys(refusals))
    if len(reasons) == 1:
        raise ThirdPartyError(reasons[0])
    if reasons:
        raise ThirdPartyError("\n".join(("of this block design is not simulated:", *reasons)))


def _own_part(instance: Instance, found: Simulated, cores: Path) -> Part:
    module = _own_module(cores, found.module, tuple(found.parameters.items()))
    # Our ports are named as the IP's, also those that the .hwh leaves out
    interfaces = [replace(each, signals={}) for each in instance.buses]
    buses, pins = find_buses(module.ports, interfaces)
    pins += [bus.signals[name] for bus in buses.values() for name in found.absent if name in bus.signals]
    present = {name: bus.without(found.absent) for name, bus in buses.items()}
    return Part(instance, found.module, found.parameters, present, tuple(pins), found.core)


@cache
def _own_module(cores: Path, name: str, parameters: tuple[tuple[str, int], ...]) -> Module:
    files = sorted(path for core in GUEST_CORES for path in cores.glob(f"{core}/rtl/*.v"))
    return UserSources(tuple(map(str, files))).module(name, dict(parameters))


def _user_part(
    design: BlockDesign, instance: Instance, module: Module, parameters: Mapping[str, ParameterValue]
) -> Part:
    buses, pins = find_buses(module.ports, instance.buses)
    ports = {port.name.lower() for port in module.ports}
    for pin in instance.pins.values():
        passing = pin.name in instance.bus_pins or pin.use in ("CLK", "RST") or pin.name.lower() in ports
        if not passing and design.net(instance.name, pin.name):
            kind = "input" if pin.is_input else "output"
            what = "has an interrupt" if pin.use == "INTERRUPT" else "connects one"
            raise NotSimulated(f"module '{module.name}' has no {kind} {pin.name}, where the .hwh {what}")
    for bus in instance.buses:
        if bus.kind in (AXI, STREAM) and bus.bus and bus.name not in buses:
            raise NotSimulated(f"module '{module.name}' has no ports of {bus.name}, which the .hwh connects")
    return Part(instance, module.name, parameters, buses, tuple(pins), None)


def _other_widths(instance: Instance, module: Module) -> list[str]:
    """Ports that have another width than the .hwh says."""
    widths = {port.name.lower(): port.width for port in module.ports}
    return [
        f"{instance.path}: module '{module.name}', {pin.name}: {widths[pin.name.lower()]} bits, of which the .hwh says "
        f"{pin.width}: are its parameters those of the design?"
        for pin in instance.pins.values()
        if pin.width > 1 and widths.get(pin.name.lower(), pin.width) != pin.width
    ]


def _faults(part: Part) -> list[str]:
    """What of a user's module cannot be connected."""
    found = []
    for bus in part.buses.values():
        where = f"{part.instance.path}: module '{part.module}', {bus.name}"
        if bus.missing:
            found.append(f"{where}: no {', '.join(bus.missing)}")
        elif bus.role is Role.SLAVE and bus.width("wdata") != AXI_LITE_WIDTH:
            found.append(f"{where}: registers of {bus.width('wdata')} bits; of {AXI_LITE_WIDTH} they are simulated")
        elif bus.role is Role.MASTER:
            width = bus.width("rdata") or bus.width("wdata")
            if width not in AXI_WIDTHS or bus.width("wdata") not in (0, width):
                found.append(f"{where}: data of {width} bits; {', '.join(map(str, AXI_WIDTHS))} are simulated")
    return found


def _says_no_streams(design: BlockDesign) -> bool:
    """Whether a .hwh joins no streams, as those written by hand do."""
    buses = [bus for instance in design.instances.values() for bus in instance.buses]
    return not any(bus.kind == STREAM and bus.bus for bus in buses)


def _links(design: BlockDesign, parts: Mapping[str, Part], refusals: list[str]) -> list[Link]:
    links = []
    for part in parts.values():
        interfaces = {bus.name: bus for bus in part.instance.buses}
        for bus in part.buses.values():
            if bus.role is Role.SINK and bus.name in interfaces:
                links += _sources(design, parts, part, bus, interfaces[bus.name].bus, refusals)
    return links


def _sources(
    design: BlockDesign, parts: Mapping[str, Part], part: Part, bus: Bus, name: str, refusals: list[str]
) -> list[Link]:
    """The stream that comes in at a bus interface, if there is one."""
    for other, interface in design.ends(name):
        if not interface.is_master:
            continue
        if other.name not in parts:
            refusals.append(f"{part.bus_name(bus)} comes from {other.path} ({other.vlnv}), which is not simulated")
        elif interface.name not in parts[other.name].buses:
            refusals.append(f"{other.path}: module '{parts[other.name].module}' has no stream {interface.name}")
        else:
            return [Link((other.name, interface.name), (part.instance.name, bus.name))]
    return []


def _inferred_links(parts: Mapping[str, Part]) -> list[Link]:
    """The streams between one DMA and one IP.

    Raises:
        ThirdPartyError: others could be meant as well.
    """
    links = []
    for sink, source in (((False, Role.SINK), (True, Role.SOURCE)), ((True, Role.SINK), (False, Role.SOURCE))):
        sinks, sources = _of_role(parts, *sink), _of_role(parts, *source)
        for is_dma, role, found in ((*sink, sinks), (*source, sources)):
            if len(found) > 1 and (sinks and sources):
                names = ", ".join(bus for _, bus in found)
                part, what = parts[found[0][0]], "axi_dma" if is_dma else role.value
                raise ThirdPartyError(
                    f"{part.instance.path}: module '{part.module}' has more than one {what} ({names}), and the .hwh "
                    "does not say what is connected to them (BUSNAME of its bus interfaces): export it with Vivado"
                )
        if sinks and sources:
            links.append(Link(sources[0], sinks[0]))
    return links


def _of_role(parts: Mapping[str, Part], is_dma: bool, role: Role) -> list[tuple[str, str]]:
    return [
        (name, bus.name)
        for name, part in parts.items()
        for bus in part.buses.values()
        if part.is_dma == is_dma and bus.role is role
    ]


def _mismatches(parts: Mapping[str, Part], links: Iterable[Link]) -> list[str]:
    """Streams whose ends do not fit together."""
    found = []
    for link in links:
        ends = [(parts[name], parts[name].buses[bus]) for name, bus in (link.source, link.sink)]
        widths = [bus.width("tdata") for _, bus in ends]
        dma = any(part.is_dma for part, _ in ends)
        for (part, bus), width in zip(ends, widths, strict=True):
            if dma and (width not in (8 * (1 << n) for n in range(8))):
                found.append(
                    f"{part.instance.path}: module '{part.module}', {bus.name}: beats of {width} bits; 8, 16, 32 and "
                    f"so on to {8 * MOST_STREAM_BYTES} are simulated at a DMA"
                )
        if not dma and widths[0] != widths[1]:
            names = " to ".join(part.bus_name(bus) for part, bus in ends)
            found.append(
                f"{names}: beats of {widths[0]} and of {widths[1]} bits: are the parameters those of the design?"
            )
    return found


def safe_name(text: str) -> str:
    """Return a name as Verilog takes it."""
    return re.sub(r"\W", "_", text, flags=re.ASCII)
