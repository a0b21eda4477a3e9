"""Imports run downward: which folder may import which, no circle, and what only some may import.

Imports inside functions and those for type checkers count as any other: they too say who must know whom.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST, MODEL = ROOT / "host" / "tilewright", ROOT / "model" / "tilewright_model"

# A folder, or a module beside the folders, and what it may import of its own package; itself is understood.
FREE = {"errors", "environment", "file_kinds", "files", "late", "npz", "packaged", "process", "progress", "table"}
RUN = {"sim", "pytorch", "compiler", "driver", "network", "hardware"}
HOST_MAY = {
    "__init__": {"face"},
    "__main__": {"cli"},
    "bitstreams": {"boards", "hardware"},
    "board": {"bitstreams"},
    "boards": {"hardware"},
    "check": {"", "bitstreams", "selftest", "target", "runs", *RUN - {"sim", "pytorch"}},
    "cli": {
        *("", "bitstreams", "board", "boards", "check", "estimate", "explore", "host_cost", "pictures"),
        *("remote", "runs"),
        *("selftest", "silicon", "stimulus", "target", "vivado"),
        *RUN,
    },
    "compiler": {"network", "hardware"},
    "driver": {"bitstreams", "boards", "hardware"},
    "environment": {"errors"},
    "errors": set(),
    "file_kinds": set(),
    "estimate": {"compiler", "driver", "network", "hardware"},
    "explore": {"boards", "silicon", "estimate", "compiler", "network", "hardware"},
    "face": {"target", "runs", "pytorch", "driver", "network", "hardware"},
    "files": {"environment", "errors"},
    "hardware": set(),
    "host_cost": {"silicon", "runs", "compiler", "driver", "network", "hardware"},
    "kernel": {"sim"},
    "late": set(),
    "network": {"hardware"},
    "npz": {"errors"},
    "packaged": set(),
    "process": {"errors"},
    "pictures": {"explore", "silicon", "estimate", "compiler", "network", "hardware"},
    "progress": {"process"},
    "pytorch": {"network"},
    "remote": {"boards", "sim", "driver"},
    "runs": RUN,
    "selftest": {"", "target", "runs", *RUN - {"sim"}},
    "silicon": {"estimate", "network", "hardware"},
    "sim": {"boards", "hardware"},
    "stimulus": {"compiler", "driver", "network", "hardware"},
    "table": set(),
    "target": {"remote", "sim"},
    "vivado": {"bitstreams", "boards", "hardware"},
}
MODEL_FREE = {"checkpoint_file", "device", "errors", "files", "npz_file", "tensor_file"}
MODEL_MAY = {
    "__init__": set(),
    "__main__": {"cli"},
    "checkpoint_file": {"errors"},
    "checkpoints": {"networks", "layers", "data"},
    "cli": {"", "foreign", "training", "integers", "network_file", "checkpoints", "networks", "layers", "data"},
    "data": set(),
    "device": {"errors"},
    "errors": set(),
    "files": {"errors"},
    "foreign": {"integers", "network_file", "checkpoints", "networks", "layers", "data"},
    "integers": {"network_file", "networks", "layers", "data"},
    "layers": {"data"},
    "network_file": {"networks", "layers", "data"},
    "networks": {"layers", "data"},
    "npz_file": {"errors"},
    "tensor_file": {"errors", "files"},
    "training": {"", "integers", "checkpoints", "networks", "layers", "data"},
}
# Modules that may import more than their folder
HOST_MORE = {
    # Shares of a part and rates, for the pages alone
    "boards.guide": {"silicon"},
    "boards.speeds": {"silicon"},
    # Profiles the simulated hardware with a layer's run
    "sim.exercise": {"compiler", "driver", "network"},
    # pynq binds the accelerator's driver as it loads an overlay
    "target": {"driver"},
}
COMMANDS = (
    "bench",
    "bitstream",
    "board",
    "demo",
    "estimate",
    "explore",
    "golden",
    "info",
    "kernel",
    "run",
    "serve",
    "simulate",
    "stimulus",
    "verify",
)
# Other packages, and the folders or modules that may import them
HOST_OTHERS = {
    "rich": {"cli", "progress", "sim.build"},
    "tilewright_model": {"pytorch.module"},
    "torch": set(),
    "torchvision": set(),
    "typer": {"cli"},
}
MODEL_OTHERS: dict[str, set[str]] = {"pynq": set()}
# What the model takes of the host: the network file and its numbers, and what both programs share, how commands are
# grouped and refused, how they show what they do, and pictures. None of it brings pynq or torch.
TAKEN = (
    "cli.command_group",
    "environment",
    "errors",
    "file_kinds",
    "files",
    "late",
    "network",
    "npz",
    "pictures",
    "process",
    "progress",
    "table",
)
MODEL_TAKES = tuple(f"tilewright.{name}" for name in TAKEN)


@dataclass(frozen=True)
class Import:
    """One import: of a module, or of names of it."""

    file: Path
    line: int
    module: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"from {self.module} import {', '.join(self.names)}" if self.names else f"import {self.module}"
        return f"{self.file}:{self.line}: {text}"


def module_of(file: Path, package: Path) -> str:
    """A file's dotted name below its package; `__init__` for the package itself, a folder's name for its `__init__`."""
    parts = file.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(file: Path) -> Iterator[Import]:
    """All imports of a file, wherever they stand."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import; write the package's name"
            yield Import(file, node.lineno, node.module or "", tuple(alias.name for alias in node.names))


