"""Both readers of a network file, the host's and PyTorch's, refuse what no exporter writes, each in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tilewright.errors import NetworkError
from tilewright.network import load_network
from tilewright_model.errors import NetworkError as ModelNetworkError
from tilewright_model.file_network import load_network_file

Tensors, Metadata = dict[str, torch.Tensor], dict[str, str]
Change = Callable[[Tensors, Metadata], Any]
FIRST, LAST, FLOAT8 = "features.0", "features.39", torch.float8_e4m3fn


def tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    return lambda tensors, metadata: tensors.update({name: change(tensors[name])})


def entry(key: str, number: int | None = None, **values: Any) -> Change:
    """Changes fields of a JSON value of the metadata; a value of None takes the field away."""

    def change(tensors: Tensors, metadata: Metadata) -> None:
        content = json.loads(metadata[key])
        fields = content if number is None else content[number]
        fields.update(values)
        for field in [field for field, value in values.items() if value is None]:
            del fields[field]
        metadata[key] = json.dumps(content)

    return change


def text(key: str, value: Any) -> Change:
    return lambda tensors, metadata: metadata.update({key: json.dumps(value)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (tensor("classifier.weight", lambda t: t * torch.nan), r"classifier\.weight'? is not finite"),
        (tensor(f"{LAST}.scale", lambda t: t * torch.inf), r"features\.39\.scale'? is not finite"),
        (tensor(f"{FIRST}.scale", torch.neg), r"features\.0: scale is .*not positive"),
        (tensor(f"{FIRST}.alpha_a", torch.zeros_like), r"features\.0: alpha_a is .*not positive"),
        (tensor(f"{FIRST}.alpha_next", lambda t: t * 2), r"features\.0: alpha_next is not features\.3\.alpha_a"),
        (tensor(f"{FIRST}.falling", lambda t: 1 - t), r"features\.0: falling is not where bn_scale is negative"),
        (tensor(f"{FIRST}.falling", lambda t: t * 0 + 2), r"features\.0: falling is not where bn_scale is negative"),
        (tensor(f"{FIRST}.thresholds", lambda t: t.flip(1)), r"features\.0: thresholds do not ascend"),
        (tensor(f"{FIRST}.weights", lambda t: t.bfloat16()), r"features\.0\.weights (is torch\.bfloat16|\(BF16\))"),
        (
            tensor(f"{FIRST}.weights", lambda t: t.float().to(torch.float8_e4m3fn)),
            r"features\.0\.weights .*(e4m3|E4M3)",
        ),
        (tensor(f"{FIRST}.scale", lambda t: t.float()), r"features\.0\.scale (is torch\.float32|\(F32\))"),
        (lambda tensors, metadata: tensors.update(extra=torch.zeros(1).double()), "unknown.*extra"),
        (lambda tensors, metadata: metadata.update(author="me"), "unknown.*author"),
        (lambda tensors, metadata: metadata.pop("classes"), "missing.*classes"),
        (text("classes", [1, 2]), r"classes (is|are) \[1, 2\]"),
        (text("classes", ["cat"]), "1 names of classes for 10 scores"),
        (entry("image", height="32"), "image.*height.* is '32'"),
        (entry("image", height=32.7), r"image.*height.* is 32\.7"),
        (entry("image", height=10**9), "classifier takes 512 features, but 16000000000 come before it"),
        (entry("image", depth=3), "image: .*unknown.*depth"),
        (entry("layers", 0, relu=False), "a quantiser.* that no ReLU precedes"),
        (entry("layers", -1, relu=False), "max-pooling that no ReLU precedes"),
        (entry("layers", 1, name=FIRST), r"a name of its own|features\.0\.\w+'? is missing"),
        (entry("layers", 1, stride=True), r"stride.* is True"),
        (entry("tail", 1, name=None), r"tail\[1\]: .*name"),
        (entry("tail", 1, name=["a"]), r"tail\[1\].*name.* is \['a'\]"),
        (entry("tail", 1, in_features="512"), r"tail\[1\].*in_features.* is '512'"),
        (entry("tail", 1, kind="softmax"), r"tail\[1\]: kind 'softmax' is"),
        (text("tail", [{"kind": "linear"}]), "flatten|missing"),
        (text("tail", [3]), "flatten|an object"),
    ],
)
def test_damaged_files_are_refused_by_both_readers(change: Change, message: str, vgg16: Any, tmp_path: Path) -> None:
    path, tensors = tmp_path / "damaged.safetensors", load_file(vgg16.path)
    with safe_open(str(vgg16.path), framework="pt") as file:
        metadata = file.metadata()
    change(tensors, metadata)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, metadata)
    with pytest.raises(NetworkError, match=message) as host:
        load_network(path)
    with pytest.raises(ModelNetworkError, match=message) as model:
        load_network_file(path)
    for caught in (host, model):
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
