"""Brevitas models as network files: every integer against three other computations, and clear errors for the rest."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas_models import (
    COMPARED,
    IMAGE,
    MODELS,
    NORMALISE,
    Halves,
    ResidualBlocks,
    SharedQuantiser,
    make,
    modules,
    random_pixels,
    trained,
)
from documentation import run_snippet, snippet_of
from torch import nn

from tilewright.driver import Driver
from tilewright.errors import NetworkError
from tilewright.network import load_network
from tilewright.runs.compare_network import NetworkComparison
from tilewright.runs.runner import NetworkRunner
from tilewright_model.errors import ModelError
from tilewright_model.foreign.assemble import ImportedNetwork, normalisation
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import Reference, reference
from tilewright_model.layers.exact import ExactConv2d
from tilewright_model.network_file.write import save_network

PIXELS = random_pixels(6)


def from_brevitas(model: nn.Module, normalise: Any = NORMALISE, size: tuple[int, int, int] = IMAGE) -> ImportedNetwork:
    from tilewright_model.foreign.brevitas import from_brevitas as convert

    return convert(model, size, normalise)


def compare(model: nn.Module, network: ImportedNetwork, pixels: torch.Tensor) -> Any:
    from tilewright_model.foreign.brevitas_compare import compare_brevitas

    return compare_brevitas(model, network, pixels)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[nn.Module, ImportedNetwork, Path]]:
    """`exported(name)`: a model, its reference and its network file."""
    made: dict[str, tuple[nn.Module, ImportedNetwork, Path]] = {}

    def exported(name: str) -> tuple[nn.Module, ImportedNetwork, Path]:
        if name not in made:
            model = make(name)
            network, path = from_brevitas(model), tmp_path_factory.mktemp("brevitas") / f"{name}.safetensors"
            save_network(network, path, IMAGE, name)
            made[name] = model, network, path
        return made[name]

    return exported


def run_on_device(driver: Driver, path: Path, pixels: torch.Tensor, expected: Reference) -> NetworkComparison:
    """Images through the RTL; every layer's map is compared, and the scores to the last bit."""
    network = load_network(path)
    runner = NetworkRunner(driver, network, 1, [layer.name for layer in network.layers])
    arrays = {f"{name}.codes": codes.numpy() for name, codes in expected.codes.items()}
    arrays |= {f"{expected.last}.accumulators": expected.accumulators.numpy()}
    arrays |= {"scores": expected.scores.numpy(), "predictions": expected.predictions.numpy()}
    comparison = NetworkComparison()
    for result in runner.run(pixels.numpy()):
        part = {key: values[result.first : result.first + result.images] for key, values in arrays.items()}
        comparison.add(result.compiled, result.first, part, result.maps, result.predictions)
        np.testing.assert_array_equal(result.scores, part["scores"])
    return comparison


@pytest.mark.parametrize("name", MODELS)
def test_the_file_computes_the_reference(exported: Any, name: str) -> None:
    _, network, path = exported(name)
    expected, got = reference(network, PIXELS), IntegerNetwork(path, torch.device("cpu")).run(PIXELS)
    assert expected.codes.keys() == got.codes.keys()
    for layer, codes in expected.codes.items():
        torch.testing.assert_close(got.codes[layer], codes, rtol=0, atol=0)
        assert len(codes.unique()) > 0.8 * int(codes.max()) > 1, "the test's codes must spread"
    torch.testing.assert_close(got.accumulators, expected.accumulators, rtol=0, atol=0)
    torch.testing.assert_close(got.predictions, expected.predictions, rtol=0, atol=0)


@pytest.mark.simulation
@pytest.mark.parametrize("name", MODELS)
def test_the_hardware_computes_the_reference(open_device: Callable[..., Any], exported: Any, name: str) -> None:
    _, network, path = exported(name)
    comparison = run_on_device(Driver(open_device(array=8)), path, PIXELS[:1], reference(network, PIXELS[:1]))
    assert comparison.equal, str(comparison)
    assert comparison.compared > 0


