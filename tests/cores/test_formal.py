"""Bounded proofs of small modules: Yosys and z3 search every behaviour up to a number of cycles after reset."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CORES = Path(__file__).resolve().parents[2] / "cores"
STREAM = [CORES / "sram/rtl/sram.v", *sorted((CORES / "stream/rtl").glob("*.v"))]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def model(folder: Path, sources: list[Path], dut: str, capacity: int, parameters: dict[str, int]) -> None:
    """Write model.smt2: the property module around `dut`."""
    chparam = " ".join(f"-set {name} {value}" for name, value in parameters.items())
    script = f"""
        read_verilog {" ".join(map(str, sources))}
        chparam {chparam} {dut}
        read_verilog -formal -sv -DDUT={dut} -DCAPACITY={capacity} {CORES / "stream/formal/stream_order.sv"}
        prep -flatten -top stream_order
        memory_map
        write_smt2 -wires model.smt2
    """
    (folder / "model.ys").write_text(script, encoding="utf-8")
    done = run(folder, "yosys", "-q", "model.ys")
    assert done.returncode == 0, done.stdout + done.stderr


MODULES = [
    ("stream_register", 2, {"WIDTH": 2}, 12),
    ("stream_fifo", 5, {"WIDTH": 2, "DEPTH": 2, "LATENCY": 1}, 14),
    ("stream_fifo", 6, {"WIDTH": 2, "DEPTH": 2, "LATENCY": 2}, 14),
]


@pytest.mark.parametrize(("dut", "capacity", "parameters", "cycles"), MODULES)
def test_stream_properties(tmp_path: Path, dut: str, capacity: int, parameters: dict[str, int], cycles: int) -> None:
    model(tmp_path, STREAM, dut, capacity, parameters)
    for mode in ([], ["-c"]):
        done = run(tmp_path, "yosys-smtbmc", "-s", "z3", "-t", str(cycles), *mode, "model.smt2")
        assert done.returncode == 0, f"{mode}: {done.stdout[-3000:]}"


def test_a_planted_mistake_is_found(tmp_path: Path) -> None:
    sources = [Path(shutil.copy2(source, tmp_path)) for source in STREAM]
    fifo = tmp_path / "stream_fifo.v"
    text = fifo.read_text(encoding="utf-8")
    mistake = text.replace("claimed_reg == count_reg && room", "room")
    assert mistake != text
    fifo.write_text(mistake, encoding="utf-8")
    model(tmp_path, sources, "stream_fifo", 6, {"WIDTH": 2, "DEPTH": 2, "LATENCY": 2})
    done = run(tmp_path, "yosys-smtbmc", "-s", "z3", "-t", "14", "model.smt2")
    assert done.returncode != 0 and "FAILED" in done.stdout
