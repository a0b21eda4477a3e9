"""The documentation site: built strictly, with every page, which look as the repository shows them."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from documentation import ROOT, pages
from markdown_it import MarkdownIt
from mike import commands
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

import gallery_page
import modules_pages
import readme_picture
import write_pages
from repository_pages import repository_files
from tilewright import __version__
from tilewright.pictures.style import Theme

CONFIG = ROOT / "mkdocs.yml"


def built(**changed: Any) -> list[str]:
    """What mkdocs warns of as it builds the site, strictly, with some settings changed; empty where it succeeds."""
    config = load_config(str(CONFIG), **changed)
    assert config.strict
    logger, found = logging.getLogger("mkdocs"), Warnings()
    logger.addHandler(found)
    try:
        build(config)
    except Abort:
        return found.texts or ["no reason was given"]
    finally:
        logger.removeHandler(found)
    return []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning ends it."""
    folder = tmp_path_factory.mktemp("site")
    found = built(site_dir=str(folder))
    assert not found, "\n".join(["", *found])
    return folder


class Warnings(logging.Handler):
    """What mkdocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def addresses() -> dict[Path, str]:
    """Where the site has the pages of the repository."""
    files = repository_files(load_config(str(CONFIG)))
    return {Path(str(file.abs_src_path)): file.dest_uri for file in files if file.is_documentation_page()}


ADDRESSES = addresses()
PAGES = [*pages(), ROOT / "CHANGELOG.md"]
# What must be equally many in both; a table's cells are counted by their rows
SHAPES = ("table", "tr", "pre", "li", "ol", "ul", "h1", "h2", "h3", "img")


class Shapes(HTMLParser):
    """How many elements of each kind a page has, of the article alone."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in SHAPES:
            self.found[tag] += 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_look_as_in_the_repository(site: Path, page: Path) -> None:
    """Python-Markdown, which mkdocs uses, and CommonMark differ on lists and on what is indented."""
    html = (site / ADDRESSES[page]).read_text(encoding="utf-8")
    shown = html.partition('<article class="md-content__inner md-typeset">')[2].partition("</article>")[0]
    expected = MarkdownIt("commonmark").enable("table").render(page.read_text(encoding="utf-8"))
    assert Shapes(shown).found == Shapes(expected).found


def test_every_page_has_an_address_of_its_own() -> None:
    assert set(ADDRESSES) == set(PAGES) and len(set(ADDRESSES.values())) == len(PAGES)


def test_search_finds_pages_and_sections(site: Path) -> None:
    entries = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    assert {entry["location"].partition("#")[0] for entry in entries} >= {
        address.removesuffix("index.html") for address in ADDRESSES.values()
    }
    assert any(entry["title"] == "Clock and size" for entry in entries)


def test_commands_and_modules_have_pages(site: Path) -> None:
    commands = (site / "commands" / "index.html").read_text(encoding="utf-8")
    assert {f'id="tilewright-{name}"' in commands for name in ("demo", "board-check", "stimulus-replay")} == {True}
    assert 'id="python--m-tilewright_model-export"' in commands and "--batch &lt;int range&gt;" in commands
    for module, names in modules_pages.stated().items():
        page = (site / "modules" / module / "index.html").read_text(encoding="utf-8")
        missing = [name for name in names if name != "__version__" and f'id="{module}.{name}"' not in page]
        assert not missing, f"{module}: {missing}"
        assert ":class:" not in page and ":func:" not in page


def test_pages_made_of_code_are_up_to_date() -> None:
    stale = [file.name for file, text in write_pages.texts().items() if file.read_text(encoding="utf-8") != text]
    assert not stale, "run: python docs/site/write_pages.py"


def test_the_readme_s_picture_is_of_the_present_estimate() -> None:
    """Not byte by byte, which follow matplotlib's version."""
    assert readme_picture.is_current(), "run: python docs/site/write_pages.py"
    file = readme_picture.FILE
    assert file.stat().st_size <= 60_000 and "prefers-color-scheme: dark" in file.read_text(encoding="utf-8")
    assert ElementTree.parse(file).getroot().tag.endswith("svg")
    assert readme_picture.text().count("\n") > 100


def test_a_picture_of_another_estimate_is_stale(tmp_path: Path) -> None:
    other = tmp_path / "time_line.svg"
    assert not readme_picture.is_current(other)
    other.write_text(readme_picture.FILE.read_text(encoding="utf-8").replace(readme_picture.mark(), "0" * 16))
    assert not readme_picture.is_current(other)


