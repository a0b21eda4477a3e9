"""A network file read back: its tensors, strictly checked, and the PyTorch reference that it describes."""

from pathlib import Path

import torch
from torch import Tensor, nn

from tilewright_model.data.pixels import look_up
from tilewright_model.errors import NetworkError
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLayer, ExactLinear
from tilewright_model.network_file.record import LayerRecord, NetworkRecord, parse_record
from tilewright_model.networks.network import Network
from tilewright_model.tensor_file import read_tensors

Tensors = dict[str, Tensor]
CLASSIFIER = "classifier"


class FileNetwork(Network):
    """The reference of a network file, from its weights and float64 constants; the thresholds play no part in it."""

    image_values: Tensor

    def __init__(self, record: NetworkRecord, tensors: Tensors) -> None:
        super().__init__(_features(record, tensors), _classifier(record, tensors), record.image)
        self.record = record
        first = record.layers[0]
        step = tensors[f"{first.name}.alpha_a"] / first.activation_levels
        self.register_buffer("image_values", tensors["image.codes"].double() * step)

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 images (n, c, h, w) to float64 of that shape: the values whose codes are the file's image codes."""
        return look_up(self.image_values, pixels)


def load_network_file(path: Path) -> FileNetwork:
    """The reference of a network file, in evaluation mode, built from the file alone.

    Raises NetworkError if the file is missing, truncated, of another format or version, or inconsistent.
    """
    return FileNetwork(*read_network_file(path)).eval()


def read_network_file(path: Path) -> tuple[NetworkRecord, Tensors]:
    """A network file's record and tensors, all checked: names, dtypes, shapes, ranges. Raises NetworkError."""
    maker = "`python -m tilewright_model export` writes one"
    tensors, metadata = read_tensors(path, NetworkError, "network file", maker)
    try:
        record = parse_record(metadata)
        _check_tensors(record, tensors)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error
    return record, tensors


def _check_tensors(record: NetworkRecord, tensors: Tensors) -> None:
    expected = record.tensors()
    missing, unknown = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or unknown:
        raise NetworkError(f"tensors missing {missing}, unknown {unknown}")
    for key, (dtype, shape) in expected.items():
        tensor = tensors[key]
        if tensor.dtype != dtype or tuple(tensor.shape) != shape:
            raise NetworkError(f"{key} is {tensor.dtype} {tuple(tensor.shape)}, expected {dtype} {shape}")
        if not bool(tensor.isfinite().all()):
            raise NetworkError(f"{key} is not finite")
    for layer, following in zip(record.layers, [*record.layers[1:], None], strict=True):
        _check_values(layer, following, tensors)


def _check_values(layer: LayerRecord, following: LayerRecord | None, tensors: Tensors) -> None:
    name = layer.name
    rules = {f"{key} is not positive": bool(tensors[f"{name}.{key}"] > 0) for key in ("scale", "alpha_a")}
    if layer.kind == "conv":
        largest = int(tensors[f"{name}.weights"].long().abs().max())
        rules[f"weights of up to {largest}, not {layer.weight_levels}"] = largest <= layer.weight_levels
    if following is not None:
        thresholds, falling = tensors[f"{name}.thresholds"], tensors[f"{name}.falling"]
        rules["thresholds do not ascend"] = bool((thresholds[:, 1:] >= thresholds[:, :-1]).all())
        negative = tensors[f"{name}.bn_scale"] < 0 if layer.batch_norm else torch.zeros_like(falling)
        rules["falling is not where bn_scale is negative"] = torch.equal(falling, negative.to(torch.uint8))
        same = torch.equal(tensors[f"{name}.alpha_next"], tensors[f"{following.name}.alpha_a"])
        rules[f"alpha_next is not {following.name}.alpha_a"] = same
    for problem, holds in rules.items():
        if not holds:
            raise NetworkError(f"{name}: {problem}")


def _features(record: NetworkRecord, tensors: Tensors) -> nn.Sequential:
    features = nn.Sequential()
    for layer in record.layers:
        child = layer.name.partition(".")[2]
        features.add_module(child, _layer(layer, tensors))
        if layer.batch_norm:
            constants = (tensors[f"{layer.name}.{key}"] for key in ("bn_scale", "bn_shift"))
            features.add_module(f"{child}_batch_norm", ExactBatchNorm2d(*constants))
        if layer.relu:
            features.add_module(f"{child}_relu", nn.ReLU())
        if layer.pool == 2:
            features.add_module(f"{child}_pool", nn.MaxPool2d(2, 2))
    return features


def _layer(layer: LayerRecord, tensors: Tensors) -> ExactLayer:
    name, square = layer.name, (layer.stride, layer.stride)
    scale, alpha, levels = float(tensors[f"{name}.scale"]), tensors[f"{name}.alpha_a"], layer.activation_levels
    if layer.kind == "average":
        return ExactAverage(layer.kernel, square, scale=scale, alpha=alpha, levels=levels)
    weights, padding = tensors[f"{name}.weights"], (layer.padding, layer.padding)
    return ExactConv2d(weights, layer.weight_levels, square, padding, scale=scale, alpha=alpha, levels=levels)


def _classifier(record: NetworkRecord, tensors: Tensors) -> nn.Module:
    classifier = nn.Sequential()
    for number, entry in enumerate(record.tail):
        if entry is None:
            classifier.add_module(f"relu_{number}", nn.ReLU())
            continue
        linear = ExactLinear(tensors[f"{entry.name}.weight"], tensors[f"{entry.name}.bias"])
        if entry.name == CLASSIFIER:
            return linear
        classifier.add_module(entry.name.partition(".")[2], linear)
    return classifier
