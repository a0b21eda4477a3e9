"""Where simulated hardware stands when it moves no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tilewright.hardware import pg021, registers
from tilewright.sim.library import Soc
from tilewright.sim.own_ports import Slave
from tilewright.sim.ports import SocPorts, StreamPort

DMA = "axi_dma"
# In scatter-gather mode LENGTH reads 0
_DMA_WORDS = {
    "MM2S DMASR": pg021.MM2S_DMASR,
    "MM2S LENGTH": pg021.MM2S_LENGTH,
    "S2MM DMASR": pg021.S2MM_DMASR,
    "S2MM LENGTH": pg021.S2MM_LENGTH,
}


def describe_hang(soc: Soc, ports: SocPorts, own: bool) -> str:
    """Return status and length of each DMA's channels, beats on the streams, and our accelerator's state.

    Of other masters: how many bursts they have asked the DDR for.

    It never fails: of a part that cannot be read it says so.

    Args:
        soc: the simulated hardware.
        ports: of it.
        own: whether it has our accelerator, whose status can be read; a user's registers may change as they are read.
    """
    parts = [_part("cycles", partial(_cycles, soc))]
    for number, slave in enumerate(ports.slaves):
        if slave.kind == DMA:
            parts += _dma(soc, ports, number)
    parts += [_part(port.name, partial(_between, soc, port)) for port in ports.streams if port.slave is None]
    masters = [*((port, "read") for port in ports.readers), *((port, "written") for port in ports.writers)]
    for number, (master, verb) in enumerate(masters):
        if not master.is_dma:
            parts.append(_part(master.name.strip(), partial(_bursts, soc, number, master.name.strip(), verb)))
    if own:
        parts.append(_part("accelerator", partial(_accelerator, soc)))
    return "; ".join(parts)


def _dma(soc: Soc, ports: SocPorts, number: int) -> list[str]:
    streams = sorted((port for port in ports.streams if port.slave == number), key=lambda port: port.channel)
    words = [_part(name, partial(_dma_word, soc, number, name, offset)) for name, offset in _DMA_WORDS.items()]
    return [
        f"{ports.slaves[number].instance}: {', '.join(words)}",
        _part("streams", lambda: ", ".join(_count(soc, port) for port in streams)),
    ]


def _part(name: str, read: Callable[[], str]) -> str:
    try:
        return read()
    except Exception as error:  # whatever it is: the report is of the hang
        return f"{name} not readable ({error})"


def _cycles(soc: Soc) -> str:
    return f"no bus has moved for {soc.quiet_cycles} cycles"


def _dma_word(soc: Soc, number: int, name: str, offset: int) -> str:
    return f"{name} {soc.read(number, offset):#x}"


def _count(soc: Soc, port: StreamPort) -> str:
    count = soc.streams[port.name]
    verb = "beats sent" if port.channel == pg021.MM2S else "received"
    return f"{count.beats} {verb} ({_last(count.last)})"


def _between(soc: Soc, port: StreamPort) -> str:
    count = soc.streams[port.name]
    return f"{port.name}: {count.beats} beats ({_last(count.last)})"


def _bursts(soc: Soc, number: int, name: str, verb: str) -> str:
    taken, outstanding = soc.bursts[number]
    return f"{name}: {taken} bursts {verb}" + (f", {outstanding} of them not to the end" if outstanding else "")


def _last(seen: bool) -> str:
    return "TLAST seen" if seen else "TLAST not seen"


def _accelerator(soc: Soc) -> str:
    status = soc.read(Slave.ACCELERATOR, registers.REG_STATUS)
    error = soc.read(Slave.ACCELERATOR, registers.REG_ERROR)
    decoder = registers.DecoderState(registers.STATUS_DECODER_STATE.extract(status)).name
    engine = registers.EngineState(registers.STATUS_ENGINE_STATE.extract(status)).name
    code = registers.ErrorCode(registers.ERROR_CODE.extract(error)).name
    return f"accelerator: decoder {decoder}, engine {engine}, error {code}"
