"""Every relative link of the Markdown pages leads to a file of the project."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def is_ours(path: Path) -> bool:
    """Tell whether the path lies in none of the folders of tools and builds."""
    return not any(part == "build" or part.startswith(".") for part in path.relative_to(ROOT).parts)


PAGES = sorted(path for path in ROOT.rglob("*.md") if is_ours(path))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, f"{page}: no such file: {missing}"