def imported_modules(found: Import, package: Path) -> set[str]:
    """The modules of the package that an import names, as module_of names them: those of names that are modules too."""
    first, _, below = found.module.partition(".")
    if first != package.name:
        return set()
    inside = package.joinpath(*below.split(".")) if below else package
    modules = {
        f"{below}.{name}".lstrip(".")
        for name in found.names
        if (inside / f"{name}.py").is_file() or (inside / name).is_dir()
    }
    return modules if modules and len(modules) == len(found.names) else {*modules, below or "__init__"}


def room_of(module: str) -> str:
    """The folder of a module; the module itself where it lies in none."""
    return module.partition(".")[0]


def wrong_directions(package: Path, may: dict[str, set[str]], free: set[str], more: dict[str, set[str]]) -> list[str]:
    """Imports that no rule allows, and folders without a rule."""
    wrong = []
    for file in sorted(package.rglob("*.py")):
        module = module_of(file, package)
        room = room_of(module)
        if room not in may:
            wrong.append(f"{file}: the rules do not say what {room} may import")
            continue
        # The package itself is "" in the rules: what its __init__ hands on.
        allowed = {room, *may[room], *more.get(module, set())} | (free if room not in free else set())
        for found in imports_of(file):
            rooms = {"" if one == "__init__" else room_of(one) for one in imported_modules(found, package)}
            wrong += [f"{found} (from {room} to {other or package.name})" for other in sorted(rooms - allowed)]
    return wrong


def circles(package: Path) -> list[str]:
    """Circles of imports, each named once, from its first module round to it again."""
    graph: dict[str, dict[str, Import]] = {}
    for file in sorted(package.rglob("*.py")):
        module = module_of(file, package)
        edges = graph.setdefault(module, {})
        for found in imports_of(file):
            edges |= {other: found for other in imported_modules(found, package) if other != module}
    done: set[str] = set()
    text: list[str] = []

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            circle = [*path[path.index(module) :], module]
            steps = [f"  {graph[one][other]}" for one, other in pairwise(circle)]
            text.append("\n".join([" -> ".join(circle), *steps]))
        elif module not in done:
            for other in graph.get(module, {}):
                visit(other, [*path, module])
            done.add(module)

    for module in graph:
        visit(module, [])
    return text


def wrong_others(package: Path, others: dict[str, set[str]]) -> list[str]:
    """Imports of other packages by folders or modules that may not."""
    wrong = []
    for file in sorted(package.rglob("*.py")):
        module = module_of(file, package)
        for found in imports_of(file):
            first = found.module.partition(".")[0]
            if first in others and not {module, room_of(module)} & others[first]:
                wrong.append(f"{found} (only {', '.join(sorted(others[first])) or 'nobody here'} may import {first})")
    return wrong


def starters(package: Path, name: str) -> list[str]:
    """Where a string is exactly a package's name: what `python -m` is given."""
    found = []
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value == name:
                found.append(f"{file}:{node.lineno}")
    return found


def report(wrong: list[str]) -> None:
    assert not wrong, "\n".join(["", *wrong])


def test_the_host_imports_downward() -> None:
    report(wrong_directions(HOST, HOST_MAY, FREE, HOST_MORE))


def test_the_model_imports_downward() -> None:
    report(wrong_directions(MODEL, MODEL_MAY, MODEL_FREE, {}))


@pytest.mark.parametrize("package", [HOST, MODEL], ids=lambda package: package.name)
def test_no_circle(package: Path) -> None:
    report(circles(package))


def test_others_packages_stay_where_they_belong() -> None:
    report(wrong_others(HOST, HOST_OTHERS) + wrong_others(MODEL, MODEL_OTHERS))


