"""State dicts of the notebook's family: which network one is of, and what its keys and shapes say about it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright_model.checkpoints.keys import closest, shortened
from tilewright_model.errors import CheckpointError
from tilewright_model.networks.vgg16_plan import IMAGE

State = Mapping[str, Tensor]
CONVOLUTION = re.compile(r"features\.(\d+)\.(weight|weight_q|act_alpha|weight_quant\.wgt_alpha)")

#: types of the tensors that are read
NUMBERS = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip
#: end of the keys of linear layers that torch.ao.quantization has converted
PACKED_PARAMETERS = "_packed_params"
QUANTISED = (
    "is the state dict of a network that torch.ao.quantization has converted: its weights are PyTorch's own codes, and "
    "the float weights are gone; save the state dict before the conversion, or train with Brevitas (docs/brevitas.md)"
)
#: beside the tensors of torch.optim.swa_utils.AveragedModel
AVERAGED = "n_averaged"
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def state_of(content: Mapping[str, Any], path: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by key.

    The names of wrappers are dropped (`plain_key`); clipping values of shape (1,) become ().

    Args:
        content: the tensors themselves, or a dictionary with them under `state_dict`.
        path: the file, for errors.

    Returns:
        The tensors by the network's own keys.

    Raises:
        CheckpointError: there are none, or one is of another kind than a plain tensor of numbers, twice there, or as
            float32 not finite, or a clipping value not positive, or a variance negative.
    """
    state = content.get("state_dict", content)
    if any(str(key).rpartition(".")[2] == PACKED_PARAMETERS for key in state):
        raise CheckpointError(f"{path} {QUANTISED}")
    if not _holds_tensors(state):
        nested = [str(key) for key, value in content.items() if _holds_tensors(value)]
        hint = f"; {nested[0]!r} holds tensors: save them alone with torch.save" if nested else ""
        raise CheckpointError(
            f"{path} holds no state dict: expected the key 'state_dict', or the tensors themselves, and found the "
            f"keys {shortened([str(key) for key in content])}{hint}"
        )
    check_kinds(state, path)
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        plain = plain_key(key)
        if plain in tensors:
            raise CheckpointError(f"{path} holds {plain} twice, with and without a wrapper's prefix ({key})")
        tensors[plain] = value
    tensors.pop(AVERAGED, None)
    tensors = {k: v.reshape(()) if k.endswith("_alpha") and v.numel() == 1 else v for k, v in tensors.items()}
    check_values(tensors, path)
    return tensors


def plain_key(key: str) -> str:
    """A key without what torch.compile (`_orig_mod`) and nn.DataParallel (`module`) put into it, nested or not.

    Args:
        key: such as `module._orig_mod.features.0.weight`.

    Returns:
        Such as `features.0.weight`.
    """
    words = [word for word in key.split(".") if word != "_orig_mod"]
    while words[0] == "module" and len(words) > 1:
        del words[0]
    return ".".join(words)


def check_kinds(state: State, path: str | Path) -> None:
    """Make sure that all are plain tensors of numbers.

    Args:
        state: the tensors by key.
        path: the file, for errors.

    Raises:
        CheckpointError: one is quantised, sparse, complex or on the meta device.
    """
    for key, value in state.items():
        if value.is_quantized:
            raise CheckpointError(f"{path} {QUANTISED} ({key} is {value.dtype})")
        if value.layout != torch.strided or value.dtype not in NUMBERS or value.is_meta:
            kind = "meta" if value.is_meta else f"{str(value.layout).removeprefix('torch.')} {value.dtype}"
            raise CheckpointError(f"{path}: {key} is a {kind} tensor; expected a strided one of float or integers")


def check_values(state: State, path: str | Path) -> None:
    """Make sure that the values are a network's.

    Args:
        state: the tensors by key.
        path: the file, for errors.

    Raises:
        CheckpointError: as float32 one is not finite, a clipping value not positive, or a variance negative.
    """
    state = {key: value.float() for key, value in state.items()}  # as the network takes them
    infinite = [key for key, value in state.items() if not bool(value.isfinite().all())]
    if infinite:
        raise CheckpointError(f"{path}: not finite: {shortened(infinite)}; the training has diverged")
    negative = [key for key, value in state.items() if key.endswith("_alpha") and not bool((value > 0).all())]
    if negative:
        raise CheckpointError(f"{path}: clipping values that are not positive: {shortened(negative)}")
    variances = [key for key, value in state.items() if key.endswith("running_var") and not bool((value >= 0).all())]
    if variances:
        raise CheckpointError(f"{path}: variances that are negative: {shortened(variances)}")


def network_name(state: State, path: str | Path) -> str:
    """Which network a state dict is of.

    Args:
        state: the tensors by key.
        path: the file, for errors.

    Returns:
        VGG16, of any plan, or ResNet20.

    Raises:
        CheckpointError: the keys are neither's.
    """
    if any(key.startswith("features.") for key in state):
        return "VGG16"
    if any(key.startswith(("layer1.", "conv1.")) for key in state):
        return "ResNet20"
    if any(".tensor_quant." in key for key in state):
        raise CheckpointError(
            f"{path} is a Brevitas model's state dict: load it into the model, and take that over with from_brevitas "
            "or brevitas.export.export_qonnx (docs/brevitas.md)"
        )
    raise CheckpointError(
        f"{path} is of no known network: VGG16 has features.N.weight, ResNet20 conv1.weight and layer1.0.conv1.weight; "
        f"this has {shortened(sorted(state))} (docs/import.md)"
    )


