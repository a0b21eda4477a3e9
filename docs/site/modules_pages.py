"""The site's pages of modules: a page for each row of docs/python.md, made of docstrings by mkdocstrings."""

from __future__ import annotations

import re
from pathlib import Path

ROW = re.compile(r"^\| `(tilewright[\w.]*)` \| (.*) \|$", re.MULTILINE)
DOCS = Path(__file__).resolve().parents[1]


def stated() -> dict[str, list[str]]:
    """The names that may be imported, by module."""
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    return {module: re.findall(r"`(\w+)`", names) for module, names in ROW.findall(page)}


def pages() -> dict[str, str]:
    """The pages' Markdown, by their paths below docs."""
    return {f"modules/{module}.md": _page(module, names) for module, names in stated().items()}


def _page(module: str, names: list[str]) -> str:
    public = [name for name in names if name != "__version__"]
    blocks = [f"::: {module}.{name}\n" for name in public]
    return "\n".join([f"# {module}", "", f"`from {module} import ...`", "", *blocks])
