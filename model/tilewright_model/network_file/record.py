"""What a network file says of itself: its layers, their order and sizes, and the tensors that belong to them."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from tilewright_model.checkpoint_file import NETWORK_FORMAT
from tilewright_model.errors import NetworkError

VERSION = "1"
CODES = "codes"
ACCUMULATORS = "accumulators"
#: largest codes that a file holds: int8 weights and image, uint8 codes
WEIGHT_LEVELS, IMAGE_LEVELS, CODE_LEVELS = 127, 127, 255
#: accumulators are int32, and the largest int32 is a threshold that none reaches
ACCUMULATOR_END = 2**31 - 1

#: what layers and linear layers are named; N may be one line without a dot
LAYER_NAME, LINEAR_NAME = re.compile(r"features\.[^.\n]+"), re.compile(r"classifier\.[^.\n]+")
CLASSIFIER_NAME = re.compile(rf"classifier|{LINEAR_NAME.pattern}")

TensorKinds = dict[str, tuple[torch.dtype, tuple[int, ...]]]


@dataclass(frozen=True)
class LayerRecord:
    """One layer; the fields are those of docs/network_format.md."""

    kind: str
    name: str
    in_channels: int
    out_channels: int
    kernel: tuple[int, int]
    stride: int
    padding: int
    input: str
    activation_levels: int
    weight_levels: int
    batch_norm: bool
    relu: bool
    pool: int
    output: str
    output_levels: int

    def check(self) -> None:
        """Raises NetworkError, naming the layer, if a value is outside what the format covers."""
        average = self.kind == "average"
        rules = {
            f"kind {self.kind!r} is neither conv nor average": self.kind in ("conv", "average"),
            f"input {self.input!r} is neither image nor codes": self.input in ("image", CODES),
            f"output {self.output!r} is neither codes nor accumulators": self.output in (CODES, ACCUMULATORS),
            f"{self.in_channels} -> {self.out_channels} channels": min(self.in_channels, self.out_channels) > 0,
            f"pool {self.pool} is neither 1 nor 2": self.pool in (1, 2),
            "a quantiser that no ReLU precedes": average or self.relu or self.output == ACCUMULATORS,
            "max-pooling that no ReLU precedes": self.relu or self.pool == 1,
        }
        rules |= self._level_rules() | (self._average_rules() if average else self._convolution_rules())
        for problem, holds in rules.items():
            if not holds:
                raise NetworkError(f"{self.name}: {problem}; docs/network_format.md lists what is covered")

    def _level_rules(self) -> dict[str, bool]:
        image = self.input == "image"
        inputs = self.kernel[0] * self.kernel[1] * (1 if self.kind == "average" else self.in_channels)
        largest = self.weight_levels * (IMAGE_LEVELS + 1 if image else self.activation_levels) * inputs
        return {
            f"weights of up to {self.weight_levels} do not fit 8 bits": 1 <= self.weight_levels <= WEIGHT_LEVELS,
            f"image codes of up to {self.activation_levels} do not fit 8 bits with sign (image_bits=8 makes such)": (
                not image or 1 <= self.activation_levels <= IMAGE_LEVELS
            ),
            f"input codes of up to {self.activation_levels} do not fit 8 bits": (
                image or 1 <= self.activation_levels <= CODE_LEVELS
            ),
            f"output codes of up to {self.output_levels} do not fit 8 bits": (
                1 <= self.output_levels <= CODE_LEVELS if self.output == CODES else self.output_levels == 0
            ),
            f"a sum of {inputs} products can reach {largest}, beyond 32 bits": largest < ACCUMULATOR_END,
        }

    def _convolution_rules(self) -> dict[str, bool]:
        height, width = self.kernel
        return {
            f"kernel {height}x{width} is not 1 to 7": min(self.kernel) >= 1 and max(self.kernel) <= 7,
            f"stride {self.stride} is neither 1 nor 2": self.stride in (1, 2),
            f"padding {self.padding} is not 0 to 3": 0 <= self.padding <= 3,
        }

    def _average_rules(self) -> dict[str, bool]:
        return {
            f"window {self.kernel} with stride {self.stride}": min(*self.kernel, self.stride) >= 1,
            f"padding {self.padding} of an average": self.padding == 0,
            "an average keeps the number of channels": self.in_channels == self.out_channels,
            "an average averages codes": self.input == CODES,
            "an average has weights of 1, no batch-norm, ReLU or max-pooling": (
                (self.weight_levels, self.batch_norm, self.relu, self.pool) == (1, False, False, 1)
            ),
        }

    @property
    def weight_bits(self) -> int | None:
        """Bits of a weight, its sign included; None for an average, which has none."""
        return None if self.kind == "average" else self.weight_levels.bit_length() + 1

    @property
    def activation_bits(self) -> int:
        """Bits of an input code; the image's are signed bytes whatever its largest code."""
        return 8 if self.input == "image" else self.activation_levels.bit_length()

    @property
    def output_bits(self) -> int | None:
        """Bits of an output code; None for accumulators."""
        return self.output_levels.bit_length() or None

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the layer's map, before pooling, for an input map of `size`."""
        return self._along(size[0], self.kernel[0]), self._along(size[1], self.kernel[1])

    def _along(self, size: int, kernel: int) -> int:
        return (size + 2 * self.padding - kernel) // self.stride + 1

    def tensors(self) -> TensorKinds:
        """The tensors that the file holds for this layer, with dtype and shape."""
        channels, name = self.out_channels, self.name
        kinds: TensorKinds = {f"{name}.{key}": (torch.float64, ()) for key in ("scale", "alpha_a")}
        if self.kind == "conv":
            kinds[f"{name}.weights"] = (torch.int8, (channels, self.in_channels, *self.kernel))
        if self.batch_norm:
            kinds |= {f"{name}.{key}": (torch.float64, (channels,)) for key in ("bn_scale", "bn_shift")}
        if self.output == CODES:
            kinds[f"{name}.alpha_next"] = (torch.float64, ())
            kinds[f"{name}.thresholds"] = (torch.int32, (channels, self.output_levels))
            kinds[f"{name}.falling"] = (torch.uint8, (channels,))
        return kinds