def test_the_model_takes_the_network_of_the_host_and_no_more() -> None:
    imports = [found for file in sorted(MODEL.rglob("*.py")) for found in imports_of(file)]
    taken = [found for found in imports if found.module.partition(".")[0] == HOST.name]
    taken = [found for found in taken if (found.module, found.names) != (HOST.name, ("__version__",))]
    report([str(found) for found in taken if not f"{found.module}.".startswith(tuple(f"{m}." for m in MODEL_TAKES))])


def test_only_pytorch_starts_the_model() -> None:
    places = starters(HOST, MODEL.name)
    assert places and all(Path(place).is_relative_to(HOST / "pytorch") for place in places), places


def test_commands_are_no_library() -> None:
    """What commands share lies beside them, and what benchmarks share with them in runs/ or pytorch/."""
    app = HOST / "cli" / "app.py"
    commands = {f"{HOST.name}.cli.{name}" for name in COMMANDS}
    assert commands < {found.module for found in imports_of(app)}
    files = [file for file in HOST.rglob("*.py") if file != app]
    report([str(found) for file in files for found in imports_of(file) if found.module in commands])
    benchmarks = [found for file in (ROOT / "benchmarks").glob("*.py") for found in imports_of(file)]
    report([str(found) for found in benchmarks if f"{found.module}.".startswith(f"{HOST.name}.cli.")])


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A package of three folders, one above the other, that keeps the rules below."""
    package = tmp_path / "parcel"
    texts = {
        "__init__": "from parcel.high.top import go",
        "errors": "",
        "high/__init__": "",
        "high/top": "from parcel.low import base\nfrom parcel.errors import E",
        "low/__init__": "",
        "low/base": "import sys",
        "low/other": "from parcel.low.base import x",
    }
    for name, text in texts.items():
        file = package / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    return package


MAY = {"__init__": {"high"}, "errors": set(), "high": {"low"}, "low": set()}


def test_a_package_that_keeps_the_rules_passes(planted: Path) -> None:
    assert wrong_directions(planted, MAY, {"errors"}, {}) == [] and circles(planted) == []


@pytest.mark.parametrize(
    "text",
    [
        "from parcel.high.top import go",
        "from parcel.high import top",
        "from parcel import high",
        "import parcel.high.top",
        "def f():\n    from parcel.high.top import go",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from parcel.high.top import go",
    ],
)
def test_a_planted_upward_import_is_named(planted: Path, text: str) -> None:
    file = planted / "low" / "other.py"
    file.write_text(text + "\n", encoding="utf-8")
    (wrong,) = wrong_directions(planted, MAY, {"errors"}, {})
    assert wrong.startswith(f"{file}:{text.count(chr(10)) + 1}: ") and wrong.endswith("(from low to high)")


def test_a_planted_circle_is_named(planted: Path) -> None:
    (planted / "low" / "base.py").write_text("def f():\n    from parcel.low import other\n", encoding="utf-8")
    assert wrong_directions(planted, MAY, {"errors"}, {}) == []
    (circle,) = circles(planted)
    assert "low.base -> low.other -> low.base" in circle and "base.py:2: from parcel.low import other" in circle


def test_a_folder_without_a_rule_is_named(planted: Path) -> None:
    (planted / "attic").mkdir()
    (planted / "attic" / "box.py").touch()
    (wrong,) = wrong_directions(planted, MAY, {"errors"}, {})
    assert "the rules do not say what attic may import" in wrong


def test_a_planted_import_of_another_package_is_named(planted: Path) -> None:
    (planted / "low" / "base.py").write_text("def f():\n    import torch.nn\n", encoding="utf-8")
    (wrong,) = wrong_others(planted, {"torch": {"high"}})
    assert wrong.endswith("base.py:2: import torch.nn (only high may import torch)")


def test_what_is_run_by_name_is_found(planted: Path) -> None:
    (planted / "low" / "base.py").write_text('COMMAND = ["-m", "parcel_model"]\n', encoding="utf-8")
    assert starters(planted, "parcel_model") == [f"{planted / 'low' / 'base.py'}:1"]


def test_a_network_is_read_without_pynq() -> None:
    """What the model imports of the host brings numpy and no device."""
    code = "import tilewright.network, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded and not {"pynq", "rich", "torch", "typer"} & set(loaded)


def test_what_the_model_takes_brings_neither_pynq_nor_torch() -> None:
    code = f"import {', '.join(MODEL_TAKES)}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(MODEL_TAKES) <= set(loaded) and not {"pynq", "torch"} & set(loaded)
