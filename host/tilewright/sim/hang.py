"""Where simulated hardware stands when it moves no more."""

from __future__ import annotations

from collections.abc import Callable

from tilewright.errors import SimulationError
from tilewright.hardware import pg021, registers
from tilewright.sim.library import Soc, StreamCount
from tilewright.sim.own_ports import Slave
from tilewright.sim.ports import SocPorts

DMA = "axi_dma"
# In scatter-gather mode LENGTH reads 0
_DMA_WORDS = {
    "MM2S DMASR": pg021.MM2S_DMASR,
    "MM2S LENGTH": pg021.MM2S_LENGTH,
    "S2MM DMASR": pg021.S2MM_DMASR,
    "S2MM LENGTH": pg021.S2MM_LENGTH,
}
_VERBS = {pg021.MM2S: "sent", pg021.S2MM: "received"}


def describe_hang(soc: Soc, ports: SocPorts, own: bool) -> str:
    """Return status and length of each DMA's channels, beats on the streams, and our accelerator's state.

    It never fails: what cannot be read is said to be so.

    Args:
        soc: the simulated hardware.
        ports: of it.
        own: whether it has our accelerator, whose status can be read; of other IPs no register is read.
    """
    streams = soc.streams
    parts = [f"no bus has moved for {soc.quiet_cycles} cycles"]
    for number, slave in enumerate(ports.slaves):
        if slave.kind == DMA:
            parts += _dma(soc, ports, number, streams)
    parts += [f"{port.name}: {_moved(streams[port.name])}" for port in ports.streams if port.slave is None]
    if own:
        parts.append(_read(lambda: _accelerator(soc), "accelerator"))
    return "; ".join(parts)


def _dma(soc: Soc, ports: SocPorts, number: int, streams: dict[str, StreamCount]) -> list[str]:
    words = ", ".join(
        _read(lambda offset=offset, name=name: f"{name} {soc.read(number, offset):#x}", name)  # type: ignore[misc]
        for name, offset in _DMA_WORDS.items()
    )
    moved = [
        f"{streams[port.name].beats} {'beats ' if port.channel == pg021.MM2S else ''}{_VERBS[port.channel]} "
        f"({_last(streams[port.name].last)})"
        for port in ports.streams
        if port.slave == number
    ]
    return [f"{ports.slaves[number].instance}: {words}", ", ".join(moved)]


def _read(read: Callable[[], str], what: str) -> str:
    try:
        return read()
    except SimulationError as error:
        return f"{what} cannot be read ({error})"


def _moved(count: StreamCount) -> str:
    return f"{count.beats} beats ({_last(count.last)})"


def _last(seen: bool) -> str:
    return "TLAST seen" if seen else "TLAST not seen"


def _accelerator(soc: Soc) -> str:
    status = soc.read(Slave.ACCELERATOR, registers.REG_STATUS)
    error = soc.read(Slave.ACCELERATOR, registers.REG_ERROR)
    decoder = registers.DecoderState(registers.STATUS_DECODER_STATE.extract(status)).name
    engine = registers.EngineState(registers.STATUS_ENGINE_STATE.extract(status)).name
    code = registers.ErrorCode(registers.ERROR_CODE.extract(error)).name
    return f"accelerator: decoder {decoder}, engine {engine}, error {code}"