@dataclass(frozen=True)
class LinearRecord:
    """A linear layer of the tail."""

    name: str
    in_features: int
    out_features: int


@dataclass(frozen=True)
class NetworkRecord:
    """The file's metadata. image: (channels, height, width); tail: what follows the flattening, a ReLU being None."""

    name: str
    checkpoint_sha256: str
    image: tuple[int, int, int]
    layers: list[LayerRecord]
    tail: list[LinearRecord | None]
    classes: tuple[str, ...] = ()

    def metadata(self) -> dict[str, str]:
        """The safetensors metadata: strings, some of them JSON."""
        tail: list[dict[str, Any]] = [{"kind": "flatten"}]
        tail += [{"kind": "relu"} if entry is None else {"kind": "linear", **asdict(entry)} for entry in self.tail]
        return {
            "format": NETWORK_FORMAT,
            "version": VERSION,
            "name": self.name,
            "checkpoint_sha256": self.checkpoint_sha256,
            "image": json.dumps(dict(zip(("channels", "height", "width"), self.image, strict=True))),
            "layers": json.dumps([asdict(layer) for layer in self.layers]),
            "tail": json.dumps(tail),
            "classes": json.dumps(self.classes),
        }

    def tensors(self) -> TensorKinds:
        """Every tensor of the file, with dtype and shape."""
        kinds: TensorKinds = {"image.codes": (torch.int8, (self.image[0], 256))}
        for layer in self.layers:
            kinds |= layer.tensors()
        for entry in filter(None, self.tail):
            kinds[f"{entry.name}.weight"] = (torch.float64, (entry.out_features, entry.in_features))
            kinds[f"{entry.name}.bias"] = (torch.float64, (entry.out_features,))
        return kinds

    def check(self) -> None:
        """Raises NetworkError if the layers do not follow from each other, naming the first that does not."""
        if min(self.image) < 1:
            raise NetworkError(f"an image of {self.image[0]} channels, {self.image[1]}x{self.image[2]}")
        channels, size, source = self.image[0], self.image[1:], "image"
        levels = self.layers[0].activation_levels if self.layers else 0
        for number, layer in enumerate(self.layers):
            layer.check()
            last = number == len(self.layers) - 1
            if (layer.in_channels, layer.input) != (channels, source) or layer.activation_levels != levels:
                raise NetworkError(
                    f"{layer.name} takes {layer.in_channels} channels of {layer.input} up to "
                    f"{layer.activation_levels}, but {channels} of {source} up to {levels} come before it"
                )
            if (layer.output == ACCUMULATORS) != last:
                raise NetworkError(f"{layer.name}: the last layer, and no other, gives accumulators")
            size = self._pooled(layer, size)
            channels, source, levels = layer.out_channels, CODES, layer.output_levels
        self._check_tail(channels * size[0] * size[1])

    @staticmethod
    def _pooled(layer: LayerRecord, size: tuple[int, int]) -> tuple[int, int]:
        height, width = layer.output_size(size)
        pooled = height // layer.pool, width // layer.pool
        if min(pooled) < 1:
            raise NetworkError(f"{layer.name} has no output: its input map is {size[0]}x{size[1]}")
        return pooled

    def _check_tail(self, width: int) -> None:
        self._check_names()
        for entry in filter(None, self.tail):
            if entry.in_features != width or entry.out_features < 1:
                takes = f"{entry.name} takes {entry.in_features} features to {entry.out_features}"
                raise NetworkError(f"{takes}, but {width} come before it")
            width = entry.out_features
        if self.classes and len(self.classes) != width:
            raise NetworkError(f"{len(self.classes)} names of classes for {width} scores")

    def _check_names(self) -> None:
        layers, linears = [layer.name for layer in self.layers], [entry.name for entry in self.tail if entry]
        if not layers or not linears or len({*layers, *linears}) < len(layers) + len(linears):
            raise NetworkError("a network has layers and a linear layer behind them, each with a name of its own")
        alone = len(self.tail) == 1
        for form, names in ((LAYER_NAME, layers), (CLASSIFIER_NAME if alone else LINEAR_NAME, linears)):
            strange = [name for name in names if not form.fullmatch(name)]
            if strange:
                raise NetworkError(
                    f"{strange[0]!r}: layers are named features.N, a linear layer classifier if it is all that "
                    "follows, else classifier.N"
                )


