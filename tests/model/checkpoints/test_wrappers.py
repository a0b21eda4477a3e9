"""State dicts out of PyTorch's wrappers are read; its other archives are named, and never is unpickling advised."""

import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas_models import make
from torch import Tensor, nn
from torch.ao import quantization
from torch.optim.swa_utils import AveragedModel
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.checkpoints.checkpoint import import_checkpoint, load_network
from tilewright_model.checkpoints.packed import save_packed
from tilewright_model.errors import CheckpointError
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options


class Compiled(nn.Module):
    """What torch.compile makes of a module's keys; its own takes half a minute to load."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._orig_mod = module


WRAPPERS: dict[str, Callable[[nn.Module], dict[str, Tensor]]] = {
    "compile": lambda model: Compiled(model).state_dict(),
    "DataParallel": lambda model: nn.DataParallel(model).state_dict(),
    "DataParallel of compile": lambda model: nn.DataParallel(Compiled(model)).state_dict(),
    "compile of DataParallel": lambda model: Compiled(nn.DataParallel(model)).state_dict(),
    "twice": lambda model: Compiled(nn.DataParallel(Compiled(model))).state_dict(),
    "average": lambda model: AveragedModel(model).state_dict(),
    "a part": lambda model: nn.ModuleDict(
        {"features": Compiled(model.features), "classifier": model.classifier}
    ).state_dict(),
}


@pytest.fixture(scope="module")
def small() -> VGG16:
    torch.manual_seed(0)
    return VGG16(VGG16Options(plan="8 M 8- M M M")).eval()


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapped_networks_are_the_same_network(wrapper: str, small: VGG16, tmp_path: Path) -> None:
    state = WRAPPERS[wrapper](small)
    assert state.keys() != small.state_dict().keys()
    for number, content in enumerate((state, {"epoch": 3, "state_dict": state})):
        torch.save(content, tmp_path / f"{number}.pth")
        save_packed(load_network(tmp_path / f"{number}.pth"), tmp_path / f"{number}.safetensors")
    torch.save(small.state_dict(), tmp_path / "plain.pth")
    save_packed(load_network(tmp_path / "plain.pth"), tmp_path / "plain.safetensors")
    kept = {(tmp_path / f"{name}.safetensors").read_bytes() for name in (0, 1, "plain")}
    assert len(kept) == 1


def test_a_key_that_two_wrappers_hold_is_refused(small: VGG16, tmp_path: Path) -> None:
    state = WRAPPERS["compile"](small) | {"module.features.0.weight": torch.zeros(8, 3, 3, 3)}
    torch.save(state, tmp_path / "twice.pth")
    with pytest.raises(CheckpointError, match=r"holds features\.0\.weight twice"):
        import_checkpoint(tmp_path / "twice.pth")


def statically(path: Path) -> None:
    model = nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), quantization.DeQuantStub()).eval()
    model.qconfig = quantization.get_default_qconfig("fbgemm")
    quantization.prepare(model, inplace=True)(torch.ones(1, 3, 8, 8))
    torch.save(quantization.convert(model).state_dict(), path)


def dynamically(path: Path) -> None:
    model = quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})
    torch.save({"state_dict": model.state_dict()}, path)


def script(path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)), path)


def script_without_suffix_cut(path: Path) -> None:
    script(path)
    path.write_bytes(path.read_bytes()[:700])


def exported(path: Path) -> None:
    """The names of an archive of torch.export, which takes a quarter of a minute to load."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("archive_format", "byteorder", "models/model.json", ".data/version"):
            archive.writestr(f"net/{name}", "pt2")


def with_numpy(path: Path) -> None:
    torch.save({"state_dict": {"features.0.weight": torch.zeros(1)}, "best": np.float64(3)}, path)


ARCHIVES: dict[str, tuple[Callable[[Path], object], str]] = {
    "static": (statically, r"torch\.ao\.quantization has converted.* is torch\.qint8\)"),
    "dynamic": (dynamically, r"torch\.ao\.quantization has converted"),
    "script": (script, r"is a TorchScript archive, not a state dict: .*torch\.jit\.load\('.*'\)\.state_dict\(\)"),
    "cut script": (script_without_suffix_cut, "is truncated or no PyTorch checkpoint of plain tensors"),
    "exported": (exported, r"is an archive of torch\.export, not a state dict: .*torch\.export\.load"),
    "module": (lambda path: torch.save(nn.Linear(2, 2), path), "contains torch.nn.modules.linear.Linear, and objects"),
    "numpy": (with_numpy, r"it contains numpy\.\S*scalar, and objects are never unpickled: save the state dict alone"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps({"a": print})), "no PyTorch checkpoint of plain tensors"),
    "list": (lambda path: torch.save([torch.zeros(1)], path), "holds a list, expected a dictionary: save the state"),
    "Brevitas": (lambda path: torch.save(make("per_tensor").state_dict(), path), "is a Brevitas model's state dict"),
    "text": (lambda path: path.write_text("weights_only"), "no PyTorch checkpoint of plain tensors"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_what_is_no_state_dict_is_named(name: str, tmp_path: Path) -> None:
    write, message = ARCHIVES[name]
    path = tmp_path / "net.pth"
    write(path)
    with pytest.raises(CheckpointError, match=message) as raised:
        import_checkpoint(path)
    result: Any = CliRunner().invoke(app, ["evaluate", "--checkpoint", str(path), "--data", str(path)])
    for text in (str(raised.value), result.stderr):
        assert not re.search(r"weights_only|add_safe_globals|arbitrary code|miniz", text)
        assert text.count("\n") <= 1
