"""The FuseSoC targets that run a core's cocotb tests, with default parameters."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = [
    ("stream", "sim"),
    ("sram", "sim"),
    ("mac_array", "sim"),
    ("controller", "sim"),
    ("image", "sim"),
    ("postproc", "sim"),
    ("axi_dma", "sim"),
    ("axi_dma", "sim_sg"),
    ("axil", "sim"),
    ("axi_intc", "sim"),
    ("axi_gpio", "sim"),
    ("axis", "sim"),
    ("accelerator", "cocotb"),
]


@pytest.mark.parametrize(("core", "target"), TARGETS)
def test_target(core: str, target: str) -> None:
    fusesoc = str(Path(sys.executable).parent / "fusesoc")
    command = [fusesoc, "run", "--target", target, f"tilewright:ip:{core}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    modules = {path.stem for path in (ROOT / "cores" / core / "tb").glob("tb_*.py")}
    modules = {module for module in modules if module.endswith("_sg") == target.endswith("_sg")}
    ran = set(re.findall(r"cocotb (tb_\w+) on \w+: [1-9]\d* tests, 0 failed", done.stdout + done.stderr))
    assert ran == modules, "every test bench of the core is in its target"
