"""The C++ model of the DDR, tested by itself."""

import subprocess
from pathlib import Path

SOC = Path(__file__).resolve().parents[2] / "cores" / "soc"


def test_ddr_model(tmp_path: Path) -> None:
    program = tmp_path / "ddr_model_test"
    sources = [str(SOC / "tb" / "ddr_model_test.cpp"), str(SOC / "cpp" / "ddr_model.cpp")]
    options = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{SOC / 'cpp'}"]
    subprocess.run(["g++", *options, *sources, "-o", str(program)], check=True)
    finished = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout
