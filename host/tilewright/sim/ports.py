"""What simulated hardware shows to the outside: registers, masters into the DDR, streams and interrupts.

:func:`ports_header` writes it down for ``cores/soc/cpp/soc_sim.cpp``; the device numbers slaves, streams and interrupts
in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class SlavePort:
    """An AXI4-Lite slave.

    Attributes:
        signal: what its ports' names begin with.
        instance: the IP in the block design, as pynq names it.
        interface: of the IP.
        kind: the IP's name in Vivado's catalogue, such as axi_dma.
        address_bits: that it looks at.
    """

    signal: str
    instance: str
    interface: str
    kind: str
    address_bits: int


@dataclass(frozen=True)
class ReaderPort:
    """An AXI master that reads from the DDR, by the rules of our DMA or by those of AXI4.

    Attributes:
        signal: what its ports' names begin with.
        name: in messages; of a DMA's descriptors "SG ".
        has_id: whether its transactions have identifiers.
        is_dma: whether it is our DMA.
        seed: of its stalls, beside the device's.
    """

    signal: str
    name: str
    has_id: bool
    is_dma: bool
    seed: int


class WriterPort(ReaderPort):
    """An AXI master that writes to the DDR; attributes as :class:`ReaderPort`."""


@dataclass(frozen=True)
class StreamPort:
    """An AXI4-Stream that is observed.

    Attributes:
        signal: what its ports' names begin with.
        name: both ends, in messages.
        slave: number of the DMA's registers, or None where no DMA is at an end.
        channel: of the DMA, its first register.
    """

    signal: str
    name: str
    slave: int | None = None
    channel: int = 0


@dataclass(frozen=True)
class InterruptPort:
    """An interrupt line that is observed.

    Attributes:
        signal: the port.
        name: as the device names it.
        controller: the interrupt controller whose output it is, as pynq names it; None of other lines.
    """

    signal: str
    name: str
    controller: str | None = None


@dataclass(frozen=True)
class SocPorts:
    """All ports of a module ``soc`` but clock and reset.

    Attributes:
        slaves, readers, writers, streams, interrupts: in the order of the numbers that the device uses.
        moved: C++ expression of the model ``top``: whether something moves inside.
        begins: whether a waveform that waits begins.
    """

    slaves: tuple[SlavePort, ...]
    readers: tuple[ReaderPort, ...] = ()
    writers: tuple[WriterPort, ...] = ()
    streams: tuple[StreamPort, ...] = ()
    interrupts: tuple[InterruptPort, ...] = ()
    moved: str = "false"
    begins: str = "true"


def ports_header(ports: SocPorts) -> str:
    """Return the contents of soc_ports.h."""
    readers = [(port, f'"{port.name}AR", {_master(port)}') for port in ports.readers]
    writers = [(port, f'"{port.name}AW", "{port.name}W", {_master(port)}') for port in ports.writers]
    streams = [(p, f"{-1 if p.slave is None else p.slave}, 0x{p.channel:02X}") for p in ports.streams]
    return HEADER.format(
        slaves=_list((port, str(port.address_bits)) for port in ports.slaves),
        readers=_list(readers),
        writers=_list(writers),
        streams=_list(streams),
        interrupts=_list((port, "") for port in ports.interrupts),
        moved=ports.moved,
        begins=ports.begins,
    )


HEADER = """\
// The ports of the module soc, for soc_sim.cpp. Written by host/tilewright/sim/ports.py, as for any block design.
#pragma once

// AXI4-Lite slaves: name, bits of an address
#define SOC_SLAVES(X){slaves}

// AXI masters that read: name, channel in messages, identifiers or not, rules, seed
#define SOC_READERS(X){readers}

// AXI masters that write: name, channels in messages, as above
#define SOC_WRITERS(X){writers}

// Streams that are observed: name, slave of the DMA that they belong to or -1, the channel's first register
#define SOC_STREAMS(X){streams}

#define SOC_INTERRUPTS(X){interrupts}

// Whether something moves inside, and whether a waveform that waits begins
#define SOC_MOVED(top) ({moved})
#define SOC_BEGINS(top) ({begins})
"""


def _list(entries: Iterable[tuple[SlavePort | ReaderPort | StreamPort | InterruptPort, str]]) -> str:
    return "".join(f" \\\n    X({port.signal}{', ' if rest else ''}{rest})" for port, rest in entries)


def _master(port: ReaderPort) -> str:
    identifier, rules = "WITH_ID" if port.has_id else "NO_ID", "DMA" if port.is_dma else "AXI4"
    return f"{identifier}, {rules}, 0x{port.seed:016X}ULL"
