"""FuseSoC writes the Vivado project of every board without Vivado, and its Tcl does what the source says.

Vivado is not here: tclsh runs the scripts against stand-ins that know the IPs (cores/scripts/board_checks). Each
planted fault (tests/support/board_faults.py) must be found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from board_faults import FAULTS

from board_checks.project import check, project_script, set_up, source_design
from board_checks.tcl_process import TclError, run_tcl, tcl_list, words_of
from tilewright.boards.board import all_boards, board_of
from tilewright.boards.project import project_files
from tilewright.hardware.rtl_hash import build_hash

pytest.importorskip("pyslang", reason="pyslang has no version for Python 3.10")

ROOT = Path(__file__).resolve().parents[2]
IP_CORES = ("accelerator", "axil", "controller", "image", "mac_array", "postproc", "sram", "stream")
# What FuseSoC is asked for, beside the board's own
GIVEN = {"pynq_z2": {"N": 16, "CLOCK": 100}, "kv260": {"N": 32, "CLOCK": 100}}
BOARDS = list(all_boards())


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The projects that were set up, by board."""
    return {}


@pytest.fixture
def folder(request: pytest.FixtureRequest, projects: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a board, set up once."""
    board = request.param
    if board not in projects:
        projects[board] = tmp_path_factory.mktemp(board)
        set_up(board, projects[board], GIVEN.get(board))
    return projects[board]


def script(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"src/tilewright_soc_board-*/{name}")
    return found


@contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """A file with another text for as long as it takes."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} holds no {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("board", "folder"), [(name, name) for name in BOARDS], indirect=["folder"])
def test_every_boards_project_is_right(board: str, folder: Path) -> None:
    assert check(source_design(board_of(board), GIVEN.get(board)), folder) == []


@pytest.mark.parametrize(
    ("name", "folder"), [(name, fault.board) for name, fault in FAULTS.items()], indirect=["folder"]
)
def test_planted_faults_are_found(name: str, folder: Path) -> None:
    fault = FAULTS[name]
    with changed(script(folder, fault.file), fault.old, fault.new):
        found = check(source_design(board_of(fault.board), GIVEN[fault.board]), folder)
    assert [text for text in found if fault.said in text], found


@pytest.mark.parametrize("folder", ["pynq_z2"], indirect=True)
def test_a_processing_system_without_peripherals_has_another_clock(folder: Path) -> None:
    """What the first project of this repository did: 62.5 MHz on the board, 100 in the .hwh."""
    file = script(folder, "block_design.tcl")
    text = file.read_text(encoding="utf-8")
    bare = re.sub(r"CONFIG\.PCW_(ENET0|QSPI|SD0)_PERIPHERAL_ENABLE 1", r"CONFIG.PCW_\1_PERIPHERAL_ENABLE 0", text)
    with changed(file, text, bare):
        (found,) = check(source_design(board_of("pynq_z2"), GIVEN["pynq_z2"]), folder)
    assert "PL clock 0: Vivado computed the crystal times 32 divided by 16" in found


@pytest.mark.parametrize("board", ["pynq_z1", "zcu104"])
def test_streams_of_other_widths(board: str, projects: dict[str, Path], tmp_path: Path) -> None:
    """On Zynq-7000, 128 bits have two ports at a clock of their own; elsewhere 64 bits share one."""
    given = {"N": 32, "DSP_COLUMNS": 12, "STREAM_W": 128 if board == "pynq_z1" else 64, "CLOCK": 83.5}
    set_up(board, tmp_path, given)
    design = source_design(board_of(board), given)
    assert check(design, tmp_path) == []
    assert [round(clock.mhz, 2) for clock in design.clocks] == ([83.33, 142.86] if board == "pynq_z1" else [83.33])
    used = {bus.slave for bus in design.buses if "S_AXI_HP" in bus.slave}
    assert len(used) == (2 if board == "pynq_z1" else 1)


def test_a_preset_that_computes_no_divisors_gets_them(tmp_path: Path) -> None:
    """Ultra96V2's: PSU__OVERRIDE__BASIC_CLOCK."""
    given = {"CLOCK": 125}
    set_up("ultra96v2", tmp_path, given)
    design = source_design(board_of("ultra96v2"), given)
    assert check(design, tmp_path) == [] and round(design.clocks[0].mhz, 3) == 125


@pytest.mark.parametrize("folder", ["kv260"], indirect=True)
def test_project_names_part_and_every_source(folder: Path) -> None:
    text = project_script(folder).read_text(encoding="utf-8")
    assert "set_property part xck26-sfvc784-2LV-c [current_project]" in text
    read = [Path(name) for name in re.findall(r"^read_verilog \{(.*)\}$", text, re.MULTILINE)]
    assert all((folder / name).is_file() for name in read)
    folders = [ROOT / "cores" / core / "rtl" for core in IP_CORES]
    names = {path.name for each in folders for path in each.glob("*.v")}
    assert names <= {name.name for name in read}
    assert "xcup" in {name.parent.name for name in read if name.name.startswith("tech_")}
    sourced = [Path(name).name for name in re.findall(r"^source \{(.*)\}$", text, re.MULTILINE)]
    assert sourced == ["project.tcl", "package_ip.tcl", "block_design.tcl", "build.tcl"]


@pytest.mark.parametrize("folder", ["pynq_z2"], indirect=True)
def test_facts_of_a_project(folder: Path) -> None:
    facts = json.loads(script(folder, "design.json").read_text(encoding="utf-8"))
    assert facts["parameters"]["BUILD_HASH"] == f"0x{build_hash(ROOT / 'cores'):08x}"
    assert facts["clocks"][0]["divisors"] == [5, 2] and facts["clock_mhz"] == 100 and not facts["run_on_hardware"]


@pytest.mark.parametrize("folder", ["pynq_z2"], indirect=True)
def test_a_bitstream_that_misses_timing_is_asked_for(folder: Path, tmp_path: Path) -> None:
    text = project_files(source_design(board_of("pynq_z2")), timing_may_fail=True)["check_timing.tcl"]
    with changed(script(folder, "check_timing.tcl"), script(folder, "check_timing.tcl").read_text("utf-8"), text):
        found = check(source_design(board_of("pynq_z2"), GIVEN["pynq_z2"]), folder)
    assert len(found) == 3 and all("the bitstream is written" in each for each in found)


def test_what_cannot_be_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"dsp_columns 7: an even number"):
        set_up("pynq_z2", tmp_path, {"DSP_COLUMNS": 7})


def test_tcl_lists() -> None:
    assert words_of("a {b c} {} {d {e f}} 1") == ["a", "b c", "", "d {e f}", "1"]
    assert words_of(tcl_list(["x", "", "y z"])) == ["x", "", "y z"]


def test_commands_and_errors_pass_between_tcl_and_python(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def answer(words: list[str]) -> str:
        asked.append(words)
        if words[0] == "fails":
            raise TclError("with a reason")
        return "née {x y}"

    (tmp_path / "script.tcl").write_text(
        'puts [asks {} "a b"]\nif {[catch fails message]} { puts $message }\nfails again\n', encoding="utf-8"
    )
    printed, message = run_tcl(tmp_path / "script.tcl", tmp_path, answer)
    assert printed == "née {x y}\nwith a reason\n" and message == "with a reason"
    assert asked == [["asks", "", "a b"], ["fails"], ["fails", "again"]]