@pytest.mark.parametrize("name", MODELS)
def test_brevitas_own_codes(exported: Any, name: str) -> None:
    """Float32 may miss a code where an accumulator lies on a threshold; such codes are counted."""
    model, network, _ = exported(name)
    result = compare(model, network, PIXELS)
    assert result.compared == COMPARED[name] * len(PIXELS)
    assert result.differing <= result.compared / 100
    assert result.max_distance < 1e-4, "a code differs where float32's rounding does not explain it"
    # averages and their learned scale have a common measure, so halves are frequent there
    assert {layer for layer, count in result.by_layer.items() if count} <= {"features.2"}
    assert result.report()["differing"] == result.differing


def test_wrong_codes_are_counted(exported: Any) -> None:
    model, network, _ = exported("per_tensor")
    other = copy.deepcopy(model)
    with torch.no_grad():
        other[1].weight.neg_()
    result = compare(other, network, PIXELS)
    assert result.by_layer["image"] == 0
    assert result.by_layer["features.1"] > 1000
    assert result.max_distance > 1


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_another_type_of_floats_is_refused(exported: Any, dtype: torch.dtype) -> None:
    model, network, _ = exported("per_tensor")
    with pytest.raises(NetworkError, match=rf"tensors of {dtype}: compare it in float32"):
        compare(copy.deepcopy(model).to(dtype), network, PIXELS)
    other = copy.deepcopy(model)
    other[2].running_mean = other[2].running_mean.to(dtype)
    with pytest.raises(NetworkError, match=rf"tensors of {dtype}: compare it in float32"):
        compare(other, network, PIXELS)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"quantised_biases"}))
def test_brevitas_in_float64(exported: Any, name: str) -> None:
    """End to end, all of Brevitas in float64: a code more or less is a thousand times the tolerance."""
    model, network, _ = exported(name)
    expected, first = reference(network, PIXELS), network.features[0]
    images = expected.image_codes.double() * (first.alpha / first.levels)
    with torch.no_grad():
        scores = copy.deepcopy(model).double()(images)
    torch.testing.assert_close(scores, expected.scores, rtol=0, atol=1e-5)


