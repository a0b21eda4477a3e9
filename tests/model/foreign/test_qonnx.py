"""QONNX files: the same network file as from Brevitas, graphs of other makers, and clear errors for the rest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas_models import IMAGE, MODELS, NORMALISE, make, random_pixels
from onnx_graphs import BIAS, LAST, LINEAR, RNG, SCALES, SUMS, WEIGHTS, Maker, other_graph
from typer.testing import CliRunner

from tilewright.errors import NetworkError
from tilewright_model import __main__ as command_line
from tilewright_model.checkpoint_file import sha256
from tilewright_model.errors import ModelError
from tilewright_model.foreign.qonnx import import_qonnx
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import reference
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.write import save_network

PIXELS = random_pixels(6)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """`exported(name)`: a Brevitas model as QONNX, and the network file that `from_brevitas` makes of it."""
    made: dict[str, tuple[Path, Path]] = {}

    def exported(name: str) -> tuple[Path, Path]:
        if name not in made:
            from brevitas.export import export_qonnx

            from tilewright_model.foreign.brevitas import from_brevitas

            folder, model = tmp_path_factory.mktemp("qonnx"), make(name)
            network, direct = from_brevitas(model, IMAGE, NORMALISE), folder / "direct.safetensors"
            save_network(network, direct, IMAGE, name)
            path = folder / f"{name}.onnx"
            export_qonnx(model, args=torch.zeros(1, *IMAGE), export_path=str(path), dynamo=False)
            made[name] = path, direct
        return made[name]

    return exported


@pytest.mark.parametrize("name", MODELS)
def test_the_file_is_the_one_from_brevitas(exported: Any, name: str, tmp_path: Path) -> None:
    qonnx, direct = exported(name)
    network = import_qonnx(qonnx, normalise=NORMALISE)
    save_network(network, tmp_path / "net.safetensors", network.image_size, name)
    assert (tmp_path / "net.safetensors").read_bytes() == direct.read_bytes()


def test_command(exported: Any, tmp_path: Path) -> None:
    qonnx, direct = exported("per_channel")
    out, numbers = tmp_path / "net.safetensors", ["--mean", "0.5", "--mean", "0.4", "--mean", "0.6"]
    numbers += ["--std", "0.25", "--std", "0.3", "--std", "0.2"]
    arguments = ["import-qonnx", str(qonnx), "--out", str(out), "--json", *numbers]
    result = CliRunner().invoke(command_line.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["layers"] == "features.1, features.4, features.7, features.8"
    integers = load_network_file(out).integers
    assert (integers.name, integers.checkpoint_sha256) == ("per_channel", sha256(qonnx))
    got, expected = (IntegerNetwork(path, torch.device("cpu")).run(PIXELS) for path in (out, direct))
    assert torch.equal(got.accumulators, expected.accumulators)
    arguments = ["import-qonnx", str(qonnx), "--out", str(out), *("--mean", "0.5", "--std", "0.5") * 2]
    result = CliRunner().invoke(command_line.app, arguments)
    assert result.exit_code == 2 and "NetworkError: 2 means and deviations for images of 3 channels" in result.stderr, (
        result.stderr
    )


def pixel_codes(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.float() - 128


def test_a_graph_of_another_maker(tmp_path: Path) -> None:
    """Against the graph's arithmetic written out, in float64."""
    network = import_qonnx(other_graph().save(tmp_path / "other.onnx"), normalise=pixel_codes)
    pixels = torch.from_numpy(RNG.integers(0, 256, (5, 2, 8, 8)).astype(np.uint8))
    expected = reference(network, pixels)
    weights, last, scales, sums, bias, linear = (
        torch.from_numpy(array).double() for array in (WEIGHTS, LAST, SCALES, SUMS, BIAS, LINEAR)
    )
    x = pixels.double() - 128
    x = torch.nn.functional.conv2d(x, weights * 0.5, padding=1) * scales.view(-1, 1, 1) + sums.view(-1, 1, 1)
    x = (torch.nn.functional.max_pool2d(x.relu(), 2) / 60).round().clamp(max=15)
    first, second = expected.codes.values()
    torch.testing.assert_close(first.double(), x, rtol=0, atol=0)
    x = torch.nn.functional.conv2d(x * 60, last * 0.25, bias).relu()
    x = (x / 100).round().clamp(max=15)
    torch.testing.assert_close(second.double(), x, rtol=0, atol=0)
    x = torch.nn.functional.avg_pool2d(x * 100, 2).flatten(1)
    # Inputs and weights of the linear layer are rounded to some 24 bits of the largest (docs/network_format.md)
    rounded = 2.0**-23 * float(x.max() * linear.abs().sum(0).max())
    x = x @ linear + torch.tensor([1.0, 2.0, 3.0])
    torch.testing.assert_close(expected.scores, x, rtol=0, atol=rounded)
    assert len(first.unique()) > 10 and len(second.unique()) > 10
    save_network(network, tmp_path / "net.safetensors", network.image_size, "other")


def binary_weights(weights: Any, scale: Any) -> Maker:
    """`other_graph` with binary weights in its first convolution."""
    maker = other_graph()
    quant = next(node for node in maker.nodes if node.op_type == "Quant" and node.input[0].startswith("c"))
    quant.op_type, kept = "BipolarQuant", [maker.constant(weights), maker.constant(np.float32(scale))]
    del quant.input[:], quant.attribute[:]
    quant.input.extend(kept)
    return maker


