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
from tilewright.network.shape import IMAGE_LEVELS, LayerShape
from tilewright_model.data import pixels as cifar
from tilewright_model.layers.exact import ExactAverage
from tilewright_model.network_file.thresholds import find_thresholds, reachable
from tilewright_model.networks.stages import Graph, Stage, build_graph, refusal


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
        model: a module with ``features`` and ``classifier``.
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
) -> Network:
    """What ``save_network`` writes.

    Raises:
        NetworkError: as it does.
    """
    graph = build_graph(model)
    shapes = layer_shapes(graph, image[0])
    check_graph(image, shapes)
    table = _image_codes(getattr(model, "normalise", cifar.normalise), graph.stages[0], image[0])
    lowest, highest = table.long().amin(1), table.long().amax(1)
    layers: list[Layer] = []
    for stage, shape in zip(graph.stages, shapes, strict=True):
        layers.append(Layer(**vars(shape), **_values(stage, shape, lowest, highest)))
        lowest, highest = (torch.full((shape.out_channels,), code) for code in (0, shape.output_levels))
    return Network(name, image, table.numpy(), tuple(layers), _tail(graph), checkpoint_sha256, tuple(classes))


def layer_shapes(graph: Graph, channels: int) -> list[LayerShape]:
    """The shapes of the graph's layers, for images of so many channels; each checked by itself."""
    shapes: list[LayerShape] = []
    for stage in graph.stages:
        levels, following = stage.exact.levels, stage.following
        if not shapes and levels > IMAGE_LEVELS:
            raise refusal(stage.name, stage.layer, f"makes image codes of up to {levels}, not int8: take image_bits=8")
        shapes.append(
            LayerShape(
                name=stage.name,
                image_input=not shapes,
                activation_levels=levels,
                batch_norm=stage.norm is not None,
                relu=stage.relu,
                pool=2 if stage.pool else 1,
                output_levels=following.exact().levels if following else 0,
                **_geometry(stage, channels),
            )
        )
        channels = shapes[-1].out_channels
    return shapes


def _geometry(stage: Stage, channels: int) -> dict[str, Any]:
    layer = stage.exact
    if isinstance(layer, ExactAverage):
        return {
            "kind": "average",
            "in_channels": channels,
            "out_channels": channels,
            "kernel": layer.kernel,
            "stride": _square(stage, "stride", layer.stride),
            "padding": 0,
            "weight_levels": 1,
        }
    if layer.groups != 1 or layer.dilation != (1, 1) or getattr(stage.layer, "bias", None) is not None:
        raise refusal(stage.name, stage.layer, "has groups, a dilation or a bias")
    return {
        "kind": "conv",
        "in_channels": layer.weights.shape[1],
        "out_channels": layer.weights.shape[0],
        "kernel": tuple(layer.weights.shape[2:]),
        "stride": _square(stage, "stride", layer.stride),
        "padding": _square(stage, "padding", layer.padding),
        "weight_levels": layer.weight_levels,
    }


def _square(stage: Stage, what: str, value: tuple[int, ...] | str) -> int:
    if isinstance(value, str) or value[0] != value[1]:
        raise refusal(stage.name, stage.layer, f"has {what} {value}, not one number for both directions")
    return value[0]


def _image_codes(normalise: Callable[[Tensor], Tensor], first: Stage, channels: int) -> Tensor:
    """int8 (channels, 256) on the CPU: the first layer's code of each pixel value."""
    device = first.exact.alpha.device
    pixels = torch.arange(256, device=device).to(torch.uint8).expand(1, channels, 1, 256)
    codes = first.exact.codes(normalise(pixels))
    if codes.shape != pixels.shape:
        raise NetworkError(
            f"normalise() makes {codes.shape[1]} channels of images with {channels}: give the model one of its own"
        )
    if int(codes.min()) < -128 or int(codes.max()) > 127:
        raise refusal(first.name, first.layer, f"makes image codes of {codes.min():.0f}..{codes.max():.0f}, not int8")
    return codes[0, :, 0].to(torch.int8).cpu()


def _values(stage: Stage, shape: LayerShape, lowest: Tensor, highest: Tensor) -> dict[str, Any]:
    """What a Layer has beside its shape; lowest and highest: int64 (ic,), the extreme codes of each input channel."""
    exact = stage.exact
    if not exact.scale > 0 or not exact.alpha > 0:
        raise refusal(stage.name, stage.layer, "has an alpha that is not positive: its codes would fall as values grow")
    values: dict[str, Any] = {"scale": exact.scale, "alpha_a": float(exact.alpha)}
    values["weights"] = None if isinstance(exact, ExactAverage) else _numpy(exact.weights)
    if stage.norm is not None:
        norm = stage.norm.exact()
        values |= {"bn_scale": _numpy(norm.scale), "bn_shift": _numpy(norm.shift)}
    if stage.following is not None:
        thresholds, falling = find_thresholds(stage, *reachable(exact, lowest, highest), shape.output_levels)
        values |= {"thresholds": thresholds.numpy(), "falling": falling.numpy()}
        values["alpha_next"] = float(stage.following.exact().alpha)
    return values


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