def test_the_model_is_left_as_it_was() -> None:
    model = make("per_channel")
    model.train()
    model[2].eval()
    modes = [module.training for module in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    from_brevitas(model)
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_example_from_training_to_the_hardware(
    open_device: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/examples/brevitas_cnn.py with few steps."""
    spec = importlib.util.spec_from_file_location(
        "brevitas_cnn", Path(__file__).parents[3] / "docs/examples/brevitas_cnn.py"
    )
    assert spec and spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.main(out=tmp_path, steps=4)
    facts = json.loads(capsys.readouterr().out)
    assert facts["images"] == 64
    assert facts["compared"] == 64 * (3 * 32 * 32 + 8 * 32 * 32 + 12 * 16 * 16 + 16 * 4 * 4)
    assert facts["differing"] <= facts["compared"] / 10_000 and facts["max_distance"] < 1e-3
    from tilewright_model.network_file.read import load_network_file

    path = tmp_path / "network.safetensors"
    pixels = torch.from_numpy(np.load(tmp_path / "images.npz")["pixels"][:1])
    comparison = run_on_device(Driver(open_device(array=8)), path, pixels, reference(load_network_file(path), pixels))
    assert comparison.equal, str(comparison)
    assert comparison.compared == 8 * 16 * 16 + 12 * 8 * 8 + 16 * 4 * 4 + 16 * 2 * 2


def test_snippet_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, pixels = tmp_path / "network.safetensors", torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    run_snippet(snippet_of("docs/brevitas.md"), model=make("quantised_biases"), path=path, pixels=pixels)
    assert load_network(path).name == "my network"
    assert "'images': 1" in capsys.readouterr().out


def test_snippet_of_the_tutorial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the 8x8 array, compared with numpy."""
    monkeypatch.chdir(tmp_path)
    np.savez("images.npz", pixels=np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8))
    snippet = snippet_of("docs/tutorial.md").replace('board="pynq_z2"', "array=8")
    names = run_snippet(
        snippet.replace("check=True", 'check="numpy"'), train=lambda model: model(torch.randn(8, 3, 32, 32))
    )
    assert names["run"].equal is True and names["run"].comparison.nonzero > 0
    assert load_network("network.safetensors").name == "mine" and "equal" in capsys.readouterr().out


def test_eight_bits_are_taken_though_the_hardware_has_four() -> None:
    q = modules()
    wide = q.QuantConv2d(4, 4, 1, bias=False, weight_bit_width=8, weight_narrow_range=True)
    model = row(q.QuantReLU(bit_width=8), wide)
    network = from_brevitas(model.eval(), size=(3, 8, 8))
    first, second = (module for module in network.features if isinstance(module, ExactConv2d))
    assert (first.weight_levels, second.weight_levels, second.levels) == (7, 127, 255)
    assert int(second.weights.abs().max()) == 127


def row(*features: nn.Module, classifier: nn.Module | None = None) -> nn.Module:
    """A model with the modules between a common beginning and end."""
    q = modules()
    begin = q.QuantIdentity(), q.QuantConv2d(3, 4, 3, bias=False, weight_bit_width=4)
    return nn.Sequential(*begin, *features, nn.Flatten(), classifier or nn.LazyLinear(4))


def bad(name: str) -> nn.Module:
    """A model that must be refused."""
    q, relu = modules(), lambda: modules().QuantReLU(bit_width=4)

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            model = row(relu(), q.QuantConv2d(4, 4, 1, bias=False, weight_bit_width=4), relu())
            self.features, self.classifier = model[:-2], model[-2:]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.features[:3](x)
            return self.classifier(self.features[3:](x) * x)

    class Functional(Halves):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.classifier(torch.tanh(self.features(x)).flatten(1))

    class Unordered(Halves):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.features[3](self.features[2](self.features[:2](x)))
            self.features[2](x)
            return self.classifier(x.flatten(1))

    def conv(*arguments: Any, **options: Any) -> nn.Module:
        return row(relu(), q.QuantConv2d(4, 4, *arguments, **{"bias": False, "weight_bit_width": 4, **options}))

    models: dict[str, Callable[[], nn.Module]] = {
        "wide range": lambda: conv(1, weight_narrow_range=False),
        "unsigned weights": lambda: conv(1, weight_signed=False, weight_narrow_range=False),
        "weight bits": lambda: conv(1, weight_bit_width=9),
        "float weights": lambda: conv(1, weight_quant=None),
        "padding mode": lambda: conv(3, padding=1, padding_mode="circular"),
        "padding name": lambda: conv(3, padding="same"),
        "activation bits": lambda: row(q.QuantReLU(bit_width=9)),
        "zero point": lambda: row(
            nn.BatchNorm2d(4), q.QuantIdentity(act_quant=q.ShiftedUint8ActPerTensorFloat, bit_width=4)
        ),
        "floor": lambda: row(q.QuantReLU(bit_width=4, float_to_int_impl_type="FLOOR")),
        "signed": lambda: row(q.QuantIdentity(bit_width=4)),
        "scale a channel": lambda: row(
            q.QuantReLU(
                bit_width=4,
                scaling_per_output_channel=True,
                per_channel_broadcastable_shape=(1, 4, 1, 1),
                scaling_stats_permute_dims=(1, 0, 2, 3),
            )
        ),
        "no quantiser": lambda: row(nn.ReLU(), q.QuantConv2d(4, 4, 1, bias=False, weight_bit_width=4)),
        "two quantisers": lambda: row(relu(), q.QuantIdentity(act_quant=q.Uint8ActPerTensorFloat, bit_width=4)),
        "float convolution": lambda: row(relu(), nn.Conv2d(4, 4, 1)),
        "truncated average": lambda: row(q.QuantReLU(bit_width=4, return_quant_tensor=True), q.TruncAvgPool2d(2)),
        "activation": lambda: row(q.QuantSigmoid(bit_width=4)),
        "pool of three": lambda: row(relu(), nn.MaxPool2d(3)),
        "pool without ReLU": lambda: row(nn.MaxPool2d(2)),
        "two batch-norms": lambda: row(nn.BatchNorm2d(4), nn.BatchNorm2d(4), relu()),
        "statistics of the batch": lambda: row(nn.BatchNorm2d(4, track_running_stats=False), relu()),
        "unsigned image": lambda: nn.Sequential(q.QuantIdentity(act_quant=q.Uint8ActPerTensorFloat), *row(relu())[1:]),
        "quantised scores": lambda: row(relu(), classifier=nn.Sequential(nn.LazyLinear(4), relu())),
        "no classifier": lambda: row(relu())[:-2],
        "nothing quantised": lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(4)),
        "no row": lambda: nn.Bilinear(1, 1, 1),
        "residual": Residual,
        "function": lambda: Functional(row()[:-2], nn.LazyLinear(4)),
        "order": lambda: Unordered(row(nn.ReLU(), nn.ReLU())[:-2], nn.LazyLinear(4)),
    }
    return models[name]()


