"""A trained network as integers, thresholds and float64 constants, which the host's library writes to one file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tilewright.errors import NetworkError
from tilewright.network import Layer, Network, TailStep
from tilewright.network import save_network as save_integers
from tilewright.network.graph import check_graph
from tilewright.network.operand import Operand
from tilewright.network.shape import IMAGE_LEVELS, LayerShape
from tilewright_model.data import pixels as cifar
from tilewright_model.layers.exact import ExactAverage, ExactConv2d
from tilewright_model.layers.exact_sum import ExactSum
from tilewright_model.network_file.thresholds import find_thresholds, reachable_sums
from tilewright_model.networks.stage import IMAGE, Graph, Source, Stage, refusal
from tilewright_model.networks.stages import build_graph

#: smallest and largest codes of a map's channels by its name, int64 (c,) each
Extremes = dict[str, tuple[Tensor, Tensor]]


def save_network(
    model: nn.Module,
    path: str | Path,
    image: tuple[int, int, int],
    name: str,
    checkpoint_sha256: str = "",
    classes: Sequence[str] = (),
) -> Network:
    """Write a network's integers.

    Pixels become values by the model's own ``normalise`` where it has one, else by CIFAR-10's.

    Args:
        model: what ``build_graph`` takes.
        path: the file.
        image: channels, height and width of the images.
        name: of the network.
        checkpoint_sha256: of the checkpoint, for the metadata.
        classes: their names.

    Returns:
        The integers.

    Raises:
        NetworkError: docs/network_format.md does not cover the network; names the module and the reason.
    """
    network = network_integers(model, image, name, checkpoint_sha256, classes)
    save_integers(network, path)
    return network


@torch.no_grad()
def network_integers(
    model: nn.Module,
    image: tuple[int, int, int],
    name: str,
    checkpoint_sha256: str = "",
    classes: Sequence[str] = (),
    normalise: Callable[[Tensor], Tensor] | None = None,
) -> Network:
    """What ``save_network`` writes.

    Args:
        model, image, name, checkpoint_sha256, classes: as there.
        normalise: uint8 (n, c, h, w) to the float values that the model takes; None: as there.

    Raises:
        NetworkError: as it does.
    """
    graph = build_graph(model, image)
    shapes = layer_shapes(graph, image[0])
    if not any(isinstance(stage.exact, ExactSum) for stage in graph.stages):  # shapes say nothing of what is added
        check_graph(image, shapes)
    if normalise is None:
        normalise = getattr(model, "normalise", cifar.normalise)
    table = _image_codes(normalise, graph, image[0])
    extremes: Extremes = {IMAGE: (table.long().amin(1), table.long().amax(1))}
    layers: list[Layer] = []
    for stage, shape in zip(graph.stages, shapes, strict=True):
        layers.append(Layer(**vars(shape), **_values(stage, shape, extremes)))
        zeros = torch.zeros(shape.out_channels, dtype=torch.int64)
        extremes[stage.name] = zeros, zeros + shape.output_levels
    return Network(name, image, table.numpy(), tuple(layers), _tail(graph), checkpoint_sha256, tuple(classes))


def layer_shapes(graph: Graph, channels: int) -> list[LayerShape]:
    """The shapes of the graph's layers, for images of so many channels; each checked by itself."""
    shapes: list[LayerShape] = []
    outputs = {IMAGE: channels}
    for stage in graph.stages:
        levels, following, own = stage.exact.levels, stage.following, stage.sources[0]
        if not shapes and levels > IMAGE_LEVELS:
            raise refusal(stage.name, stage.layer, f"makes image codes of up to {levels}, not int8: take image_bits=8")
        geometry = _geometry(stage, outputs[own.name])
        whole = own.name == (shapes[-1].name if shapes else IMAGE) and geometry["in_channels"] == outputs[own.name]
        shapes.append(
            LayerShape(
                name=stage.name,
                image_input=not shapes,
                activation_levels=levels,
                batch_norm=stage.norm is not None,
                relu=stage.relu,
                pool=2 if stage.pool else 1,
                output_levels=following.exact().levels if following else 0,
                source="" if whole else own.name,
                first_channel=own.first_channel,
                **geometry,
            )
        )
        outputs[stage.name] = shapes[-1].out_channels
    return shapes


def _geometry(stage: Stage, channels: int) -> dict[str, Any]:
    exact = stage.exact
    if stage.copy is not None or isinstance(exact, ExactAverage):
        kind, kernel, stride, padding = _window(stage)
        kept = {"in_channels": channels, "out_channels": channels, "weight_levels": 1}
        return {"kind": kind, "kernel": kernel, "stride": stride, "padding": padding, **kept}
    own = exact.own if isinstance(exact, ExactSum) else exact
    assert isinstance(own, ExactConv2d)
    return {
        "kind": "conv",
        "in_channels": own.in_channels,
        "out_channels": own.weights.shape[0],
        "kernel": tuple(own.weights.shape[2:]),
        "weight_levels": own.weight_levels,
        "raised": exact.raised if isinstance(exact, ExactSum) else 0,
        **_steps(stage, own),
    }


