"""What an installation brings: a board gets numpy and pynq only; host and model keep out of each other's libraries."""

import importlib.metadata
import subprocess
import sys

from packaging.requirements import Requirement


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
    assert "tilewright.registers" in loaded
    assert not {"torch", "torchvision"} & loaded


def test_model_does_not_import_pynq() -> None:
    code = "import pkgutil, importlib, tilewright_model; [importlib.import_module(m.name) for m in " + (
        "pkgutil.walk_packages(tilewright_model.__path__, 'tilewright_model.') if not m.name.endswith('__main__')]"
    )
    loaded = modules_after(code)
    assert "torch" in loaded
    assert "pynq" not in loaded
