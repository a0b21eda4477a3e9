"""Docstrings of the two packages: public ones that say more than a line say it in Google's sections."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "host" / "tilewright").rglob("*.py"), *(ROOT / "model" / "tilewright_model").rglob("*.py")])
# Folders whose docstrings are being rewritten: out with a folder as it is done
UNDONE = {"sim"}
SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Attributes):$", re.MULTILINE)
PROSE = re.compile(r"\bRaises? `*[A-Z]\w+")
Definition = ast.FunctionDef | ast.ClassDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public functions, classes and methods, by dotted name."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def is_command(node: Definition) -> bool:
    """Whether typer shows the docstring as a help page."""
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    options = [] if isinstance(node, ast.ClassDef) else [*node.args.args, *node.args.kwonlyargs]
    shown = any(option.annotation and ast.unparse(option.annotation) == "AsJson" for option in options)
    return shown or re.search(r"\b(command|callback|grouped)\b", decorators) is not None


def parameters(node: ast.FunctionDef) -> list[str]:
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [parameter.arg for parameter in taken if parameter.arg not in ("self", "cls", "ctx")]


def wrong(source: str) -> list[str]:
    """Definitions whose docstring is in another dialect, or leaves out a parameter; empty for most files."""
    found = []
    for name, node in public(ast.parse(source).body):
        text = ast.get_docstring(node) or ""
        if is_command(node):
            continue
        names = parameters(node) if isinstance(node, ast.FunctionDef) else []
        if "\n" in text and PROSE.search(text):
            found.append(f"{node.lineno} {name}: what it raises belongs under 'Raises:'")
        elif names and "\n" in text and not SECTION.search(text):
            found.append(f"{node.lineno} {name}: several lines, and no section such as 'Args:'")
        elif "Args:\n" in text:
            described = text.partition("Args:\n")[2]
            missing = [word for word in names if not re.search(rf"\b{word}\b", described)]
            found += [f"{node.lineno} {name}: 'Args:' leaves out {word}" for word in missing]
    return found


def test_public_docstrings_have_sections() -> None:
    files = [file for file in FILES if not UNDONE & set(file.relative_to(ROOT).parts)]
    found = [f"{file}:{line}" for file in files for line in wrong(file.read_text(encoding="utf-8"))]
    assert len(files) > 200 and not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('def f(x):\n    """Do it.\n\n    Raises ValueError if x is none.\n    """', "1 f: what it raises"),
        ('def f(x):\n    """Do it. Raises ValueError if x is none."""', ""),
        ('class A:\n    def f(self, x):\n        """Do it.\n\n        x: what.\n        """', "2 A.f: several lines"),
        ('def f(x, y):\n    """Do it.\n\n    Args:\n        x: what.\n    """', "1 f: 'Args:' leaves out y"),
        ('def f(x):\n    """Do it.\n\n    Args:\n        x: what.\n    """', ""),
        ('def f(self):\n    """Do it.\n\n    And more.\n    """', ""),
        ('@command("f")\ndef f(x):\n    """Do it.\n\n    With x.\n    """', ""),
    ],
)
def test_planted_docstrings_are_found(source: str, message: str) -> None:
    found = wrong(source)
    assert found[0].startswith(message) if message else not found
