"""`tilewright board build` from the command to the collection, against a stand-in that is not Vivado.

FuseSoC, Edalize, make and the boards' Tcl are the real ones; synthesis and implementation are words in a log and files
of Vivado's names.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import refused, tilewright

from board_checks.runs import Orders
from tilewright.bitstreams.collection import checked
from tilewright.bitstreams.manifest import MANIFEST
from tilewright.boards.board import all_boards, board_of
from tilewright.boards.parameters import build_parameters
from tilewright.errors import BitstreamError, VivadoError
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.vivado.build import run_and_add
from tilewright.vivado.log import PHASES
from tilewright.vivado.results import Build

ROOT = Path(__file__).resolve().parents[2]
Order = Callable[[Orders], None]
NAME = "pynq_z2_8x8"


def build_words(folder: Path, *words: str) -> list[str]:
    return ["board", "build", *words, "--output", str(folder / "out"), "--work-root", str(folder / "work")]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the first test left: a project that was built."""
    return {"folder": tmp_path_factory.mktemp("first")}


@pytest.fixture
def built(projects: dict[str, Any], stand_in: Order) -> dict[str, Any]:
    """A bitstream of 8x8, built once by the command."""
    if "process" not in projects:
        stand_in(Orders())
        words = build_words(projects["folder"], "pynq_z2", "--array", "8", "--clock", "83.5", "--json")
        projects["process"] = tilewright(*words)
    return projects


@pytest.fixture
def again(built: dict[str, Any], stand_in: Order, tmp_path: Path) -> Callable[..., Path]:
    """Builds a copy of that project again, with other orders; returns the new entry's folder."""

    def build(orders: Orders, from_start: bool = False) -> Path:
        stand_in(orders)
        work = tmp_path / "work" / NAME
        gone = ("*.bit", "*.runs", *(("*.xpr", "*.gen") if from_start else ()))
        shutil.copytree(built["folder"] / "work" / NAME, work, ignore=shutil.ignore_patterns(*gone))
        parameters = build_parameters(board_of("pynq_z2"), {"N": 8, "CLOCK": 83.5})
        asked = Build(board_of("pynq_z2"), parameters, rtl_sha256(ROOT / "cores"), slack_allowed=False)
        return run_and_add(["make"], work, work, asked, tmp_path / "out", lambda text: None)

    return build


def refusal_of(again: Callable[..., Path], tmp_path: Path, *words: Any) -> str:
    """What a build is refused with; it must leave no entry and a log."""
    with pytest.raises((VivadoError, BitstreamError)) as caught:
        again(*words)
    assert not list(tmp_path.glob("out/**/*"))
    lines = str(caught.value).splitlines()
    assert lines[-1] == f"log: {tmp_path / 'work' / NAME}.log" and (tmp_path / "work" / f"{NAME}.log").is_file()
    return str(caught.value)


def test_from_the_command_to_the_collection(built: dict[str, Any]) -> None:
    process: subprocess.CompletedProcess[str] = built["process"]
    assert process.returncode == 0, process.stderr
    folder = built["folder"] / "out" / NAME
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert json.loads(process.stdout) == {"folder": str(folder), **manifest}
    assert checked(folder).faults == ()
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "tilewright.bit", "tilewright.hwh"]
    assert (
        manifest["rtl_sha256"] == rtl_sha256(ROOT / "cores")
        and manifest["build_hash"][2:] == manifest["rtl_sha256"][:8]
    )
    assert manifest["parameters"] == build_parameters(board_of("pynq_z2"), {"N": 8}).verilog
    assert manifest["clock_asked_mhz"] == 83.5 and manifest["clock_mhz"] == pytest.approx(83.333333, abs=1e-6)
    assert manifest["timing"] == {"wns_ns": 0.321, "whs_ns": 0.012, "met": True, "negative_slack_allowed": False}
    assert manifest["utilisation"]["lut"] == {"used": 12345, "available": 53200}
    assert manifest["utilisation"]["bram"] == {"used": 45.5, "available": 140}
    assert manifest["tool"] == "Vivado 2024.1_stand_in" and manifest["ran_on_hardware"] is False


