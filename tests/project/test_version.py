"""The version has one place, and the changelog names it; of a wheel: tests/notebooks/test_get_notebooks.py."""

import re
from pathlib import Path

import tilewright
import tilewright_model

ROOT = Path(__file__).resolve().parents[2]


def test_both_packages_have_one_version() -> None:
    assert tilewright_model.__version__ == tilewright.__version__
    places = [
        ROOT / "pyproject.toml",
        ROOT / "setup.py",
        *(ROOT / "host").rglob("*.py"),
        *(ROOT / "model").rglob("*.py"),
    ]
    stated = [
        path for path in places if re.search(r"^(__version__|version) = \"", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert stated == [ROOT / "host" / "tilewright" / "__init__.py"]


def test_changelog_has_this_version_newest() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    releases = [re.fullmatch(r"(\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:]]
    assert all(releases), headings
    versions = [release[1] for release in releases if release]
    assert versions[0] == tilewright.__version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
