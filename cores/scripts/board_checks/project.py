"""A board's whole project, as FuseSoC set it up, run against the stand-ins and looked at."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from board_checks.hwh_fields import findings as hwh_findings
from board_checks.rules import differences, findings
from board_checks.stand_in import Vivado
from tilewright.boards.board import Board
from tilewright.boards.design import BlockDesign, block_design
from tilewright.boards.families import ZYNQ_7000
from tilewright.boards.hwh import hwh
from tilewright.boards.parameters import build_parameters
from tilewright.boards.project import HAND_OFF
from tilewright.boards.tcl_results import REPORT
from tilewright.hardware.rtl_hash import build_hash

CORES = Path(__file__).resolve().parents[2]
MET = "All user specified timing constraints are met."


def set_up(board: str, folder: Path, given: Mapping[str, float] | None = None) -> None:
    """Let FuseSoC write a board's project into a folder. Raises RuntimeError with what it said where it cannot."""
    fusesoc = Path(sys.executable).with_name("fusesoc")
    command = [str(fusesoc), "run", "--target", board, "--setup", "--work-root", str(folder), "tilewright:soc:board"]
    command += [word for name, value in (given or {}).items() for word in (f"--{name}", f"{value:g}")]
    done = subprocess.run(command, cwd=CORES.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def source_design(board: Board, given: Mapping[str, float] | None = None) -> BlockDesign:
    """What the source says of a board with parameters."""
    return block_design(board, build_parameters(board, given), build_hash(CORES))


def project_script(folder: Path) -> Path:
    """The Tcl that Edalize wrote for the project."""
    (script,) = (path for path in folder.glob("*.tcl") if re.fullmatch(r".*_\d+\.\d+\.\d+\.tcl", path.name))
    return script


def check(design: BlockDesign, folder: Path) -> list[str]:
    """What is wrong with a project: nothing, if it is right.

    Args:
        design: what the source says.
        folder: where FuseSoC wrote it.
    """
    board = design.board
    vivado = Vivado(folder, tuple(board.board_parts[-1:]) if board.processing_system.preset else ())
    if message := vivado.source(project_script(folder)):
        return [f"the Tcl stopped: {message}"]
    recorded = vivado.design.recorded
    found = [*findings(recorded), *differences(design, recorded), *_project(design, vivado), *_timing(vivado, folder)]
    return [*found, *_hand_off(design, vivado, folder)]


def _project(design: BlockDesign, vivado: Vivado) -> Iterator[str]:
    """Packaging, the build project, what Vivado is told of runs."""
    board, packaging, project = design.board, vivado.packaging, vivado.project
    if packaging.project == project.name or len(vivado.projects) != 1:
        yield "the IP was not packaged in a project of its own, or that project is still open"
    if rtl := [path.name for path in project.files if "accelerator" in path.name]:
        yield f"modules of the IP are sources of the build, too: {', '.join(rtl)}"
    if packaging.ports.get("m_axis_aresetn", {}).get("driver_value") != "1":
        yield "m_axis_aresetn has no value where it is open"
    if project.properties.get("part") != board.part:
        yield f"the part is {project.properties.get('part')}"
    if project.properties.get("top") != "tilewright_wrapper":
        yield "the wrapper is not the top"
    if project.properties.get("generic", "").strip():
        yield "the wrapper has no generics, and the project sets some"
    if vivado.design.recorded.finished != ["validated", "saved", "generated", "wrapped"]:
        yield f"the block design was {', '.join(vivado.design.recorded.finished)}"
    external = {"DDR", "FIXED_IO"} if board.kind is ZYNQ_7000 else set()
    if vivado.design.recorded.external != external:
        yield f"external: {sorted(vivado.design.recorded.external)}, wanted {sorted(external)}"
    if ("impl_1", "STEPS.WRITE_BITSTREAM.TCL.PRE") not in vivado.run_properties or not project.utilities:
        yield "nothing looks at timing before the bitstream"


def _timing(vivado: Vivado, folder: Path) -> Iterator[str]:
    """A design that misses timing stops before its bitstream; one that meets it goes on."""
    script = Path(vivado.run_properties.get(("impl_1", "STEPS.WRITE_BITSTREAM.TCL.PRE"), ""))
    if not script.is_file():
        return
    for setup, hold, summary in ((0.1, 0.1, MET), (-0.1, 0.1, ""), (0.1, -0.1, ""), (0.1, 0.1, "")):
        times = {"setup": str(setup), "hold": str(hold), "summary": summary}
        vivado.reports = {**times, "periods": "10.000", "PART": str(vivado.project.properties["part"])}
        stopped = vivado.source(script)
        if bool(stopped) == bool(summary):
            what = "stopped" if stopped else "written"
            yield f"setup {setup}, hold {hold}, {summary or 'not met'}: the bitstream is {what}"
    (folder / REPORT).unlink(missing_ok=True)


def _hand_off(design: BlockDesign, vivado: Vivado, folder: Path) -> Iterator[str]:
    """The .hwh: as Vivado-made ones, and its clocks those that Vivado's stand-in computed of the Tcl."""
    (file,) = folder.glob(f"src/*/{HAND_OFF}")
    text = file.read_text(encoding="utf-8")
    yield from (f"{HAND_OFF}: {each}" for each in hwh_findings(text))
    if text != hwh(design):
        yield f"{HAND_OFF} is not that of the source"
    module = next(each for each in ElementTree.fromstring(text).iter("MODULE") if each.get("INSTANCE") == design.ps)
    written = {each.get("NAME"): each.get("VALUE", "") for each in module.iter("PARAMETER")}
    for clock in design.clocks:
        readings = design.board.kind.clock_readings(clock.index, clock.pll)
        ours = _clock({what: written.get(name, "0") for what, name in readings.items()})
        computed = _clock({what: vivado.design.parameter(design.ps, name) for what, name in readings.items()})
        for what, value in ours.items():
            if abs(value - computed[what]) > 1e-5 * computed[what]:
                yield f"{HAND_OFF}: {what} of PL clock {clock.index} is {value:g}, Vivado computed {computed[what]:g}"


def _clock(readings: Mapping[str, str]) -> dict[str, float]:
    """What must agree of a clock: a PLL halved is one of half the multiplier, and the split of the divisors is free."""
    values = {what: float(value) for what, value in readings.items()}
    multiplier = values["multiplier"] / (1 + values.get("halved", 0))
    return {"multiplier": multiplier, "divisor": values["divisor0"] * values["divisor1"], "MHz": values["mhz"]}


def check_board(board: Board, folder: Path, given: Mapping[str, float] | None = None) -> list[str]:
    """Set a board's project up in an empty folder, check it, say what is wrong."""
    if shutil.which("tclsh") is None:
        raise FileNotFoundError("tclsh is missing: apt-get install tcl")
    set_up(board.name, folder, given)
    return check(source_design(board, given), folder)