def test_binary_weights_of_zero_are_one(tmp_path: Path) -> None:
    weights = np.where(WEIGHTS > 3, np.float32(0), WEIGHTS)
    network = import_qonnx(binary_weights(weights, 0.25).save(tmp_path / "binary.onnx"), normalise=pixel_codes)
    codes = network.features[0].exact().weights
    assert torch.equal(codes, torch.from_numpy(np.where(weights < 0, -1, 1)).to(torch.int8)) and (weights == 0).any()
    assert network.features[0].exact().scale == 0.25


def residual() -> Maker:
    maker = other_graph()
    maker.nodes[-1].input[1] = maker.nodes[-3].output[0]
    return maker


REFUSED: dict[str, tuple[Callable[[], Maker], str]] = {
    "rounding": (lambda: other_graph(codes={"rounding_mode": "FLOOR"}), r"\(Quant\) has rounding mode FLOOR"),
    "weights": (lambda: other_graph(weights={"rounding_mode": "CEIL"}), r"\(Quant\) has rounding mode CEIL"),
    "unsigned image": (lambda: other_graph(image={"signed": 0}), r"\(Quant\) makes image codes of 0\.\.255"),
    "pads": (lambda: other_graph(pads=[0, 1, 1, 0]), r"\(Conv\) has padding that differs"),
    "number of pads": (lambda: other_graph(pads=[1, 1]), r"\(Conv\) has inputs or attributes that do not fit"),
    "float average": (lambda: other_graph(**{"float average": True}), r"\(AveragePool\) has no quantiser at its input"),
    "scale": (lambda: other_graph(codes={"scale": np.nan}), r"\(Quant\) has a scale of nan"),
    "weight scale": (lambda: other_graph(weights={"scale": np.nan}), "weights or scales that are not finite"),
    "zero weight scale": (lambda: other_graph(weights={"scale": 0}), r"\(Quant\) has a scale that is not positive"),
    "binary scale": (lambda: binary_weights(WEIGHTS, np.nan), r"\(BipolarQuant\) has weights or scales that are not f"),
    "negative scale": (lambda: binary_weights(WEIGHTS, -1), r"\(BipolarQuant\) has a scale that is not positive"),
    "binary weights": (
        lambda: binary_weights(np.full_like(WEIGHTS, np.nan), 1),
        r"\(BipolarQuant\) has weights or scales that are not",
    ),
    "bits": (lambda: other_graph(weights={"bits": np.inf}), "do not fit each other: .*infinity"),
    "no bits": (lambda: other_graph(weights={"bits": np.ones(3)}), "do not fit each other"),
    "kernel": (
        lambda: other_graph(conv={"kernel_shape": [5, 5]}),
        r"kernel_shape \[5, 5\] and weights of \[3, 3\]",
    ),
    "dilated average": (
        lambda: other_graph(average={"dilations": [2, 2]}),
        r"\(AveragePool\) has a padding, ceil_mode, a dilation",
    ),
    "training": (
        lambda: Maker().then("BatchNormalization", *np.ones((4, 2), np.float32), training_mode=1),
        r"\(BatchNormalization\) is in training mode",
    ),
    "residual": (residual, r"goes to .*\(MatMul\).*\(Add\).*as a graph: add \(add\) adds maps of different shapes"),
    "unknown node": (lambda: other_graph().then("Sigmoid"), r"\(Sigmoid\) is none of the nodes"),
    "after the scores": (lambda: other_graph().then("Mul", np.float32([2])), r"\(Mul\) comes after a linear layer"),
    "float weights": (lambda: Maker().then("Conv", WEIGHTS), r"\(Conv\) has weights that no Quant node quantises"),
    "sum first": (lambda: Maker().then("Add", np.float32([1])), r"\(Add\) adds a constant where no"),
    "shape of a product": (
        lambda: Maker().then("Mul", np.ones((1, 8), np.float32)),
        r"\(Mul\) has a constant",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_node_and_reason(name: str, tmp_path: Path) -> None:
    build, message = REFUSED[name]
    path = build().save(tmp_path / "bad.onnx")
    with pytest.raises(NetworkError, match=message):
        import_qonnx(path, normalise=pixel_codes)


def test_files_that_are_none(exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = tmp_path / "damaged.onnx", exported("per_tensor")[0].read_bytes()
    with pytest.raises(NetworkError, match="no QONNX file at"):
        import_qonnx(path)
    for content in (whole[: len(whole) // 2], b"", b"\x80\x04" + bytes(50), whole[:100] + whole[200:]):
        path.write_bytes(content)
        with pytest.raises(NetworkError, match="is damaged or no ONNX file"):
            import_qonnx(path)
    sizeless = other_graph().save(path, shape=("n", 2, "height", "width"))
    with pytest.raises(NetworkError, match="give image_size"):
        import_qonnx(sizeless, normalise=pixel_codes)
    assert import_qonnx(sizeless, (2, 8, 8), pixel_codes).image_size == (2, 8, 8)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match=r"pip install 'tilewright\[qonnx\]'"):
        import_qonnx(path)


def test_weights_in_another_file(exported: Any, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(exported("per_tensor")[0])
    path = tmp_path / "outside.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(NetworkError, match="weights in other files"):
        import_qonnx(path)
