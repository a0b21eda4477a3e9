"""The static timing report on netlists made by hand and by Yosys: delays, names, the path that was planted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netlist import instance_of, netlist_of, register_of
from static_timing import Loop, by_module, slowest_paths
from timing_report import facts_of, table

SCRIPT = Path(__file__).resolve().parents[2] / "cores" / "scripts" / "timing_report.py"
OUTPUTS = ("Q", "O", "CO", "DOADO")


def cell(kind: str, **pins: list[Any]) -> dict[str, Any]:
    """A cell of Yosys' JSON."""
    directions = {pin: "output" if pin in OUTPUTS else "input" for pin in pins}
    return {"type": kind, "connections": pins, "port_directions": directions, "parameters": {}}


def module(cells: dict[str, Any], names: dict[str, list[int]]) -> dict[str, Any]:
    """A top module."""
    named = {name: {"bits": bits, "attributes": {}} for name, bits in names.items()}
    return {"attributes": {"top": "1"}, "cells": cells, "netnames": named}


def two_registers(luts: int) -> dict[str, Any]:
    """Registers a.x_reg and b.y_reg with so many LUTs between them."""
    nets = [2, *range(10, 10 + luts)]
    cells = {f"lut{i}": cell("LUT1", I0=[nets[i]], O=[nets[i + 1]]) for i in range(luts)}
    cells["from"] = cell("FDRE", C=[1], CE=["1"], D=["0"], R=["0"], Q=[2])
    cells["to"] = cell("FDRE", C=[1], CE=["1"], D=[nets[-1]], R=["0"], Q=[3])
    return module(cells, {"a.x_reg": [2], "b.y_reg": [3], "$auto$1": [3]})


@pytest.mark.parametrize("luts", [0, 1, 5])
def test_a_path_is_clock_to_output_nets_luts_and_set_up(luts: int) -> None:
    (path,) = slowest_paths(netlist_of(two_registers(luts)))
    # 0.475: a net with one reader
    assert path.ns == pytest.approx(0.518 + luts * 0.124 + (luts + 1) * 0.475 + 0.06)
    assert (path.source, path.target, path.pin, path.luts) == ("a.x_reg", "b.y_reg", "D", luts)
    assert (path.source_module, path.target_module, path.fanout) == ("a", "b", 1)


@pytest.mark.parametrize(
    ("pin", "registers", "ns"),
    [
        ("B", {"BREG": "00"}, 0.475 + 1.74),
        ("B", {"BREG": "01"}, 0.475 + 0.4),
        ("C", {"CREG": "00"}, 0.475 + 1.68),
        ("C", {"CREG": "01"}, 0.475 + 0.4),
        ("PCIN", {}, 1.39),
        ("A", {"AREG": "01"}, 0.475 + 0.4),
    ],
)
def test_a_dsp_pin_without_a_register_waits_for_what_is_behind_it(
    pin: str, registers: dict[str, str], ns: float
) -> None:
    top = two_registers(0)
    top["cells"]["to"] = {**cell("DSP48E1", CLK=[1], **{pin: [2]}), "parameters": registers}
    (path,) = slowest_paths(netlist_of(top))
    assert (path.pin, path.ns) == (pin, pytest.approx(0.518 + ns))


def test_a_net_costs_by_its_readers() -> None:
    top = two_registers(1)
    top["cells"] |= {f"other{i}": cell("FDRE", C=[1], D=[2], Q=[100 + i]) for i in range(64)}
    path = next(path for path in slowest_paths(netlist_of(top)) if path.target == "b.y_reg")
    assert path.fanout == 65
    assert path.ns == pytest.approx(0.518 + (0.35 + 0.5 + 0.3 + 0.4) + 0.124 + 0.475 + 0.06)


def test_a_carry_chain_is_quick_from_cell_to_cell() -> None:
    cells = {
        "from": cell("FDRE", C=[1], D=["0"], Q=[2]),
        "low": cell("CARRY4", CI=["0"], CYINIT=["0"], S=[2, "0", "0", "0"], DI=["0"] * 4, CO=[4, 5, 6, 7], O=["x"] * 4),
        "high": cell("CARRY4", CI=[7], CYINIT=["0"], S=["0"] * 4, DI=["0"] * 4, CO=["x"] * 4, O=[8, 9, 10, 11]),
        "to": cell("FDRE", C=[1], D=[11], Q=[3]),
    }
    (path,) = slowest_paths(netlist_of(module(cells, {"x": [2], "y": [3]})))
    assert path.ns == pytest.approx(0.518 + 0.475 + 0.5 + 0.0 + 0.3 + 0.475 + 0.06)
    assert (path.luts, path.carries) == (0, 2)


@pytest.mark.parametrize(("luts", "clock_to_output"), [(0, 0.882), (1, 2.454 + 0.475 + 0.124)])
def test_a_block_ram_that_registers_alone_read_has_its_own_register(luts: int, clock_to_output: float) -> None:
    top = two_registers(luts)
    top["cells"]["from"] = cell("RAMB36E1", CLKARDCLK=[1], DOADO=[2])
    (path,) = slowest_paths(netlist_of(top))
    assert path.ns == pytest.approx(clock_to_output + 0.475 + 0.06)


