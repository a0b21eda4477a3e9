"""Packed and notebook checkpoints: round trips, and one clear error for every damaged or foreign file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.checkpoint import import_checkpoint, load_network, load_tensors
from tilewright_model.checkpoints.packed import (
    DIGEST,
    load_packed,
    pack_nibbles,
    packed_training,
    save_packed,
    unpack_nibbles,
)
from tilewright_model.data.pixels import IMAGE_ALPHA, normalise
from tilewright_model.errors import CheckpointError
from tilewright_model.networks.resnet20 import ResNet20Options
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.tensor_file import digest

MEBI = 1024 * 1024
PLAN = "8 M 4 4- 8 M M M M"


@pytest.fixture(scope="module")
def packed(network: VGG16, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "network.safetensors"
    save_packed(network, path, {"seed": 3})
    return path


@pytest.fixture(scope="module")
def small_packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "small.safetensors"
    save_packed(VGG16(VGG16Options(plan=PLAN)), path)
    return path


@pytest.fixture(scope="module")
def notebook_file(notebook_network: VGG16, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the notebook's save_checkpoint writes, weight_q stale and under nn.DataParallel's prefix."""
    state = notebook_network.state_dict()
    state = {f"module.{k}": torch.zeros_like(v) if k.endswith("weight_q") else v for k, v in state.items()}
    state["module.features.27.act_alpha"] = state["module.features.27.act_alpha"].reshape(1)
    path = tmp_path_factory.mktemp("notebook") / "model_best.pth.tar"
    optimiser = torch.optim.SGD(notebook_network.parameters(), lr=0.01, momentum=0.9)
    torch.save({"epoch": 200, "state_dict": state, "best_prec": 91.35, "optimizer": optimiser.state_dict()}, path)
    return path


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-8, 7), min_size=0, max_size=65))
def test_nibbles_come_back(codes: list[int]) -> None:
    tensor = torch.tensor(codes, dtype=torch.int8)
    packed = pack_nibbles(tensor)
    assert packed.dtype == torch.uint8 and len(packed) == (len(codes) + 1) // 2
    assert unpack_nibbles(packed, tensor.shape).tolist() == codes


def test_the_even_code_is_the_low_nibble() -> None:
    assert pack_nibbles(torch.tensor([1, -2, 7], dtype=torch.int8)).tolist() == [0xE1, 0x07]


def test_a_packed_network_computes_the_same_bits(network: VGG16, packed: Path, crops: Tensor) -> None:
    loaded = load_packed(packed)
    assert loaded.options == network.options
    for name, layer in loaded.quantised_layers().items():
        assert torch.equal(layer.weight_codes(), network.quantised_layers()[name].weight_codes())
        assert torch.equal(layer.quantised_weight(), network.quantised_layers()[name].quantised_weight())
    with torch.no_grad():
        assert torch.equal(loaded(normalise(crops)), network(normalise(crops)))


def test_frozen_weights_stay_as_they_are(packed: Path) -> None:
    loaded = load_packed(packed)
    layer = loaded.quantised_layers()["features.27"]
    before = layer.quantised_weight().clone()
    loaded.state_dict()
    layer.refresh()
    assert torch.equal(layer.quantised_weight(), before)
    assert not layer.weight.requires_grad and float(layer.weight.std()) != pytest.approx(1.0)


def test_packing_twice_gives_the_same_file(packed: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_packed(load_packed(packed), again, packed_training(packed))
    assert again.read_bytes() == packed.read_bytes()
    assert packed_training(again) == {"seed": 3}


def test_a_packed_file_is_small_and_records_the_image_scale(packed: Path) -> None:
    assert packed.stat().st_size <= 6 * MEBI
    header = packed.read_bytes()
    metadata = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]
    assert json.loads(metadata["image_scale"]) == pytest.approx(IMAGE_ALPHA / 127, rel=1e-6)


