"""What must be true of a block design that a Tcl has made: each rule says what breaks it."""

from __future__ import annotations

from collections.abc import Iterator

from board_checks.recorded import Recorded, RecordedCell
from tilewright.boards.design import BlockDesign

# IPs between whose sides widths and, with clocks for each side, clocks may differ
INTERCONNECTS = ("axi_interconnect", "smartconnect")


def findings(recorded: Recorded) -> list[str]:
    """All that is wrong with a block design, whatever it is for."""
    return [text for rule in RULES for text in rule(recorded)]


def _pins(recorded: Recorded, kind: str, direction: str) -> Iterator[tuple[RecordedCell, str]]:
    for cell in recorded.cells.values():
        for pin in cell.ip.pins.values():
            if pin.kind == kind and pin.dir == direction:
                yield cell, f"{cell.name}/{pin.name}"


def open_pins(recorded: Recorded) -> Iterator[str]:
    """Every clock, reset and other input has a driver; a clock's is a clock, a reset's a reset."""
    for kind in ("clk", "rst", "intr", "data"):
        for _, path in _pins(recorded, kind, "I"):
            pin, driver = recorded.pin_of(path), recorded.driver_of(path)
            if not driver:
                if not pin.optional:
                    yield f"{path}: {kind} without a driver"
            elif kind in ("clk", "rst") and recorded.pin_of(driver).kind != kind:
                yield f"{path}: a {kind} driven by {driver}, which is none"


def resets(recorded: Recorded) -> Iterator[str]:
    """A reset has its driver's polarity, and is synchronous to the clock that it belongs to."""
    for cell, path in _pins(recorded, "rst", "I"):
        pin, driver = recorded.pin_of(path), recorded.driver_of(path)
        if cell.kind == "accelerator" and pin.clock is None:
            yield f"{path}: ASSOCIATED_RESET of its clock does not name it"
        if not driver:
            continue
        source = recorded.pin_of(driver)
        if cell.kind != "proc_sys_reset" and pin.active != source.active:
            yield f"{path}: active {pin.active or 'unknown'}, driven by {driver}, active {source.active}"
        if pin.clock is None:
            continue
        wanted = recorded.driver_of(f"{cell.name}/{pin.clock}")
        owner = driver.partition("/")[0]
        given = recorded.driver_of(f"{owner}/{source.clock}") if source.clock else ""
        if wanted and wanted != given:
            yield f"{path}: a reset of {given or 'no clock'} for a clock {wanted}"


def widths(recorded: Recorded) -> Iterator[str]:
    """The ends of a net are as wide as each other."""
    for kind in ("clk", "rst", "intr", "data"):
        for _, path in _pins(recorded, kind, "I"):
            driver = recorded.driver_of(path)
            if driver and "net" not in (recorded.pin_of(path).width, recorded.pin_of(driver).width):
                ends = [_bits(recorded, end) for end in (driver, path)]
                if ends[0] != ends[1]:
                    yield f"{driver} has {ends[0]} bits, {path} {ends[1]}"


def _bits(recorded: Recorded, path: str) -> str:
    cell = recorded.cells[path.partition("/")[0]]
    return cell.ip.value(recorded.pin_of(path).width, cell.parameters)


def open_interfaces(recorded: Recorded) -> Iterator[str]:
    """Every interface is connected."""
    connected = {path for pair in recorded.buses for path in pair}
    for cell in recorded.cells.values():
        for interface in cell.ip.interfaces.values():
            if f"{cell.name}/{interface.name}" not in connected and not interface.optional:
                yield f"{cell.name}/{interface.name}: not connected"


def bus_clocks(recorded: Recorded) -> Iterator[str]:
    """The ends of a bus have one clock."""
    for pair in recorded.buses:
        clocks = []
        for path in pair:
            cell, pin = path.partition("/")[0], recorded.interface_of(path).clock
            if not pin:
                yield f"{path}: ASSOCIATED_BUSIF of no clock names it"
            clocks.append(recorded.driver_of(f"{cell}/{pin}") if pin else "")
        if clocks[0] != clocks[1]:
            yield f"{pair[0]} has clock {clocks[0] or 'none'}, {pair[1]} {clocks[1] or 'none'}"


def bus_widths(recorded: Recorded) -> Iterator[str]:
    """The ends of a bus are as wide as each other; interconnects convert."""
    for pair in recorded.buses:
        ends = [recorded.width_of(path) for path in pair]
        if "any" not in ends and ends[0] != ends[1]:
            yield f"{pair[0]} has {ends[0]} bits of data, {pair[1]} {ends[1]}"


def names(recorded: Recorded) -> Iterator[str]:
    """The accelerator has every parameter set by name: a package makes constants of defaults that depend on others."""
    for cell in recorded.cells.values():
        for name in sorted(cell.all_parameters - cell.parameters.keys()):
            yield f"{cell.name}: {name} is not set"


def streams(recorded: Recorded) -> Iterator[str]:
    """A DMA's stream is no wider than its memory side (PG021)."""
    for cell in recorded.cells.values():
        if cell.kind != "axi_dma":
            continue
        for memory, stream in (("M_AXI_MM2S", "M_AXIS_MM2S"), ("M_AXI_S2MM", "S_AXIS_S2MM")):
            wide, narrow = (int(recorded.width_of(f"{cell.name}/{name}")) for name in (memory, stream))
            if narrow > wide:
                yield f"{cell.name}: {stream} has {narrow} bits, {memory} {wide}"


