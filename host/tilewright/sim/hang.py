"""Where simulated hardware stands when it moves no more."""

from __future__ import annotations

from tilewright import registers
from tilewright.sim.library import Slave, Soc

# PG021; in scatter-gather mode LENGTH reads 0
_DMA_WORDS = {"MM2S DMASR": 0x04, "MM2S LENGTH": 0x28, "S2MM DMASR": 0x34, "S2MM LENGTH": 0x58}


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
