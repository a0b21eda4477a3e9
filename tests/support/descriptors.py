"""Random descriptors over one memory of random words, and their sums by plain arithmetic.

Commands of a chain have their positions and output tiles in common: all but the last hold their sums, all but the first
resume, each with a map of its own.
"""

from dataclasses import dataclass, replace

import numpy as np

from tilewright.hardware.beats import pack_nibbles
from tilewright.hardware.commands import NEVER_RAISED, Begin, Body, Conv, Load, Mode, Weights
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program, encode_program
from tilewright.hardware.results import OutputMap

WORDS = 256
Rng = np.random.Generator


@dataclass
class Command:
    """A descriptor, the word of its first map's position (0, 0), and its weights.

    `weights` are integers (oc_tiles, ic_tiles, kernel_h, kernel_w, n rows, n columns).
    """

    conv: Conv
    start: int
    weights: np.ndarray

    @property
    def body(self) -> list[Body]:
        """Its commands in a program."""
        return [self.conv, Weights(pack_nibbles(self.weights), last=True)]


def random_chain(rng: Rng, n: int, length: int) -> list[Command]:
    """Random commands whose maps lie within WORDS words; all may overlap."""
    shape = {"images": int(rng.integers(1, 3)), "out_h": int(rng.integers(1, 4)), "out_w": int(rng.integers(1, 5))}
    oc_tiles = int(rng.integers(1, 4))
    positions = shape["images"] * shape["out_h"] * shape["out_w"]
    acc = {"acc_base": int(rng.integers(9)), "acc_tile_stride": positions + int(rng.integers(3))}
    chain = [_random_command(rng, n, oc_tiles, {**shape, **acc}) for _ in range(length)]
    for number, command in enumerate(chain):
        ends = {"resume": number > 0, "hold": number < length - 1}
        mode = Mode(int(rng.integers(2))) if number == length - 1 else Mode.RAW
        command.conv = replace(command.conv, **ends, mode=mode)
    return chain


def _random_command(rng: Rng, n: int, oc_tiles: int, common: dict[str, int]) -> Command:
    ic_tiles, kernel_h, kernel_w = (int(value) for value in rng.integers(1, 4, 3))
    in_h, in_w = (int(value) for value in rng.integers(1, 6, 2))
    origin_y, origin_x = (int(value) for value in rng.integers(-3, 3, 2))
    start = int(rng.integers(64))
    strides = ("act_tile_stride", "act_image_stride", "act_oc_stride")
    conv = Conv(
        in_h=in_h,
        in_w=in_w,
        ic_tiles=ic_tiles,
        oc_tiles=oc_tiles,
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        stride=int(rng.integers(1, 3)),
        act_base=start + origin_y * in_w + origin_x,
        origin_y=origin_y,
        origin_x=origin_x,
        mode=Mode.RAW,
        raise_from=int(rng.choice([NEVER_RAISED, 0, 1, 2])),
        raise_each=bool(rng.integers(2)),
        **{name: int(rng.integers(30)) for name in strides},
        **common,
    )
    return Command(conv, start, rng.integers(-8, 8, (oc_tiles, ic_tiles, kernel_h, kernel_w, n, n)))


def chain_program(chain: list[Command], memory: np.ndarray) -> Program:
    """The program that loads a memory (words, n) and runs a chain."""
    array, last = ArrayParameters(n=memory.shape[1]), chain[-1].conv
    begin = Begin(array.n, array.act_w, array.wgt_w, array.acc_w, program_id=1)
    commands = [Load(0, pack_nibbles(memory)), *(part for command in chain for part in command.body)]
    shape = (last.images, last.oc_tiles * array.n, last.out_h, last.out_w)
    return Program(encode_program([begin, *commands]), array, 1, (OutputMap("chain", shape),))


def chain_sums(chain: list[Command], memory: np.ndarray) -> np.ndarray:
    """What the last command of a chain sends: (images, oc_tiles * n, out_h, out_w), as 28 bits hold it."""
    total = 0
    for command in chain:
        raised = raised_tiles(command.conv)
        total = total * 16 ** len(raised)
        for ic_tile in range(command.conv.ic_tiles):
            total = total + 16 ** sum(tile > ic_tile for tile in raised) * tile_sums(command, memory, ic_tile)
    wrapped = (total + (1 << 27)) % (1 << 28) - (1 << 27)
    return np.maximum(wrapped, 0) if chain[-1].conv.mode is Mode.RELU else wrapped


def raised_tiles(conv: Conv) -> list[int]:
    """The input tiles that begin with a 16-fold."""
    if conv.raise_each:
        return list(range(conv.raise_from, conv.ic_tiles))
    return [conv.raise_from] if conv.raise_from < conv.ic_tiles else []


def tile_sums(command: Command, memory: np.ndarray, ic_tile: int) -> np.ndarray:
    """The convolution of one input tile, (images, oc_tiles * n, out_h, out_w)."""
    conv, n = command.conv, memory.shape[1]
    sums = np.zeros((conv.images, conv.oc_tiles, n, conv.out_h, conv.out_w), dtype=np.int64)
    for image, oc_tile in np.ndindex(conv.images, conv.oc_tiles):
        first = command.start + image * conv.act_image_stride + oc_tile * conv.act_oc_stride
        first += ic_tile * conv.act_tile_stride
        tile = memory[first : first + conv.in_h * conv.in_w].reshape(conv.in_h, conv.in_w, n)
        for y, x, ky, kx in np.ndindex(conv.out_h, conv.out_w, conv.kernel_h, conv.kernel_w):
            row, column = y * conv.stride + ky + conv.origin_y, x * conv.stride + kx + conv.origin_x
            if 0 <= row < conv.in_h and 0 <= column < conv.in_w:
                sums[image, oc_tile, :, y, x] += tile[row, column] @ command.weights[oc_tile, ic_tile, ky, kx]
    return sums.reshape(conv.images, -1, conv.out_h, conv.out_w)
