"""Figures say what they are: speeds at an assumed clock, utilisation of which cycles, ratios that were measured."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import networks
import pytest

from tilewright.driver.run_steps import RunStep
from tilewright.estimate.estimate import estimate_network
from tilewright.explore.exploration import explore
from tilewright.explore.space import Space, places
from tilewright.hardware import assumed_clock
from tilewright.hardware.parameters import HardwareParameters
from tilewright.runs.bench import Measurement

ROOT = Path(__file__).resolve().parents[2]
RESULTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("docs/results/*.json")}
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A clock, or a speed that needs one
FIGURE = re.compile(r"\bMHz\b|(?i:\bimages?/s\b|\bimages? (?:a|per) second\b)")
# One of these stands with it: assumed; what place and route gives, or the static report; of the simulated device;
# measured here
SAYS = re.compile(r"\b(?:assumed|placed and routed|static report|simulated|here)\b", re.IGNORECASE)
ARRAYS = ("8x8", "16x16", "32x32")
# 32x32 fits an xc7z020 with these columns of DSPs
SYNTHESISED = ("8x8", "16x16", "32x32_dsp12")


def pages() -> list[Path]:
    """Every Markdown page and notebook of the project."""
    ours = [path for pattern in ("*.md", "*.ipynb") for path in ROOT.rglob(pattern)]
    return sorted(
        path for path in ours if not any(p == "build" or p.startswith(".") for p in path.relative_to(ROOT).parts)
    )


def pieces(text: str) -> Iterator[str]:
    """What a reader takes in at once: a paragraph of prose, a row of a table, a line of code."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        if any(re.match(r"\s*[|\"]|    |```", line) for line in lines):
            yield from lines
        else:
            yield from re.split(r"\n(?=- |\d+\. )", block)


def texts(source: str) -> Iterator[str]:
    """Every text of a Python file that is no docstring; what an f-string inserts as its source."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    skipped = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and is_text(node.body[0])
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a text."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within JSON."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_say_that_a_clock_is_assumed(page: Path) -> None:
    bare = [
        piece for piece in pieces(page.read_text(encoding="utf-8")) if FIGURE.search(piece) and not SAYS.search(piece)
    ]
    assert not bare


def test_commands_say_that_a_clock_is_assumed() -> None:
    """The simulated device's own clock is left out, and clocks that are read, of a device and of its files."""
    files = [*ROOT.glob("host/tilewright/**/*.py"), *ROOT.glob("host/notebooks/*.py"), *ROOT.glob("benchmarks/*.py")]
    read = {"driver/clocks.py", "bitstreams/pair.py", "cli/bitstream_table.py", "face/board.py"}
    files = [file for file in files if file.parent.name != "sim" and f"{file.parent.name}/{file.name}" not in read]
    assert len(files) > 50
    found = [text for file in files for text in texts(file.read_text(encoding="utf-8")) if FIGURE.search(text)]
    assert any("assumed" in text for text in found)
    assert not [text for text in found if not SAYS.search(text)]


def test_one_wording() -> None:
    assert assumed_clock.in_words(4, 3_556_060) == "112.5 images/s at an assumed 100 MHz, not reached"
    assert assumed_clock.in_words(0, 0, 62.5) == "0.0 images/s at an assumed 62.5 MHz, not reached"


def test_hardware_status_stands_before_the_first_figure() -> None:
    status = README.index("**Nothing here has run on hardware.**")
    assert status < README.index("\n    ") and status < README.index("\n|") and status < README.index("%")
    told = " ".join(README[status : README.index("\n    ")].split())
    clock = RESULTS["timing_ecp5_8x8"]["result"]["fmax_mhz"]
    (zynq,) = [board for board in RESULTS["boards"]["result"]["boards"] if board["part"] == "xc7z020"]
    size = f"{zynq['array']}x{zynq['array']}"
    assert f"reaches {clock:.0f} MHz" in told and "assumed 100 MHz" in told
    assert f"by Yosys' count {size} is the largest array that fits an xc7z020" in told


def facts_of_commands() -> Iterator[dict[str, Any]]:
    """What `estimate`, `explore` and `bench` print as JSON; tests of the other commands are with them."""
    yield explore(networks.small_network(0), Space(places(("kv260",)), arrays=(16,), batches=(2,))).as_dict()
    yield estimate_network(networks.small_network(0), HardwareParameters(n=16), 2).as_dict(100.0)
    yield Measurement("small", 8, 2, 1, 1, {step: [0.5] for step in RunStep}, [4000], 9000).as_dict(100.0)


