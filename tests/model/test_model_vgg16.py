"""The network against the notebook: numbering, keys, shapes, the first convolution."""

import torch
from torch import Tensor, nn

from tilewright_model.capture import run_and_hook
from tilewright_model.image import normalise
from tilewright_model.layers import QuantConv2d
from tilewright_model.vgg16 import VGG16, VGG16Options

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
