"""The table of boards: its command, its figures' kinds, its place among the results, and what README says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import benchmark_scripts
import networks
import pytest
from typer.testing import CliRunner

from tilewright.silicon.area import AreaModel
from tilewright.silicon.clock import ClockModel
from tilewright.silicon.kinds import Kind
from tilewright.silicon.parts import all_parts, part_of
from tilewright.silicon.points import committed

ROOT = Path(__file__).resolve().parents[2]
KINDS = {kind.value for kind in Kind}
FILE = ROOT / "docs" / "results" / "boards.json"


@pytest.fixture(scope="module")
def boards() -> Iterator[ModuleType]:
    """The command, for a small network in VGG16's place: its file takes PyTorch and seconds."""
    module = benchmark_scripts.load("boards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "resolve_network", lambda path, layers: path)
        patch.setattr(module, "load_network", lambda path: networks.small_network(0))
        yield module


@pytest.fixture(scope="module")
def page() -> ModuleType:
    return benchmark_scripts.load("boards_page")


@pytest.fixture(scope="module")
def printed(boards: ModuleType) -> dict[str, Any]:
    result = CliRunner().invoke(boards.app, ["--batch", "1", "--batch", "4", "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def figures(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with a value, and where it lies."""
    if isinstance(value, dict):
        if "value" in value:
            yield path, value
        for key, inner in value.items():
            yield from figures(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from figures(inner, f"{path}/{index}")


def every_result(printed: dict[str, Any]) -> list[dict[str, Any]]:
    return [printed, json.loads(FILE.read_text(encoding="utf-8"))["result"]]


def test_points_are_the_committed_results() -> None:
    script = benchmark_scripts.load("silicon_points")
    assert script.FILE.read_text(encoding="utf-8") == script.text(), "run: python benchmarks/silicon_points.py"


def test_every_part_is_a_row(printed: dict[str, Any]) -> None:
    for facts in every_result(printed):
        assert [board["part"] for board in facts["boards"]] == list(all_parts())
        assert facts["area_fit"]["worst_error"].keys() == {"lut", "ff"} and facts["static_report"]["error"] == 0.25


def test_every_figure_says_its_kind(printed: dict[str, Any]) -> None:
    for facts in every_result(printed):
        found = dict(figures(facts))
        assert len(found) > 20 and all(figure["kind"] in KINDS for figure in found.values())
        for board in facts["boards"]:
            # Nothing was synthesised for UltraScale+, and no board has run
            kinds = {figure["kind"] for path, figure in figures(board) if re.search("lut|ff|static", path)}
            assert board["part"] == "xc7z020" or kinds == {"extrapolated"}
            for batch in (board["batch_1"], board["best_batch"]):
                assert batch["program_cycles_kind"] == "estimated"
                assert not {figure["kind"] for _, figure in figures(batch)} & {"measured"}


def test_rows_are_within_their_limits(printed: dict[str, Any]) -> None:
    for facts in every_result(printed):
        for board in facts["boards"]:
            for name, resource in board["resources"].items():
                assert resource["limit"] == facts["limits"][name]
                assert resource["share"] <= resource["limit"]
            assert board["resources"]["dsp"]["taken"]["value"] == board["array"] * board["dsp_columns"] / 2
            for batch in (board["batch_1"], board["best_batch"]):
                speed = batch["images_per_s_at_assumed_clock"]["value"]
                assert speed == pytest.approx(batch["batch"] * 100e6 / batch["program_cycles"])
                faster = batch["images_per_s_at_static_clock"]["value"]
                assert faster == pytest.approx(speed * board["static_clock_mhz"]["value"] / 100)
                assert batch["images_per_s_at_static_clock_and_assumed_memory"]["value"] <= faster
            assert board["batch_1"]["batch"] == 1 and board["best_batch"]["batch"] in board["batches_tried"]


def test_one_part_for_people(boards: ModuleType) -> None:
    result = CliRunner().invoke(boards.app, ["--batch", "1", "--part", "xczu5ev"])
    assert result.exit_code == 0, result.output
    assert "KV260" in result.stdout and "ZCU104" not in result.stdout
    assert "Nothing has run on hardware" in result.stdout and re.search(r"Array +\d+x\d+", result.stdout)


def test_a_part_that_nothing_fits_says_so(boards: ModuleType, page: ModuleType) -> None:
    points = committed()
    area, clocks = AreaModel(points.areas), ClockModel(points.timing)
    network, tiny = networks.small_network(0), replace(part_of("xc7z020"), lut=4000)
    row = boards.row_of(network, tiny, area, clocks, (1,))
    facts = boards.facts_of(network, [row], area, clocks)
    assert facts["boards"][0]["fits"] is False and "array" not in facts["boards"][0]
    assert boards.cells(row)["Array"].startswith("nothing fits: lut ")
    assert "| nothing fits: lut " in page.boards_table(facts)


def test_the_page_says_kinds_and_errors(printed: dict[str, Any], page: ModuleType) -> None:
    for facts in every_result(printed):
        text = page.boards_table(facts)
        rows = [line for line in text.splitlines() if line.startswith("| xc")]
        assert len(rows) == len(facts["boards"]) and len({row.count("|") for row in rows}) == 1
        for row in rows[1:]:
            assert re.search(r"\d % x|\d% x", row) and re.search(r"\d+ x \|", row)
        fit = facts["area_fit"]
        assert f"{fit['worst_error']['lut']:.1%}" in text and f"{max(fit['errors_left_out']['ff']):.1%}" in text
        assert "+-25%" in text
        assert "Nothing has run on hardware" in text and "picorv32" in text


def test_the_page_says_the_worst_of_what_was_left_out(page: ModuleType) -> None:
    fit = {"errors_left_out": {"lut": [0.01, 0.123, 0.02], "ff": [0.045, 0.0, 0.01]}}
    assert "by 12.3% and 4.5% (3 of them can be left out)" in page.left_out(fit)
    assert page.left_out({"errors_left_out": {"lut": [], "ff": []}}) == ""