REFUSED = {
    "unsigned weights": r"3 \(QuantConv2d\) has a weight of 1[0-5], .*signed weights",
    "wide range": r"3 \(QuantConv2d\) has a weight of -8.*narrow_range=True",
    "weight bits": r"3 \(QuantConv2d\) has weights of 9 bits.*smaller weight_bit_width",
    "float weights": r"3 \(QuantConv2d\) has weights that are not quantised",
    "padding mode": r"3 \(QuantConv2d\) has a padding other than zeros",
    "padding name": r"3 \(QuantConv2d\) has padding 'same'",
    "activation bits": r"2 \(QuantReLU\) makes codes of up to 511.*smaller bit_width",
    "zero point": r"3 \(QuantIdentity\) has a scale a channel or a zero point",
    "floor": r"2 \(QuantReLU\) does not round",
    "signed": r"2 \(QuantIdentity\) makes signed codes of -8\.\.7.*ReLU",
    "scale a channel": r"2 \(QuantReLU\) has a scale a channel",
    "no quantiser": r"3 \(QuantConv2d\) has no quantiser at its input, after 1",
    "two quantisers": r"3 \(QuantIdentity\) may not stand where it does, after 1",
    "float convolution": r"3 \(Conv2d\) is not quantised: use qnn.QuantConv2d",
    "truncated average": r"3 \(TruncAvgPool2d\) cuts its averages",
    "activation": r"2 \(QuantSigmoid\) is none of the modules.*import-qonnx",
    "pool of three": r"3 \(MaxPool2d\) is not MaxPool2d\(2, 2\)",
    "pool without ReLU": r"1 \(QuantConv2d\) is followed by max-pooling, but by no ReLU",
    "two batch-norms": r"3 \(BatchNorm2d\) may not stand where it does",
    "statistics of the batch": r"2 \(BatchNorm2d\) takes mean and variance from the batch",
    "unsigned image": r"0 \(QuantIdentity\) makes image codes of 0\.\.255.*signed",
    "quantised scores": r"4\.1 \(QuantReLU\) comes after a linear layer",
    "no classifier": "no linear layer",
    "nothing quantised": "no quantised convolution",
    "no row": "Bilinear is neither nn.Sequential nor has.*import-qonnx",
    "residual": r"something before classifier\.5.*import-qonnx` reads that; as a graph: mul \(mul\) is none of",
    "function": "computes something before classifier.*export_qonnx.*import-qonnx",
    "order": "(forward makes 6 calls of the 5 modules|does not call).*import-qonnx",
}


