"""Bounded proofs of small modules: Yosys and z3 search every behaviour up to a number of cycles after reset."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CORES = Path(__file__).resolve().parents[2] / "cores"


@dataclass(frozen=True)
class Proof:
    """A module, its properties, and how many cycles are searched.

    Attributes:
        module: what is proved, the one that the parameters belong to.
        properties: module with the properties, in the file of its name.
        sources: Verilog files.
        cycles: after reset.
        parameters: of the module.
        defines: macros of the property file.
        mistake: text of the module and what it becomes, which must be found.
    """

    module: str
    properties: str
    sources: tuple[str, ...]
    cycles: int
    mistake: tuple[str, str]
    parameters: dict[str, int] = field(default_factory=dict)
    defines: dict[str, str | int] = field(default_factory=dict)


STREAM = ("sram/rtl/sram.v", "stream/rtl/stream_fifo.v", "stream/rtl/stream_register.v")
ORDER = "stream/formal/stream_order.sv"


def fifo(latency: int) -> Proof:
    parameters, defines = {"WIDTH": 2, "DEPTH": 2, "LATENCY": latency}, {"DUT": "stream_fifo", "CAPACITY": 4 + latency}
    mistake = ("claimed_reg == count_reg && room", "room")
    return Proof("stream_fifo", ORDER, STREAM, 14, mistake, parameters, defines)


PROOFS = {
    "stream_register": Proof(
        "stream_register", ORDER, STREAM, 12, ("ready_reg      <= !skid_valid_reg", "ready_reg      <= 1'b1"),
        {"WIDTH": 2}, {"DUT": "stream_register", "CAPACITY": 2},
    ),
    "stream_fifo, latency 1": fifo(1),
    "stream_fifo, latency 2": fifo(2),
    "threshold_loader": Proof(
        "threshold_loader", "postproc/formal/threshold_sets.sv", ("postproc/rtl/threshold_loader.v",), 32,
        ("s_ready   = !held_reg[SET_W]", "s_ready   = !held_reg[SET_W] || set_free"),
    ),
    "writeback": Proof(
        "writeback", "postproc/formal/writeback_order.sv", ("postproc/rtl/writeback.v",), 12,
        ("advance   = next_valid_reg && !valid_reg", "advance   = next_valid_reg"),
    ),
    "axi_intc_core": Proof(
        "axi_intc_core", "axi_intc/formal/intc_pending.sv", ("axi_intc/rtl/axi_intc_core.v",), 10,
        ("intr_reg & {INPUTS{hardware_reg}}", "intr_reg"), {"INPUTS": 2},
    ),
}  # fmt: skip


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def model(folder: Path, proof: Proof, sources: list[Path]) -> None:
    """Write model.smt2: the property module around the module."""
    chparam = " ".join(f"-set {name} {value}" for name, value in proof.parameters.items())
    defines = " ".join(f"-D{name}={value}" for name, value in proof.defines.items())
    script = f"""
        read_verilog {" ".join(map(str, sources))}
        {f"chparam {chparam} {proof.module}" if chparam else ""}
        read_verilog -formal -sv {defines} {CORES / proof.properties}
        prep -flatten -top {Path(proof.properties).stem}
        memory_map
        write_smt2 -wires -stbv model.smt2
    """
    (folder / "model.ys").write_text(script, encoding="utf-8")
    done = run(folder, "yosys", "-q", "model.ys")
    assert done.returncode == 0, done.stdout + done.stderr


def search(folder: Path, cycles: int, *mode: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "yosys-smtbmc", "-s", "z3", "--noincr", "-t", str(cycles), *mode, "model.smt2")


@pytest.mark.parametrize("name", PROOFS)
def test_properties(tmp_path: Path, name: str) -> None:
    proof = PROOFS[name]
    model(tmp_path, proof, [CORES / source for source in proof.sources])
    for mode in ((), ("-c",)):
        done = search(tmp_path, proof.cycles, *mode)
        assert done.returncode == 0, f"{mode}: {done.stdout[-3000:]}"


@pytest.mark.parametrize("name", PROOFS)
def test_a_planted_mistake_is_found(tmp_path: Path, name: str) -> None:
    proof = PROOFS[name]
    sources = [Path(shutil.copy2(CORES / source, tmp_path)) for source in proof.sources]
    planted = tmp_path / f"{proof.module}.v"
    text = planted.read_text(encoding="utf-8")
    mistake = text.replace(*proof.mistake)
    assert mistake != text
    planted.write_text(mistake, encoding="utf-8")
    model(tmp_path, proof, sources)
    done = search(tmp_path, proof.cycles)
    assert done.returncode != 0 and "FAILED" in done.stdout
