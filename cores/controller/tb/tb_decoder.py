"""decoder: what it takes out of a program of the real compiler; its errors are tested on the whole accelerator."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.compiler import Run, compile_runs
from tilewright.layer import ConvLayer
from tilewright.program import ArrayParameters, Conv, Load, decode_program

SETTINGS = (
    "in_h", "in_w", "out_h", "out_w", "ic_tiles", "oc_tiles", "images", "kernel_h", "kernel_w", "padding", "act_base",
)  # fmt: skip


def random_program(rng: random.Random, n: int):
    data = np.random.default_rng(rng.getrandbits(32))
    runs = []
    for _ in range(3):
        ic, oc, kernel, size = rng.randint(1, 20), rng.randint(1, 20), rng.randint(1, 3), rng.randint(3, 5)
        weights = data.integers(-8, 8, (oc, ic, kernel, kernel)).astype(np.int8)
        codes = data.integers(0, 16, (2, ic, size, size)).astype(np.uint8)
        runs.append(
            Run(ConvLayer("random", weights, codes, rng.randint(1, 2), rng.randrange(2)), bool(rng.randrange(2)))
        )
    return compile_runs(runs, ArrayParameters(n=n))


def join(beats, group_w: int) -> list[int]:
    """Beats as groups of group_w bits, the low beat first."""
    step = group_w // 64
    return [sum(int(beat) << 64 * k for k, beat in enumerate(beats[i : i + step])) for i in range(0, len(beats), step)]


@cocotb.test()
async def good_program_with_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, group_w = int(dut.N.value), int(dut.GROUP_W.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_valid.value = dut.cfg_ready.value = dut.weight_ready.value = dut.engine_idle.value = 0
    dut.engine_error.value = dut.engine_error_code.value = dut.trailer_done.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(3):
        program = random_program(rng, n)
        writes, groups, settings, starts, sent = [], [], [], 0, 0
        while True:
            valid = sent < len(program.beats) and rng.random() < 0.8
            dut.s_valid.value = valid
            dut.s_data.value = int(program.beats[sent]) if valid else rng.getrandbits(64)
            dut.s_last.value = valid and sent == len(program.beats) - 1
            dut.weight_ready.value, dut.cfg_ready.value = rng.random() < 0.7, rng.random() < 0.5
            dut.engine_idle.value = rng.random() < 0.3
            await ReadOnly()
            sent += bool(dut.s_valid.value and dut.s_ready.value)
            if dut.weight_valid.value and dut.weight_ready.value:
                groups.append((int(dut.weight_group.value), bool(dut.weight_end.value)))
            if dut.cfg_valid.value and dut.cfg_ready.value:
                settings.append([int(getattr(dut, f"cfg_{name}").value) for name in SETTINGS])
                settings[-1] += [int(dut.cfg_stride_2.value) + 1, bool(dut.cfg_relu.value)]
            await FallingEdge(dut.clk)
            starts += bool(dut.program_start.value)
            if dut.act_wr_en.value:
                writes.append((int(dut.act_wr_addr.value), int(dut.act_wr_data.value)))
            if dut.trailer_request.value:
                break
        commands = decode_program(program.beats)
        loads = [join(command.data, group_w) for command in commands if isinstance(command, Load)]
        convs = [command for command in commands if isinstance(command, Conv)]
        assert sent == len(program.beats) and starts == 1 and not dut.error.value
        assert int(dut.program_id.value) == program.program_id
        assert writes == [entry for load in loads for entry in enumerate(load)]
        expected = [join(conv.weights, group_w) for conv in convs]
        assert groups == [(group, i == len(tile) - 1) for tile in expected for i, group in enumerate(tile)]
        assert settings == [[*(getattr(conv, name) for name in SETTINGS), conv.stride, conv.relu] for conv in convs]
        dut.trailer_done.value = 1
        await FallingEdge(dut.clk)
        dut.trailer_done.value = 0