@pytest.mark.parametrize("make_graph", [ResidualBlocks, SharedQuantiser])
def test_a_graph_is_the_same_everywhere_and_near_brevitas_own(
    make_graph: type[nn.Module], open_device: Callable[..., Any], tmp_path: Path
) -> None:
    torch.manual_seed(3)
    model, path = trained(make_graph()), tmp_path / "graph.safetensors"
    network = from_brevitas(model)
    save_network(network, path, IMAGE, "graph")
    expected, got = reference(network, PIXELS), IntegerNetwork(path, torch.device("cpu")).run(PIXELS)
    for layer, codes in expected.codes.items():
        torch.testing.assert_close(got.codes[layer], codes, rtol=0, atol=0)
    torch.testing.assert_close(got.scores, expected.scores, rtol=0, atol=0)
    scores = model(NORMALISE(PIXELS)).detach()
    assert float((scores - expected.scores).abs().max()) < 0.1 * float(expected.scores.std())
    comparison = run_on_device(Driver(open_device(array=8)), path, PIXELS[:1], reference(network, PIXELS[:1]))
    assert comparison.equal and comparison.compared > 0, str(comparison)


def test_a_signed_quantiser_before_an_addition_is_refused_by_name() -> None:
    model = ResidualBlocks()
    model.b.add_module("codes", modules().QuantIdentity(bit_width=4))
    with pytest.raises(
        NetworkError, match=r"b\.codes \(QuantIdentity\) makes signed codes of -8\.\.7, .*without a quan"
    ):
        from_brevitas(trained(model))


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_module_and_reason(name: str) -> None:
    torch.manual_seed(0)
    model = bad(name)
    if name != "no row":
        trained(model)
    with pytest.raises(NetworkError, match=REFUSED[name]):
        from_brevitas(model)


@pytest.mark.parametrize("key", ["weight", "running_mean"])
def test_a_training_that_diverged_is_named(key: str) -> None:
    model = make("per_tensor")
    with torch.no_grad():
        next(tensor for name, tensor in model.state_dict().items() if name.endswith(key)).fill_(torch.nan)
    with pytest.raises(NetworkError, match="that are not finite: has its training diverged"):
        from_brevitas(model)


def test_hooks_are_refused() -> None:
    model = make("per_tensor")
    hooked = next(module for module in model.modules() if isinstance(module, nn.Linear))
    hooked.register_forward_hook(lambda module, arguments, output: 2 * output)
    with pytest.raises(NetworkError, match="have forward hooks"):
        from_brevitas(model)


def test_images_that_do_not_fit() -> None:
    model = make("per_tensor")
    with pytest.raises(NetworkError, match="does not take images of"):
        from_brevitas(model, size=(3, 8, 40))
    with pytest.raises(NetworkError, match="depend on others"):
        from_brevitas(model, lambda pixels: pixels.float() + pixels.roll(1, -1))
    with pytest.raises(NetworkError, match="must give float"):
        from_brevitas(model, lambda pixels: pixels)
    with pytest.raises(NetworkError, match="not finite"):
        from_brevitas(model, lambda pixels: pixels.float().log().neg())
    with pytest.raises(NetworkError, match=r"is of 1 channels, the images have 3: .*--mean and --std"):
        from_brevitas(model, lambda pixels: pixels[:, :1].float())
    for mean, std in (
        ((math.nan,), (1.0,)),
        ((0.5,), (math.nan,)),
        ((0.5,), (0.0,)),
        ((0.5,), (math.inf,)),
        ((0.5, 0.5), (1.0,)),
    ):
        with pytest.raises(NetworkError, match="give one of each a channel, std positive"):
            normalisation(mean, std)


def test_without_brevitas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brevitas.nn", None)
    with pytest.raises(ModelError, match=r"pip install 'tilewright\[brevitas\]'"):
        from_brevitas(nn.Sequential())


def test_modules_load_without_brevitas_and_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("brevitas", "onnx"):
        monkeypatch.setitem(sys.modules, package, None)
    for name in ("foreign.assemble", "foreign.brevitas", "foreign.brevitas_compare", "foreign.qonnx"):
        monkeypatch.delitem(sys.modules, f"tilewright_model.{name}", raising=False)
        importlib.import_module(f"tilewright_model.{name}")
