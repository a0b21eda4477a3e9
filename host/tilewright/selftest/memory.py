"""Programs that write the accelerator's activation memory and read it back: both DMA channels, no arithmetic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.hardware.beats import pack_nibbles
from tilewright.hardware.commands import Begin, Body, Conv, Load, Mode
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program, content_id, encode_program
from tilewright.hardware.results import CodeMap

# Height and width of the map of words that one READ returns
BLOCK = (16, 32)


def memory_words(array: ArrayParameters, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Random contents of the whole memory: uint8 (blocks, n, *BLOCK), values 0..15."""
    blocks = array.act_depth // (BLOCK[0] * BLOCK[1])
    return np.random.default_rng(seed).integers(0, 16, (blocks, array.n, *BLOCK), dtype=np.uint8)


def memory_program(array: ArrayParameters, words: npt.NDArray[np.uint8]) -> Program:
    """A program that loads blocks of words from address 0 on, and returns them.

    Args:
        array: parameters of the accelerator.
        words: uint8 (blocks, n, *BLOCK), values 0..15.

    Returns:
        The program; its outputs are the blocks, each (1, n, *BLOCK).
    """
    commands: list[Body] = [Load(0, pack_nibbles(words.transpose(0, 2, 3, 1)))]
    size = BLOCK[0] * BLOCK[1]
    commands += [_read(block * size) for block in range(len(words))]
    begin = Begin(array.n, array.act_w, array.wgt_w, array.acc_w, content_id(commands))
    outputs = tuple(CodeMap(f"block {block}", (1, array.n, *BLOCK)) for block in range(len(words)))
    return Program(encode_program([begin, *commands]), array, begin.program_id, outputs)


def _read(address: int) -> Conv:
    height, width = BLOCK
    return Conv(
        in_h=height,
        in_w=width,
        out_h=height,
        out_w=width,
        ic_tiles=1,
        oc_tiles=1,
        images=1,
        kernel_h=1,
        kernel_w=1,
        stride=1,
        act_base=address,
        act_tile_stride=0,
        act_image_stride=0,
        origin_y=0,
        origin_x=0,
        mode=Mode.READ,
    )
