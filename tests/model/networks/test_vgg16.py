"""The network against the notebook: numbering, keys, shapes, the first convolution."""

import json
from dataclasses import asdict

import pytest
import torch
from torch import Tensor, nn

from tilewright_model.data.pixels import normalise
from tilewright_model.integers.capture import run_and_hook
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.networks.vgg16 import VGG16, FloatVGG16
from tilewright_model.networks.vgg16_plan import VGG16Options

CONVOLUTIONS = {
    0: (3, 64), 3: (64, 64), 7: (64, 128), 10: (128, 128), 14: (128, 256), 17: (256, 256), 20: (256, 256),
    24: (256, 16),
    27: (16, 16), 29: (16, 512), 33: (512, 512), 36: (512, 512), 39: (512, 512),
}  # fmt: skip
BATCH_NORMS = {1: 64, 4: 64, 8: 128, 11: 128, 15: 256, 18: 256, 21: 256, 25: 16, 30: 512, 34: 512, 37: 512, 40: 512}
POOLS = {6, 13, 23, 32, 42}
RELUS = {2, 5, 9, 12, 16, 19, 22, 26, 28, 31, 35, 38, 41}


def test_the_modules_have_the_notebooks_numbers() -> None:
    features = VGG16().features
    for number, module in enumerate(features):
        if isinstance(module, QuantConv2d):
            assert (module.in_channels, module.out_channels) == CONVOLUTIONS.pop(number, None)
            assert (module.kernel_size, module.stride, module.padding, module.bias) == ((3, 3), (1, 1), (1, 1), None)
        elif isinstance(module, nn.BatchNorm2d):
            assert module.num_features == BATCH_NORMS[number]
        else:
            kinds = {nn.MaxPool2d: POOLS, nn.ReLU: RELUS, nn.AvgPool2d: {43}}
            assert number in kinds[type(module)]
    assert len(features) == 44 and not CONVOLUTIONS


def test_the_state_dict_has_the_notebooks_keys_and_starting_values() -> None:
    state = VGG16().state_dict()
    expected = {"classifier.weight": (10, 512), "classifier.bias": (10,)}
    for number, layer in VGG16().quantised_layers().items():
        expected |= {f"{number}.weight": layer.weight.shape, f"{number}.weight_q": layer.weight.shape}
        expected |= {f"{number}.act_alpha": (), f"{number}.weight_quant.wgt_alpha": ()}
    for number, width in BATCH_NORMS.items():
        names = ("weight", "bias", "running_mean", "running_var")
        expected |= {f"features.{number}.{name}": (width,) for name in names}
        expected[f"features.{number}.num_batches_tracked"] = ()
    assert {key: tuple(value.shape) for key, value in state.items()} == {k: tuple(v) for k, v in expected.items()}
    assert {float(v) for k, v in state.items() if k.endswith("wgt_alpha")} == {3.0}
    assert {float(v) for k, v in state.items() if k.endswith("act_alpha")} == {8.0}


def test_weight_q_is_recomputed_when_saved_and_when_loaded() -> None:
    torch.manual_seed(5)
    layer = QuantConv2d(3, 4)
    state = layer.state_dict()
    assert torch.equal(state["weight_q"], layer.weight_quant(layer.weight).detach())
    other = QuantConv2d(3, 4)
    other.load_state_dict(state | {"weight_q": torch.full_like(layer.weight, 9.0)})
    assert torch.equal(other.weight_q, state["weight_q"])


def test_the_notebooks_first_convolution_has_no_lower_clamp(notebook_network: VGG16, crops: Tensor) -> None:
    layer = notebook_network.quantised_layers()["features.0"]
    x, _ = run_and_hook(notebook_network, layer, crops)
    codes = layer.input_codes(x)
    assert int(codes.min()) < 0
    assert torch.equal(codes, torch.round(x / 8.0 * 15).long())


def test_layers_behind_a_relu_get_unsigned_codes(network: VGG16, crops: Tensor) -> None:
    x = normalise(crops)
    for number, module in enumerate(network.features):
        if isinstance(module, QuantConv2d):
            codes = module.input_codes(x)
            low, high = (-127, 127) if number == 0 else (0, 15)
            assert low <= int(codes.min()) and int(codes.max()) <= high
            assert len(codes.unique()) > 3, f"{number} tests nothing with codes {codes.unique().tolist()}"
        with torch.no_grad():
            x = module(x)


def test_bit_widths_are_parameters() -> None:
    model = VGG16(VGG16Options(weight_bits=4, act_bits=2))
    layer = model.quantised_layers()["features.27"]
    assert (layer.act_quant.levels, layer.weight_quant.levels) == (3, 7)
    assert set(layer.input_codes(torch.linspace(0, 9, 200)).tolist()) == {0, 1, 2, 3}
    assert int(VGG16(VGG16Options(weight_bits=2)).quantised_layers()["features.3"].weight_codes().abs().max()) == 1


def test_layers_may_have_widths_of_their_own() -> None:
    model = VGG16(VGG16Options(layer_bits={"features.27": (2, 3)}))
    levels = {name: (v.weight_quant.levels, v.act_quant.levels) for name, v in model.quantised_layers().items()}
    assert levels.pop("features.27") == (1, 7) and set(levels.values()) == {(7, 15)}
    assert VGG16Options(**json.loads(json.dumps(asdict(model.options)))) == model.options
    with pytest.raises(ValueError, match=r"layer_bits names \['features.28'\]"):
        VGG16(VGG16Options(layer_bits={"features.28": (2, 3)}))


def test_a_plan_gives_other_squeezed_layers() -> None:
    model = VGG16(VGG16Options(plan="64 M 8 8- 128 M M M"))
    shapes = {name: tuple(layer.weight.shape[:2]) for name, layer in model.quantised_layers().items()}
    assert shapes == {"features.0": (64, 3), "features.4": (8, 64), "features.7": (8, 8), "features.9": (128, 8)}
    assert model.classifier.in_features == 512
    for plan, problem in [
        ("64 8x", "'8x' in the plan"),
        ("M 64", "begin with a convolution"),
        ("", "begin with a conv"),
        ("64 M M M M M M", "pools 32x32 images away"),
    ]:
        with pytest.raises(ValueError, match=problem):
            VGG16(VGG16Options(plan=plan))


def test_the_float_network_has_the_same_keys_but_those_of_quantisers() -> None:
    quantised = {key: value.shape for key, value in VGG16().state_dict().items()}
    expected = {k: v for k, v in quantised.items() if not k.endswith(("_alpha", "weight_q"))}
    assert {key: value.shape for key, value in FloatVGG16().state_dict().items()} == expected
