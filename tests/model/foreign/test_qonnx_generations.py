"""QONNX files of every generation and of models that are no row of modules; the package qonnx computes the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas_models import IMAGE, NORMALISE, ResidualBlocks, SharedQuantiser, make, modules, random_pixels, trained
from onnx_graphs import WEIGHTS, other_graph
from torch import nn

from tilewright.errors import NetworkError
from tilewright_model.foreign.brevitas import from_brevitas
from tilewright_model.foreign.qonnx import QONNX_DOMAINS, import_qonnx
from tilewright_model.integers.reference import reference
from tilewright_model.network_file.write import save_network


def exported(model: nn.Module, path: Path) -> Path:
    from brevitas.export import export_qonnx

    export_qonnx(model, args=torch.zeros(1, *IMAGE), export_path=str(path), dynamo=False)
    return path


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(make("per_tensor"), tmp_path_factory.mktemp("qonnx") / "new.onnx")


def changed(path: Path, out: Path, change: Callable[[Any], object]) -> Path:
    import onnx

    model = onnx.load(path)
    change(model)
    onnx.save(model, out)
    return out


def network_file(qonnx: Path, out: Path) -> bytes:
    save_network(import_qonnx(qonnx, normalise=NORMALISE), out, IMAGE, "network")
    return out.read_bytes()


def without_opsets(domain: str) -> Callable[[Any], None]:
    """What exporters before 2022 wrote: the nodes' domain, and no opset for it."""

    def change(model: Any) -> None:
        kept = [entry for entry in model.opset_import if entry.domain == ""]
        del model.opset_import[:]
        model.opset_import.extend(kept)
        for node in model.graph.node:
            node.domain = domain if node.domain else ""

    return change


@pytest.mark.parametrize("domain", QONNX_DOMAINS)
def test_files_of_older_exporters_are_the_same_network(domain: str, new: Path, tmp_path: Path) -> None:
    old = changed(new, tmp_path / "old.onnx", without_opsets(domain))
    assert network_file(old, tmp_path / "old") == network_file(new, tmp_path / "new")


def test_constants_of_the_oldest_format_are_no_inputs(new: Path, tmp_path: Path) -> None:
    old = changed(new, tmp_path / "old.onnx", lambda model: setattr(model, "ir_version", 3))
    assert network_file(old, tmp_path / "old") == network_file(new, tmp_path / "new")


def foreign_domain(model: Any) -> None:
    next(node for node in model.graph.node if node.op_type == "Conv").domain = "com.example"


def unsorted(model: Any) -> None:
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (foreign_domain, r"\(Conv\) is of the domain 'com\.example', not of ai\.onnx"),
        (without_opsets("other.quant"), r"\(Quant\) is of the domain 'other\.quant', not of qonnx\.custom_op\.general"),
        (lambda model: setattr(model, "ir_version", 1000), "is of ONNX's format 1000, and the package onnx"),
        (unsorted, r"is an ONNX file that onnx's checker refuses .*qonnx-cleanup"),
    ],
)
def test_sound_files_are_not_called_broken(
    change: Callable[[Any], object], message: str, new: Path, tmp_path: Path
) -> None:
    path = changed(new, tmp_path / "bad.onnx", change)
    with pytest.raises(NetworkError, match=message) as raised:
        import_qonnx(path, normalise=NORMALISE)
    assert "is damaged" not in str(raised.value)


