"""What an installation brings: a board gets numpy and pynq only; host and model keep out of each other's libraries."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def test_base_dependencies_are_numpy_and_pynq() -> None:
    requirements = [Requirement(text) for text in importlib.metadata.requires("tilewright") or []]
    base = {requirement.name for requirement in requirements if requirement.marker is None}
    assert base == {"numpy", "pynq"}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_host_does_not_import_torch() -> None:
    code = "import pkgutil, importlib, tilewright; [importlib.import_module(m.name) for m in " + (
        "pkgutil.walk_packages(tilewright.__path__, 'tilewright.') if not m.name.endswith('__main__')]"
    )
    loaded = modules_after(code)
    assert "tilewright.hardware.registers" in loaded
    assert not {"torch", "torchvision"} & loaded


def test_model_does_not_import_pynq() -> None:
    code = "import pkgutil, importlib, tilewright_model; [importlib.import_module(m.name) for m in " + (
        "pkgutil.walk_packages(tilewright_model.__path__, 'tilewright_model.') if not m.name.endswith('__main__')]"
    )
    loaded = modules_after(code)
    assert "torch" in loaded
    assert "pynq" not in loaded


def installed_with(*wanted: str) -> set[str]:
    """Distributions that an installation of these brings."""
    found: set[str] = set()
    open_: list[Requirement] = [Requirement(name) for name in wanted]
    while open_:
        requirement = open_.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            with suppress(importlib.metadata.PackageNotFoundError):
                open_ += map(Requirement, importlib.metadata.requires(name) or [])
    return found


def without(packages: Iterable[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code where packages are missing."""
    lines = [
        "import sys",
        f"missing = {set(packages)!r}",
        "class Absent:",
        "    def find_spec(self, name, path=None, target=None):",
        "        if name.partition('.')[0] in missing:",
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)",
        "sys.meta_path.insert(0, Absent())",
    ]
    command = [sys.executable, "-c", "\n".join([*lines, code])]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_numpy_and_pynq_are_enough_on_a_board() -> None:
    """What README and docs/board.md promise of `pip install .`: library, networks, checks, self-test; no command."""
    there = installed_with("numpy", "pynq") | {"tilewright"}
    extras = {canonicalize_name(Requirement(text).name) for text in importlib.metadata.requires("tilewright") or []}
    modules = importlib.metadata.packages_distributions()
    missing = [module for module, names in modules.items() if {*map(canonicalize_name, names)} & extras - there]
    assert {"typer", "rich", "safetensors", "torch", "cffi"} & set(missing) == {"typer", "rich", "safetensors", "torch"}
    code = """
import importlib
from tilewright.errors import NetworkError, TargetError
for name in ("target", "driver.driver", "driver.accelerator", "network.layer", "compiler.layer", "runs.layer",
             "runs.bench", "selftest.vectors", "network", "runs.network", "pytorch.golden", "estimate.estimate",
             "remote.client", "stimulus.replay", "check.__main__", "check.network"):
    importlib.import_module(f"tilewright.{name}")
from tilewright.network import load_network, save_network
from tilewright.hardware.parameters import ArrayParameters
from tilewright.selftest.vectors import load_vectors
from tilewright.target import open_overlay
assert load_vectors(ArrayParameters.of_size(8))
for call in (lambda: open_overlay("sim"), lambda: load_network("x"), lambda: save_network(None, "x")):
    try:
        call()
    except (NetworkError, TargetError) as error:
        print(error)
"""
    done = without(missing, code)
    assert done.returncode == 0, done.stderr
    simulated, read, written = done.stdout.splitlines()
    assert "pip install 'tilewright[sim]'" in simulated
    assert read.startswith("x: no such file") and "pip install safetensors" in written


@pytest.mark.parametrize(
    ("program", "missing", "extra"),
    [("tilewright", "typer", "cli"), ("tilewright", "rich", "cli"), ("tilewright_model", "rich", "model")],
)
def test_a_program_names_the_extra_that_it_lacks(program: str, missing: str, extra: str) -> None:
    code = f"import runpy\nsys.argv = ['{program}', '--help']\nrunpy.run_module('{program}', run_name='__main__')"
    done = without([missing], code)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Python package {missing} is missing: pip install 'tilewright[{extra}]'\n"


def test_the_command_is_the_program_that_says_so() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert '[project.scripts]\ntilewright = "tilewright.__main__:main"\n' in text


def test_every_variable_is_documented() -> None:
    files = [ROOT / "Makefile", *(ROOT / "host").rglob("*.py"), *(ROOT / "model").rglob("*.py")]
    names = {name for file in files for name in re.findall(r"\bTILEWRIGHT_[A-Z_]+", file.read_text())}
    documented = re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert "TILEWRIGHT_CACHE" in names and names <= set(documented)


def test_data_files_of_packages_are_installed() -> None:
    """A file that no pattern names is in the checkout and not in the wheel."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[tool.setuptools.package-data]\n")[2].partition("\n[")[0]
    for name, folder in (("tilewright", "host/tilewright"), ("tilewright_model", "model/tilewright_model")):
        (listed,) = re.findall(rf"^{name} = \[(.*?)\]", section, re.MULTILINE | re.DOTALL)
        patterns = re.findall(r'"([^"]+)"', listed)
        package = ROOT / folder
        files = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        assert files == {path for pattern in patterns for path in package.glob(pattern)}, name
