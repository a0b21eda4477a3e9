"""Block RAM of the accelerator and its DMA, from the widths and depths of their memories."""

from __future__ import annotations

from tilewright.hardware.parameters import HardwareParameters

# Width and depth of an RAMB36E1 and of an RAMB18E1 with one write and one read port
_WHOLE = ((72, 512), (36, 1024), (18, 2048), (9, 4096), (4, 8192), (2, 16384), (1, 32768))
_HALF = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
# Memories of so many words are made of LUTs
LUT_WORDS = 64
# Bits of an entry of the log, and of the words of the DMA's FIFOs
_LOG_BITS = 6 * 32
_DMA_BITS = 65
_THRESHOLD_BITS = 64


def blocks_of(width: int, depth: int) -> float:
    """Blocks of a simple dual-port memory, all in the same aspect ratio.

    Args:
        width: bits of a word.
        depth: words.

    Returns:
        BRAM36, in halves: an RAMB18 is half a block. 0 for a memory that is small enough for LUTs.
    """
    if depth <= LUT_WORDS:
        return 0.0
    whole = min(-(-width // w) * -(-depth // d) for w, d in _WHOLE)
    half = min(-(-width // w) * -(-depth // d) for w, d in _HALF)
    return min(float(whole), half / 2)


def block_rams(hardware: HardwareParameters) -> dict[str, float]:
    """BRAM36 by memory.

    Args:
        hardware: its sizes.

    Returns:
        Name of the memory to blocks; 0 where LUTs hold it.
    """
    n, array = hardware.n, hardware.array
    word = n * array.act_w
    group = max(64, word)
    banks = group // word
    return {
        "activation memory": banks * blocks_of(word, array.act_depth // banks),
        "accumulators": n * blocks_of(hardware.acc_w, hardware.acc_depth),
        "weight store": blocks_of(group + 1, hardware.wgt_depth),
        "threshold FIFO": blocks_of(_THRESHOLD_BITS, hardware.thr_depth),
        "result buffer": n * blocks_of(hardware.acc_w, hardware.out_depth),
        "read buffer": blocks_of(word, hardware.out_depth),
        "log": blocks_of(_LOG_BITS, hardware.log_depth),
        "DMA": 2 * blocks_of(_DMA_BITS, hardware.dma_depth),
    }
