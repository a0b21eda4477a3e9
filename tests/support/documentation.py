"""What the pages say to type: their blocks, shell commands and Python snippets."""

from __future__ import annotations

import ast
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "host" / "notebooks"
OURS = ("tilewright", "tilewright_model")
# The first word of a command
PROGRAMS = {"tilewright", "python", "fusesoc", "make", "pip", "pytest", "torchrun", "tensorboard", "pre-commit", "dask"}
PROGRAMS |= {"pynq", ".", ".ci/run", ".ci/packages"}
ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")
DOTTED = re.compile(r"(tilewright(?:_model)?(?:\.\w+)+)(?:\(.*\))?")
# Signals, boxes, arrows
DRAWING = re.compile(r"[─│┌┐└┘►◄▲▼]|--+>|<--+")


@dataclass(frozen=True)
class Text:
    """A command, snippet or other block of a page, as it stands there."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Blocks:
    """What the pages hold, by its kind."""

    commands: list[Text]
    mentions: list[Text]  # commands within a sentence, which may lack arguments
    names: list[Text]  # modules, or what they define, within a sentence
    snippets: list[Text]  # Python
    others: list[Text]  # neither of these, and no drawing


def pages(root: Path = ROOT) -> list[Path]:
    """Every page but the changelog, whose commands are of their time."""
    files = [path for path in root.rglob("*.md") if path.name != "CHANGELOG.md"]
    return sorted(path for path in files if not any(p == "build" or p[0] == "." for p in path.relative_to(root).parts))


def is_rendered(page: Path) -> bool:
    """Whether a page is made from a notebook: tests/notebooks runs its blocks."""
    return page.parent.name == "notebooks" and page.name[0].isdigit()


def blocks_of(files: list[Path], root: Path = ROOT) -> Blocks:
    """Sort what is in the pages."""
    blocks = Blocks([], [], [], [], [])
    for file in files:
        page = str(file.relative_to(root))
        for token in MarkdownIt("commonmark").enable("table").parse(file.read_text(encoding="utf-8")):
            line = token.map[0] + 1 if token.map else 0
            for child in token.children or ():
                if child.type == "code_inline":
                    _sort_inline(blocks, Text(page, line, child.content))
            if token.type in ("fence", "code_block") and not is_rendered(file):
                _sort_block(blocks, Text(page, line + (token.type == "fence"), token.content), token.info)
    return blocks


def _sort_inline(blocks: Blocks, code: Text) -> None:
    dotted = DOTTED.fullmatch(code.text)
    if is_command(code.text):
        blocks.mentions.append(code)
    elif dotted and not dotted[1].endswith((".bit", ".hwh")):
        blocks.names.append(Text(code.page, code.line, dotted[1]))


def _sort_block(blocks: Blocks, block: Text, language: str) -> None:
    if language == "python" or re.match(r"(from|import) \w", block.text):
        blocks.snippets.append(block)
        return
    is_drawing = bool(DRAWING.search(block.text))
    for match in re.finditer(r"\S.*?(?=\n\s*\n|\Z)", block.text, re.DOTALL):
        part = Text(block.page, block.line + block.text.count("\n", 0, match.start()), match.group())
        lines = part.text.splitlines()
        if is_command(lines[0]):
            blocks.commands.extend(_commands(part))
        elif not is_drawing or any(is_command(line.strip()) for line in lines):
            blocks.others.append(part)


def _commands(part: Text) -> Iterator[Text]:
    """A command a line; an indented line goes on with the one before."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(part.text.splitlines(), part.line):
        if line.startswith(" ") and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line}")
        else:
            lines.append((number, line))
    for number, line in lines:
        yield Text(part.page, number, " ".join(_uncommented(line).split()))


def _uncommented(line: str) -> str:
    return re.sub(r"(?:^|\s)#.*", "", line)


def is_command(line: str) -> bool:
    """Whether a line begins as a command does: variables, a program, something more."""
    words = line.split()
    while words and ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    return bool(words) and words[0] in PROGRAMS and (len(words) > 1 or words[0].startswith(".ci/"))


def variants(command: str) -> Iterator[str]:
    """The commands that a synopsis stands for: all of its [OPTIONS], each of their alternatives."""
    parts = re.split(r"(?<=\s)\[([^]]+)\]", command)
    choices = [part.split(" | ") if index % 2 else [part] for index, part in enumerate(parts)]
    yield from ("".join(chosen) for chosen in itertools.product(*choices))


def words_of(command: str, substitutes: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables that a command sets, and its words, with what stands for a user's own replaced.

    The file that a shell writes what it prints to is none of its words.
    """
    words = [substitutes.get(word, word) for word in shlex.split(re.sub(r" > [\w.]+$", "", command))]
    set_here = list(itertools.takewhile(ASSIGNMENT.fullmatch, words))
    return dict(word.split("=", 1) for word in set_here), words[len(set_here) :]


def notebook_snippets() -> list[Text]:
    """The code cells of the notebooks; a cell's line is its number."""
    found = []
    for file in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found += [Text(str(file.relative_to(ROOT)), number, code) for number, code in enumerate(codes, 1)]
    return found


def example_snippets() -> list[Text]:
    """The example scripts of docs/."""
    files = sorted((ROOT / "docs" / "examples").glob("*.py"))
    return [Text(str(file.relative_to(ROOT)), 1, file.read_text(encoding="utf-8")) for file in files]


def snippet_of(page: str) -> str:
    """The one Python snippet of a page."""
    (snippet,) = blocks_of([ROOT / page]).snippets
    return snippet.text


def names_taken(snippet: str) -> Iterator[tuple[str, str]]:
    """Module and name of all that a snippet takes from the project's packages: of `import tilewright as tw` too."""
    nodes = list(ast.walk(ast.parse(snippet)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in OURS:
                    yield from ((alias.name, name) for name in _attributes(nodes, alias.asname or alias.name))
                elif alias.name.split(".")[0] in OURS:
                    yield alias.name, ""


def _attributes(nodes: list[ast.AST], module: str) -> Iterator[str]:
    """Names that are taken of a module."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
            yield node.attr


def run_snippet(snippet: str, **names: Any) -> dict[str, Any]:
    """Run a snippet where these names are given; returns all names afterwards."""
    exec(compile(snippet, "<snippet>", "exec"), names)  # noqa: S102  the project's own page
    return names
