"""`pynq get-notebooks` delivers the notebooks of an installed wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS, ROOT

# Of files that a package has
SUFFIXES = (".py", ".ipynb", ".npz", ".safetensors", ".typed")
PLANTED = "7.8.9"


def run(*command: str | Path, **options: object) -> str:
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout
    return str(done.stdout)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which a wheel of the checkout is installed; its version is PLANTED."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    for folder in ("cores", "host", "model/tilewright_model"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    package = source / "host" / "tilewright" / "__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{PLANTED}"', package.read_text()))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, source)
    (wheel,) = place.glob("tilewright-*.whl")
    run(*pip, "install", "--no-deps", "--no-compile", "--target", place / "installed", wheel)
    return place / "installed"


def test_wheel_has_every_package_and_file(installed: Path) -> None:
    for package, folder in (
        ("tilewright", "host/tilewright"),
        ("tilewright_model", "model/tilewright_model"),
        ("tilewright_notebooks", "host/notebooks"),
    ):
        sources = [file for file in (ROOT / folder).rglob("*.*") if file.suffix in SUFFIXES]
        names = {file.relative_to(ROOT / folder) for file in sources if "golden" not in file.relative_to(ROOT).parts}
        assert {file.relative_to(installed / package) for file in (installed / package).rglob("*.*")} >= names


def test_the_version_has_one_place(installed: Path) -> None:
    code = "import importlib.metadata, tilewright, tilewright_model; print(tilewright_model.__file__)"
    code += "; print(tilewright.__version__, tilewright_model.__version__, importlib.metadata.version('tilewright'))"
    # Elsewhere: in the checkout lies what its own installation left
    printed = run(sys.executable, "-c", code, env={**os.environ, "PYTHONPATH": str(installed)}, cwd=installed)
    assert printed.split() == [str(installed / "tilewright_model" / "__init__.py"), PLANTED, PLANTED, PLANTED]


def test_pynq_get_notebooks(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    pynq = Path(sys.executable).parent / "pynq"
    run(pynq, "get-notebooks", "--ignore-overlays", "--path", tmp_path / "home", "tilewright", env=environment)
    delivered = tmp_path / "home" / "tilewright"
    suffixes = (".ipynb", ".npz", ".safetensors")
    expected = {path.relative_to(NOTEBOOKS) for path in NOTEBOOKS.rglob("*.*") if path.suffix in suffixes}
    names = {path.relative_to(delivered) for path in delivered.rglob("*.*")}
    assert names == expected | {Path("pictures.py")}
    for name in names:
        assert (delivered / name).read_bytes() == (NOTEBOOKS / name).read_bytes()
