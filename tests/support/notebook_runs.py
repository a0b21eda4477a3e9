"""Notebooks: executed as Jupyter does, and rendered to Markdown with their pictures."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "host" / "notebooks"
RENDERED = ROOT / "docs" / "notebooks"
# Tag of cells
OTHERS = "pictures-of-others"


def execute(notebook: Any, folder: Path, kernel: str) -> Any:
    """Run a notebook's cells in a folder; returns it with its outputs.

    Only what they print and draw is kept: no progress of builds, and not the script that pynq sends to a browser.
    """
    options = {"timeout": 600, "kernel_name": kernel, "coalesce_streams": True}
    NotebookClient(notebook, resources={"metadata": {"path": folder}}, **options).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_for_readers(output)]
    return notebook


def _is_for_readers(output: Any) -> bool:
    return output.get("name") == "stdout" or "image/png" in output.get("data", {})


def _without_others_pictures(notebook: Any) -> Any:
    """A copy without pictures that show images of a data set: those are not ours to publish."""
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if OTHERS in cell.metadata.get("tags", ()):
            note = nbformat.v4.new_output(
                "stream", name="stdout", text="(The data set's images are not on this page.)\n"
            )
            cell.outputs = [note, *(output for output in cell.outputs if "image/png" not in output.get("data", {}))]
    return copy


def text_of(notebook: Any) -> str:
    """All that the cells printed."""
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def pictures_of(notebook: Any) -> int:
    """How many pictures the cells drew."""
    return sum("image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))


def read(name: str) -> Any:
    """The notebook of a file name."""
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def render(notebook: Any, name: str) -> bool:
    """Whether docs/notebooks/NAME.md says what was run; writes it anew, with the pictures, where it does not."""
    resources = {"unique_key": name, "output_files_dir": f"{name}_files"}
    text, resources = MarkdownExporter().from_notebook_node(_without_others_pictures(notebook), resources)
    # Pictures are not compared, as their bytes depend on the machine, but pages follow what draws them.
    drawn = hashlib.sha256((NOTEBOOKS / "pictures.py").read_bytes()).hexdigest()[:16]
    lines = [*text.strip().splitlines(), "", f"<!-- drawn by pictures.py {drawn} -->", ""]
    text = "\n".join(line.rstrip() for line in lines)
    page = RENDERED / f"{name}.md"
    files: dict[str, bytes] = resources["outputs"]
    kept = {str(file.relative_to(RENDERED)) for file in (RENDERED / f"{name}_files").glob("*")}
    if page.is_file() and page.read_text(encoding="utf-8") == text and kept == files.keys():
        return True
    for stale in kept - files.keys():
        (RENDERED / stale).unlink()
    for file, contents in files.items():
        (RENDERED / file).parent.mkdir(parents=True, exist_ok=True)
        (RENDERED / file).write_bytes(contents)
    page.write_text(text, encoding="utf-8")
    return False