def _window(stage: Stage) -> tuple[str, tuple[int, int], int, int]:
    """Kind, window, stride and padding of an average or a copy."""
    if stage.copy is not None:
        window = (2, 2) if stage.copy.kind == "max" else (1, 1)
        return stage.copy.kind, window, stage.copy.stride, stage.copy.padding
    exact = stage.exact
    assert isinstance(exact, ExactAverage)
    return "average", exact.kernel, _square(stage, "stride", exact.stride), 0


def _steps(stage: Stage, exact: ExactConv2d) -> dict[str, Any]:
    """Stride, padding, dilation and groups of a convolution."""
    if isinstance(exact.padding, str):
        raise refusal(stage.name, stage.layer, f"has padding {exact.padding}, not numbers")
    rows, columns = exact.padding
    return {
        "stride": _square(stage, "stride", exact.stride),
        "padding": rows if rows == columns else (rows, columns),
        "dilation": _square(stage, "dilation", exact.dilation),
        "groups": exact.groups,
    }


def _square(stage: Stage, what: str, value: tuple[int, ...]) -> int:
    if value[0] != value[1]:
        raise refusal(stage.name, stage.layer, f"has {what} {value}, not one number for both directions")
    return value[0]


def _image_codes(normalise: Callable[[Tensor], Tensor], graph: Graph, channels: int) -> Tensor:
    """int8 (channels, 256) on the CPU: the first layer's code of each pixel value."""
    first = graph.stages[0]
    device = first.exact.alpha.device
    pixels = torch.arange(256, device=device).to(torch.uint8).expand(1, channels, 1, 256)
    codes = graph.image_codes(normalise(pixels))
    if codes.shape != pixels.shape:
        raise NetworkError(
            f"normalise() makes {codes.shape[1]} channels of images with {channels}: give the model one of its own"
        )
    if int(codes.min()) < -128 or int(codes.max()) > 127:
        raise refusal(first.name, first.layer, f"makes image codes of {codes.min():.0f}..{codes.max():.0f}, not int8")
    return codes[0, :, 0].to(torch.int8).cpu()


def _values(stage: Stage, shape: LayerShape, extremes: Extremes) -> dict[str, Any]:
    """What a Layer has beside its shape; extremes: of each map's codes, by channel, int64 (c,) each."""
    exact = stage.exact
    if not exact.scale > 0 or not exact.alpha > 0:
        raise refusal(stage.name, stage.layer, "has an alpha that is not positive: its codes would fall as values grow")
    values: dict[str, Any] = {"scale": exact.scale, "alpha_a": float(exact.alpha), "weights": None}
    if isinstance(exact, ExactConv2d | ExactSum):
        values["weights"] = _numpy((exact.own if isinstance(exact, ExactSum) else exact).weights)
    if isinstance(exact, ExactSum):
        values["adds"] = tuple(
            _operand(stage, part, source) for part, source in zip(exact.adds, stage.sources[1:], strict=True)
        )
    if stage.norm is not None:
        norm = stage.norm.exact()
        values |= {"bn_scale": _numpy(norm.scale), "bn_shift": _numpy(norm.shift)}
    if stage.following is not None:
        values["alpha_next"] = float(stage.following.exact().alpha)
    if stage.following is not None and stage.copy is None:
        ends = [_of_channels(stage, number, extremes) for number in range(len(stage.sources))]
        thresholds, falling = find_thresholds(stage, *reachable_sums(exact, ends), shape.output_levels)
        values |= {"thresholds": thresholds.numpy(), "falling": falling.numpy()}
    return values


def _of_channels(stage: Stage, number: int, extremes: Extremes) -> tuple[Tensor, Tensor]:
    """The extreme codes of what one of a stage's convolutions reads."""
    exact, source = stage.exact, stage.sources[number]
    part = exact if not isinstance(exact, ExactSum) else [exact.own, *exact.adds][number]
    lowest, highest = extremes[source.name]
    count = part.in_channels if isinstance(part, ExactConv2d) else len(lowest)
    read = slice(source.first_channel, source.first_channel + count)
    return lowest[read], highest[read]


def _operand(stage: Stage, exact: ExactConv2d, source: Source) -> Operand:
    steps = _steps(stage, exact)
    return Operand(source.name, _numpy(exact.weights), exact.levels, first_channel=source.first_channel, **steps)


def _tail(graph: Graph) -> tuple[TailStep, ...]:
    steps = [TailStep("flatten")]
    for name, module in graph.tail:
        if module is None:
            steps.append(TailStep("relu"))
        else:
            linear = module.exact()
            steps.append(TailStep("linear", name, _numpy(linear.weight), _numpy(linear.bias)))
    return tuple(steps)


def _numpy(values: Tensor) -> NDArray[Any]:
    return values.detach().cpu().numpy()
