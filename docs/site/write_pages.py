"""Write what pages hold of the project's own code: tables of docs/errors.md and docs/supported_layers.md, a picture.

A table stands between `<!-- made: NAME -->` and `<!-- end -->`; the rest of a page is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import errors_page
import layers_page
import operations_page
import readme_picture

DOCS = Path(__file__).resolve().parents[1]
MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def texts() -> dict[Path, str]:
    """The pages' files and what they are to hold."""
    made = {
        "errors.md": errors_page.tables(),
        "supported_layers.md": layers_page.tables() | {"operations": operations_page.table()},
    }
    return {DOCS / name: filled((DOCS / name).read_text(encoding="utf-8"), tables) for name, tables in made.items()}


def filled(page: str, tables: Mapping[str, str]) -> str:
    """A page with its tables as they are today.

    Args:
        page: its Markdown.
        tables: by name; the page has a place for each, and for no other.

    Returns:
        The page's Markdown.

    Raises:
        ValueError: the page has other places.
    """
    places = [name for _, name, _ in MADE.findall(page)]
    if sorted(places) != sorted(tables):
        raise ValueError(f"the page has places for {', '.join(places)}, the tables are {', '.join(tables)}")
    return MADE.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def main() -> None:
    """Write them, and name those that change."""
    for file, text in texts().items():
        if file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: {file}")
    if not readme_picture.is_current():
        readme_picture.FILE.write_text(readme_picture.text(), encoding="utf-8")
        print(f"written: {readme_picture.FILE}")


if __name__ == "__main__":
    main()
