"""What the small modules take of an xc7 device is what cores/resources.json says: no more, and no less."""

from __future__ import annotations

import json

import pytest

from resources import EXPECTED, LEVELS, differences, sources_of, synthesise, table, yosys_version

FILE = json.loads(EXPECTED.read_text(encoding="utf-8"))
TAKES = {"LUT": 10, "FF": 4, LEVELS: 2}


@pytest.mark.skipif(yosys_version() != FILE["yosys"], reason=f"the figures are those of Yosys {FILE['yosys']}")
@pytest.mark.parametrize("name", [name for name, entry in FILE["modules"].items() if not entry.get("slow")])
def test_a_small_module_takes_what_it_took(name: str) -> None:
    entry = FILE["modules"][name]
    lines = differences({name: entry["takes"]}, {name: synthesise(entry["module"], entry["parameters"])})
    assert not lines, "\n".join(["", *lines])


@pytest.mark.parametrize("what", TAKES)
@pytest.mark.parametrize(("change", "said"), [(1, ": worse"), (-1, ": better, lower the number")])
def test_a_change_is_named_with_old_and_new_number(what: str, change: int, said: str) -> None:
    old = TAKES[what]
    (line,) = differences({"fifo": TAKES}, {"fifo": {**TAKES, what: old + change}})
    assert line.startswith(f"fifo: {what} {old} -> {old + change}{said}")


def test_no_change_is_no_difference() -> None:
    assert differences({"fifo": TAKES, "other": {}}, {"fifo": dict(TAKES)}) == []


def test_sources_are_those_that_a_module_names() -> None:
    assert sources_of("pe") == ["mac_array/rtl/pe.v", "tech/xc7/tech_multiplier.v"]
    assert set(sources_of("stream_fifo")) >= {"sram/rtl/sram.v", "stream/rtl/stream_fifo.v"}


def test_the_table_has_a_row_a_module() -> None:
    rows = table({name: entry["takes"] for name, entry in FILE["modules"].items()}).splitlines()
    assert len(rows) == 1 + len(FILE["modules"]) and rows[0].split()[-1] == "levels"
