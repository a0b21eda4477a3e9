"""The wheel alone: what is in it, and that it runs the main job where neither checkout nor PyTorch can be reached."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
import yaml

from tilewright.board.wheel import build_wheel
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.sim.hardware import GUEST_SOURCES, OWN_CORE, OWN_SOURCES, sources_hash

ROOT = Path(__file__).resolve().parents[2]
MEBI = 1 << 20
# Loaded by each Python that has its folder on PYTHONPATH, before anything else. Compilers' and Verilator's own files
# are opened by other programs.
GUARD = """
import os, sys

SHUT = tuple(os.path.join({root!r}, name, "") for name in ("cores", "host", "model", "tests"))
ABSENT = {{"torch", "torchvision", "skimage", "tensorboard"}}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

# importlib.util.find_spec is asked for packages that may be missing, and answers None then
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ABSENT else find_spec(name, package)
sys.meta_path.insert(0, Absent())

def shut(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if os.path.join(path, "").startswith(SHUT):
            raise PermissionError(13, f"{{event}}: the wheel reaches for the checkout", path)

sys.addaudithook(shut)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip fills it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def environment(site: Path, tmp_path: Path) -> dict[str, str]:
    """Variables of a Python that has the wheel, the packages that it needs, and nothing of the checkout's."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD.format(root=str(ROOT)), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in ("CIFAR10_ROOT", "TILEWRIGHT_STIMULUS")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(tmp_path / "guard"), str(site)])}


def python(code: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_what_is_in_it(wheel: Path, site: Path) -> None:
    """The hardware's sources byte for byte, and neither benches nor scripts nor tests; small enough to mail."""
    assert wheel.stat().st_size < 6 * MEBI
    cores = site / "tilewright" / "cores"
    for patterns in (OWN_SOURCES, GUEST_SOURCES):
        assert sources_hash(cores, patterns) == sources_hash(ROOT / "cores", patterns)
    assert rtl_sha256(cores) == rtl_sha256(ROOT / "cores")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"tilewright", "tilewright_model", "tilewright_notebooks"}
    assert not [name for name in names if "/tb/" in name or "/scripts/" in name or "/golden/" in name]
    kinds = {Path(name).suffix for name in names if name.startswith("tilewright/cores/")}
    assert kinds == {".core", ".v", ".vh", ".cpp", ".h"}


def test_the_index_is_told_the_pythons_that_are_supported(site: Path) -> None:
    """And no address of the project, as long as none is known."""
    (file,) = site.glob("tilewright-*.dist-info/METADATA")
    metadata = message_from_string(file.read_text(encoding="utf-8"))
    minors = sorted(int(minor) for minor in re.findall(r"[<>]=?3\.(\d+)", metadata["Requires-Python"]))
    named = {text for text in metadata.get_all("Classifier") if "Python :: 3." in text}
    assert named == {f"Programming Language :: Python :: 3.{minor}" for minor in range(*minors)}
    assert metadata["Keywords"] and not metadata.get_all("Project-URL")


def test_fusesoc_finds_every_file(environment: dict[str, str], site: Path, tmp_path: Path) -> None:
    """The simulated board's core, set up from the wheel's files, is the one set up from the checkout's."""

    def listed(cores: Path, variables: dict[str, str], work: Path) -> set[str]:
        command = [sys.executable, "-m", "fusesoc.main", "--cores-root", cores, "run", "--target", "sim", "--setup"]
        command += ["--build-root", work, OWN_CORE]
        homes = {name: str(tmp_path / "xdg") for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        done = subprocess.run(
            command, cwd=tmp_path, env={**variables, **homes}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (description,) = work.glob("**/*.eda.yml")
        files = [Path(file["name"]) for file in yaml.safe_load(description.read_text())["files"]]
        assert all((description.parent / file).is_file() for file in files)
        return {file.name for file in files}

    found = listed(site / "tilewright" / "cores", environment, tmp_path / "wheel")
    assert {"soc.v", "accelerator.v", "soc_sim.cpp", "soc_ports.h"} < found
    assert found == listed(ROOT / "cores", dict(os.environ), tmp_path / "checkout")


@pytest.mark.simulation
def test_the_main_job_needs_neither_checkout_nor_pytorch(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tilewright", "demo", "--json", "--seed", "1"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["equal"] is True and facts["class"] == "cat"
    assert (facts["compared"], facts["mismatches"]) == (168_448 + 512, 0)
    assert (facts["float_integers_compared"], facts["float_integers_mismatches"]) == (256, 0)
    network = facts["network"]
    assert network["reference"] == "PyTorch's packaged integers" and len(network["layers"]) == 13
    record = json.loads((ROOT / "model" / "checkpoints" / "vgg16_w4a4_cifar10.json").read_text(encoding="utf-8"))
    assert network["checkpoint_sha256"] == facts["checkpoint_sha256"] == record["sha256"]


def test_the_guard_guards(environment: dict[str, str], site: Path, tmp_path: Path) -> None:
    done = python("import tilewright; print(tilewright.__file__)", environment, tmp_path)
    assert done.stdout.strip() == str(site / "tilewright" / "__init__.py"), done.stderr
    assert "No module named 'torch'" in python("import torch", environment, tmp_path).stderr
    reading = f"open({str(ROOT / 'cores' / 'soc' / 'soc.core')!r})"
    assert "reaches for the checkout" in python(reading, environment, tmp_path).stderr
    listing = f"list(__import__('pathlib').Path({str(ROOT / 'host')!r}).iterdir())"
    assert "reaches for the checkout" in python(listing, environment, tmp_path).stderr
