"""`tilewright explore`: tables, one line for a rate, JSON, the picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.explore.exploration import Exploration
from tilewright.explore.point import Outcome

LINES = ("a,32,32,3,3,3,64,1,", "b,16,16,3,3,64,128,1,", "c,16,16,3,3,128,64,1,")


@pytest.fixture
def run(topology: Callable[..., Path]) -> Callable[..., str]:
    """What the command prints for a small topology, at 80 columns."""
    path = topology(*LINES)

    def call(*arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(app, ["explore", "--scale-sim", str(path), *arguments], env={"COLUMNS": "80"})
        assert result.exit_code == status, result.output
        return result.output if status else result.stdout

    return call


def test_tables_and_counts(run: Callable[..., str]) -> None:
    text = run("--batch", "1", "--batch", "2")
    assert "PYNQ-Z1, PYNQ-Z2 (xc7z020)" in text and "AUP-ZU3, Ultra96V2 (xczu3eg)" in text
    rows = [line for line in text.splitlines() if re.match(r" +\d+x\d+ ", line)]
    assert len(rows) >= 8 and not [row for row in rows if "…" in row]
    assert all(len(re.findall(r"\d+%? [mex]\b", row)) == 6 for row in rows)
    found = re.search(r"(\d+) combinations: (\d+) fit, (\d+) do not fit their part, (\d+) refused", text)
    assert found
    whole, *each = map(int, found.groups())
    assert whole == sum(each) and min(each) > 0
    assert f"{each[2]}: stream_w 128" in text and "Nothing has run on hardware" in " ".join(text.split())


def test_one_line_for_a_board_and_a_rate(run: Callable[..., str]) -> None:
    small = run("--board", "pynq_z2", "--rate", "200", "--batch", "1")
    assert small.count("\n") == 1 and "none of" not in small and "not run on hardware" in small
    assert re.search(r"8x8, .*batch 1: \d+ \(\w+\) with \d+ MHz \(\w+\) by the static report", small)
    none = run("--board", "pynq_z2", "--rate", "1e9", "--batch", "1")
    assert none.count("\n") == 1 and "none of 28 combinations reaches it; the fastest is 32x32" in none
    assumed = run("--board", "pynq_z2", "--rate", "200", "--batch", "1", "--clock", "50")
    assert "at an assumed 50 MHz" in assumed and "static report" not in assumed
    nothing = run("--board", "pynq_z2", "--rate", "1", "--array", "64")
    assert re.search(r"none of \d+ combinations fits", nothing)
    assert "PYNQ-Z2 (xc7z020): no combination fits" in run("--board", "pynq_z2", "--array", "64")


def test_json(run: Callable[..., str]) -> None:
    facts = json.loads(run("--board", "kv260", "--array", "16", "--dsp-columns", "4", "--rate", "1", "--json"))
    assert facts["network"] == "net" and len(facts["points"]) == 6 and "multiplication" in facts["operation"]
    assert {point["dsp_columns"] for point in facts["points"]} == {4}
    (answer,) = facts["answers"]
    assert answer["reached"] and answer["board"] == "kv260" and answer["point"]["array"] == 16


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--rate 0", "--rate 0.0: a number above 0"),
        ("--rate nan", "--rate nan: a number above 0"),
        ("--clock inf", "--clock inf"),
        ("--array 12", "array size 12: the hardware exists for"),
        ("--stream 96", "96: 64 or 128 bits"),
        ("--board x", "no board 'x'; there are"),
        ("--plot picture", "the suffix says the format"),
        ("--dark", "give --plot FILE as well"),
    ],
)
def test_mistakes(run: Callable[..., str], arguments: str, said: str) -> None:
    assert said in " ".join(run(*arguments.split(), status=2).split())


def test_two_networks_are_one_too_many(run: Callable[..., str], tmp_path: Path) -> None:
    assert "not both" in run(str(tmp_path / "network.safetensors"), status=2)


def test_a_file_that_is_missing_is_named() -> None:
    result = CliRunner().invoke(app, ["explore", "--scale-sim", "nowhere.csv"])
    assert result.exit_code == 2 and "nowhere.csv" in result.output


def test_the_picture_shows_every_point_and_names_the_best(explored: Exploration, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from tilewright.pictures import designs, style

    figure = designs.draw(explored)
    diagrams = [axes for axes in figure.axes if axes.axison]
    titles = [axes.get_title(loc="left") for axes in diagrams]
    assert titles == ["PYNQ-Z2 (xc7z020)", "ZCU104 (xczu7ev)"]
    for axes, place in zip(diagrams, explored.places, strict=True):
        points = [point for point in explored.of(place) if point.outcome is not Outcome.REFUSED]
        # A mark each, the steps and the limit
        assert len(axes.lines) == len(points) + 2
        (text,) = axes.texts
        assert len(text.get_text().splitlines()) == len(explored.best(place))
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<svg")):
        style.save(figure, tmp_path / f"x{suffix}")
        assert (tmp_path / f"x{suffix}").read_bytes().startswith(start)
