"""The packed checkpoint: one .safetensors with the weights' codes, and everything else in float32.

Codes of at most 4 bits are stored two a byte, up to 8 bits as int8 of the weights' shape.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright.file_kinds import Role, refusal
from tilewright_model.checkpoint_file import CODES
from tilewright_model.checkpoints.keys import check_keys
from tilewright_model.checkpoints.state_dict import check_kinds, check_values
from tilewright_model.errors import CheckpointError, first_line
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.layers.quantisers import ImageQuantiser
from tilewright_model.networks.resnet20 import ResNet20, ResNet20Options
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.tensor_file import digest, read_tensors, write_tensors

#: `format` of each network
FORMATS = {VGG16: "tilewright-packed-vgg16", ResNet20: "tilewright-packed-resnet20"}
VERSION = "1"
#: metadata key of `digest`; files of before have none
DIGEST = "tensors_sha256"
#: largest code that half a byte holds
NIBBLE = 7


def pack_nibbles(codes: Tensor) -> Tensor:
    """Two codes a byte, as two's-complement nibbles, the even index low.

    Args:
        codes: int8 in -8..7, n of any shape.

    Returns:
        uint8 (ceil(n / 2),).
    """
    nibbles = codes.flatten().to(torch.uint8) & 0xF
    if len(nibbles) % 2:
        nibbles = torch.cat([nibbles, nibbles.new_zeros(1)])
    return nibbles[0::2] | (nibbles[1::2] << 4)


def unpack_nibbles(packed: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `pack_nibbles`.

    Args:
        packed: uint8 (ceil(n / 2),).
        shape: of the n codes.

    Returns:
        int8 of `shape`.

    Raises:
        CheckpointError: length or dtype differ.
    """
    if packed.dtype != torch.uint8 or packed.numel() != (shape.numel() + 1) // 2:
        raise CheckpointError(
            f"packed weights are {packed.numel()} of {packed.dtype}; shape {tuple(shape)} needs "
            f"{(shape.numel() + 1) // 2} of torch.uint8"
        )
    nibbles = torch.stack([packed & 0xF, packed >> 4], dim=1).flatten()[: shape.numel()].to(torch.int8)
    return torch.where(nibbles > 7, nibbles - 16, nibbles).reshape(shape)


def save_packed(model: VGG16 | ResNet20, path: str | Path, training: dict[str, Any] | None = None) -> None:
    """Write a network's integers and float parameters.

    Args:
        model: the network.
        path: the file, which is replaced whole.
        training: JSON-able record for the file's metadata.

    Raises:
        OSError: the file cannot be written.
    """
    layers = model.quantised_layers()
    left_out = {f"{name}.{key}" for name in layers for key in ("weight", "weight_q")}
    tensors = {
        key: value.detach().cpu().contiguous()
        for key, value in model.state_dict().items()
        if key not in left_out and not key.endswith("num_batches_tracked")
    }
    tensors |= {name + CODES: _packed(layer) for name, layer in layers.items()}
    first = next(iter(layers.values()))
    metadata = {
        "format": FORMATS[type(model)],
        "version": VERSION,
        "options": json.dumps(asdict(model.options)),
        "image_scale": json.dumps(first.delta_a if isinstance(first.act_quant, ImageQuantiser) else None),
        "training": json.dumps(training or {}),
        DIGEST: digest(tensors),
    }
    write_tensors(path, tensors, metadata)


def load_packed(path: str | Path) -> VGG16 | ResNet20:
    """The network of a packed checkpoint.

    Args:
        path: the file.

    Returns:
        The network, in evaluation mode, its weights frozen as the file's codes.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, of another format or of other shapes.
    """
    path = Path(path)
    tensors, metadata = _read(path)
    if metadata.get("format") not in FORMATS.values() or metadata.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: format {metadata.get('format')!r} version {metadata.get('version')!r}, expected "
            f"{' or '.join(FORMATS.values())}, version {VERSION!r}; `train` and `import` of "
            "`python -m tilewright_model` write it"
        )
    try:
        options = json.loads(metadata["options"])
        resnet = metadata["format"] == FORMATS[ResNet20]
        model = ResNet20(ResNet20Options(**options)) if resnet else VGG16(VGG16Options(**options))
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:  # RuntimeError: too much memory
        raise CheckpointError(f"{path}: unusable network options in the metadata ({first_line(error)})") from error
    _fill(model, tensors, path, metadata.get(DIGEST))
    return model.eval()


def packed_training(path: str | Path) -> dict[str, Any]:
    """The training record of a packed checkpoint.

    Args:
        path: the file.

    Returns:
        The record; empty if the file holds none.

    Raises:
        CheckpointError: as `load_packed`.
    """
    path = Path(path)
    try:
        record: dict[str, Any] = json.loads(_read(path)[1].get("training", "{}"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: unusable training record in the metadata ({error})") from error
    return record


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if reason := refusal(path, Role.CHECKPOINT):
        raise CheckpointError(reason)
    return read_tensors(path, CheckpointError, "checkpoint", "train one, import one, or name another with --checkpoint")


def _packed(layer: QuantConv2d) -> Tensor:
    codes = layer.weight_codes().cpu().contiguous()  # a network that trained is channels-last
    return pack_nibbles(codes) if layer.weight_quant.levels <= NIBBLE else codes


def _unpacked(layer: QuantConv2d, stored: Tensor) -> Tensor:
    """The codes, int8 of the weights' shape. Raises CheckpointError if `stored` does not fit the layer."""
    shape, levels = layer.weight.shape, layer.weight_quant.levels
    if levels <= NIBBLE:
        codes = unpack_nibbles(stored, shape)
    elif stored.dtype == torch.int8 and stored.shape == shape:
        codes = stored
    else:
        raise CheckpointError(
            f"weights of more than 4 bits are int8 {tuple(shape)}, the file has {stored.dtype} {tuple(stored.shape)}"
        )
    if int(codes.long().abs().max()) > levels:
        raise CheckpointError(
            f"the weights' codes are beyond {levels}: the file is damaged: fetch it again, or train or import anew"
        )
    return codes


def _fill(model: VGG16 | ResNet20, tensors: dict[str, Tensor], path: Path, expected_digest: str | None) -> None:
    layers = model.quantised_layers()
    expected: dict[str, torch.Size | None] = {
        key: value.shape
        for key, value in model.state_dict().items()
        if key.rpartition(".")[0] not in layers or key.endswith("act_alpha")
        if not key.endswith("num_batches_tracked")
    }
    expected |= {name + CODES: None for name in layers}
    check_keys(path, model.name, tensors, expected)
    if expected_digest is not None and expected_digest != digest(tensors):
        raise CheckpointError(
            f"{path} is damaged: its tensors have another SHA-256 than it says; fetch it again, or train or import anew"
        )
    check_kinds(tensors, path)
    check_values(tensors, path)
    codes = {}
    for name, layer in layers.items():
        try:
            codes[name] = _unpacked(layer, tensors[name + CODES])
        except CheckpointError as error:
            raise CheckpointError(f"{path}, {name}: {error}") from error
    model.load_state_dict({key: value for key, value in tensors.items() if not key.endswith(CODES)}, strict=False)
    for name, layer in layers.items():
        layer.freeze(codes[name], float(tensors[f"{name}.weight_quant.wgt_alpha"]))
