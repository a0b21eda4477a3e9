"""The network file: the whole trained network as integers, thresholds and float64 constants in one .safetensors."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tilewright_model.data import pixels as cifar
from tilewright_model.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage
from tilewright_model.network_file.record import ACCUMULATORS, CODES, LayerRecord, LinearRecord, NetworkRecord
from tilewright_model.network_file.thresholds import find_thresholds, reachable
from tilewright_model.networks.stages import Graph, Stage, build_graph, refusal
from tilewright_model.tensor_file import write_tensors

Tensors = dict[str, Tensor]


@torch.no_grad()
def save_network(
    model: nn.Module,
    path: Path,
    image: tuple[int, int, int],
    name: str,
    checkpoint_sha256: str = "",
    classes: Sequence[str] = (),
) -> NetworkRecord:
    """Write the integers of `model`, a module with `features` and `classifier`, for images (channels, height, width).

    Pixels become values by the model's own `normalise` where it has one, else by CIFAR-10's. Raises NetworkError,
    naming the module and the reason, for anything that docs/network_format.md does not cover.
    """
    graph = build_graph(model)
    record = NetworkRecord(name, checkpoint_sha256, image, _layers(graph, image[0]), _tail(graph), tuple(classes))
    record.check()
    table = _image_codes(getattr(model, "normalise", cifar.normalise), graph.stages[0], image[0])
    tensors = {"image.codes": table}
    lowest, highest = table.long().amin(1), table.long().amax(1)
    for stage, layer in zip(graph.stages, record.layers, strict=True):
        tensors |= _layer_tensors(stage, layer, lowest, highest)
        lowest, highest = (torch.full((layer.out_channels,), code) for code in (0, layer.output_levels))
    for linear, module in graph.tail:
        if module is not None:
            tensors |= {f"{linear}.weight": module.exact().weight, f"{linear}.bias": module.exact().bias}
    for key, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise NetworkError(f"{key} is not finite: the training has diverged, or a variance is negative")
    write_tensors(path, tensors, record.metadata())
    return record


def _layers(graph: Graph, channels: int) -> list[LayerRecord]:
    """The layers' records, each checked as far as the record cannot check itself."""
    records: list[LayerRecord] = []
    for stage in graph.stages:
        following = stage.following
        records.append(
            LayerRecord(
                name=stage.name,
                input=CODES if records else "image",
                activation_levels=stage.exact.levels,
                batch_norm=stage.norm is not None,
                relu=stage.relu,
                pool=2 if stage.pool else 1,
                output=CODES if following else ACCUMULATORS,
                output_levels=following.exact().levels if following else 0,
                **_geometry(stage, channels),
            )
        )
        channels = records[-1].out_channels
    return records


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


def _tail(graph: Graph) -> list[LinearRecord | None]:
    shapes = [(name, None if module is None else module.weight.shape) for name, module in graph.tail]
    return [None if shape is None else LinearRecord(name, shape[1], shape[0]) for name, shape in shapes]


def _image_codes(normalise: Callable[[Tensor], Tensor], first: Stage, channels: int) -> Tensor:
    """int8 (channels, 256): the first layer's code of each pixel value."""
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


def _layer_tensors(stage: Stage, layer: LayerRecord, lowest: Tensor, highest: Tensor) -> Tensors:
    """The layer's tensors; lowest and highest: int64 (ic,), the extreme codes of each input channel."""
    name, exact = stage.name, stage.exact
    if not exact.scale > 0 or not exact.alpha > 0:
        raise refusal(name, stage.layer, "has an alpha that is not positive: its codes would fall as values grow")
    tensors = {f"{name}.scale": torch.tensor(exact.scale, dtype=torch.float64), f"{name}.alpha_a": exact.alpha}
    if not isinstance(exact, ExactAverage):
        tensors[f"{name}.weights"] = exact.weights
    if stage.norm is not None:
        norm = stage.norm.exact()
        tensors |= {f"{name}.bn_scale": norm.scale, f"{name}.bn_shift": norm.shift}
    if stage.following is not None:
        low, high = reachable(exact, lowest, highest)
        thresholds, falling = find_thresholds(stage, low, high, layer.output_levels)
        tensors |= {f"{name}.thresholds": thresholds, f"{name}.falling": falling}
        tensors[f"{name}.alpha_next"] = stage.following.exact().alpha
    return tensors