@pytest.mark.parametrize("size", [0, 7, 100, 20_000, 1_000_000, -1])
def test_a_truncated_packed_file_is_named(packed: Path, tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(packed.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors is truncated"):
        load_network(cut)


def rewrite(packed: Path, path: Path, change: Any, metadata: dict[str, str] | None = None) -> Path:
    """A packed file with changed tensors and their digest, and with changed metadata."""
    tensors = load_file(packed)
    change(tensors)
    header = packed.read_bytes()
    own = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]
    save_file(tensors, path, own | {DIGEST: digest(tensors)} | (metadata or {}))
    return path


def test_foreign_damaged_and_misshapen_packed_files_are_named(small_packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    codes, bias = "features.7.weight_codes", "classifier.bias"
    resnet, written = {"format": "tilewright-packed-resnet20"}, {DIGEST: digest(load_file(small_packed))}
    cases: list[tuple[Any, dict[str, str], str]] = [
        (lambda t: t.pop(codes), {}, r"missing \['features\.7\.weight_codes'\]"),
        (lambda t: t.pop("classifier.bias"), {}, r"missing \['classifier\.bias'\]"),
        (lambda t: t.update(extra=torch.zeros(1)), {}, r"unknown \['extra'\]"),
        (lambda t: t.update({f"more{n}": torch.zeros(1) for n in range(9)}), {}, r"unknown \['more0'.*\] and 3 more"),
        (lambda t: t.update({"classifier.bias": torch.zeros(9)}), {}, r"classifier\.bias \(9,\) for \(10,\)"),
        (lambda t: t.update({codes: t[codes][:-1].clone()}), {}, r"features\.7: packed weights are 71 of torch.uint8"),
        (lambda t: t.update({codes: t[codes].to(torch.int8)}), {}, r"features\.7: packed weights are 72 of torch.int8"),
        (lambda t: t.update({codes: t[codes] & 0xF0 | 8}), {}, r"features\.7: the weights' codes are beyond 7"),
        (lambda t: t.update({codes: t[codes] ^ 1}), written, "is damaged: its tensors have another SHA-256"),
        (lambda t: t.update({codes: t[codes][:-1].clone()}), written, "is damaged"),
        (lambda t: t[bias].view(torch.int32).bitwise_xor_(1), written, "is damaged"),
        (lambda t: t[bias].fill_(torch.nan), written, "is damaged"),
        (lambda t: None, {"format": "other"}, "format 'other'"),
        (lambda t: None, {"version": "9"}, "version '9'"),
        (lambda t: None, {"options": "{"}, "unusable network options"),
        (lambda t: None, {"options": '{"depth": 3}'}, "unusable network options"),
        (lambda t: None, {"options": '{"layer_bits": [4]}'}, "unusable network options"),
        (lambda t: None, {"options": '{"plan": "64 x"}'}, "unusable network options"),
        (lambda t: None, {"options": '{"plan": "99999999999 M"}'}, "unusable network options"),
        (lambda t: None, {"options": json.dumps({"plan": f"{10**30} M"})}, "unusable network options"),
        (lambda t: None, {"options": json.dumps({"plan": PLAN, "act_bits": True})}, "activations 1 to 8"),
        (lambda t: None, {"options": json.dumps({"plan": PLAN, "weight_bits": 4.0})}, "weights may have 2 to 8 bits"),
        (lambda t: None, {"options": '{"alpha_a": null}'}, "unusable network options"),
        (lambda t: None, {**resnet, "options": '{"channels": [16, -1, 3, 4]}'}, r"channels \[16, -1, 3, 4\] are not"),
        (lambda t: None, {**resnet, "options": '{"act_bits": 9}'}, "weights may have 2 to 8 bits, activations 1 to 8"),
        (lambda t: t["features.7.act_alpha"].fill_(torch.nan), {}, r"not finite: \['features\.7\.act_alpha'\]"),
        (lambda t: t["features.7.act_alpha"].neg_(), {}, r"not positive: \['features\.7\.act_alpha'\]"),
        (lambda t: t["features.1.running_var"].neg_(), {}, r"negative: \['features\.1\.running_var'\]"),
        (lambda t: t.update({bias: t[bias].to(torch.complex64)}), {}, r"classifier\.bias is a strided torch.complex64"),
        (lambda t: None, {"options": json.dumps({"plan": PLAN, "weight_bits": 9})}, "weights may have 2 to 8 bits"),
        (
            lambda t: None,
            {"options": json.dumps({"plan": PLAN, "weight_bits": 8})},
            r"are int8 \(8, 3, 3, 3\), the file has torch.uint8 \(108,\)",
        ),
        (lambda t: None, {**resnet, "options": "{}"}, "does not fit ResNet20: missing"),
    ]
    for change, metadata, message in cases:
        with pytest.raises(CheckpointError, match=message) as caught:
            load_network(rewrite(small_packed, path, change, metadata))
        assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="unusable training record"):
        packed_training(rewrite(small_packed, path, lambda t: None, {"training": "{"}))
    assert load_network(rewrite(small_packed, path, lambda t: None)).options.plan == PLAN


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.safetensors", "none.pth"):
        with pytest.raises(CheckpointError, match="no checkpoint at"):
            load_network(tmp_path / name)


def test_weights_wider_than_a_nibble_are_bytes_and_wider_than_a_byte_refused(tmp_path: Path, crops: Tensor) -> None:
    path, layer_bits = tmp_path / "wide.safetensors", {"features.4": (8, 8), "features.9": (2, 3)}
    model = VGG16(VGG16Options(weight_bits=5, plan="4 M 5 3- 6 M M M M", layer_bits=layer_bits)).eval()
    save_packed(model, path)
    stored = {name: (str(codes.dtype), codes.dim()) for name, codes in load_file(path).items() if "codes" in name}
    packed, whole = ("torch.uint8", 1), ("torch.int8", 4)
    assert stored == {
        f"features.{number}.weight_codes": form for number, form in {0: whole, 4: whole, 7: whole, 9: packed}.items()
    }
    loaded = load_packed(path)
    assert loaded.options == model.options
    with torch.no_grad():
        assert torch.equal(loaded(normalise(crops)), model(normalise(crops)))
    before = load_file(path)
    save_packed(model.to(memory_format=torch.channels_last), path)
    again = load_file(path)  # of a network in the layout that training gives it
    assert again.keys() == before.keys() and all(torch.equal(again[key], value) for key, value in before.items())
    with pytest.raises(ValueError, match="weights may have 2 to 8 bits"):
        VGG16Options(weight_bits=9)
    with pytest.raises(ValueError, match="weights may have 2 to 8 bits"):
        ResNet20Options(layer_bits={"layer1.0.conv1": (9, 4)})


def test_a_notebooks_checkpoint_loads_with_weight_q_recomputed(
    notebook_file: Path, notebook_network: VGG16, crops: Tensor
) -> None:
    loaded = import_checkpoint(notebook_file).network
    state = loaded.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in notebook_network.state_dict().items())
    assert loaded.quantised_layers()["features.27"].weight_q.abs().sum() > 0
    with torch.no_grad():
        assert torch.equal(loaded(normalise(crops)), notebook_network(normalise(crops)))