def interrupts(recorded: Recorded) -> Iterator[str]:
    """What goes to an interrupt controller or a processing system is an interrupt, high while it lasts."""
    for cell in recorded.cells.values():
        for pin in cell.ip.pins.values():
            path = f"{cell.name}/{pin.name}"
            if pin.kind != "intr" or pin.dir != "I" or not recorded.driver_of(path):
                continue
            for source in _sources(recorded, path):
                found = recorded.pin_of(source)
                if found.kind != "intr" or found.sensitivity != "LEVEL_HIGH":
                    yield f"{path}: {source} is no interrupt with SENSITIVITY LEVEL_HIGH"
            owner = recorded.driver_of(path).partition("/")[0]
            if (
                recorded.cells[owner].kind == "axi_intc"
                and recorded.cells[owner].parameters.get("C_IRQ_CONNECTION") != "1"
            ):
                yield f"{owner}: its irq is a bus unless C_IRQ_CONNECTION is 1"


def _sources(recorded: Recorded, path: str) -> list[str]:
    driver = recorded.driver_of(path)
    owner = recorded.cells[driver.partition("/")[0]]
    if owner.kind != "xlconcat":
        return [driver]
    inputs = [recorded.driver_of(f"{owner.name}/{pin.name}") for pin in owner.ip.pins.values() if pin.dir == "I"]
    return [each for each in inputs if each]


def _slaves(recorded: Recorded, interface: str) -> set[str]:
    """The interfaces that a master reaches, through interconnects."""
    ends = dict(recorded.buses) | {second: first for first, second in recorded.buses}
    other = ends.get(interface)
    if other is None:
        return set()
    cell = recorded.cells[other.partition("/")[0]]
    if cell.kind not in INTERCONNECTS:
        return {other}
    masters = [each.name for each in cell.ip.interfaces.values() if each.mode == "MASTER"]
    return {found for name in masters for found in _slaves(recorded, f"{cell.name}/{name}")}


def reach(recorded: Recorded) -> Iterator[str]:
    """A master has every segment that it reaches mapped or excluded, and no other."""
    for cell in recorded.cells.values():
        reached: dict[str, set[str]] = {}
        for space in cell.ip.spaces:
            for slave in _slaves(recorded, f"{cell.name}/{space.interface}"):
                owner, _, name = slave.partition("/")
                segments = recorded.cells[owner].ip.segments.values()
                found = {f"{owner}/{each.name}" for each in segments if each.interface == name}
                reached.setdefault(f"{cell.name}/{space.name}", set()).update(found)
        for path in {f"{cell.name}/{space.name}" for space in cell.ip.spaces}:
            known = {segment for owner, segment in (*recorded.mapped, *recorded.excluded) if owner == path}
            for segment in sorted(reached.get(path, set()) - known):
                yield f"{path}: {segment} is neither mapped nor excluded"
            for segment in sorted(known - reached.get(path, set())):
                yield f"{path}: {segment} is mapped, and not reached"


def addresses(recorded: Recorded) -> Iterator[str]:
    """Segments do not overlap, are aligned, lie within their master's address and window."""
    entries = [(space, segment, *place) for (space, segment), place in sorted(recorded.mapped.items())]
    for index, (space, segment, offset, size) in enumerate(entries):
        if size & (size - 1) or offset % size:
            yield f"{space}: {segment} at 0x{offset:x} is not aligned to its {size} bytes"
        cell = recorded.cells[space.partition("/")[0]]
        own = [each for each in cell.ip.spaces if each.name == space.partition("/")[2]]
        bits = int(cell.ip.value(own[0].width, cell.parameters))
        if offset + size > 1 << bits:
            yield f"{space}: {segment} ends at 0x{offset + size:x}, beyond {bits} bits"
        windows = [window for each in own for window in each.windows]
        if windows and not any(low <= offset and offset + size - 1 <= high for low, high in windows):
            yield f"{space}: {segment} at 0x{offset:x} is in no window of its ports"
        for other_space, other, other_offset, other_size in entries[index + 1 :]:
            if other_space == space and offset < other_offset + other_size and other_offset < offset + size:
                yield f"{space}: {segment} and {other} overlap"


RULES = (
    open_pins,
    resets,
    widths,
    open_interfaces,
    bus_clocks,
    bus_widths,
    interrupts,
    addresses,
    reach,
    names,
    streams,
)


def differences(design: BlockDesign, recorded: Recorded) -> list[str]:
    """Where what the Tcl has made is not what the source says."""
    cells = {cell.name: (cell.ip, cell.parameters) for cell in design.cells}
    made = {c.name: (c.vlnv.rpartition(":")[0], c.parameters) for c in recorded.cells.values()}
    nets = {frozenset({net.driver, *net.sinks}) for net in design.nets}
    mapped = {(each.space, each.segment): each for each in design.mapped}
    found = [
        f"cell {name} differs from the source"
        for name in cells.keys() | made.keys()
        if cells.get(name) != made.get(name)
    ]
    found += [f"net {sorted(net)} differs from the source" for net in nets ^ {frozenset(net) for net in recorded.nets}]
    buses = {(bus.master, bus.slave) for bus in design.buses} ^ set(recorded.buses)
    found += [f"bus {bus} differs from the source" for bus in sorted(buses)]
    found += [f"{each} is not mapped as the source says" for each in mapped.keys() ^ recorded.mapped.keys()]
    for key in mapped.keys() & recorded.mapped.keys():
        wanted, (offset, size) = mapped[key], recorded.mapped[key]
        if wanted.offset != offset or wanted.bytes not in (None, size):
            found.append(f"{key} is at 0x{offset:x}, {size} bytes; the source says another place")
    # Segments that a processing system does not have need no exclusion
    found += [f"{each} is excluded, the source does not say so" for each in recorded.excluded - set(design.excluded)]
    return sorted(found)