def test_utilisation_says_of_which_cycles() -> None:
    """`x_utilisation` is of the `x_cycles` beside it; where array and work stand there too, it is their quotient."""
    every = [RESULTS[name]["result"] for name in RESULTS] + list(facts_of_commands())
    found = [(facts, key) for result in every for facts in objects(result) for key in facts if "utilisation" in key]
    assert len(found) > 8
    for facts, key in found:
        what = re.fullmatch("(layer|program|command)_utilisation", key)
        assert what and f"{what[1]}_cycles" in facts, f"{key} among {sorted(facts)}"
        cycles = facts[f"{what[1]}_cycles"]
        if "array" in facts and not isinstance(cycles, dict):
            assert facts[key] == pytest.approx(facts["macs"] / (facts["array"] ** 2 * cycles))


def test_speeds_in_json_name_their_clock() -> None:
    every = [RESULTS[name]["result"] for name in RESULTS] + list(facts_of_commands())
    keys = {key for result in every for facts in objects(result) for key in facts}
    clocks = {key for key in keys if "clock" in key or re.search("images_per", key)}
    # `bench`'s images_per_s is measured, the steps of a program added up
    assert clocks == {
        *("assumed_clock_mhz", "images_per_s_at_assumed_clock", "accelerator_s_at_assumed_clock"),
        "images_per_s",
        # The table of boards, each with its kind
        *("static_clock_mhz", "images_per_s_at_static_clock", "images_per_s_at_static_clock_and_assumed_memory"),
        "memory_mb_per_s_at_assumed_clock",
        # What is explored, likewise
        *("memory_mb_per_s_at_static_clock", "gops_at_assumed_clock", "gops_at_static_clock"),
        *("program_ms_at_assumed_clock", "program_ms_at_static_clock"),
        # What the processor beside the accelerator takes of its time
        *("share_at_assumed_clock", "share_at_static_clock", "others_at_static_clock"),
    }


def row(heading: str) -> list[list[float]]:
    """A row of README's table: the numbers of each array."""
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {heading}")]
    return [[float(number) for number in re.findall(r"[\d.]+", cell)] for cell in line.split("|")[2:5]]


def luts_of(area: dict[str, Any]) -> int:
    """Of the whole design on the device."""
    return int(area["LUT"] + area["LUT as RAM or shift register"] + area["other_luts"])


def test_readme_shows_the_results() -> None:
    runs = [RESULTS[f"vgg16_{array}"]["result"] for array in ARRAYS]
    areas = [RESULTS[f"area_{array}"]["result"] for array in SYNTHESISED]
    assert row("program utilisation") == [[round(100 * run["program_utilisation"], 1)] for run in runs]
    speeds = [[round(run["images_per_s_at_assumed_clock"])] for run in runs]
    assert row(f"images a second at an assumed {runs[0]['assumed_clock_mhz']:g} MHz, not reached") == speeds
    shares = [[round(100 * area["share"][name]) for name in ("LUT", "RAMB36")] for area in areas]
    assert row("the accelerator alone, of an xc7z020") == shares
    for area in areas:
        assert area["fits"] is True is (luts_of(area) <= area["limits"]["LUT"] * area["device"]["LUT"])
    (zynq,) = [board for board in RESULTS["boards"]["result"]["boards"] if board["part"] == "xc7z020"]
    lut, columns = zynq["resources"]["lut"], areas[-1]["configuration"]["dsp_columns"]
    luts = luts_of(RESULTS[f"area_32x32_dsp{columns}" + ("_w128" if zynq["stream_w"] == 128 else "")]["result"])
    assert (zynq["array"], zynq["dsp_columns"], lut["taken"]["value"]) == (32, columns, luts)
    assert f"32x32 with {columns} columns of DSPs" in README
    page = " ".join((ROOT / "docs" / "results" / "clock_and_size.md").read_text(encoding="utf-8").split())
    assert f"32x32 with {columns} columns of DSPs takes {shares[-1][0]} % of an xc7z020's LUTs" in page
    assert f"interrupt controller {lut['share']:.0%}".replace("%", " %") in page


def test_ratio_to_cocotb_is_of_wall_times() -> None:
    """Of the same program, round by round; and no page quotes another ratio."""
    facts = RESULTS["simulation"]["result"]
    for key in ("without_set_up", "with_set_up"):
        rounds, ratios = facts[key]["rounds_s"], facts[key]["rounds_ratio"]
        assert len(ratios) >= 5
        assert ratios == [c / d for c, d in zip(rounds["cocotb"], rounds["device"], strict=True)]
        assert facts[key]["ratio"] == median(ratios)
        assert facts[key]["measured"].startswith("wall seconds")
    quoted = r"cocotb[^.*]*\*\*([\d.]+)\*\*|([\d.]+) times[^.]*cocotb|cocotb[^.]*?([\d.]+) times"
    found = [
        float(next(filter(None, groups)))
        for page in pages()
        for piece in pieces(page.read_text(encoding="utf-8"))
        for groups in re.findall(quoted, piece)
    ]
    assert found and set(found) == {round(facts["without_set_up"]["ratio"])}
