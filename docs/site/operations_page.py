"""The table of operations in docs/supported_layers.md: each compiled in a small network, with what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from layers_page import ARRAY, CHANNELS, CODES, SIZE, answer, average, convolution
from tilewright.compiler.stages import stages_of
from tilewright.network.network import Layer, Network
from tilewright.network.operand import Operand

HEAD = (
    "| Operation | In the network | Passes an output tile | Commands an output tile | Limits |\n|---|---|---|---|---|\n"
)
FACTOR = 0x445


def table() -> str:
    """The table, each row of which the compiler has compiled."""
    return HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, (written, made, limits) in _operations().items():
        layers = [convolution(0), *made, convolution(2)]
        refused = answer(layers)
        if refused:
            raise SystemExit(f"{name} is refused: {refused}")
        passes, commands = _cost(layers, len(made))
        yield f"| {name} | {written} | {passes} | {commands} | {limits} |\n"


def _cost(layers: list[Layer], made: int) -> tuple[str, str]:
    """Passes and commands an output tile of the layers between the first and the last one."""
    codes = np.zeros((layers[0].in_channels, 256), np.int8)
    network = Network("example", (layers[0].in_channels, *SIZE), codes, tuple(layers), ())
    stages = stages_of(network, ARRAY)[1 : 1 + made]
    passes = [sum(piece.tiles_a_column for piece in stage.pieces) / stage.oc_tiles for stage in stages]
    commands = [len(stage.pieces) / stage.oc_tiles for stage in stages]
    return " and ".join(f"{number:g}" for number in passes), " and ".join(f"{number:g}" for number in commands)


def _operations() -> dict[str, tuple[str, list[Layer], str]]:
    """For each its layer as a network file has it, the layers, and what limits it."""
    side, both = convolution(1, name="side"), convolution(1, name="both")
    shortcut = Operand("features.0", np.full((CHANNELS, 1, 1, 1), FACTOR, np.int32), CODES, groups=CHANNELS)
    projected = Operand("features.0", np.full((CHANNELS, CHANNELS, 1, 1), FACTOR, np.int32), CODES, stride=2)
    beside = Operand("features.0", np.ones((CHANNELS, CHANNELS, 3, 3), np.int8), CODES, padding=1)
    return {
        "convolution 3x3, 8 to 8 channels": ("`conv`", [side], "below"),
        "depthwise convolution 3x3": (
            "`conv`, `groups` = channels",
            [_grouped(CHANNELS)],
            "N multiplications of N x N",
        ),
        "grouped convolution": ("`conv`, `groups`", [_grouped(2)], "groups that divide the channels"),
        "dilation 2": ("`conv`, `dilation`", [convolution(1, dilation=2, padding=2)], "1 and 2"),
        "residual addition, factors of 12 bits": (
            "`adds`, 1x1, `groups` = channels",
            [side, _adding(both, shortcut, source="side")],
            "a pass for each hexadecimal digit of the factors, which are below 2^23",
        ),
        "projection, 1x1 and stride 2": (
            "`adds`, 1x1",
            [convolution(1, name="side", stride=2), _adding(both, projected, source="side")],
            "a pass for each digit of its weights and input tile",
        ),
        "concatenation of two maps": (
            "`adds`, the kernel's other channels",
            [side, _adding(both, beside, source="side", raised=0)],
            "one quantiser for all maps",
        ),
        "channel slice": ("`first_channel`", [_sliced()], ""),
        "max-pooling 2x2, stride 1": ("`max`", [_copy("max", (2, 2))], "a command a row"),
        "max-pooling 3x3, stride 2": (
            "two layers `max`",
            [_copy("max", (2, 2), padding=1, name="rows"), _copy("max", (2, 2), stride=2)],
            "padding 0 and 1",
        ),
        "nearest upsampling by 2": (
            "`repeat_rows`, `repeat_columns`",
            [_copy("repeat_rows", (1, 1), name="rows"), _copy("repeat_columns", (1, 1))],
            "",
        ),
        "average of 2x2": ("`average`", [average((2, 2), 2)], "below"),
        "fully connected, of the whole map": (
            "`conv`, its kernel the map",
            [convolution(1, kernel=SIZE, padding=0)],
            "on the image: rows that fit its line memory",
        ),
    }


def _grouped(groups: int) -> Layer:
    return convolution(1, groups=groups)


def _sliced() -> Layer:
    return convolution(1, source="features.0", first_channel=3, in_channels=CHANNELS - 3)


def _adding(layer: Layer, operand: Operand, source: str, raised: int = 1) -> Layer:
    return replace(layer, adds=(operand,), source=source, raised=raised)


def _copy(kind: str, kernel: tuple[int, int], **changed: Any) -> Layer:
    facts = {"kind": kind, "kernel": kernel, "padding": 0, "weight_levels": 1, "relu": False}
    return replace(convolution(1, **facts | changed), thresholds=None, falling=None)