class Written(nn.Module):
    """A forward as people write it: modules of any name, functions between them."""

    def __init__(self) -> None:
        super().__init__()
        q = modules()
        self.image = q.QuantIdentity(act_quant=q.Int8ActPerTensorFloat)
        self.first = q.QuantConv2d(3, 8, 3, padding=1, bias=False, weight_bit_width=4)
        self.second = q.QuantConv2d(8, 6, 3, bias=False, weight_bit_width=4)
        self.codes = q.QuantReLU(bit_width=4)
        self.scores = nn.Linear(6 * 4 * 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(self.codes(self.first(self.image(x))), 2)
        return self.scores(nn.functional.relu(self.second(x)).flatten(1))

    def in_a_row(self) -> nn.Sequential:
        pool, last = nn.MaxPool2d(2), (nn.ReLU(), nn.Flatten())
        return nn.Sequential(self.image, self.first, self.codes, pool, self.second, *last, self.scores)


@pytest.mark.parametrize("make_graph", [ResidualBlocks, SharedQuantiser])
def test_a_graph_is_the_same_as_from_brevitas(make_graph: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(3)
    model, pixels = trained(make_graph()), random_pixels(5)
    network = import_qonnx(exported(model, tmp_path / "graph.onnx"), normalise=NORMALISE)
    got, expected = (reference(each, pixels) for each in (network, from_brevitas(model, IMAGE, NORMALISE)))
    assert torch.equal(got.scores, expected.scores) and len(got.scores.unique()) > 10
    assert [codes.shape for codes in got.codes.values()] == [codes.shape for codes in expected.codes.values()]


def test_a_row_that_is_written_otherwise_is_the_same_by_trace_and_by_qonnx(tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = trained(Written())
    network = import_qonnx(exported(model, tmp_path / "written.onnx"), normalise=NORMALISE)
    pixels = random_pixels(5)
    got, expected = (reference(each, pixels) for each in (network, from_brevitas(model.in_a_row(), IMAGE, NORMALISE)))
    assert torch.equal(got.scores, expected.scores) and len(got.scores.unique()) > 10
    assert torch.equal(reference(from_brevitas(model, IMAGE, NORMALISE), pixels).scores, expected.scores)


def executed(path: Path, pixels: torch.Tensor, clean: Path) -> list[np.ndarray[Any, Any]]:
    """By the package qonnx: the codes that each convolution but the first takes, and the scores.

    The file cleaned up is left at `clean`.
    """
    wrapper = pytest.importorskip("qonnx.core.modelwrapper", reason="qonnx is of the extra dev: make setup")
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.util.cleanup import cleanup_model

    model = cleanup_model(wrapper.ModelWrapper(str(path)))
    model.save(str(clean))
    (source,), (result,) = model.graph.input, model.graph.output
    makers = {node.output[0]: node for node in model.graph.node}
    found: list[list[np.ndarray[Any, Any]]] = []
    for image in pixels.float().numpy():
        tensors = execute_onnx(model, {source.name: image[None] - 128}, return_full_exec_context=True)
        taken = [node.input[0] for node in model.graph.node if node.op_type in ("Conv", "AveragePool")][1:]
        codes = []
        for name in taken:
            quant = makers[name] if makers[name].op_type == "Quant" else makers[makers[name].input[0]]
            codes.append(np.rint(tensors[name][0] / tensors[quant.input[1]]))
        found.append([*codes, tensors[result.name][0]])
    return [np.stack(each) for each in zip(*found, strict=True)]


def test_the_package_qonnx_computes_the_same_integers(tmp_path: Path) -> None:
    """And its clean-up, which names all nodes anew, changes none of them."""
    path, clean = other_graph().save(tmp_path / "other.onnx"), tmp_path / "clean.onnx"
    pixels = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (4, 2, 8, 8)).astype(np.uint8))
    *codes, scores = executed(path, pixels, clean)
    for file in (path, clean):
        expected = reference(import_qonnx(file, normalise=lambda images: images.float() - 128), pixels)
        assert len(codes) == len(expected.codes) == 2
        for got, ours in zip(codes, expected.codes.values(), strict=True):
            np.testing.assert_array_equal(got, ours.numpy())
        np.testing.assert_allclose(scores, expected.scores.numpy(), rtol=1e-5)
    wrong = WEIGHTS.copy()
    wrong[0, 0, 0, 0] += 1 if wrong[0, 0, 0, 0] < 7 else -1
    planted = other_graph(weight_values=wrong).save(tmp_path / "wrong.onnx")
    assert any((a != b).any() for a, b in zip(executed(planted, pixels, clean)[:-1], codes, strict=True))
