"""The ECP5 target without its tools: registers moved into block RAM, the report on nextpnr's JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from block_ram_registers import move_registers
from route_report import facts_of, table
from synthesis import run

Cell = dict[str, Any]


def flip_flop(data: int, output: int, enable: int | None = None, reset: int | None = None) -> Cell:
    """A TRELLIS_FF."""
    pins: dict[str, list[Any]] = {"CLK": [1], "DI": [data], "Q": [output]}
    pins |= {"CE": [enable]} if enable else {}
    pins |= {"LSR": [reset]} if reset else {}
    return {
        "type": "TRELLIS_FF",
        "parameters": {"CEMUX": "CE" if enable else "1", "LSRMUX": "LSR"},
        "connections": pins,
        "port_directions": {pin: "output" if pin == "Q" else "input" for pin in pins},
    }


def block(**outputs: int) -> Cell:
    """A DP16KD with some data outputs."""
    pins = {"CLKA": [1], **{pin: [net] for pin, net in outputs.items()}}
    directions = {pin: "input" if pin == "CLKA" else "output" for pin in pins}
    return {"type": "DP16KD", "parameters": {}, "connections": pins, "port_directions": directions}


def top(cells: dict[str, Cell], **ports: int) -> dict[str, Any]:
    """A module with output ports."""
    return {"cells": cells, "ports": {name: {"direction": "output", "bits": [bit]} for name, bit in ports.items()}}


@pytest.mark.parametrize("enable", [None, 9])
def test_registers_move_into_the_block(enable: int | None) -> None:
    cells = {"ram": block(DOA0=10, DOA1=11), "r0": flip_flop(10, 20, enable), "r1": flip_flop(11, 21, enable)}
    assert move_registers(top(cells, q=20)) == 2
    assert list(cells) == ["ram"]
    ram = cells["ram"]
    assert (ram["connections"]["DOA0"], ram["connections"]["DOA1"]) == ([20], [21])
    assert ram["parameters"] == {"REGMODE_A": "OUTREG"} and ram["connections"]["OCEA"] == [enable or "1"]


@pytest.mark.parametrize(
    "cells",
    [
        {"r0": flip_flop(10, 20), "r1": flip_flop(11, 21, enable=9)},
        {"r0": flip_flop(10, 20), "r1": flip_flop(11, 21, reset=8)},
        {"r0": flip_flop(10, 20), "r1": flip_flop(11, 21), "more": flip_flop(11, 22)},
        {"r0": flip_flop(10, 20)},
    ],
    ids=["two enables", "a reset", "a second reader", "a port reads it"],
)
def test_registers_that_differ_stay(cells: dict[str, Cell]) -> None:
    cells = {"ram": block(DOA0=10, DOA1=11), **cells}
    before = json.dumps(cells)
    assert move_registers(top(cells, q=11) if "r1" not in cells else top(cells)) == 0
    assert json.dumps(cells) == before


def report(mhz: float, slow: float) -> dict[str, Any]:
    """What nextpnr writes about two registers."""
    ends = ({"cell": "u.a_reg_TRELLIS_FF_Q", "port": "M"}, {"cell": "b_FF", "port": "DI"})
    steps = [("clk-to-q", 0.5), ("routing", slow - 1.5), ("logic", 0.2), ("routing", 0.5), ("setup", 0.3)]
    path = [{"type": kind, "delay": delay, "from": ends[0], "to": ends[1]} for kind, delay in steps]
    clock = {"from": "posedge clk", "to": "posedge clk"}
    timings = [
        {"net": "n", "endpoints": [{**ends[1], "event": "posedge clk", "delay": [1.0, slow]}]},
        {"net": "m", "endpoints": [{**ends[0], "event": "posedge clk", "delay": [1.0, 2.0]}]},
        {"net": "o", "endpoints": [{**ends[0], "event": "<async>", "delay": [1.0, 99.0]}]},
    ]
    return {
        "fmax": {"clk": {"achieved": mhz, "constraint": 120.0}},
        "critical_paths": [{**clock, "path": path}, {"from": "<async>", "to": "<async>", "path": path * 3}],
        "detailed_net_timings": timings,
        "utilization": {"TRELLIS_FF": {"used": 2, "available": 9}, "DCCA": {"used": 0, "available": 9}},
    }


def test_the_median_seed_is_reported(tmp_path: Path) -> None:
    netlist = tmp_path / "netlist.json"
    module = {
        "attributes": {"top": "1"},
        "cells": {"b_FF": flip_flop(5, 6)},
        "netnames": {"u_accelerator.u_b.b_reg": {"bits": [6], "attributes": {}}},
    }
    netlist.write_text(json.dumps({"modules": {"top": module}}), encoding="utf-8")
    reports = {1: report(57.04, 17.53), 2: report(60.0, 16.67), 3: report(59.0, 16.95)}
    facts = facts_of(reports, netlist)
    assert (facts["fmax_mhz"], facts["median_seed"]) == (59.0, 3)
    assert facts["fmax_mhz_of_seeds"] == {"1": 57.04, "2": 60.0, "3": 59.0}
    worst = facts["worst"]
    assert (worst["ns"], worst["routing_ns"], worst["cells"]) == (16.95, 15.95, 1)
    assert (worst["source"], worst["target"]) == ("u.a_reg", "u_accelerator.u_b.b_reg")
    assert [(entry["module"], entry["ns"], entry["registers_over_10_ns"]) for entry in facts["modules"]] == [
        ("u_accelerator.u_b", 16.95, 1),
        ("u", 2.0, 0),
    ]
    assert facts["cells"] == {"TRELLIS_FF": 2}
    text = table(facts)
    assert "Fmax 59.0 MHz, placed and routed" in text and "u_accelerator.u_b: u_accelerator.u_b.b_reg" in text


def test_what_is_there_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made, source, log = Path("made.json"), Path("source.v"), Path("tool.log")
    tool = Path("tool.py")
    tool.write_text("import sys; open(sys.argv[2], 'a').write(open(sys.argv[1]).read())", encoding="utf-8")
    command = [sys.executable, "tool.py", "source.v", "made.json"]
    for text, expected in (("one,", "one,"), ("one,", "one,"), ("two", "one,two")):
        source.write_text(text, encoding="utf-8")
        run(command, [source], log, made)
        assert made.read_text(encoding="utf-8") == expected
    assert capsys.readouterr().err.count("there already") == 1


def test_a_tool_that_fails_says_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="no such device"):
        run([sys.executable, "-c", "raise SystemExit('no such device')"], [], Path("log"), Path("made.json"))
