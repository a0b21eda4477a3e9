"""The packed checkpoint: one .safetensors with weight codes, two a byte up to 4 bits, all else in float32."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tilewright_model.errors import CheckpointError
from tilewright_model.files import written
from tilewright_model.vgg16 import VGG16, VGG16Options

FORMAT = "tilewright-packed-vgg16"
VERSION = "1"
CODES = ".weight_codes"
#: largest codes of two weights a byte, and of one
NIBBLE_LEVELS, BYTE_LEVELS = 7, 127


def pack_nibbles(codes: Tensor) -> Tensor:
    """int8 codes in -8..7, any shape, to uint8 (ceil(n / 2),): two's-complement nibbles, the even index low."""
    nibbles = codes.flatten().to(torch.uint8) & 0xF
    if len(nibbles) % 2:
        nibbles = torch.cat([nibbles, nibbles.new_zeros(1)])
    return nibbles[0::2] | (nibbles[1::2] << 4)


def unpack_nibbles(packed: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `pack_nibbles`: int8 of `shape`. Raises CheckpointError if the lengths differ."""
    if packed.dtype != torch.uint8 or packed.numel() != (shape.numel() + 1) // 2:
        raise CheckpointError(
            f"packed weights hold {packed.numel()} bytes where shape {tuple(shape)} needs {(shape.numel() + 1) // 2}"
        )
    nibbles = torch.stack([packed & 0xF, packed >> 4], dim=1).flatten()[: shape.numel()].to(torch.int8)
    return torch.where(nibbles > 7, nibbles - 16, nibbles).reshape(shape)


def pack_codes(codes: Tensor, levels: int) -> Tensor:
    """int8 codes of at most `levels` as the file holds them: nibbles, or where they are wider, as they are."""
    return pack_nibbles(codes) if levels <= NIBBLE_LEVELS else codes


def unpack_codes(packed: Tensor, shape: torch.Size, levels: int) -> Tensor:
    """The inverse of `pack_codes`: int8 of `shape`. Raises CheckpointError if dtype or shape is another."""
    if levels <= NIBBLE_LEVELS:
        return unpack_nibbles(packed, shape)
    if packed.dtype != torch.int8 or packed.shape != shape:
        raise CheckpointError(f"weights are {packed.dtype} {tuple(packed.shape)}, expected torch.int8 {tuple(shape)}")
    return packed


def save_packed(model: VGG16, path: Path, training: dict[str, Any] | None = None) -> None:
    """Write the network's integers and float parameters; `training` (JSON-able) is recorded in the file's metadata.

    Raises CheckpointError, naming the layers, if weights are wider than 8 bits.
    """
    layers = model.quantised_layers()
    wide = [name for name, layer in layers.items() if layer.weight_quant.levels > BYTE_LEVELS]
    if wide:
        raise CheckpointError(f"{path}: the packed format holds weights of at most 8 bits; wider are {', '.join(wide)}")
    left_out = {f"{name}.{key}" for name in layers for key in ("weight", "weight_q")}
    tensors = {
        key: value.detach().cpu().contiguous()
        for key, value in model.state_dict().items()
        if key not in left_out and not key.endswith("num_batches_tracked")
    }
    for name, layer in layers.items():
        tensors[name + CODES] = pack_codes(layer.weight_codes().cpu(), layer.weight_quant.levels)
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "options": json.dumps(asdict(model.options)),
        "image_scale": json.dumps(layers["features.0"].delta_a if model.options.image_bits else None),
        "training": json.dumps(training or {}),
    }
    with written(path) as partial:
        save_file(tensors, partial, metadata)


def load_packed(path: Path) -> VGG16:
    """The network of a packed checkpoint, in evaluation mode, its weights frozen as the file's codes.

    Raises CheckpointError if the file is missing, truncated, of another format or of other shapes.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: format {metadata.get('format')!r} version {metadata.get('version')!r}, expected {FORMAT!r} "
            f"version {VERSION!r}; `train` and `import` of `python -m tilewright_model` write it"
        )
    try:
        model = VGG16(VGG16Options(**json.loads(metadata["options"])))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: unusable network options in the metadata ({error})") from error
    _fill(model, tensors, path)
    return model.eval()


def packed_training(path: Path) -> dict[str, Any]:
    """The training record of a packed checkpoint (empty if it holds none)."""
    record: dict[str, Any] = json.loads(_read(path)[1].get("training", "{}"))
    return record


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
            return {key: file.get_tensor(key) for key in keys}, dict(file.metadata() or {})
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}; train one or name another with --checkpoint") from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} is truncated or no safetensors file ({error}); fetch or export it again"
        ) from error


def _fill(model: VGG16, tensors: dict[str, Tensor], path: Path) -> None:
    layers = model.quantised_layers()
    packed = {name: tensors.pop(name + CODES, None) for name in layers}
    missing = [name + CODES for name, codes in packed.items() if codes is None]
    expected = {
        key: value.shape
        for key, value in model.state_dict().items()
        if key.rpartition(".")[0] not in layers or key.endswith("act_alpha")
        if not key.endswith("num_batches_tracked")
    }
    missing += sorted(expected.keys() - tensors.keys())
    foreign = sorted(tensors.keys() - expected.keys())
    wrong = [
        f"{k} {tuple(tensors[k].shape)} for {tuple(s)}"
        for k, s in expected.items()
        if k in tensors and tensors[k].shape != s
    ]
    if missing or foreign or wrong:
        raise CheckpointError(f"{path} does not fit VGG16: missing {missing}, unknown {foreign}, wrong shapes {wrong}")
    model.load_state_dict(tensors, strict=False)
    for name, layer in layers.items():
        codes = packed[name]
        assert codes is not None
        try:
            unpacked = unpack_codes(codes, layer.weight.shape, layer.weight_quant.levels)
            layer.freeze(unpacked, float(tensors[f"{name}.weight_quant.wgt_alpha"]))
        except CheckpointError as error:
            raise CheckpointError(f"{path}, {name}: {error}") from error
