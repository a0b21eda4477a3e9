"""State dicts of the notebook's family: what is inferred, the same integers, and one error for the rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seen_images import seen
from torch import Tensor
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.checkpoints.checkpoint import import_checkpoint, load_network
from tilewright_model.checkpoints.importing import Imported, Widths, import_state
from tilewright_model.checkpoints.packed import load_packed, save_packed
from tilewright_model.checkpoints.state_dict import state_of
from tilewright_model.data.cifar10 import load_cifar10
from tilewright_model.data.pixels import normalise
from tilewright_model.errors import CheckpointError
from tilewright_model.integers.capture import capture
from tilewright_model.layers.quantisers import normalised_weight
from tilewright_model.networks.resnet20 import ResNet20, ResNet20Options
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.training.evaluate import evaluate

HERE = Path("student.pth")
#: the notebook's network and others of its kind, an eighth as wide: squeezed after other layers, none, step by step
PLANS = [
    "8 8 M 16 16 M 32 32 32 M 2 2- 64 M 64 64 64 M",
    "8 8 M 16 16 M 32 32 32 M 64 64 64 M 4 4- 64 M",
    "8 8 M 16 16 M 32 32 32 M 64 64 2 M 2- 64 64 M",
    "8 M 16 16 M 32 32 32 M 64 16 4 1 1- 4 16 64 M 64 64 64 M",
    "8- 16- M 8-",
]
State = dict[str, Tensor]


def family_state(model: VGG16 | ResNet20) -> State:
    return {key: value.detach().clone() for key, value in model.state_dict().items()}


def small_vgg(**options: Any) -> State:
    torch.manual_seed(2)
    return family_state(VGG16(VGG16Options(**{"plan": "8 M 4 4- 8 M", **options})))


def check_same(imported: Imported, source: VGG16 | ResNet20, crops: Tensor) -> None:
    """Every code of every weight, and the exact scores, which the codes of all inputs decide."""
    layers, expected = imported.network.quantised_layers(), source.quantised_layers()
    assert list(layers) == list(expected)
    for name, layer in layers.items():
        assert torch.equal(layer.weight_codes(), expected[name].weight_codes()), name
        assert layer.act_quant.levels == expected[name].act_quant.levels
    with torch.no_grad():
        scores = source(normalise(crops))
        assert torch.equal(imported.network(normalise(crops)), scores) and scores.std() > 0


@pytest.mark.parametrize("plan", PLANS)
def test_a_variant_is_recognised_and_computes_the_same(plan: str, crops: Tensor) -> None:
    torch.manual_seed(5)
    source = seen(VGG16(VGG16Options(plan=plan)), crops)
    imported = import_state(family_state(source), HERE)
    assert imported.network.options == source.options
    check_same(imported, source, crops)
    assert [row.layer for row in imported.layers] == [*source.quantised_layers(), "classifier"]
    words = [word for word in plan.split() if word != "M"]
    for word, row in zip(words, imported.layers, strict=False):
        assert f"{row.shape[0]}{'' if row.batch_norm else '-'}" == word
        assert (row.weight_bits, row.act_bits, row.alpha_w, row.alpha_a) == (4, 4, 3.0, 8.0) and row.status == "equal"
    assert imported.layers[-1].status == "float" and imported.layers[-1].weight_bits is None


@st.composite
def networks(draw: st.DrawFn) -> VGG16Options:
    """Draw a plan of at most one max-pooling between two convolutions, any number behind the last, and widths."""
    words = st.tuples(st.integers(2, 6), st.booleans(), st.booleans())
    steps, plan = draw(st.lists(words, min_size=1, max_size=6)), []
    number, layer_bits = 0, {}
    for place, (channels, batch_norm, pool) in enumerate(steps):
        pools = pool and plan.count("M") < 5 and place + 1 < len(steps)
        plan += [f"{channels}{'' if batch_norm else '-'}"] + ["M"] * pools
        layer_bits[f"features.{number}"] = (draw(st.integers(2, 8)), draw(st.integers(1, 8)))
        number += 2 + batch_norm + pools
    plan += ["M"] * draw(st.integers(0, 5 - plan.count("M")))
    # at 3.0 a layer of few 2-bit weights may have zeros only, which tell no width
    return VGG16Options(plan=" ".join(plan), layer_bits=layer_bits, alpha_w=1.0)


@settings(max_examples=40, deadline=None)
@given(options=networks(), seed=st.integers(0, 1000))
def test_plans_and_widths_are_read_off_any_state_dict(options: VGG16Options, seed: int) -> None:
    torch.manual_seed(seed)
    source = VGG16(options).eval()
    act_bits = {name: act for name, (_, act) in options.layer_bits.items()}
    imported = import_state(family_state(source), HERE, Widths(layer_act_bits=act_bits))
    assert imported.network.options.plan == options.plan
    assert [(row.weight_bits, row.act_bits) for row in imported.layers[:-1]] == list(options.layer_bits.values())
    assert {row.status for row in imported.layers[:-1]} == {"equal"}
    for name, layer in imported.network.quantised_layers().items():
        assert torch.equal(layer.weight_codes(), source.quantised_layers()[name].weight_codes())


@pytest.mark.parametrize("channels", [(8, 8, 16, 48), (16, 16, 32, 64), (4, 6, 5, 7)])
def test_a_resnet20_of_any_widths_computes_the_same(
    channels: tuple[int, int, int, int], crops: Tensor, tmp_path: Path
) -> None:
    torch.manual_seed(7)
    source = seen(ResNet20(ResNet20Options(channels=channels, act_bits=3)), crops)
    state = {f"module.{key}": value for key, value in family_state(source).items()}
    torch.save({"epoch": 3, "state_dict": state, "best_prec": 87.5, "optimizer": {}}, tmp_path / "model_best.pth.tar")
    imported = import_checkpoint(tmp_path / "model_best.pth.tar", Widths(act_bits=3))
    assert imported.network.options == source.options
    check_same(imported, source, crops)
    rows = {row.layer: row for row in imported.layers}
    assert rows["conv1"].status == rows["fc"].status == "float"
    assert all(row.batch_norm for name, row in rows.items() if name != "fc")
    assert ("layer1.0.downsample.0" in rows) == (channels[0] != channels[1])
    assert rows["layer3.0.downsample.0"].shape == (channels[3], channels[2], 1, 1)
    save_packed(imported.network, tmp_path / "packed.safetensors")
    packed = load_packed(tmp_path / "packed.safetensors")
    assert packed.options == source.options
    check_same(Imported(packed, []), source, crops)


def test_a_layers_integers_can_be_captured(crops: Tensor) -> None:
    torch.manual_seed(7)
    model = seen(ResNet20(ResNet20Options(channels=(8, 8, 16, 48))), crops)
    for name in ("layer1.0.conv1", "layer2.0.conv1", "layer2.0.downsample.0", "layer3.2.conv2"):
        integers = capture(model, name, crops, checkpoint_sha256="", image_source="")
        assert integers.mismatches == 0 and integers.accumulators.any()
        assert integers.activation_codes.max() <= 15


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_weight_q_tells_the_width(bits: int) -> None:
    state = small_vgg(weight_bits=bits)
    assert {row.weight_bits for row in import_state(state, HERE).layers[:-1]} == {bits}
    with pytest.raises(CheckpointError, match=rf"features\.0: weight_q has {bits} bits where 4 are stated"):
        import_state(state, HERE, Widths(weight_bits=4))


def statuses(state: State, widths: Widths | None = None) -> list[tuple[int | None, str]]:
    return [(row.weight_bits, row.status) for row in import_state(state, HERE, widths).layers]


def test_without_weight_q_the_width_is_assumed_or_stated() -> None:
    state = small_vgg(weight_bits=3)
    del state["features.0.weight_q"]
    state["features.4.weight_q"].zero_()
    expected = [(4, "no weight_q: width assumed"), (4, "weight_q zero: width assumed"), (3, "equal"), (3, "equal")]
    assert statuses(state)[:-1] == expected
    assert [bits for bits, _ in statuses(state, Widths(weight_bits=3))[:-1]] == [3, 3, 3, 3]


def test_a_stale_weight_q_is_recomputed_and_what_differs_is_said() -> None:
    state = small_vgg()
    weight, alpha = state["features.4.weight"], state["features.4.weight_quant.wgt_alpha"]
    z = normalised_weight(weight, alpha)[0].flatten()
    number = int(z.abs().argmin())
    state["features.4.weight_q"].view(-1)[number] = 2 * alpha / 7
    assert import_state(state, HERE).layers[1].differing == 1
    assert statuses(state)[1] == (4, f"1 of {weight.numel()} integers differ, by 2 at most")
    network = import_state(state, HERE).network
    assert int(network.quantised_layers()["features.4"].weight_codes().view(-1)[number]) == 0
    # saved after a step that moved the clipping value: the largest code shows the one before
    stale = small_vgg(alpha_w=1.0)
    stale["features.4.weight_quant.wgt_alpha"].fill_(1.001)
    bits, status = statuses(stale)[1]
    assert bits == 4 and status.startswith("weight_q is of wgt_alpha 1, not 1.001; ")


def test_the_image_quantiser_is_recognised(crops: Tensor) -> None:
    torch.manual_seed(3)
    source = seen(VGG16(VGG16Options(plan="8 M 8", image_bits=8)), crops)
    imported = import_state(family_state(source), HERE)
    assert imported.network.options.image_bits == 8 and imported.layers[0].act_bits == 8
    check_same(imported, source, crops)


def foreign_weights(state: State) -> None:
    state["features.4.weight_q"].copy_(torch.tensor([0.0, 0.25, 0.3, 0.7, 1.0, -0.1]).repeat(48).view(4, 8, 3, 3))


def frozen(state: State) -> None:
    state["features.4.weight"].copy_(state["features.4.weight_q"])


def sixteen_bits(state: State) -> None:
    alpha = state["features.4.weight_quant.wgt_alpha"]
    z = normalised_weight(state["features.4.weight"], alpha)[0].clamp(-1, 1)
    state["features.4.weight_q"] = torch.round(z * 32767) / 32767 * alpha


def renamed(old: str, new: str) -> Callable[[State], None]:
    return lambda state: [state.update({key.replace(old, new): state.pop(key)}) for key in list(state) if old in key]


def without(*parts: str) -> Callable[[State], None]:
    return lambda state: [state.pop(key) for key in list(state) if any(part in key for part in parts)]


def changed(key: str, value: Tensor) -> Callable[[State], None]:
    return lambda state: state.update({key: value})


def halved(state: State) -> None:
    state.update({key: value.half() if value.is_floating_point() else value for key, value in state.items()})


REFUSALS: list[tuple[Callable[[State], Any], str]] = [
    (renamed("features", "body"), r"of no known network: VGG16 has features\.N\.weight, .* \['body"),
    (without("act_alpha"), r"missing \['features.0.act_alpha', .*'features.9.act_alpha'\]$"),
    (renamed("4.act_alpha", "4.act_alfa"), r"unknown .*'features.4.act_alfa' may be meant for 'features.4.act_alpha'"),
    (without("0.act_alpha", "0.weight_quant"), r"convolutions without quantisers .*\['features.0'\]"),
    (without("alpha", "weight_q"), r"convolutions without quantisers .*'features.9'\]"),
    (without("features.4.weight", "features.5"), r"missing 'features\.4\.weight'"),
    (without("features.0.", "features.1."), r"no convolution features\.0; the first is 4"),
    (without("features.7.", "features.4.", "features.5."), r"8 modules stand between features\.0 and features\.9"),
    (renamed("features.9.", "features.8."), r"0 modules stand between features\.7 and features\.8"),
    (renamed("classifier", "fc"), r"missing \['classifier.bias', 'classifier.weight'\], unknown \['fc.bias', 'fc.w"),
    (changed("classifier.weight", torch.zeros(10, 40)), r"classifier 40 features"),
    (changed("classifier.weight", torch.zeros(9, 512)), r"classifier\.weight \(9, 512\) for \(10, 512\)"),
    (changed("features.4.weight", torch.ones(4, 8, 3)), r"features\.4\.act_alpha|features\.4\.weight \(4, 8, 3\)"),
    (changed("features.4.weight", torch.ones(4, 8, 5, 5)), r"\(4, 8, 5, 5\) for \(4, 8, 3, 3\)"),
    (changed("features.4.weight", torch.full((4, 8, 3, 3), 0.1)), r"all weights are equal in \['features\.4'\]"),
    (changed("features.4.weight", torch.ones(4, 8, 3, 3)), r"all weights are equal in \['features\.4'\]"),
    (changed("features.4.act_alpha", torch.tensor(torch.nan)), r"not finite: \['features\.4\.act_alpha'\]"),
    (changed("features.4.act_alpha", torch.tensor(-1.0)), r"not positive: \['features\.4\.act_alpha'\]"),
    (changed("features.4.act_alpha", torch.tensor(1e-320).double()), r"not positive: \['features\.4\.act_alpha'\]"),
    (
        changed("features.1.running_var", torch.full((8,), -1.0)),
        r"variances .*negative: \['features\.1\.running_var'\]",
    ),
    (changed("features.4.weight", torch.ones(4, 8, 3, 3).to_sparse()), r"features\.4\.weight is a sparse_coo torch\.f"),
    (changed("features.4.weight", torch.ones(4, 8, 3, 3) * 1j), r"features\.4\.weight is a strided torch\.complex64"),
    (changed("features.4.weight", torch.ones(4, 8, 3, 3, device="meta")), r"features\.4\.weight is a meta tensor"),
    (changed("module.features.4.weight", torch.ones(4, 8, 3, 3)), r"holds features\.4\.weight twice, with and without"),
    (halved, r"features\.\d+: weight_q is torch\.float16, too coarse"),
    (changed("features.4.act_alpha", torch.ones(2)), r"features\.4\.act_alpha \(2,\) for \(\)"),
    (foreign_weights, r"features\.4: weight_q is no multiple k / n of wgt_alpha \(3\) .* another quantiser"),
    (frozen, r"features\.4: weight is weight_q: the float weights are gone, .* use the packed checkpoint itself"),
    (sixteen_bits, r"features\.4: weight_q has 16 bits; at most 8 are covered"),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_what_does_not_fit_vgg16_is_named(change: Callable[[State], Any], message: str) -> None:
    state = small_vgg(plan="8 M 4 4- 8 M")
    change(state)
    with pytest.raises(CheckpointError, match=message):
        import_state(state_of(state, HERE), HERE)


RESNET_REFUSALS: list[tuple[Callable[[State], Any], str]] = [
    (without("layer3"), r"missing 'layer3\.0\.conv1\.weight'"),
    (
        renamed("downsample", "shortcut"),
        r"'layer2.0.shortcut.0.weight_quant.wgt_alpha' may be meant for 'layer2.0.downs",
    ),
    (
        without("downsample"),
        r"does not fit ResNet20: missing \['layer2\.0\.downsample\.0\.act_alpha', .* and \d+ more$",
    ),
    (renamed("fc.", "linear."), r"missing \['fc.bias', 'fc.weight'\], unknown \['linear.bias', 'linear.weight'\]"),
    (renamed("layer3.2.", "layer3.4."), r"unknown \['layer3\.4\."),
    (changed("layer2.1.conv1.weight", torch.zeros(5, 6, 3, 3)), r"layer2\.1\.conv1\.weight \(5, 6, 3, 3\) for \(6, 6"),
    (changed("conv1.act_alpha", torch.tensor(8.0)), r"unknown \['conv1\.act_alpha'\]"),
]


@pytest.mark.parametrize(("change", "message"), RESNET_REFUSALS)
def test_what_does_not_fit_resnet20_is_named(change: Callable[[State], Any], message: str) -> None:
    state = family_state(ResNet20(ResNet20Options(channels=(4, 4, 6, 8))))
    change(state)
    with pytest.raises(CheckpointError, match=message):
        import_state(state_of(state, HERE), HERE)


def test_activation_widths_are_stated_by_layer() -> None:
    rows = import_state(small_vgg(), HERE, Widths(act_bits=2, layer_act_bits={"features.7": 5})).layers
    assert [row.act_bits for row in rows] == [2, 2, 5, 2, None]
    with pytest.raises(CheckpointError, match=r"no quantised convolution \['features\.6'\]; it has \['features\.0'"):
        import_state(small_vgg(), HERE, Widths(layer_act_bits={"features.6": 5}))


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_the_table_and_writes_the_packed_file(tmp_path: Path, data_root: Path) -> None:
    torch.manual_seed(4)
    source = ResNet20(ResNet20Options(channels=(8, 8, 16, 48), layer_bits={"layer1.0.conv1": (2, 2)}))
    torch.save(source.state_dict(), tmp_path / "net.pth")
    out = tmp_path / "net.safetensors"
    arguments = ["import", tmp_path / "net.pth", "--out", out, "--layer-act-bits", "layer1.0.conv1=2"]
    text = run(*arguments)
    assert text.exit_code == 0 and "channels: (8, 8, 16, 48)" in text.output, text.output
    table = [line.split() for line in text.output.splitlines() if line.startswith(" layer1.0.conv1")]
    assert table == [["layer1.0.conv1", "8x8x3x3", "2", "2", "yes", "3", "8", "equal"]]
    values = json.loads(run(*arguments, "--json").stdout)
    assert (values["network"], values["channels"], values["out"]) == ("ResNet20", [8, 8, 16, 48], str(out))
    rows = {row["layer"]: row for row in values["layers"]}
    assert len(rows) == 22 and rows["layer1.0.conv1"]["weight_bits"] == 2 and rows["layer1.0.conv2"]["act_bits"] == 4
    assert load_network(out).options == source.options
    measured = json.loads(run("evaluate", "--checkpoint", out, "--data", data_root, "--json").stdout)
    expected = evaluate(source, load_cifar10(data_root, "test"))
    assert (measured["correct"], measured["total"]) == (expected.correct, 24)
    assert run("evaluate", "--checkpoint", tmp_path / "net.pth", "--data", data_root, "--count", 3).exit_code == 0


def test_the_command_refuses_other_names_and_widths(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_text("never read")
    for arguments, message in [
        (["--out", tmp_path / "net.pth"], "must end in .safetensors"),
        (["--out", tmp_path / "net.safetensors", "--layer-act-bits", "layer1.0.conv1"], "no layer=bits"),
        (["--out", tmp_path / "net.safetensors", "--act-bits", "9"], "equal to 8"),
    ]:
        result = run("import", tmp_path / "net.pth", *arguments)
        assert result.exit_code == 2 and message in result.output
