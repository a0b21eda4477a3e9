"""Public functions take paths as text and as ``Path``: what mypy then checks, and what some of them do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST, MODEL = ROOT / "host" / "tilewright", ROOT / "model" / "tilewright_model"
# What scripts and notebooks may come to; the others start vendors' tools, boards and builds for commands
ROOMS = ("bitstreams", "estimate", "face", "host_cost", "network", "pytorch", "runs", "stimulus")
MODULES = ("file_kinds", "files", "npz", "target", "boards/board", "check/network", "remote/client", "sim/device")
MODULES += ("sim/simulate",)
FILES = [file for room in ROOMS for file in sorted((HOST / room).rglob("*.py"))]
FILES += [HOST / f"{module}.py" for module in MODULES]
FILES += [file for file in sorted(MODEL.rglob("*.py")) if "cli" not in file.parts]


def only_paths(source: str) -> Iterator[str]:
    """Parameters of public functions that take a ``Path`` and no text."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef) or (node.name.startswith("_") and node.name != "__init__"):
            continue
        given = node.args
        for parameter in (*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg])):
            kind = ast.unparse(parameter.annotation) if parameter.annotation else ""
            if re.search(r"\bPath\b", kind) and not re.search(r"\bstr\b|Callable", kind):
                yield f"{node.lineno}: {node.name}({parameter.arg}: {kind})"


@pytest.mark.parametrize("file", FILES, ids=lambda file: ".".join(file.relative_to(ROOT).with_suffix("").parts[1:]))
def test_paths_may_be_text(file: Path) -> None:
    """mypy then refuses a body that takes the text for a ``Path``."""
    assert list(only_paths(file.read_text(encoding="utf-8"))) == []


def test_planted_paths_are_found() -> None:
    source = (
        "def f(a: Path, b: str | Path, *, c: Path | None = None, d: Sequence[Path] = ()): ...\ndef _g(a: Path): ..."
    )
    assert [line.partition("(")[2] for line in only_paths(source)] == [
        "a: Path)",
        "c: Path | None)",
        "d: Sequence[Path])",
    ]
