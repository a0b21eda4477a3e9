"""cores/tech: the pair of processing elements in a DSP, behavioural and for xc7, beside two `pe`; DSPs of an array."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from netlist_replay import cells_of
from resources import sources_of

CORES = Path(__file__).resolve().parents[2] / "cores"
BENCH = Path(__file__).with_name("dsp_pair_bench.v")
PE = (CORES / "mac_array" / "rtl" / "pe.v", CORES / "tech" / "rtl" / "tech_multiplier.v")
PLAIN, XC7 = (CORES / "tech" / kind / "tech_dsp_pair.v" for kind in ("rtl", "xc7"))


def model() -> str:
    """Yosys' model of the DSP48E1."""
    yosys = shutil.which("yosys")
    assert yosys is not None
    library = Path(yosys).resolve().parents[1] / "share" / "yosys" / "xilinx" / "cells_sim.v"
    return cells_of({"cells": {"dsp": {"type": "DSP48E1"}}}, library.read_text(encoding="utf-8"))


def simulate(folder: Path, plain: str, xc7: str) -> str:
    """What the bench prints with these texts of both."""
    texts = {"plain": plain, "xc7": xc7.replace("module tech_dsp_pair", "module tech_dsp_pair_xc7"), "cells": model()}
    for name, text in texts.items():
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
    binary = str(folder / "bench")
    sources = [str(source) for source in (BENCH, *PE, *(folder / f"{name}.v" for name in texts))]
    build = ["iverilog", "-g2012", "-o", binary, "-s", "dsp_pair_bench", *sources]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(["vvp", "-n", binary], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ("PASS" in done.stdout), done.stdout + done.stderr
    return done.stdout


def test_pairs_are_two_pe(tmp_path: Path) -> None:
    """All weights and activations; random traffic; chains with and without breaks; each row in each cycle."""
    said = simulate(tmp_path, PLAIN.read_text(encoding="utf-8"), XC7.read_text(encoding="utf-8"))
    assert "PASS: 4096 products" in said, said


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        (PLAIN, "ACTIVE_W = 17 + WGT_W", "ACTIVE_W = 16 + WGT_W"),
        (PLAIN, "{{17{shadow_lo_reg[WGT_W-1]}}, shadow_lo_reg}", "{17'd0, shadow_lo_reg}"),
        (PLAIN, "$signed({1'b0, act})", "$signed(act)"),
        (PLAIN, "if (swap) active_reg", "if (swap || load) active_reg"),
        (PLAIN, "CASCADE != 0 ? cascade_in", "CASCADE == 0 ? cascade_in"),
        (XC7, ".CEAD(swap)", ".CEAD(1'b1)"),
        (XC7, ".CEA2(load)", ".CEA2(swap)"),
        (XC7, ".CED(load)", ".CED(1'b1)"),
        (XC7, ".INMODE(5'b00100)", ".INMODE(5'b00000)"),
        (XC7, ".INMODE(5'b00100)", ".INMODE(5'b01100)"),
        (XC7, "7'b001_01_01", "7'b000_01_01"),
        (XC7, "7'b011_01_01", "7'b000_01_01"),
        (XC7, ".CREG(CASCADE != 0 ? 1 : 0)", ".CREG(1)"),
        (XC7, ".BREG(0), .BCASCREG(0)", ".BREG(1), .BCASCREG(1)"),
        (XC7, ".MREG(1)", ".MREG(0)"),
        (XC7, ".ADREG(1)", ".ADREG(0)"),
        (XC7, "{{18-ACT_W{1'b0}}, act}", "{{18-ACT_W{act[ACT_W-1]}}, act}"),
        (XC7, "{{30-WGT_W{weight_lo[WGT_W-1]}}, weight_lo}", "{{30-WGT_W{1'b0}}, weight_lo}"),
        (XC7, "{{9-WGT_W{weight_hi[WGT_W-1]}}, weight_hi", "{{9-WGT_W{1'b0}}, weight_hi"),
    ],
)
def test_a_planted_mistake_is_found(tmp_path: Path, source: Path, right: str, wrong: str) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (PLAIN, XC7)}
    assert texts[source].count(right) == 1
    texts[source] = texts[source].replace(right, wrong)
    assert "FAIL" in simulate(tmp_path, texts[PLAIN], texts[XC7])


