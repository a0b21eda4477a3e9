"""What descriptors can say and the compiler does not yet: maps for each output tile, raised sums, residuals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from descriptors import WORDS, Command, chain_program, chain_sums, raised_tiles, random_chain
from interpreter import Interpreter

from tilewright.hardware.commands import NEVER_RAISED, Conv, Mode
from tilewright.hardware.parameters import ARRAY_SIZES
from tilewright.network.convolution import convolve


def run(chain: list[Command], memory: np.ndarray) -> np.ndarray:
    """What the interpreter returns for a chain."""
    program = chain_program(chain, memory)
    (sums,) = program.unpack(np.array(Interpreter(program.beats, WORDS * 4).run(), dtype=np.uint64))
    return np.asarray(sums)


@pytest.mark.parametrize("n", ARRAY_SIZES)
@pytest.mark.parametrize("seed", range(12))
def test_random_chains_are_plain_arithmetic(n: int, seed: int) -> None:
    rng = np.random.default_rng([seed, n])
    memory = rng.integers(0, 16, (WORDS, n))
    chain = random_chain(rng, n, 1 + seed % 3)
    np.testing.assert_array_equal(run(chain, memory), chain_sums(chain, memory))


def test_random_chains_have_all_kinds() -> None:
    """Of the seeds above: resumed commands that raise at once, raises in the middle and each, tiles that read apart."""
    convs = []
    for n in ARRAY_SIZES:
        for seed in range(12):
            convs += [command.conv for command in random_chain(np.random.default_rng([seed, n]), n, 1 + seed % 3)]
    assert sum(conv.resume and conv.raise_from == 0 for conv in convs) > 3
    assert sum(not conv.resume and conv.raise_from == 0 for conv in convs) > 3
    assert sum(len(raised_tiles(conv)) > 1 for conv in convs) > 3
    assert sum(0 < conv.raise_from < conv.ic_tiles and not conv.raise_each for conv in convs) > 3
    assert sum(conv.oc_tiles > 1 and conv.act_oc_stride > 0 for conv in convs) > 3
    assert sum(conv.act_base < 0 for conv in convs) >= 3


def words_of(values: np.ndarray, n: int) -> np.ndarray:
    """Codes (channels, h, w) of whole tiles as words in the order of memory, (words, n)."""
    return values.reshape(-1, n, *values.shape[1:]).transpose(0, 2, 3, 1).reshape(-1, n)


def whole_map(n: int, base: int, in_size: tuple[int, int], out_size: tuple[int, int], tiles: tuple[int, int]) -> Conv:
    """A 1x1 convolution of a whole map of one image."""
    words = in_size[0] * in_size[1]
    return Conv(*in_size, *out_size, *tiles, 1, 1, 1, 1, base, words, tiles[0] * words, 0, 0, Mode.RAW)


def diagonal(values: np.ndarray, n: int) -> np.ndarray:
    """Weights (oc_tiles, 1, kernel_h, kernel_w, n, n) of channels (channels, kernel_h, kernel_w) of their own."""
    tiles = values.reshape(-1, n, *values.shape[1:]).transpose(0, 2, 3, 1)
    return (tiles[..., None] * np.eye(n, dtype=np.int64))[:, None]


@pytest.mark.parametrize("n", ARRAY_SIZES)
def test_depthwise_convolution(n: int) -> None:
    """Each output tile reads its own input tile; weights are diagonal."""
    rng = np.random.default_rng(n)
    codes = rng.integers(0, 16, (3 * n, 4, 5)).astype(np.uint8)
    kernels = rng.integers(-8, 8, (3 * n, 3, 3)).astype(np.int8)
    conv = replace(
        whole_map(n, -6, (4, 5), (4, 5), (1, 3)), kernel_h=3, kernel_w=3, origin_y=-1, origin_x=-1, act_oc_stride=20
    )
    got = run([Command(conv, 0, diagonal(kernels, n))], words_of(codes, n))
    for channel in range(3 * n):
        expected = convolve(codes[None, [channel]], kernels[None, [channel]], 1, 1)
        np.testing.assert_array_equal(got[:, [channel]], expected)


@pytest.mark.parametrize("n", ARRAY_SIZES)
@pytest.mark.parametrize("raise_from", [NEVER_RAISED, 0])
def test_residual(n: int, raise_from: int) -> None:
    """The held sums of a 3x3 convolution, or their 16-fold, and every other position of a larger map, weighted."""
    rng = np.random.default_rng(n)
    codes, skip = (rng.integers(0, 16, size).astype(np.uint8) for size in ((2 * n, 4, 4), (3 * n, 8, 7)))
    weights = rng.integers(-8, 8, (3 * n, 2 * n, 3, 3)).astype(np.int8)
    scale = rng.integers(-8, 8, (3 * n, 1, 1))
    sums = {"acc_base": 5, "acc_tile_stride": 16}
    held = replace(
        whole_map(n, -5, (4, 4), (4, 4), (2, 3)), kernel_h=3, kernel_w=3, origin_y=-1, origin_x=-1, hold=True, **sums
    )
    added = replace(
        whole_map(n, 32, (8, 7), (4, 4), (1, 3)), stride=2, act_oc_stride=56, resume=True, raise_from=raise_from, **sums
    )
    rows = weights.reshape(3, n, 2, n, 3, 3).transpose(0, 2, 4, 5, 3, 1)
    memory = np.concatenate((words_of(codes, n), words_of(skip, n)))
    got = run([Command(held, 0, rows), Command(added, 32, diagonal(scale, n))], memory)
    times = 16 if raise_from == 0 else 1
    expected = times * convolve(codes[None], weights, 1, 1)[0].astype(np.int64) + scale * skip[:, ::2, ::2]
    np.testing.assert_array_equal(got[0], expected)


@pytest.mark.parametrize("n", ARRAY_SIZES)
def test_twelve_bit_codes_by_horners_scheme(n: int) -> None:
    """Three digits of two input tiles each, the highest first: raised where a digit begins."""
    rng = np.random.default_rng(n)
    values, weights = rng.integers(0, 1 << 12, (2 * n, 2, 3)), rng.integers(-8, 8, (n, 2 * n)).astype(np.int64)
    digits = [values >> shift & 15 for shift in (8, 4, 0)]
    memory = np.concatenate([words_of(digit, n) for digit in digits])
    memory = np.pad(memory, ((0, -len(memory) % 4), (0, 0)))
    rows = weights.reshape(1, n, 2, 1, 1, n).transpose(0, 2, 3, 4, 5, 1)
    conv = whole_map(n, 0, (2, 3), (2, 3), (2, 1))
    chain = [
        Command(replace(conv, act_base=12 * place, resume=place > 0, hold=place < 2), 12 * place, rows)
        for place in range(3)
    ]
    for command in chain[1:]:
        command.conv = replace(command.conv, raise_from=0)
    np.testing.assert_array_equal(run(chain, memory)[0], np.einsum("oc,chw->ohw", weights, values))


def test_addresses_wrap_at_24_bits() -> None:
    """Input tiles in descending order, from a base beyond 24 bits: strides and bases count modulo 2^24."""
    rng = np.random.default_rng(1)
    memory = rng.integers(0, 16, (WORDS, 8))
    rows = rng.integers(-8, 8, (1, 3, 1, 1, 8, 8))
    ascending = whole_map(8, 40, (2, 3), (2, 3), (3, 1))
    descending = replace(ascending, act_base=52 + (1 << 24), act_tile_stride=(1 << 24) - 6)
    expected = chain_sums([Command(ascending, 40, rows[:, ::-1])], memory)
    np.testing.assert_array_equal(run([Command(descending, 52, rows)], memory), expected)
