"""cores/tech: the pair of processing elements in a DSP, behavioural and for xc7, beside two `pe`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

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