def dsps_of(folder: Path, family: str, library: str, **parameters: int) -> dict[str, dict[str, Any]]:
    """The DSPs of a mac_array by the name of their pair, as Yosys elaborates it: ports and attributes are checked."""
    files = {"tech/xc7/tech_dsp": f"tech/{family}/tech_dsp"}
    if family != "xc7":
        files["tech/xc7/tech_multiplier"] = "tech/rtl/tech_multiplier"
    sources = sources_of("mac_array")
    for old, new in files.items():
        sources = [name.replace(old, new) for name in sources]
    chosen = " ".join(f"-set {name} {value}" for name, value in parameters.items())
    netlist = folder / f"{family}.json"
    script = f"""
        read_verilog -lib +/xilinx/{library}
        read_verilog -defer -Imac_array/rtl {" ".join(sources)}
        chparam {chosen} mac_array
        hierarchy -check -top mac_array
        proc; flatten; opt_clean; write_json {netlist}
    """
    done = subprocess.run(["yosys", "-q", "-p", script], cwd=CORES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads(netlist.read_text(encoding="utf-8"))["modules"]["mac_array"]["cells"]
    return {name: cell for name, cell in cells.items() if cell["type"].startswith("DSP48")}


def constants(cell: dict[str, Any]) -> dict[str, list[str]]:
    """What each port has, the lowest bit first; bits that are no constants are `n`."""
    return {port: [bit if isinstance(bit, str) else "n" for bit in bits] for port, bits in cell["connections"].items()}


@pytest.mark.parametrize(("chain", "broken"), [(0, {0}), (3, {0, 3, 6}), (8, {0})])
def test_chains_are_broken_where_they_are_asked_to(tmp_path: Path, chain: int, broken: set[int]) -> None:
    """Through the fabric, and with no cascade there, which would tie the DSPs to each other's places."""
    dsps = dsps_of(tmp_path, "xc7", "cells_sim.v", N=8, DSP_COLUMNS=4, DSP_CHAIN=chain)
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for name, cell in dsps.items():
        pair, row = re.fullmatch(r"g_pair\[(\d)\]\.g_dsp\[(\d)\]\.u_pair\.dsp", name).groups()  # type: ignore[union-attr]
        ports = constants(cell)
        through = {"1010110": True, "1010100": False}["".join(ports["OPMODE"])]
        assert ports["PCIN"] == ["0" if through else "n"] * 48
        assert ("n" in ports["C"]) == (through and row != "0")
        rows[pair] |= {int(row)} if through else set()
    assert len(dsps) == 16 and rows == {"0": broken, "2": broken}


def test_ultrascale_takes_the_same_registers(tmp_path: Path) -> None:
    """A DSP48E2, which no model simulates here, has what a DSP48E1 has, and what README.md says beside it."""
    parameters = {"N": 8, "DSP_COLUMNS": 4, "DSP_CHAIN": 3}
    xc7 = dsps_of(tmp_path, "xc7", "cells_sim.v", **parameters)
    xcup = dsps_of(tmp_path, "xcup", "cells_xtra.v", **parameters)
    assert len(xcup) == 16 and xcup.keys() == xc7.keys()
    for name, cell in xcup.items():
        assert cell["type"] == "DSP48E2"
        attributes, others = cell["parameters"], xc7[name]["parameters"]
        assert {key: attributes[key] for key in attributes.keys() - others.keys()} == {
            "AMULTSEL": "AD",
            "BMULTSEL": "B",
            "PREADDINSEL": "A",
            "USE_WIDEXOR": "FALSE",
        }
        assert {key: others[key] for key in others.keys() - attributes.keys()} == {"USE_DPORT": "TRUE"}
        assert all(attributes[key] == others[key] for key in attributes.keys() & others.keys())
        ports, before = constants(cell), constants(xc7[name])
        assert ports.keys() - before.keys() <= {"XOROUT"} and before.keys() <= ports.keys()
        assert ports["OPMODE"] == [*before["OPMODE"], "0", "0"]
        assert len(ports["D"]) == 27 and ports["D"][:25] == before["D"]
        assert all(ports[port] == before[port] for port in before.keys() - {"OPMODE", "D"})