def vgg16_plan(state: State, path: str | Path) -> str:
    """The plan of a VGG16 (`vgg16.PLAN` is one): channels and batch-norm from keys and shapes, pooling from the gaps.

    Max-pooling after the last convolution is what the classifier's inputs leave.

    Args:
        state: the tensors by key.
        path: the file, for errors.

    Returns:
        The plan.

    Raises:
        CheckpointError: the numbering is none of convolution, batch-norm or not, ReLU, max-pooling or not; names the
            layers.
    """
    path = Path(path)
    numbers = _convolutions(state, path)
    words: list[str] = []
    for number, following in zip(numbers, [*numbers[1:], None], strict=True):
        batch_norm = number + 1 != following and any(f"features.{number + 1}.{key}" in state for key in BATCH_NORM)
        words.append(f"{len(state[f'features.{number}.weight'])}{'' if batch_norm else '-'}")
        if following is not None:
            words += ["M"] * _pools_between(number, following, batch_norm, path)
    channels = len(state[f"features.{numbers[-1]}.weight"])
    return " ".join(words + ["M"] * _pools_at_the_end(state, channels, words.count("M"), path))


def resnet20_channels(state: State, path: str | Path) -> tuple[int, int, int, int]:
    """The widths of a ResNet20.

    Args:
        state: the tensors by key.
        path: the file, for errors.

    Returns:
        Output channels of the first convolution and of the three stages.

    Raises:
        CheckpointError: a convolution is missing; names it.
    """
    path = Path(path)
    first, one, two, three = (
        len(_weight(state, name, path)) for name in ("conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1")
    )
    return first, one, two, three


def _holds_tensors(values: object) -> bool:
    return (
        isinstance(values, dict)
        and bool(values)
        and all(isinstance(key, str) and isinstance(value, Tensor) for key, value in values.items())
    )


def _convolutions(state: State, path: Path) -> list[int]:
    """The numbers of the convolutions, ascending from 0, each with its weight and quantisers."""
    found = {int(match[1]) for key in state if (match := CONVOLUTION.fullmatch(key)) and _of_convolution(state, key)}
    numbers = sorted(found)
    if not numbers or numbers[0]:
        raise CheckpointError(f"{path} has no convolution features.0; the first is {numbers[0] if numbers else 'none'}")
    for number in numbers:
        _weight(state, f"features.{number}", path)
    floats = [
        f"features.{number}"
        for number in numbers
        if not {f"features.{number}.act_alpha", f"features.{number}.weight_quant.wgt_alpha"} & state.keys()
    ]
    if floats:
        raise CheckpointError(
            f"{path}: convolutions without quantisers (act_alpha, weight_quant.wgt_alpha): {shortened(floats)}; "
            "VGG16 is imported with all its convolutions quantised"
        )
    return numbers


def _of_convolution(state: State, key: str) -> bool:
    """Whether a key is a convolution's: batch-norm has a `weight` too, of one dimension."""
    return not key.endswith(".weight") or state[key].dim() == 4


def _weight(state: State, name: str, path: Path) -> Tensor:
    weight = state.get(f"{name}.weight")
    if weight is None:
        hint = closest(f"{name}.weight", [key for key in state if key.startswith(f"{name}.")] or list(state))
        raise CheckpointError(f"{path}: missing '{name}.weight'{f'; {hint}' if hint else ''}")
    if weight.dim() != 4 or not weight.numel():
        raise CheckpointError(f"{path}: {name}.weight {tuple(weight.shape)} is no convolution's: 4 dimensions expected")
    return weight


def _pools_between(number: int, following: int, batch_norm: bool, path: Path) -> int:
    others = following - number - 2 - batch_norm  # modules besides convolution, batch-norm and ReLU
    if others not in (0, 1):
        raise CheckpointError(
            f"{path}: {following - number - 1} modules stand between features.{number} and features.{following}; "
            f"expected {'batch-norm, ' if batch_norm else ''}ReLU, and one max-pooling at most"
        )
    return others


def _pools_at_the_end(state: State, channels: int, before: int, path: Path) -> int:
    side = IMAGE[1]
    most = side.bit_length() - 1
    weight = state.get("classifier.weight")
    inputs = (
        weight.shape[1] if weight is not None and weight.dim() == 2 else None
    )  # None: check_keys says what is wrong
    counts = [n for n in range(before, most + 1) if inputs in (None, channels * (side >> n) ** 2)]
    if not counts:
        raise CheckpointError(
            f"{path}: by the numbering, {before} max-poolings stand between the convolutions; the {channels} channels "
            f"of a {side}x{side} image do not then give the classifier {inputs} features"
        )
    return counts[-1] - before