def test_phases_are_said_as_they_come_and_the_log_is_kept(built: dict[str, Any]) -> None:
    said = built["process"].stderr.splitlines()
    assert [line for line in said if line in PHASES] == list(PHASES)
    log = built["folder"] / "work" / f"{NAME}.log"
    assert f"Log: {log}" in said and "Command: route_design" in log.read_text(encoding="utf-8")


def test_missed_timing_makes_no_bitstream(again: Callable[..., Path], tmp_path: Path) -> None:
    text = refusal_of(again, tmp_path, Orders(wns=-0.3))
    assert text.startswith("no bitstream, it ended in: Implementation: routing\ntiming is missed\n")
    assert "setup -0.3 ns" in text and "--allow-negative-slack" in text and "CRITICAL WARNING: [Timing 38-282]" in text
    assert not list(tmp_path.rglob("*.bit"))


def test_a_bitstream_that_misses_timing_is_asked_for_and_says_so(stand_in: Order, tmp_path: Path) -> None:
    """The other family, whose board needs a board file."""
    stand_in(Orders(wns=-0.3))
    process = tilewright(*build_words(tmp_path, "kv260", "--set", "LOG_DEPTH=256", "--allow-negative-slack"))
    assert process.returncode == 0, process.stderr
    assert "-0.3" in process.stdout and "MISSED" in process.stdout
    (entry,) = (checked(path) for path in (tmp_path / "out").iterdir())
    assert entry.faults == () and entry.manifest and entry.manifest["parameters"]["LOG_DEPTH"] == 256
    assert entry.manifest["timing"] == {"wns_ns": -0.3, "whs_ns": 0.012, "met": False, "negative_slack_allowed": True}


