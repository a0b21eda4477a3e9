"""Where simulated hardware stands when it moves no more."""

from __future__ import annotations

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

    Args:
        soc: the simulated hardware.
        own: whether its accelerator is ours, whose status can be read.
    """
    words = ", ".join(f"{name} {soc.read(Slave.DMA, offset):#x}" for name, offset in _DMA_WORDS.items())
    streams = soc.streams
    text = (
        f"no bus has moved for {soc.quiet_cycles} cycles; {words}; {streams.program_beats} beats sent "
        f"({_last(streams.program_last)}), {streams.result_beats} received ({_last(streams.result_last)})"
    )
    return f"{text}; {_accelerator(soc)}" if own else text


def _last(seen: bool) -> str:
    return "TLAST seen" if seen else "TLAST not seen"


def _accelerator(soc: Soc) -> str:
    status = soc.read(Slave.ACCELERATOR, registers.REG_STATUS)
    error = soc.read(Slave.ACCELERATOR, registers.REG_ERROR)
    decoder = registers.DecoderState(registers.STATUS_DECODER_STATE.extract(status)).name
    engine = registers.EngineState(registers.STATUS_ENGINE_STATE.extract(status)).name
    code = registers.ErrorCode(registers.ERROR_CODE.extract(error)).name
    return f"accelerator: decoder {decoder}, engine {engine}, error {code}"
