"""Small programs and layers for a device, with what it has to answer."""

import zlib
from typing import Any

import numpy as np

from tilewright.compiler.layer import Run, compile_raw_and_relu, expected_results
from tilewright.hardware.beats import Beats
from tilewright.network.layer import ConvLayer

TRAILER_MAGIC = 0x53525754


def empty_program(n: int = 8, program_id: int = 0x1234) -> Beats:
    """BEGIN and END, written out by hand."""
    parameters = n | 4 << 8 | 4 << 16 | 28 << 24
    begin = [0x01 | 3 << 32, 0x52505754 | 3 << 32, parameters | program_id << 32, 0]
    head = [*begin, 0x0F | 1 << 16 | 1 << 32]
    return np.array([*head, crc_of(head) << 32], np.uint64)


def empty_result(program: Beats | None = None, error: int = 0, sequence: int = 0) -> list[int]:
    """The trailer alone: what `empty_program` returns, or another program without images."""
    end = int((empty_program() if program is None else program)[-1])
    head = [TRAILER_MAGIC | error << 32 | sequence << 40 | 3 << 56, end >> 32]
    return [*head, crc_of(head), 0]


def crc_of(beats: list[int]) -> int:
    return zlib.crc32(np.array(beats, np.uint64).tobytes())


def small_layer(seed: int, channels: int = 16) -> ConvLayer:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-8, 8, (channels, channels, 3, 3)).astype(np.int8)
    activations = rng.integers(0, 16, (2, channels, 5, 4)).astype(np.uint8)
    return ConvLayer("random", weights, activations, 1, 1)


def layer_packet(overlay: Any, exchange: Any, layer: ConvLayer) -> tuple[Any, Any]:
    """Return what the device sends for a layer, raw and with ReLU, and what it has to send."""
    program = compile_raw_and_relu(layer, overlay.device.parameters.array)
    expected = expected_results([Run(layer), Run(layer, True)], program)
    return exchange(overlay, program.beats, len(expected)), expected
