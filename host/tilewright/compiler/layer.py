"""Compiles integer layers into programs: cuts channels into tiles, packs them, proves that every sum fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.compiler.accumulators import overflow
from tilewright.compiler.tiles import activation_words, weight_rows
from tilewright.errors import LayerError
from tilewright.hardware.beats import Beats, pack_nibbles, whole_words
from tilewright.hardware.commands import Begin, Body, Conv, Load, Mode, Weights
from tilewright.hardware.parameters import ACTIVATION_MAX, ArrayParameters
from tilewright.hardware.program import Program, content_id, encode_program
from tilewright.hardware.results import OutputMap, encode_results
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.network.operand import reach

_FIELD_MAX = 0xFFFF


@dataclass(frozen=True)
class Run:
    """One CONV command to compile.

    Attributes:
        layer: its integers.
        relu: whether negative outputs become zero.
    """

    layer: ConvLayer
    relu: bool = False


def compile_layer(
    layer: ConvLayer, array: ArrayParameters, relu: bool = False, program_id: int | None = None
) -> Program:
    """Compiles one layer: BEGIN, LOAD, CONV, WEIGHTS, END.

    Args:
        layer: integers, images included.
        array: parameters of the accelerator.
        relu: whether negative outputs become zero.
        program_id: 32-bit number that the results repeat; None takes a hash of the program.

    Returns:
        The program; ``Program.unpack`` takes its results.

    Raises:
        LayerError: the layer does not fit; says which limit, and for the accumulators which channel.
    """
    return compile_runs([Run(layer, relu)], array, program_id)


def compile_raw_and_relu(layer: ConvLayer, array: ArrayParameters, program_id: int | None = None) -> Program:
    """Compiles a layer once raw and once with ReLU over activations that are loaded once.

    Args:
        layer: integers, images included.
        array: parameters of the accelerator.
        program_id: as in :func:`compile_layer`.

    Returns:
        A program whose results are (raw, after ReLU).

    Raises:
        LayerError: the layer does not fit.
    """
    return compile_runs([Run(layer, relu=False), Run(layer, relu=True)], array, program_id)


def compile_runs(runs: Sequence[Run], array: ArrayParameters, program_id: int | None = None) -> Program:
    """Compiles CONV commands in order; activations that are in memory already are not loaded again.

    Args:
        runs: at least one.
        array: parameters of the accelerator.
        program_id: as in :func:`compile_layer`.

    Returns:
        The program.

    Raises:
        LayerError: a layer does not fit.
    """
    commands: list[Body] = []
    loaded: ConvLayer | None = None
    for number, run in enumerate(runs):
        check_fits(run.layer, array)
        if run.layer is not loaded:
            words = pack_nibbles(activation_words(run.layer.activation_codes, array.n))
            commands.append(Load(0, whole_words(words), after=number))
            loaded = run.layer
        weights = pack_nibbles(weight_rows(run.layer.weight_codes, array.n))
        commands += [_descriptor(run, array), Weights(weights, last=True)]
    if program_id is None:
        program_id = content_id(commands)
    begin = Begin(array.n, array.act_w, array.wgt_w, array.acc_w, program_id)
    outputs = tuple(OutputMap(run.layer.name, run.layer.output_shape) for run in runs)
    return Program(encode_program([begin, *commands]), array, program_id, outputs)


def expected_results(runs: Sequence[Run], program: Program) -> Beats:
    """The result packet that the accelerator must send, from the integer reference.

    Args:
        runs: what ``program`` was compiled from.
        program: the program.

    Returns:
        uint64, trailer included.
    """
    arrays = tuple(layer_outputs(run.layer, run.relu) for run in runs)
    return encode_results(program.outputs, arrays, program.array.n, program.sent)


def images_that_fit(layer: ConvLayer, array: ArrayParameters) -> int:
    """How many of a layer's images one program can hold.

    Args:
        layer: integers, images included.
        array: parameters of the accelerator.

    Returns:
        At least 1.

    Raises:
        LayerError: not even one image fits.
    """
    check_fits(layer.select_images(slice(0, 1)), array)
    words = _tiles(layer.in_channels, array.n) * int(np.prod(layer.in_size))
    return min(layer.images, array.act_depth // words, array.acc_depth // int(np.prod(layer.out_size)))


def check_fits(layer: ConvLayer, array: ArrayParameters) -> None:
    """Refuses a layer that an accelerator cannot compute exactly.

    Args:
        layer: integers, images included.
        array: parameters of the accelerator.

    Raises:
        LayerError: names the layer, the limit and, for the accumulators, the channel.
    """
    if array.act_w != 4 or array.wgt_w != 4:
        raise LayerError(f"layer {layer.name}: codes have 4 bits, the array takes {array.act_w} and {array.wgt_w}")
    if max(*layer.weight_codes.shape, *layer.activation_codes.shape) > _FIELD_MAX:
        raise LayerError(f"layer {layer.name}: a dimension exceeds {_FIELD_MAX}, the largest that a descriptor holds")
    ic_tiles = _tiles(layer.in_channels, array.n)
    words = layer.images * ic_tiles * int(np.prod(layer.in_size))
    if words > array.act_depth:
        raise LayerError(
            f"layer {layer.name}: {words} activation words ({layer.images} image(s) x {ic_tiles} tile(s) x "
            f"{layer.in_size[0]}x{layer.in_size[1]}), the activation memory holds {array.act_depth}; send fewer images"
        )
    positions = layer.images * int(np.prod(layer.out_size))
    if positions > array.acc_depth:
        raise LayerError(
            f"layer {layer.name}: {positions} output positions ({layer.images} image(s) x {layer.out_size[0]}x"
            f"{layer.out_size[1]}), a column holds {array.acc_depth} accumulators; send fewer images"
        )
    too_large = overflow(*reach(layer.weight_codes, 0, ACTIVATION_MAX), array)
    if too_large:
        raise LayerError(f"layer {layer.name}: {too_large}")


def _descriptor(run: Run, array: ArrayParameters) -> Conv:
    layer = run.layer
    (in_h, in_w), (out_h, out_w), (kernel_h, kernel_w) = layer.in_size, layer.out_size, layer.kernel
    ic_tiles = _tiles(layer.in_channels, array.n)
    return Conv(
        in_h=in_h,
        in_w=in_w,
        out_h=out_h,
        out_w=out_w,
        ic_tiles=ic_tiles,
        oc_tiles=_tiles(layer.out_channels, array.n),
        images=layer.images,
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        stride=layer.stride,
        act_base=-layer.padding * (in_w + 1),
        act_tile_stride=in_h * in_w,
        act_image_stride=ic_tiles * in_h * in_w,
        origin_y=-layer.padding,
        origin_x=-layer.padding,
        mode=Mode.RELU if run.relu else Mode.RAW,
    )


def _tiles(channels: int, n: int) -> int:
    return -(-channels // n)
