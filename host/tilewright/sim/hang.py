"""Where simulated hardware stands when it moves no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tilewright.hardware import pg021, registers
from tilewright.sim.library import Slave, Soc

# In scatter-gather mode LENGTH reads 0
_DMA_WORDS = {
    "MM2S DMASR": pg021.MM2S_DMASR,
    "MM2S LENGTH": pg021.MM2S_LENGTH,
    "S2MM DMASR": pg021.S2MM_DMASR,
    "S2MM LENGTH": pg021.S2MM_LENGTH,
}


def describe_hang(soc: Soc, own: bool) -> str:
    """Return status and length of the DMA's channels, beats on the streams, and the accelerator's state.

    It never fails: of a part that cannot be read it says so.

    Args:
        soc: the simulated hardware.
        own: whether its accelerator is ours, whose status can be read; a user's registers may change as they are read.
    """
    words = [_part(name, partial(_dma_word, soc, name, offset)) for name, offset in _DMA_WORDS.items()]
    parts = [_part("cycles", partial(_cycles, soc)), ", ".join(words), _part("streams", partial(_beats, soc))]
    if own:
        parts.append(_part("accelerator", partial(_accelerator, soc)))
    return "; ".join(parts)


def _part(name: str, read: Callable[[], str]) -> str:
    try:
        return read()
    except Exception as error:  # whatever it is: the report is of the hang
        return f"{name} not readable ({error})"


def _cycles(soc: Soc) -> str:
    return f"no bus has moved for {soc.quiet_cycles} cycles"


def _dma_word(soc: Soc, name: str, offset: int) -> str:
    return f"{name} {soc.read(Slave.DMA, offset):#x}"


def _beats(soc: Soc) -> str:
    streams = soc.streams
    return (
        f"{streams.program_beats} beats sent ({_last(streams.program_last)}), "
        f"{streams.result_beats} received ({_last(streams.result_last)})"
    )


def _last(seen: bool) -> str:
    return "TLAST seen" if seen else "TLAST not seen"


def _accelerator(soc: Soc) -> str:
    status = soc.read(Slave.ACCELERATOR, registers.REG_STATUS)
    error = soc.read(Slave.ACCELERATOR, registers.REG_ERROR)
    decoder = registers.DecoderState(registers.STATUS_DECODER_STATE.extract(status)).name
    engine = registers.EngineState(registers.STATUS_ENGINE_STATE.extract(status)).name
    code = registers.ErrorCode(registers.ERROR_CODE.extract(error)).name
    return f"accelerator: decoder {decoder}, engine {engine}, error {code}"
