"""A state dict of the notebook's family becomes a network of ours, with a table of what was found in each layer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from tilewright_model.checkpoints.keys import check_keys, shortened
from tilewright_model.checkpoints.state_dict import State, network_name, resnet20_channels, vgg16_plan
from tilewright_model.checkpoints.stored_width import ForeignWeights, StoredWidth, stored_width
from tilewright_model.data.pixels import IMAGE_ALPHA
from tilewright_model.errors import CheckpointError
from tilewright_model.layers.plain import BatchNorm2d, FloatConv2d, Linear
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.layers.quantisers import mean_and_deviation
from tilewright_model.networks.resnet20 import ResNet20, ResNet20Options
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import CLASSES, VGG16Options

#: the width of weights that nothing tells
ASSUMED_BITS = 4
IMAGE_BITS = 8


@dataclass(frozen=True)
class Widths:
    """What a state dict may leave open.

    Attributes:
        weight_bits: of layers without `weight_q` (None: 4), and what `weight_q` must agree with.
        act_bits: of every layer's input.
        layer_act_bits: of single layers' inputs, by state-dict name.
    """

    weight_bits: int | None = None
    act_bits: int = 4
    layer_act_bits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportedLayer:
    """A row of the table: a layer with weights; None where it has no such thing (in float: no quantiser).

    Attributes:
        layer: its state-dict name.
        shape: of its weights.
        weight_bits: width of its weights.
        act_bits: width of its input.
        batch_norm: whether one follows.
        alpha_w: clipping value of its weights.
        alpha_a: clipping value of its input.
        differing: integers of `weight_q` that are not the recomputed ones; None also where it says nothing.
        status: what `weight_q` says, in words.
    """

    layer: str
    shape: tuple[int, ...]
    weight_bits: int | None
    act_bits: int | None
    batch_norm: bool
    alpha_w: float | None
    alpha_a: float | None
    differing: int | None
    status: str


@dataclass(frozen=True)
class Imported:
    """What an import gives.

    Attributes:
        network: in evaluation mode.
        layers: what was found in each layer with weights.
    """

    network: VGG16 | ResNet20
    layers: list[ImportedLayer]


def import_state(state: State, path: str | Path, widths: Widths | None = None) -> Imported:
    """The network of a state dict with the family's keys (docs/import.md).

    `weight_q` gives the widths and is recomputed.

    Args:
        state: as `state_of` returns it.
        path: the file that it is from, for errors.
        widths: what the state dict leaves open.

    Returns:
        The network, and what was found in each layer.

    Raises:
        CheckpointError: the state dict does not fit; names the keys.
    """
    path = Path(path)
    widths = widths or Widths()
    options = _shape(state, path)
    shapes = _build(options)
    layers = shapes.quantised_layers()
    _check_state(shapes, state, path)
    _check_names(widths, layers, path)
    found = {name: _found(state, name, widths, path) for name in layers}
    network = _build(_with_widths(options, found, widths))
    derived = {f"{name}.weight_q" for name in layers}
    network.load_state_dict({key: value for key, value in state.items() if key not in derived}, strict=False)
    return Imported(network.eval(), list(_table(network, found)))


def _shape(state: State, path: Path) -> VGG16Options | ResNet20Options:
    """The options but the widths."""
    if network_name(state, path) == "ResNet20":
        return ResNet20Options(channels=resnet20_channels(state, path))
    alpha = state.get("features.0.act_alpha")
    fixed = alpha is not None and torch.equal(alpha.float(), torch.tensor(IMAGE_ALPHA))
    classifier = state.get("classifier.bias")
    classes = CLASSES if classifier is None or len(classifier.shape) != 1 else max(2, len(classifier))
    return VGG16Options(plan=vgg16_plan(state, path), image_bits=IMAGE_BITS if fixed else None, classes=classes)


def _build(options: VGG16Options | ResNet20Options) -> VGG16 | ResNet20:
    return VGG16(options) if isinstance(options, VGG16Options) else ResNet20(options)


def _check_state(network: VGG16 | ResNet20, state: State, path: Path) -> None:
    expected = {key: value.shape for key, value in (*network.named_parameters(), *network.named_buffers())}
    optional = [key for key in expected if key.endswith(("weight_q", "num_batches_tracked"))]
    check_keys(path, network.name, state, expected, optional)
    deviations = {name: mean_and_deviation(state[f"{name}.weight"].float())[1] for name in network.quantised_layers()}
    flat = [name for name, deviation in deviations.items() if not bool(deviation > 0)]
    if flat:
        raise CheckpointError(
            f"{path}: all weights are equal in {shortened(flat)}; the quantiser divides by their spread"
        )


def _check_names(widths: Widths, layers: dict[str, QuantConv2d], path: Path) -> None:
    unknown = sorted(widths.layer_act_bits.keys() - layers.keys())
    if unknown:
        raise CheckpointError(f"{path} has no quantised convolution {unknown}; it has {shortened(list(layers))}")


def _found(state: State, name: str, widths: Widths, path: Path) -> StoredWidth:
    weight_q: Tensor | None = state.get(f"{name}.weight_q")
    alpha = state[f"{name}.weight_quant.wgt_alpha"].float()
    try:
        found = stored_width(state[f"{name}.weight"].float(), None if weight_q is None else weight_q.float(), alpha)
    except ForeignWeights as error:
        if weight_q is not None and weight_q.dtype != torch.float32:
            raise CheckpointError(
                f"{path}, {name}: weight_q is {weight_q.dtype}, too coarse to tell its integers: save it in "
                "float32, or leave the keys weight_q out"
            ) from error
        raise CheckpointError(f"{path}, {name}: {error}") from error
    if found.bits and widths.weight_bits and found.bits != widths.weight_bits:
        raise CheckpointError(
            f"{path}, {name}: weight_q has {found.bits} bits where {widths.weight_bits} are stated; "
            "state none, and each layer gets those of its weight_q"
        )
    return found


def _with_widths(
    options: VGG16Options | ResNet20Options, found: dict[str, StoredWidth], widths: Widths
) -> VGG16Options | ResNet20Options:
    """The commonest width of weights for all, and the layers that have others."""
    pairs = {
        name: (width.bits or widths.weight_bits or ASSUMED_BITS, widths.layer_act_bits.get(name, widths.act_bits))
        for name, width in found.items()
    }
    commonest = Counter(weight for weight, _ in pairs.values()).most_common(1)[0][0]
    others = {name: pair for name, pair in pairs.items() if pair != (commonest, widths.act_bits)}
    return replace(options, weight_bits=commonest, act_bits=widths.act_bits, layer_bits=others)


def _table(network: nn.Module, found: dict[str, StoredWidth]) -> Iterator[ImportedLayer]:
    """The layers with weights, in order; a batch-norm belongs to the convolution before it."""
    modules = [
        (name, module) for name, module in network.named_modules() if not list(module.children()) or name in found
    ]
    modules = [(n, m) for n, m in modules if isinstance(m, QuantConv2d | FloatConv2d | Linear | BatchNorm2d)]
    for (name, module), (_, following) in zip(modules, [*modules[1:], ("", nn.Identity())], strict=True):
        batch_norm = isinstance(following, BatchNorm2d)
        if isinstance(module, QuantConv2d):
            yield _quantised_row(name, module, batch_norm, found[name])
        elif isinstance(module, FloatConv2d | Linear):
            yield ImportedLayer(name, tuple(module.weight.shape), None, None, batch_norm, None, None, None, "float")


def _quantised_row(name: str, layer: QuantConv2d, batch_norm: bool, found: StoredWidth) -> ImportedLayer:
    return ImportedLayer(
        name,
        tuple(layer.weight.shape),
        (layer.weight_quant.levels + 1).bit_length(),
        layer.act_quant.levels.bit_length() + (layer.act_quant.lowest == -1),
        batch_norm,
        float(layer.weight_quant.wgt_alpha.detach()),
        float(layer.act_alpha.detach()),
        found.differing,
        found.status,
    )
