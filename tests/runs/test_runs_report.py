"""`--report` and `tilewright report`: what a page says of a run and of two, what it links to, and what is no record."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command_line import refused
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.pytorch.reference import PyTorchReference
from tilewright.report import page
from tilewright.report.contents import confused, figures, layer_rows
from tilewright.report.saved import checked_record, load_record

pytestmark = pytest.mark.simulation


def tilewright(*arguments: Any) -> Any:
    """`tilewright` with these arguments, in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(example: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the small network, equal: `run.json` and `run.html`; its labels are the classes, but for one."""
    case, folder = example("small"), tmp_path_factory.mktemp("report")
    labels = case.expected["predictions"].copy()
    labels[1] += 1 if labels[1] == 0 else -1
    replace(case.images, labels=labels).save(folder / "images.npz")
    command = (
        "run",
        case.path,
        "--images",
        folder / "images.npz",
        "--batch",
        3,
        "--layers",
        "all",
        "--check",
        "--json",
    )
    ran = tilewright(*command, "--seed", 4, "--report", folder / "run.html")
    assert ran.exit_code == 0, ran.output
    (folder / "run.json").write_text(ran.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def facts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """A page's texts and what it loads or links to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.words, self.addresses, self.scripts, self.handlers = "", [], [], []
        self.feed(file.read_text(encoding="utf-8"))
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = dict(attrs)
        self.addresses += [found[name] for name in ("href", "src", "xlink:href") if found.get(name)]
        self.scripts += [found.get("type")] * (tag == "script")
        self.handlers += [name for name in found if name.startswith("on")]
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if getattr(self, "inside", "") not in ("script", "style"):
            self.words += f" {data}"


def test_a_page_says_what_the_run_was(folder: Path, facts: dict[str, Any]) -> None:
    shown = Page(folder / "run.html")
    for text in ("Equal", "small on 8x8", "not run on hardware", "75.0%", "3 of 4", f"{facts['compared']:,} integers"):
        assert text in shown.words, text
    layers = [layer["layer"] for layer in facts["layers"]]
    assert all(name in shown.words for name in layers) and len(layers) > 3
    for kept in (*facts["versions"].values(), facts["network_sha256"], facts["images_sha256"], facts["build_hash"][2:]):
        assert str(kept) in shown.words
    assert {address[:5] for address in shown.addresses if address[0] != "#"} == {"data:"}
    assert shown.scripts == ["application/json"] and "http" not in shown.words


def test_a_record_is_whole(facts: dict[str, Any]) -> None:
    """What the hardware counted in the last program adds up, and the estimate comes back as it was."""
    saved = checked_record(facts, "run", Path())
    assert saved.estimate is not None and saved.estimate.batch == 1 and facts["programs"] == 2
    counted = sum(layer["command_cycles"] for layer in facts["measured"])
    assert 0 < counted < facts["program_cycles"] and counted == pytest.approx(saved.estimate.program_cycles, rel=0.05)
    rows = layer_rows(saved)
    assert [row["name"] for row in rows] == [layer["layer"] for layer in facts["layers"]]
    assert rows[0]["counted"] == f"{facts['measured'][0]['command_cycles']:,}" and rows[0]["differing"] == "0"
    assert sum(int(row["compared"].replace(",", "")) for row in rows) == facts["compared"]
    assert confused(facts)[0][2] == 1 and dict(row[:2] for row in figures(facts))["Accuracy"] == "75.0%"


def test_a_page_is_a_record(folder: Path, facts: dict[str, Any], tmp_path: Path) -> None:
    assert load_record(folder / "run.html").facts == facts
    for source in ("run.json", "run.html"):
        made = tilewright("report", folder / source, "-o", tmp_path / "again.html", "--json")
        assert made.exit_code == 0 and json.loads(made.stdout)["equal"] is True
        assert (tmp_path / "again.html").read_bytes() == (folder / "run.html").read_bytes()


def test_a_mismatch_is_in_the_page_with_its_waveform(
    example: Callable[[str], Any], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = example("small")
    name, compute = case.network.layers[2].name, PyTorchReference.chunk

    def altered(reference: PyTorchReference, index: int) -> dict[str, Any]:
        arrays = compute(reference, index)
        arrays[f"{name}.codes"][1, 9, 1, 2] ^= 1
        return arrays

    monkeypatch.setattr(PyTorchReference, "chunk", altered)
    file = tmp_path / "wrong.html"
    command = ("verify", case.path, "--images", folder / "images.npz", "--batch", 2, "--count", 2, "--report", file)
    ran = tilewright(*command)
    assert ran.exit_code == 1, ran.output
    (found,) = next(layer for layer in load_record(file).facts["layers"] if layer["layer"] == name)["listed"]
    shown = Page(file)
    assert "Not equal" in shown.words and f"{name}: 1 of" in shown.words
    row = [found[key] for key in ("image", "channel", "row", "column", "expected", "got", "oc_tile", "array_column")]
    assert row[:4] == [1, 9, 1, 2] and row[4] ^ 1 == row[5] and " ".join(map(str, row)) in shown.words
    (link,) = [address for address in shown.addresses if address.endswith(".fst")]
    assert link == "wrong.fst" and (tmp_path / link).stat().st_size > 1000
    # Moved without it: the link would lead nowhere
    moved = tmp_path / "elsewhere" / "page.html"
    moved.parent.mkdir()
    file.rename(moved)
    assert tilewright("report", moved, "-o", tmp_path / "elsewhere" / "moved.html").exit_code == 0
    again = Page(tmp_path / "elsewhere" / "moved.html")
    assert "not beside this page" in again.words and not [a for a in again.addresses if a.endswith(".fst")]


def compared(folder: Path, *runs: Path) -> tuple[int, dict[str, Any], str]:
    """Exit status, JSON and words of `report --compare`."""
    made = tilewright("report", "--compare", *runs, "-o", folder / "both.html", "--json")
    assert made.exit_code in (0, 1), made.output
    return made.exit_code, json.loads(made.stdout), Page(folder / "both.html").words


def test_two_runs(
    example: Callable[[str], Any], folder: Path, facts: dict[str, Any], tmp_path: Path, capsys: Any
) -> None:
    """One with another batch and seed, one with another class, one of other images."""
    case, images = example("small"), folder / "images.npz"
    other = tilewright("run", case.path, "--images", images, "--seed", 5, "--report", tmp_path / "other.html")
    assert other.exit_code == 0, other.output
    status, found, words = compared(tmp_path, folder / "run.html", tmp_path / "other.html")
    assert (status, found["same_images"], found["predictions_differing"]) == (0, True, 0)
    assert "Same predictions" in words
    differing = {row["name"]: (row["first"], row["second"]) for row in found["setup_differing"]}
    assert differing["Images a program"] == ("3, at most", "1, at most") and "Network file: hash" not in differing
    assert differing["Compared with"] == ("PyTorch", "nothing") and differing["Seed of the stalls"][1].startswith("5,")
    assert [row["name"] for row in found["layers"]] == [layer.name for layer in case.network.layers]
    changed = copy.deepcopy(facts)
    changed["predictions"][2] += 1
    (tmp_path / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    status, found, words = compared(tmp_path, folder / "run.json", tmp_path / "changed.json")
    assert (status, found["predictions_differing"]) == (1, 1) and found["predictions"][0]["image"] == 2
    assert "Predictions differ" in words and "1 of 4 images got another class" in words
    changed["images_sha256"] = "0" * 64
    (tmp_path / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    status, found, words = compared(tmp_path, folder / "run.json", tmp_path / "changed.json")
    assert (status, found["predictions_differing"]) == (0, None) and "Other images" in words


def test_names_are_no_html(facts: dict[str, Any], tmp_path: Path) -> None:
    """Of networks, layers, classes, sources: in the page's words, its pictures and its record."""
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    text = json.dumps(facts).replace(facts["layers"][0]["layer"], hostile).replace('"small"', json.dumps(hostile))
    changed = json.loads(text) | {
        "image_source": hostile,
        "waveform": f"{hostile}.fst",
        "mismatches": 1,
        "equal": False,
    }
    changed["classes"] = [hostile] * 10
    changed["layers"][0]["mismatches"] = 1
    page.write_run(checked_record(changed, hostile, tmp_path), tmp_path / "run.html")
    shown = Page(tmp_path / "run.html")
    assert shown.scripts == ["application/json"] and shown.handlers == [] and hostile in shown.words
    assert load_record(tmp_path / "run.html").facts["network"] == hostile
    both = [checked_record(changed, hostile, tmp_path)] * 2
    page.write_comparison(*both, tmp_path / "both.html")
    assert Page(tmp_path / "both.html").scripts == []


def test_a_board_s_run_and_one_that_nothing_was_compared_with(facts: dict[str, Any], tmp_path: Path) -> None:
    board = {"device": {"name": "Pynq-Z2", "simulated": False, "stall_probability": 0.0}, "seed": None}
    board |= {"estimate": facts["estimate"] | {"stall_probability": 0.0}}
    nothing = {"checked": False, "equal": None, "reference": None, "layers": [], "correct": None, "measured": None}
    page.write_run(checked_record(facts | board | nothing, "run", tmp_path), tmp_path / "run.html")
    words = Page(tmp_path / "run.html").words
    assert "simulated" not in words and "not run on hardware" not in words and "Device: Pynq-Z2" in words
    assert "Not compared" in words and "Equal" not in words and "Seed" not in words
    assert "Accuracy –" in words and "Integers that differ – nothing compared" in words
    assert "estimated; the hardware's log does not hold them all" in words and "More than 100 %" in words


def without(*names: str) -> Callable[[dict[str, Any]], Any]:
    return lambda facts: {key: value for key, value in facts.items() if key not in names}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: json.dumps(facts)[:-9], "no run's record: Unterminated string"),
        (lambda facts: "", "no run's record: the file is empty"),
        (lambda facts: [facts], "no run's record, there is no format in it"),
        (without("format"), "no run's record, there is no format in it"),
        (lambda facts: facts | {"format": "tilewright-run-2"}, "its format is 'tilewright-run-2'"),
        (without("predictions"), "a damaged record: whole: 'predictions' is a required property"),
        (lambda facts: facts | {"array": "8"}, "a damaged record: array: '8' is not of type 'integer'"),
        (lambda facts: facts | {"labels": [0]}, "4 images, but {'predictions': 4, 'labels': 1}"),
        (lambda facts: facts | {"thumbnails": ["javascript:alert(1)"]}, "thumbnails/0: 'javascript:alert(1)' does not"),
        (lambda facts: facts | {"estimate": without("hardware")(facts["estimate"])}, "damaged record: estimate: "),
        (lambda facts: facts | {"estimate": facts["estimate"] | {"layers": [1]}}, "damaged record: estimate: "),
    ],
)
def test_no_record_is_one_error(
    facts: dict[str, Any], tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    changed = change(facts)
    file = tmp_path / "run.json"
    file.write_text(changed if isinstance(changed, str) else json.dumps(changed), encoding="utf-8")
    said = refused("report", file, "-o", tmp_path / "page.html")
    assert said.startswith(f"ReportError: {file}: ") and message in said and said.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_other_files_are_refused(
    example: Callable[[str], Any], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.html").write_text("<!doctype html><p>nothing", encoding="utf-8")
    out = ("-o", tmp_path / "out.html")
    assert "the page holds none" in refused("report", tmp_path / "page.html", *out)
    assert "no such file" in refused("report", tmp_path / "gone.json", *out)
    network = example("small").path
    assert f"is a network file, not a run's record: `tilewright run {network}`" in refused("report", network, *out)
    assert "is a network file" in refused("report", "--compare", folder / "run.json", network, *out)
    assert "give one run, or --compare with two" in refused("report", *out)
    assert "a report has the suffix .html" in refused("report", folder / "run.json", "-o", tmp_path / "page.txt")
    assert "there is no folder" in refused("report", folder / "run.json", "-o", tmp_path / "none" / "page.html")
    assert "suffix .html" in refused("run", network, "--report", tmp_path / "page.json")
    assert "one layer alone goes without --report" in refused("verify", "--report", tmp_path / "page.html")
    monkeypatch.setattr(page, "find_spec", lambda name: None if name == "jinja2" else re)
    needed = refused("run", network, "--report", tmp_path / "page.html")
    assert needed == "ReportError: a report needs jinja2: pip install 'tilewright[report]'\n"