def test_a_combinational_loop_is_named() -> None:
    cells = {
        "lut0": cell("LUT2", I0=[2], I1=[3], O=[4]),
        "lut1": cell("LUT1", I0=[4], O=[3]),
        "to": cell("FDRE", C=[1], D=[4], Q=[5]),
    }
    with pytest.raises(Loop, match="u_round"):
        slowest_paths(netlist_of(module(cells, {"u_round": [3]})))


def test_names() -> None:
    assert instance_of("u_array.g_column[3].pe.sum_reg[2]") == "u_array.g_column[].pe"
    assert instance_of("fifo.memory.words.0.7") == "fifo.memory" and instance_of("rst") == "top"
    assert register_of("g_column[3].sum_reg[2]") == "g_column[].sum_reg"
    assert register_of("fifo.memory.words.0.7") == "fifo.memory.words"


def test_a_register_is_named_by_the_instance_that_drives_it(tmp_path: Path) -> None:
    (tmp_path / "two.v").write_text("input wire valid,\noutput reg valid\n", encoding="utf-8")
    (tmp_path / "top.v").write_text("\n" * 9, encoding="utf-8")
    top = module({"r": cell("FDRE", C=[1], D=["0"], Q=[2])}, {"valid": [2], "u_in.deep.valid": [2], "u_out.valid": [2]})
    for name, place in {"u_in.deep.valid": "two.v:1.12-1.17", "u_out.valid": "top.v:9.1-9.9|two.v:2.12-2.17"}.items():
        top["netnames"][name]["attributes"]["src"] = place
    assert netlist_of(top, tmp_path).names[2] == "u_out.valid"


@pytest.mark.parametrize("line", [0, 1, 7])
@pytest.mark.parametrize("folder", ["", "/nowhere/of/the/tool/"])
def test_outside_a_work_root_one_line_says_so(tmp_path: Path, folder: str, line: int) -> None:
    """Without its sources registers would have other names; a library of the tool may be out of reach."""
    top = two_registers(1)
    top["netnames"]["b.y_reg"]["attributes"]["src"] = f"{folder}rtl/b.v:{line}.1-{line}.5"
    (tmp_path / "net.json").write_text(json.dumps({"modules": {"top": top}}), encoding="utf-8")
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False)
    if folder:
        assert done.returncode == 0 and "b.y_reg" in done.stdout
    else:
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr == f"{tmp_path}: no rtl/b.v, a source of the netlist: is this its FuseSoC work root?\n"


def test_json_that_is_no_netlist(tmp_path: Path) -> None:
    for text in ("{}", '{"modules": {"pe": {"takes": {}}}}'):
        (tmp_path / "resources.json").write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == f"{tmp_path / 'resources.json'}: 0 top modules, expected 1\n"


def test_modules_are_ranked_by_their_slowest_path() -> None:
    top = two_registers(4)
    top["cells"]["near"] = cell("FDRE", C=[1], D=[2], Q=[4])
    top["netnames"]["a.near_reg"] = {"bits": [4], "attributes": {}}
    pairs = by_module(slowest_paths(netlist_of(top)))
    assert [(path.target, count) for path, count in pairs] == [("b.y_reg", 1), ("a.near_reg", 1)]


def test_the_planted_slow_path_is_found_in_verilog(tmp_path: Path) -> None:
    """Yosys' own netlist: a comparison of two products in one cycle, among quick registers."""
    (tmp_path / "top.v").write_text(
        """
        module slow(input wire clk, input wire [31:0] a, b, output reg less_reg);
        always @(posedge clk) less_reg <= (a + b) < (a ^ (b + 32'd77));
        endmodule
        module top(input wire clk, input wire [31:0] in, output wire out);
        reg [31:0] a_reg, b_reg;
        always @(posedge clk) begin a_reg <= in; b_reg <= a_reg; end
        slow u_slow(.clk(clk), .a(a_reg), .b(b_reg), .less_reg(out));
        endmodule
        """,
        encoding="utf-8",
    )
    script = "read_verilog top.v; synth_xilinx -family xc7 -flatten -top top; write_json net.json"
    subprocess.run(["yosys", "-q", "-p", script], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", "--count", "3", str(tmp_path / "net.json")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    facts = json.loads(done.stdout)
    worst = facts["paths"][0]
    assert (worst["source_module"], worst["target"]) == ("top", "u_slow.less_reg")
    assert worst["source"].startswith(("a_reg[", "b_reg[")) and worst["carries"] >= 8
    assert facts["worst_ns"] == worst["ns"] > 2 * facts["paths"][1]["ns"]
    text = table(facts_of(tmp_path / "net.json", tmp_path, 3))
    assert f"{worst['ns']:.2f}" in text and "u_slow.less_reg.D" in text