def test_the_gallery_shows_every_picture_light_and_dark(site: Path) -> None:
    page = (site / "gallery" / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img alt="([^"]+)" src="\.\./(pictures/\w+\.svg)#only-(light|dark)"', page)
    assert [alt for alt, _, _ in shown] == [one.title for one in gallery_page.PICTURES for _ in Theme]
    assert {name for _, name, _ in shown} == gallery_page.files().keys()
    assert all((site / name).read_text(encoding="utf-8").startswith("<svg ") for _, name, _ in shown)


def test_every_error_says_what_to_do() -> None:
    """But those that stand for others, or for what a client of the server did."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    silent = re.findall(r"^\| `(\w+)` \| .* \|  \|$", page, re.MULTILINE)
    served = {"FileAccessError", "UnknownIdError", "OutOfRangeError", "UnsupportedCallError"}
    assert set(silent) == {"TilewrightError", "ModelError", "BusError", *served}


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """The site works where there is no network."""
    loaded = re.findall(
        r'<(?:script|link|img)[^>]*(?:src|href)="?(https?:[^"\s>]*)', (site / "index.html").read_text("utf-8")
    )
    assert not loaded


def test_versions_are_kept_beside_each_other(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make docs-release` keeps them, with one site for both versions; the newest is what visitors come to."""
    printed = subprocess.run(["make", "--dry-run", "docs-release"], cwd=ROOT, capture_output=True, text=True).stdout
    minor = ".".join(__version__.split(".")[:2])
    assert f"deploy --update-aliases --alias-type copy {minor} latest" in printed
    assert load_config(str(CONFIG)).extra["version"] == {"provider": "mike", "default": "latest"}
    monkeypatch.chdir(tmp_path)
    for words in ("init --quiet", "config user.name tests", "config user.email tests@localhost"):
        subprocess.run(["git", *words.split()], check=True)
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "--message", "begin"], check=True)
    for version in ("0.1", "0.2"):
        options = {"update_aliases": True, "alias_type": commands.AliasType.copy}
        with commands.deploy({"site_dir": str(site)}, version, aliases=["latest"], **options):
            pass
    shown = subprocess.run(["git", "show", "gh-pages:versions.json"], check=True, capture_output=True, text=True).stdout
    assert [(one["version"], one["aliases"]) for one in json.loads(shown)] == [("0.2", ["latest"]), ("0.1", [])]
    for folder in ("0.1", "0.2", "latest"):
        subprocess.run(["git", "cat-file", "-e", f"gh-pages:{folder}/quick_start/index.html"], check=True)


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^\| (\d+) \| \[(.*)\]\((.*)\) \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    files = sorted(folder.glob("0*.md"))
    titles = [file.read_text(encoding="utf-8").splitlines()[0] for file in files]
    assert [(f"# {number}. {title}", name) for number, title, name in listed] == [
        (title, file.name) for title, file in zip(titles, files, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "navigation", "warning"),
    [
        ("[other](other.md#there)", ["index.md", "other.md"], ""),
        ("[gone](gone.md)", ["index.md", "other.md"], "'gone.md'"),
        ("[other](other.md#gone)", ["index.md", "other.md"], "'other.md#gone'"),
        ("[here](#gone)", ["index.md", "other.md"], "'#gone'"),
        ("[a folder](assets)", ["index.md", "other.md"], "'assets'"),
        ("nowhere", ["index.md"], "other.md"),
        ("nowhere", ["index.md", "other.md", "gone.md"], "'gone.md'"),
    ],
)
def test_planted_mistakes_end_the_build(tmp_path: Path, text: str, navigation: list[str], warning: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(f"# Home\n\n{text}\n", encoding="utf-8")
    (docs / "other.md").write_text("# Other\n\n## There\n", encoding="utf-8")
    found = built(
        docs_dir=str(docs), site_dir=str(tmp_path / "site"), nav=navigation, hooks=[], plugins=[], theme="mkdocs"
    )
    assert [warning in each for each in found] == [True] * bool(warning)


def test_a_page_without_a_table_s_place_is_refused() -> None:
    page = "# Page\n\n<!-- made: one -->\nold\n<!-- end -->\n"
    assert write_pages.filled(page, {"one": "new\n"}) == page.replace("old", "new")
    with pytest.raises(ValueError, match="the page has places for one, the tables are one, two"):
        write_pages.filled(page, {"one": "", "two": ""})
