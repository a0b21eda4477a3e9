"""sequencer against plain nested loops: every issued position, its address, its flags and the errors."""

import random
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@dataclass
class Convolution:
    in_h: int
    in_w: int
    out_h: int
    out_w: int
    ic_tiles: int
    oc_tiles: int
    images: int
    kernel_h: int
    kernel_w: int
    stride: int
    padding: int
    act_base: int
    tile_stride: int
    image_stride: int
    relu: int

    @property
    def passes(self) -> int:
        return self.oc_tiles * self.ic_tiles * self.kernel_h * self.kernel_w


def random_convolution(rng: random.Random) -> Convolution:
    while True:
        in_h, in_w, stride, padding = rng.randint(1, 9), rng.randint(1, 9), rng.choice([1, 2]), rng.randrange(4)
        kernel_h, kernel_w = rng.randint(1, 7), rng.randint(1, 7)
        out_h = (in_h + 2 * padding - kernel_h) // stride + 1
        out_w = (in_w + 2 * padding - kernel_w) // stride + 1
        images, ic_tiles = rng.randint(1, 2), rng.randint(1, 3)
        if out_h > 0 and out_w > 0 and images * out_h * out_w <= 128:
            break
    tile_stride = in_h * in_w + rng.randrange(3)
    image_stride = tile_stride * ic_tiles + rng.randrange(3)
    base = rng.randrange(1024 - image_stride * images)
    oc_tiles = rng.randint(1, 2)
    return Convolution(
        in_h, in_w, out_h, out_w, ic_tiles, oc_tiles, images, kernel_h, kernel_w, stride, padding,
        base, tile_stride, image_stride, rng.randrange(2),
    )  # fmt: skip


def expected_positions(c: Convolution):
    """(swap, address or None outside the map, first, last, final, accumulator) of each position, in order."""
    for oc in range(c.oc_tiles):
        for ic in range(c.ic_tiles):
            for ky in range(c.kernel_h):
                for kx in range(c.kernel_w):
                    first = (ic, ky, kx) == (0, 0, 0)
                    last = (ic, ky, kx) == (c.ic_tiles - 1, c.kernel_h - 1, c.kernel_w - 1)
                    for p in range(c.images * c.out_h * c.out_w):
                        image, rest = divmod(p, c.out_h * c.out_w)
                        oy, ox = divmod(rest, c.out_w)
                        y, x = oy * c.stride + ky - c.padding, ox * c.stride + kx - c.padding
                        in_map = 0 <= y < c.in_h and 0 <= x < c.in_w
                        addr = c.act_base + image * c.image_stride + ic * c.tile_stride + y * c.in_w + x
                        final = last and oc == c.oc_tiles - 1 and p == c.images * c.out_h * c.out_w - 1
                        yield (p == 0, addr if in_map else None, first, last, final, p)


async def start(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.cfg_valid.value = dut.tile_ready.value = dut.tile_last.value = dut.result_space.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


def configure(dut, c: Convolution):
    for name in ("in_h", "in_w", "out_h", "out_w", "ic_tiles", "oc_tiles", "images", "kernel_h", "kernel_w"):
        getattr(dut, f"cfg_{name}").value = getattr(c, name)
    dut.cfg_stride_2.value, dut.cfg_padding.value, dut.cfg_relu.value = c.stride == 2, c.padding, c.relu
    dut.cfg_act_base.value, dut.cfg_tile_stride.value = c.act_base, c.tile_stride
    dut.cfg_image_stride.value = c.image_stride
    dut.cfg_valid.value = 1


def errors_now(dut) -> set[str]:
    names = ("act_overflow", "acc_overflow", "weights_short", "weights_long")
    return {name for name in names if getattr(dut, f"error_{name}").value}


def issued_now(dut) -> tuple:
    """As `expected_positions` gives it."""
    addr = None if dut.issue_zero.value else int(dut.issue_act_addr.value)
    first, last, final = (bool(getattr(dut, f"issue_{name}").value) for name in ("first", "last", "final"))
    return (bool(dut.issue_swap.value), addr, first, last, final, int(dut.issue_acc_addr.value))


async def run(dut, c: Convolution, rng: random.Random, stall: float, tiles: int | None = None):
    """Run one command; returns the issued positions, the errors seen and the cycles from first to last issue."""
    issued, errors, cycles = [], set(), []
    offered = tiles if tiles is not None else c.passes
    taken = 0
    configure(dut, c)
    for cycle in range(50000):
        dut.tile_ready.value = taken < offered and rng.random() >= stall
        dut.tile_last.value = taken == offered - 1
        dut.result_space.value = rng.random() >= stall
        await ReadOnly()
        accepted = bool(dut.cfg_valid.value and dut.cfg_ready.value)
        taken += bool(dut.tile_take.value)
        await FallingEdge(dut.clk)
        dut.cfg_valid.value = bool(dut.cfg_valid.value) and not accepted
        errors |= errors_now(dut)
        if dut.issue_valid.value:
            issued.append(issued_now(dut))
            assert bool(dut.issue_relu.value) == bool(c.relu)
            cycles.append(cycle)
        if (dut.issue_valid.value and dut.issue_final.value) or (errors and tiles is not None):
            break
    dut.tile_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
        errors |= errors_now(dut)
    return issued, errors, cycles[-1] - cycles[0] + 1 if cycles else 0


@cocotb.test()
async def positions_of_random_layers(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    for number in range(12):
        c = random_convolution(rng)
        if c.passes * c.images * c.out_h * c.out_w > 3000:
            continue
        expected = list(expected_positions(c))
        issued, errors, cycles = await run(dut, c, rng, 0.3 if number % 2 else 0.0)
        assert issued == expected, f"{c}: position {next(i for i, e in enumerate(expected) if issued[i] != e)}"
        assert not errors, f"{c}: {errors}"
        if number % 2 == 0:
            assert cycles == len(expected), f"{c}: {cycles - len(expected)} bubbles without a stall"


@cocotb.test()
async def overflows_and_wrong_numbers_of_weights(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    depth, accumulators = int(dut.ACT_DEPTH.value), int(dut.ACC_DEPTH.value)
    good = Convolution(4, 4, 4, 4, 2, 1, 1, 3, 3, 1, 1, 0, 16, 32, 0)

    async def fails(change: dict, error: str, tiles: int | None = None):
        c = Convolution(**{**good.__dict__, **change})
        _, errors, _ = await run(dut, c, rng, 0.0, tiles)
        assert error in errors, f"{change}: expected {error}, got {errors}"
        dut.rst.value = 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0

    await fails({"act_base": depth - 31}, "act_overflow")
    await fails({"out_h": accumulators // 4 + 1}, "acc_overflow")
    await fails({}, "weights_short", tiles=good.passes - 1)
    await fails({}, "weights_long", tiles=good.passes + 1)
    issued, errors, _ = await run(dut, good, rng, 0.0)
    assert issued == list(expected_positions(good)) and not errors
