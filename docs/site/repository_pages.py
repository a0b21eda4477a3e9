"""What `mkdocs build` does beside its own work: the site's pages are the repository's, where they lie.

mkdocs takes the pages of one folder. Here every Markdown page of the repository is one, at its own path, so that the
links between them hold on the site as they do in the repository, and mkdocs checks them and their anchors. Pages of
commands, modules and pictures are made as the site is, and are nowhere else.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

import commands_page
import gallery_page
import modules_pages

ROOT = Path(__file__).resolve().parents[2]
ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):(?=<code>)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Addresses are paths without docs/; but for these
NAMED = {
    "docs/README.md": "index.html",
    "README.md": "readme/index.html",
    "bitstreams/README.md": "bitstreams/folder/index.html",
    "CHANGELOG.md": "changelog/index.html",
    "CONTRIBUTING.md": "contributing/index.html",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Gives headings the anchors that the repository's own web view gives them.

    Args:
        config: of the site.
    """
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Puts the repository's pages, and the files that they link to, in the place of those of one folder.

    Args:
        files: those of the folder docs, and of the theme.
        config: of the site.

    Returns:
        Pages by their paths in the repository, what they link to, generated pages, and the theme's files.
    """
    kept = [file for file in files if file.src_dir != config.docs_dir]
    made = {"commands.md": commands_page.page(), **modules_pages.pages()}
    made |= {"gallery.md": gallery_page.page(), **gallery_page.files()}
    generated = [File.generated(config, f"docs/{name}", content=text) for name, text in made.items()]
    for file in generated:
        file.dest_uri = file.dest_uri.removeprefix("docs/")
    return Files([*kept, *generated, *repository_files(config)])


def repository_files(config: MkDocsConfig) -> list[File]:
    """The repository's pages, and the files that they link to.

    Args:
        config: of the site.

    Returns:
        Each by its path in the repository, with an address of its own.
    """
    paths = pages()
    linked = {target for page in paths for target in links_of(page) if target.is_file() and target.suffix != ".md"}
    return [_file(path, config) for path in [*paths, *sorted(linked)]]


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Shows names in docstrings as code: mkdocstrings leaves Sphinx' roles before them.

    Args:
        html: of the page.
        page: itself.
        config, files: of the site.

    Returns:
        The page's HTML.
    """
    return ROLE.sub("", html) if page.file.src_uri.startswith("docs/modules/") else html


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown page, sorted.

    Args:
        root: folder to look in; builds and hidden folders are left out.
    """
    folders = [path for path in sorted(root.iterdir()) if path.name != "build" and not path.name.startswith(".")]
    found = [page for path in folders for page in ([path] if path.suffix == ".md" else path.rglob("*.md"))]
    return sorted(page for page in found if not any(part.startswith(".") for part in page.relative_to(root).parts))


def links_of(page: Path) -> set[Path]:
    """Files and folders that a page links to.

    Args:
        page: a Markdown page.
    """
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    return {(page.parent / link).resolve() for link in links}


def _file(path: Path, config: MkDocsConfig) -> File:
    source = path.relative_to(ROOT).as_posix()
    file = File(source, str(ROOT), config.site_dir, config.use_directory_urls)
    if source in NAMED:
        file.dest_uri = NAMED[source]
    else:
        file.dest_uri = file.dest_uri.removeprefix("docs/")
    return file
