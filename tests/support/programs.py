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
    head = [0x01 | 2 << 32, 0x52505754 | 2 << 32, parameters | program_id << 32, 0x0F | 1 << 16 | 1 << 32]
    crc = zlib.crc32(np.array(head, np.uint64).tobytes())
    return np.array([*head, crc], np.uint64)


def empty_result(program_id: int = 0x1234, error: int = 0, sequence: int = 0) -> list[int]:
    """The trailer alone."""
    head = [TRAILER_MAGIC | error << 32 | sequence << 40 | 1 << 56, program_id]
    return [*head, zlib.crc32(np.array(head, np.uint64).tobytes())]


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
