"""The interfaces that the ports of an IP's module make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.sources import Port

AXI_LITE_SIGNALS = [
    "awaddr",
    "awprot",
    "awvalid",
    "awready",
    "wdata",
    "wstrb",
    "wvalid",
    "wready",
    "bresp",
    "bvalid",
    "bready",
    "araddr",
    "arprot",
    "arvalid",
    "arready",
    "rdata",
    "rresp",
    "rvalid",
    "rready",
]
STREAM_SIGNALS = ("tdata", "tkeep", "tlast", "tvalid", "tready", "tstrb", "tid", "tdest", "tuser")
STREAM_WIDTHS = (8, 16, 32, 64)
AXI_LITE_WIDTH = 32
ACTIVE_LOW = re.compile(r"(resetn|rst_?n|reset_?n)$", re.IGNORECASE)
RESET = re.compile(r"(reset|rst)", re.IGNORECASE)
CLOCK = re.compile(r"(clk|clock)$", re.IGNORECASE)


@dataclass(frozen=True)
class Interface:
    """Ports of one bus by the signal's name in lower case, such as ``tdata``."""

    prefix: str
    signals: Mapping[str, Port]

    @property
    def stream_width(self) -> int:
        """Bits of a beat."""
        return self.signals["tdata"].width


@dataclass(frozen=True)
class Interfaces:
    """What an IP's ports make.

    Attributes:
        clocks, resets: names; a reset's value tells whether it is active low.
        axi_lite: its registers.
        stream_in, stream_out: None where it has none.
        inputs: others, which will be 0.
    """

    clocks: tuple[str, ...]
    resets: Mapping[str, bool]
    axi_lite: Interface | None
    stream_in: Interface | None
    stream_out: Interface | None
    inputs: tuple[Port, ...]
    outputs: Mapping[str, Port] = field(default_factory=dict)


def find_interfaces(ports: Iterable[Port], top: str) -> Interfaces:
    """Sort an IP's ports into interfaces, by the usual names: PREFIX_awaddr, PREFIX_tdata, in any case.

    Raises:
        ThirdPartyError: more than one interface of a kind, or one that is not supported; says which.
    """
    rest = {port.name: port for port in ports}
    axi_lite = _only(_buses(rest, "awaddr", AXI_LITE_SIGNALS, wanted=True), top, "AXI4-Lite slave")
    stream_in = _only(_buses(rest, "tdata", STREAM_SIGNALS, wanted=True), top, "AXI4-Stream input")
    stream_out = _only(_buses(rest, "tdata", STREAM_SIGNALS, wanted=False), top, "AXI4-Stream output")
    _check_widths(axi_lite, (stream_in, stream_out), top)
    plain = [port for port in rest.values() if port.is_input and port.width == 1]
    resets = {port.name: bool(ACTIVE_LOW.search(port.name)) for port in plain if RESET.search(port.name)}
    clocks = tuple(port.name for port in plain if CLOCK.search(port.name) and port.name not in resets)
    if not clocks:
        raise ThirdPartyError(f"module '{top}': no clock among its ports; one of 1 bit must end in clk or clock")
    others = tuple(p for p in rest.values() if p.is_input and p.name not in resets and p.name not in clocks)
    outputs = {port.name: port for port in rest.values() if not port.is_input}
    return Interfaces(clocks, resets, axi_lite, stream_in, stream_out, others, outputs)


def _buses(rest: dict[str, Port], key: str, signals: Iterable[str], *, wanted: bool) -> list[Interface]:
    """Take the buses whose key signal is an input, or an output, out of the ports."""
    found = []
    for name in [name for name, port in rest.items() if name.lower().endswith(f"_{key}") and port.is_input == wanted]:
        prefix = name[: -len(key)]
        members = {signal: prefix + signal for signal in signals}
        by_lower = {each.lower(): each for each in rest}
        taken = {s: rest[by_lower[m.lower()]] for s, m in members.items() if m.lower() in by_lower}
        found.append(Interface(prefix.rstrip("_"), taken))
        for port in taken.values():
            del rest[port.name]
    return found


def _only(buses: list[Interface], top: str, what: str) -> Interface | None:
    if len(buses) > 1:
        names = ", ".join(bus.prefix for bus in buses)
        raise ThirdPartyError(f"module '{top}' has more than one {what} ({names}); one is simulated")
    return buses[0] if buses else None


def _check_widths(axi_lite: Interface | None, streams: Iterable[Interface | None], top: str) -> None:
    if axi_lite is not None:
        missing = [s for s in AXI_LITE_SIGNALS if s not in axi_lite.signals and s not in ("awprot", "arprot")]
        if missing:
            raise ThirdPartyError(f"module '{top}', {axi_lite.prefix}: no {', '.join(missing)}")
        if axi_lite.signals["wdata"].width != AXI_LITE_WIDTH:
            raise ThirdPartyError(f"module '{top}', {axi_lite.prefix}: AXI4-Lite data of 32 bits are simulated")
    for stream in streams:
        if stream is None:
            continue
        missing = [signal for signal in ("tvalid", "tready") if signal not in stream.signals]
        if missing:
            raise ThirdPartyError(f"module '{top}', {stream.prefix}: no {', '.join(missing)}")
        if stream.stream_width not in STREAM_WIDTHS:
            widths = ", ".join(map(str, STREAM_WIDTHS))
            raise ThirdPartyError(
                f"module '{top}', {stream.prefix}: beats of {stream.stream_width} bits; {widths} are simulated"
            )
