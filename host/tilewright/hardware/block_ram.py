"""Block RAM of the accelerator and its DMA, from the widths and depths of their memories."""

from __future__ import annotations

from tilewright.hardware.beats import BEAT_BYTES
from tilewright.hardware.parameters import IMAGE_ROWS, HardwareParameters

# Width and depth of an RAMB36E1 and of an RAMB18E1 with one write and one read port
_WHOLE = ((72, 512), (36, 1024), (18, 2048), (9, 4096), (4, 8192), (2, 16384), (1, 32768))
_HALF = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
# Width and depth of an UltraRAM (UG573)
_ULTRA = (72, 4096)
# Up to so many words a memory may be several blocks deep
_SHALLOW_WORDS = 4096
# Memories of so many words are made of LUTs
LUT_WORDS = 64
# Bits of an entry of the log
_LOG_BITS = 6 * 32


def blocks_of(width: int, depth: int) -> float:
    """Blocks of a simple dual-port memory, all in the same aspect ratio.

    From 8192 words on they are as deep as a block can be, so that no multiplexer follows (cores/tech/xc7).

    Args:
        width: bits of a word.
        depth: words.

    Returns:
        BRAM36, in halves: an RAMB18 is half a block. 0 for a memory that is small enough for LUTs.
    """
    if depth <= LUT_WORDS:
        return 0.0
    if depth > _SHALLOW_WORDS:
        w, d = next((w, d) for w, d in _WHOLE if d >= depth or w == 1)
        return float(-(-width // w) * -(-depth // d))
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
    n, stream = hardware.n, hardware.stream_w
    banks, word, depth = _activations(hardware)
    line, lanes = hardware.array.image_line, hardware.array.image_lanes
    return {
        "activation memory": banks * blocks_of(word, depth),
        "accumulators": n * blocks_of(hardware.acc_w, hardware.acc_depth),
        "weight store": blocks_of(banks * word, hardware.wgt_depth),
        "threshold FIFO": blocks_of(stream, hardware.thr_depth * 8 * BEAT_BYTES // stream),
        "result buffer": n // 2 * blocks_of(2 * hardware.acc_w, hardware.result_places),
        "image lines": 2 * blocks_of(8 * lanes, IMAGE_ROWS * line // lanes // 2),
        "log": blocks_of(_LOG_BITS, hardware.log_depth),
        "DMA": 2 * blocks_of(stream + 1, hardware.dma_depth),
    }


def ultra_rams(hardware: HardwareParameters) -> int:
    """UltraRAMs of the activation memory, where it lies in those.

    Args:
        hardware: its sizes.
    """
    banks, word, words = _activations(hardware)
    width, depth = _ULTRA
    return banks * -(-word // width) * -(-words // depth)


def _activations(hardware: HardwareParameters) -> tuple[int, int, int]:
    """Banks of the activation memory, which make a group, bits of a word, and words of a bank."""
    array = hardware.array
    word = array.n * array.act_w
    banks = hardware.group_beats * 8 * BEAT_BYTES // word
    return banks, word, array.act_depth // banks
