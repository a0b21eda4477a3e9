"""FuseSoC generator: all that a board's project needs, written from the board's data (tilewright.boards).

FuseSoC tells a generator a target's board, and not the parameters of the command line (``--N 16``): those are read from
FuseSoC's own command line. Where that cannot be, the Tcl says so: project.tcl compares what it was written for with the
project's generics, which FuseSoC writes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

CORES = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CORES / "scripts"), str(CORES.parent / "host")]


def asked_for(words: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """The parameters of a FuseSoC command line: ``--N 16`` or ``--N=16``, the last one of each."""
    found = {}
    for index, word in enumerate(words):
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in names:
            continue
        text = value if equals else (words[index + 1] if index + 1 < len(words) else "")
        try:
            found[name] = float(text)
        except ValueError:
            sys.exit(f"--{name} {text}: a number")
    return found


def callers_words() -> list[str]:
    """The words of the command line that started this process' parent; none where the system has no /proc."""
    file = Path("/proc", str(os.getppid()), "cmdline")
    return file.read_bytes().decode(errors="replace").split("\0") if file.exists() else []


def write_core(configuration: dict[str, Any], words: Sequence[str]) -> None:
    """Write the project's files and their core into the current folder.

    Args:
        configuration: FuseSoC's, with the core's name in `vlnv` and the board in `parameters`.
        words: of FuseSoC's command line.
    """
    from tilewright.boards.board import board_of
    from tilewright.boards.design import block_design
    from tilewright.boards.parameters import CLOCK, TIMING_MAY_FAIL, build_parameters
    from tilewright.boards.project import CONSTRAINTS, SCRIPTS, project_files
    from tilewright.errors import ParameterError
    from tilewright.hardware.rtl_hash import build_hash

    try:
        board = board_of(configuration["parameters"]["board"])
        given = asked_for(words, [*board.accelerator, CLOCK, TIMING_MAY_FAIL])
        timing_may_fail = bool(given.pop(TIMING_MAY_FAIL, 0))
        design = block_design(board, build_parameters(board, given), build_hash(CORES))
        files = project_files(design, timing_may_fail)
    except ParameterError as error:
        sys.exit(str(error))
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    kinds = {**dict.fromkeys(SCRIPTS, "tclSource"), CONSTRAINTS: "xdc"}
    listed = [{name: {"file_type": kinds.get(name, "user")}} for name in sorted(files, key=lambda each: each in kinds)]
    listed = [entry for entry in listed if not kinds.keys() & entry] + [{n: {"file_type": k}} for n, k in kinds.items()]
    core = {
        "name": configuration["vlnv"],
        "filesets": {"project": {"files": listed}},
        "targets": {"default": {"filesets": ["project"]}},
    }
    Path("project.core").write_text("CAPI=2:\n" + yaml.safe_dump(core, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    from edam import enter_environment

    enter_environment("numpy")
    write_core(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8")), callers_words())
