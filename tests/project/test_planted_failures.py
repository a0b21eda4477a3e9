"""A planted mistake makes the FuseSoC target, pytest and CI fail; so does a run without any test.

Each test works on a small checkout of its own: one core, one pytest file, the project's real scripts, Makefile and
.ci/run. The same checkout without the mistake passes, so it is the mistake that is found.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    ".ci",
    "Makefile",
    "pyproject.toml",
    "setup.py",
    "fusesoc.conf",
    "README.md",
    "cores/registers",
    "cores/scripts",
    "docs/program_format.md",
    "docs/registers.md",
    "host/tilewright/hardware/fields.py",
    "host/tilewright/hardware/program_format.py",
    "host/tilewright/hardware/registers.py",
)
# They check projects of the library's boards, which are not there
NOT_COPIED = ("board_checks", "check_boards.py", "vivado_stand_in.py", "hwh_fields.py")
CORE = """CAPI=2:
name: tilewright:ip:counter:0.1.0

filesets:
  rtl: {files: [counter.v], file_type: verilogSource}
  lint: {depend: [tilewright:util:lint]}
  bench: {files: [bench.v], file_type: verilogSource}
  cocotb: {files: [tb/tb_counter.py: {file_type: user}], depend: [tilewright:util:cocotb]}

targets:
  default: &default
    filesets: [rtl]
    toplevel: counter
    flow: generic
    flow_options: {tool: icarus}
  lint: {<<: *default, filesets: [rtl, lint]}
  sim: {<<: *default, filesets: [rtl, cocotb]}
  bench: {filesets: [rtl, bench], flow: sim, flow_options: {tool: icarus}, toplevel: bench}
"""
RTL = """`resetall
`default_nettype none

module counter (
    input  wire       clk,
    input  wire       rst,
    output reg  [3:0] count
);

always @(posedge clk) count <= rst ? 4'd0 : count + 4'd1;

endmodule

`resetall
"""
BENCH = """module bench;
reg clk = 0, rst = 1;
wire [3:0] count;
counter dut (.clk(clk), .rst(rst), .count(count));
initial begin
    #1 clk = 1; #1 clk = 0; rst = 0;
    #1 clk = 1; #1 clk = 0;
    if (count !== 4'd1) $fatal(1, "count is %d", count);
    $finish;
end
endmodule
"""
COCOTB = """import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles


@cocotb.test()
async def counts(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)
    assert int(dut.count.value) == 3
"""
PYTEST = """def test_truth() -> None:
    assert 6 * 7 == 42
"""


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # No data sets, and nothing of the pytest run that this test is part of.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "MAKE"))}
    environment |= {"CIFAR10_ROOT": str(checkout), "TILEWRIGHT_STIMULUS": str(checkout)}
    environment["MYPY_CACHE_DIR"] = str(checkout.parent / "mypy_cache")
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def fusesoc(checkout: Path, target: str) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).parent / "fusesoc")
    return run(checkout, command, "run", "--target", target, "tilewright:ip:counter")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout that passes everything."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", *NOT_COPIED))
        else:
            shutil.copy2(source, target)
    written = {
        "cores/counter/counter.core": CORE,
        "cores/counter/counter.v": RTL,
        "cores/counter/bench.v": BENCH,
        "cores/counter/tb/tb_counter.py": COCOTB,
        "tests/test_counter.py": PYTEST,
        "host/tilewright/__init__.py": '"""Host."""\n',
        "host/tilewright/hardware/__init__.py": '"""Hardware."""\n',
        "host/notebooks/__init__.py": '"""Notebooks."""\n',
        "model/tilewright_model/__init__.py": '"""Model."""\n',
        "docs/site/pages.py": '"""Site."""\n',
        # The environment in use, already set up.
        ".venv/.tilewright-installed": "",
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("bin", "lib", "pyvenv.cfg"):
        (tmp_path / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    return tmp_path


def plant(checkout: Path, name: str, old: str, new: str) -> None:
    text = (checkout / name).read_text(encoding="utf-8")
    assert old in text
    (checkout / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("target", ["lint", "sim", "bench"])
def test_targets_pass_as_they_are(checkout: Path, target: str) -> None:
    done = fusesoc(checkout, target)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("target", "name", "old", "new", "message"),
    [
        ("sim", "tb/tb_counter.py", "== 3", "== 4", "tb_counter on counter: 1 tests, 1 failed"),
        ("sim", "tb/tb_counter.py", "@cocotb.test()", "", "tb_counter"),
        ("sim", "counter.v", "4'd1", "4'd2", "tb_counter on counter: 1 tests, 1 failed, with COCOTB_RANDOM_SEED="),
        ("sim", "counter.core", "files: [tb/tb_counter.py: {file_type: user}], ", "", "no cocotb test to run"),
        ("bench", "counter.v", "4'd1", "4'd2", "count is"),
        ("lint", "counter.v", "count + 4'd1", "count + 5'd1", "WIDTH"),
        ("lint", "counter.v", "output reg  [3:0]", "output reg signed [3:0]", "sign-conversion"),
        ("lint", "counter.v", "always @(posedge clk) count <= rst", "always @* if (clk) count = rst", "LATCH"),
    ],
)
def test_planted_mistake_fails_the_target(
    checkout: Path, target: str, name: str, old: str, new: str, message: str
) -> None:
    plant(checkout, f"cores/counter/{name}", old, new)
    done = fusesoc(checkout, target)
    assert done.returncode != 0, done.stdout + done.stderr
    assert message in done.stdout + done.stderr


def test_ci_passes_as_it_is(checkout: Path) -> None:
    done = run(checkout, ".ci/run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("tests/test_counter.py", "== 42", "== 43", "1 failed"),
        ("tests/test_counter.py", "def test_truth", "def truth", "no tests ran"),
        ("cores/counter/counter.v", "count + 4'd1", "count + 5'd1", "lint failed: tilewright:ip:counter:0.1.0"),
    ],
)
def test_planted_mistake_fails_ci(checkout: Path, name: str, old: str, new: str, message: str) -> None:
    plant(checkout, name, old, new)
    done = run(checkout, ".ci/run")
    assert done.returncode != 0, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