def parse_record(metadata: Mapping[str, str]) -> NetworkRecord:
    """The record of a file's metadata, checked. Raises NetworkError that says what is unknown, missing or wrong."""
    if metadata.get("format") != NETWORK_FORMAT or metadata.get("version") != VERSION:
        raise NetworkError(
            f"format {metadata.get('format')!r} version {metadata.get('version')!r}, expected {NETWORK_FORMAT!r} "
            f"version {VERSION!r}; write it with `python -m tilewright_model export`"
        )
    keys = {"format", "version", "name", "checkpoint_sha256", "image", "layers", "tail", "classes"}
    _check_keys("metadata", metadata, keys)
    image, layers, tail, classes = (_parse_json(metadata, key) for key in ("image", "layers", "tail", "classes"))
    _check_object("image", image, dict.fromkeys(("channels", "height", "width"), int))
    if not isinstance(layers, list) or not isinstance(tail, list) or tail[:1] != [{"kind": "flatten"}]:
        raise NetworkError("layers and tail must be lists, and the tail must begin with flatten")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise NetworkError(f"classes is {classes!r}, expected a list of names")
    record = NetworkRecord(
        metadata["name"],
        metadata["checkpoint_sha256"],
        (image["channels"], image["height"], image["width"]),
        [_parse_layer(number, layer) for number, layer in enumerate(layers)],
        [_parse_tail(number, entry) for number, entry in enumerate(tail) if number],
        tuple(classes),
    )
    record.check()
    return record


def _parse_json(metadata: Mapping[str, str], key: str) -> Any:
    try:
        return json.loads(metadata[key])
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"{key} is not JSON ({error})") from error


def _parse_layer(number: int, values: Any) -> LayerRecord:
    where = f"layers[{number}]"
    kinds: dict[str, Any] = {field.name: field.type for field in fields(LayerRecord)} | {"kernel": list}
    _check_object(where, values, kinds)
    kernel = values["kernel"]
    if len(kernel) != 2 or not all(type(size) is int for size in kernel):
        raise NetworkError(f"{where}.kernel is {kernel!r}, expected [height, width]")
    return LayerRecord(**{**values, "kernel": tuple(kernel)})


def _parse_tail(number: int, values: Any) -> LinearRecord | None:
    where = f"tail[{number}]"
    if values == {"kind": "relu"}:
        return None
    _check_object(where, values, {"kind": str, "name": str, "in_features": int, "out_features": int})
    if values["kind"] != "linear":
        raise NetworkError(f"{where}: kind {values['kind']!r} is neither linear nor relu")
    return LinearRecord(values["name"], values["in_features"], values["out_features"])


def _check_object(where: str, values: Any, kinds: dict[str, Any]) -> None:
    if not isinstance(values, dict):
        raise NetworkError(f"{where} is {values!r}, expected an object")
    _check_keys(where, values, set(kinds))
    for key, kind in kinds.items():
        if type(values[key]) is not kind:
            raise NetworkError(f"{where}.{key} is {values[key]!r}, expected {kind.__name__}")


def _check_keys(where: str, values: Mapping[str, Any], expected: set[str]) -> None:
    missing, unknown = sorted(expected - values.keys()), sorted(values.keys() - expected)
    if missing or unknown:
        raise NetworkError(f"{where}: missing {missing}, unknown {unknown}")