FAULTS = {
    "licence": ("ended in: Synthesis\nthe licence for this part is missing", "[Common 17-345] A valid license"),
    "full": ("the disk is full", "No space left on device"),
    "no_bit": ("ended in: Bitstream", "no files matched glob pattern"),
    "no_report": ("Vivado ended well, and left 0 files", "tilewright_report.txt, not one"),
    "other_part": ("Vivado implemented for xc7z010clg400-1, PYNQ-Z2 has xc7z020clg400-1",),
    "slow_clock": ("timing was looked at with clocks of 24 ns, the board's has 12 ns",),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_gives_its_reason(fault: str, again: Callable[..., Path], tmp_path: Path) -> None:
    text = refusal_of(again, tmp_path, Orders(fault=fault))
    assert all(part in text for part in FAULTS[fault]), text


def test_a_run_that_fails_as_older_versions_say_it(again: Callable[..., Path], tmp_path: Path) -> None:
    text = refusal_of(again, tmp_path, Orders(version="2022.1_stand_in", fault="licence"))
    assert all(part in text for part in FAULTS["licence"]) and "Failed to launch run" not in text


def test_missed_timing_is_looked_at_again(again: Callable[..., Path], built: dict[str, Any], tmp_path: Path) -> None:
    """Where the Tcl did not stop, as if it had been set up for a bitstream that may miss timing."""
    (hook,) = (built["folder"] / "work").rglob("src/*/check_timing.tcl")
    true = hook.read_text(encoding="utf-8")
    hook.write_text(true.replace("!$met && 1", "!$met && 0"), encoding="utf-8")
    try:
        text = refusal_of(again, tmp_path, Orders(whs=-0.01))
    finally:
        hook.write_text(true, encoding="utf-8")
    assert "timing is missed (setup 0.321 ns, hold -0.01 ns): no bitstream is taken" in text


def test_a_hwh_of_another_design(again: Callable[..., Path], built: dict[str, Any], tmp_path: Path) -> None:
    (hwh,) = (built["folder"] / "work").rglob("tilewright.hwh")
    true = hwh.read_text(encoding="utf-8")
    hwh.write_text(true.replace('NAME="tilewright"', 'NAME="base"').replace('"N" VALUE="8"', '"N" VALUE="16"'), "utf-8")
    try:
        text = refusal_of(again, tmp_path, Orders())
    finally:
        hwh.write_text(true, encoding="utf-8")
    assert "the .hwh is of design 'base', the manifest's is 'tilewright'" in text
    assert "N is 16 in the .hwh, 8 in the manifest" in text


def test_another_divisor(again: Callable[..., Path], tmp_path: Path) -> None:
    text = refusal_of(again, tmp_path, Orders(fault="divisors"), True)
    assert text.startswith(
        "no bitstream, it ended in: Block design\nthe processing system makes another clock\nERROR: "
    )
    assert "PL clock 0: Vivado computed the crystal times 20 divided by 15" in text
    assert not list(tmp_path.rglob("*.bit"))


def test_sources_that_changed_and_other_parameters(
    again: Callable[..., Path], built: dict[str, Any], tmp_path: Path
) -> None:
    (facts,) = (built["folder"] / "work").rglob("src/tilewright_soc_board-pynq_z2_0.1.0/design.json")
    true = facts.read_text(encoding="utf-8")
    found = []
    for old, new in (('"BUILD_HASH": "0x', '"BUILD_HASH": "0xf'), ('"LOG_DEPTH": "512"', '"LOG_DEPTH": "256"')):
        assert old in true
        facts.write_text(true.replace(old, new), encoding="utf-8")
        try:
            found.append(refusal_of(again, tmp_path, Orders()))
        finally:
            facts.write_text(true, encoding="utf-8")
            shutil.rmtree(tmp_path / "work")
    assert "the hardware's sources changed" in found[0] and "FuseSoC set up another project" in found[1]


@pytest.mark.parametrize(
    ("version", "said"),
    [("2019.1", "is version 2019.1; the scripts are written for 2022.1 to 2024.2"), ("2025.1", "--any-version")],
)
def test_a_version_that_is_not_known(version: str, said: str, stand_in: Order, tmp_path: Path) -> None:
    stand_in(Orders(version=version))
    assert said in refused(*build_words(tmp_path, "pynq_z2"))
    assert not (tmp_path / "out").exists() and not (tmp_path / "work").exists()


def test_no_vivado_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    text = refused(*build_words(tmp_path, "pynq_z2"))
    assert "no `vivado` on PATH. Install Vivado 2022.1 to 2024.2" in text
    assert "`fusesoc run --target pynq_z2 --setup tilewright:soc:board` writes the project" in text


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    text = refused(*build_words(tmp_path, "zedboard"))
    assert all(name in text for name in ("no board 'zedboard'", *all_boards()))
    assert "dsp_columns 7: an even number" in refused(*build_words(tmp_path, "pynq_z2", "--dsp-columns", "7"))
    assert "no clock of 0.001 MHz" in refused(*build_words(tmp_path, "pynq_z2", "--clock", "0.001"))
    text = refused(*build_words(tmp_path, "pynq_z2"), "--work-root", tmp_path / "a b")
    assert f"{tmp_path / 'a b' / 'pynq_z2_16x16'}: neither make nor Vivado takes a path with blanks" in text
    (tmp_path / "out").touch()
    assert f"{tmp_path / 'out'} is no folder that can be written" in refused(*build_words(tmp_path, "pynq_z2"))
    assert "NAME=NUMBER is wanted" in refused(*build_words(tmp_path, "pynq_z2", "--set", "LOG_DEPTH"))


def test_one_build_at_a_time_and_ctrl_c_ends_it_and_vivado(stand_in: Order, tmp_path: Path) -> None:
    stand_in(Orders(fault="hangs"))
    command = [sys.executable, "-m", "tilewright", *build_words(tmp_path, "pynq_z2", "--array", "8")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line == "Synthesis\n":
                break
        log = (tmp_path / "work" / f"{NAME}.log").read_text(encoding="utf-8")
        vivado = int(log.rpartition("process ")[2].split()[0])
        os.kill(vivado, 0)
        project = tmp_path / "work" / NAME
        files = set(project.rglob("*"))
        text = refused(*build_words(tmp_path, "pynq_z2", "--array", "8"))
        assert f"another build is at work in {project} (it holds {NAME}.lock)" in text and "--work-root" in text
        assert files <= set(project.rglob("*")) and process.poll() is None, "the first one's project is untouched"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().splitlines()[-1] == "interrupted"
        assert process.wait(30) == 130
    assert not (tmp_path / "out").exists()
    assert ends(vivado)


def ends(number: int) -> bool:
    """Whether a process has ended, or does within some seconds."""
    for _ in range(100):
        status = Path(f"/proc/{number}/status")
        if not status.exists() or "State:\tZ" in status.read_text(encoding="utf-8"):
            return True
        time.sleep(0.05)
    return False