def test_damaged_and_foreign_notebook_files_are_named(
    notebook_file: Path, notebook_network: VGG16, tmp_path: Path
) -> None:
    path = tmp_path / "bad.pth"
    for size in (0, 100, 1_000_000):
        path.write_bytes(notebook_file.read_bytes()[:size])
        with pytest.raises(CheckpointError, match=r"bad\.pth is truncated"):
            load_network(path)
    state = notebook_network.state_dict()
    cases: list[tuple[Any, str]] = [
        ([1, 2], "holds a list"),
        ({"epoch": 3}, r"holds no state dict: expected the key 'state_dict'.* found the keys \['epoch'\]$"),
        ({"net": state, "acc": 90.1}, r"found the keys \['net', 'acc'\]; 'net' holds tensors: save them alone"),
        ({"state_dict": {"conv1d.weight": torch.zeros(3)}}, r"of no known network: .* has \['conv1d\.weight'\]"),
        (
            state | {"features.27.weight": torch.zeros(8, 8, 3, 3)},
            r"features\.27\.weight \(8, 8, 3, 3\) for \(8, 16, 3, 3\)",
        ),
        ({k: v for k, v in state.items() if k != "features.0.act_alpha"}, r"missing \['features\.0\.act_alpha'\]"),
    ]
    for content, message in cases:
        torch.save(content, path)
        with pytest.raises(CheckpointError, match=message):
            load_network(path)


@pytest.mark.parametrize(
    ("foreign", "name"),
    [
        (Path("x"), r"pathlib\.PosixPath"),
        (np.float64(91.35), r"numpy\.(_core|core)\.multiarray\.scalar"),
        (torch.nn.Linear(2, 2), r"torch\.nn\.modules\.linear\.Linear"),
    ],
)
@pytest.mark.parametrize("archive", [True, False])
def test_what_would_have_to_be_unpickled_is_named_and_refused(
    foreign: object, name: str, archive: bool, tmp_path: Path
) -> None:
    path = tmp_path / "code.pth"
    torch.save({"state_dict": {}, "best_prec": foreign}, path, _use_new_zipfile_serialization=archive)
    message = (
        f"no PyTorch checkpoint of plain tensors: it contains {name}, .* save the state dict alone with torch.save"
    )
    with pytest.raises(CheckpointError, match=message):
        load_tensors(path)


def test_a_file_of_the_first_version_loads_and_is_written_with_the_same_tensors(
    trained_checkpoint: Path, tmp_path: Path
) -> None:
    first, again = tmp_path / "first.safetensors", tmp_path / "again.safetensors"
    with safe_open(trained_checkpoint, framework="pt") as file:
        save_file(load_file(trained_checkpoint), first, {k: v for k, v in file.metadata().items() if k != DIGEST})
    save_packed(load_packed(first), again, packed_training(first))
    before, after = load_file(first), load_file(again)
    assert digest(before) == digest(after)
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    with safe_open(again, framework="pt") as file:
        assert file.metadata()[DIGEST] == digest(after)


def test_the_trained_checkpoint_is_the_recorded_one(trained_checkpoint: Path) -> None:
    record = json.loads(trained_checkpoint.with_suffix(".json").read_text())
    assert record["sha256"] == sha256(trained_checkpoint)
    assert record["total"] == 10_000 and record["accuracy"] == record["correct"] / 100
    assert record["accuracy"] >= 93.5
    assert trained_checkpoint.stat().st_size <= 6 * MEBI
    assert load_packed(trained_checkpoint).options == VGG16Options(image_bits=8, alpha_a=4.0)
