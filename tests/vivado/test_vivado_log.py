"""Reasons out of logs, and figures out of Vivado's report of utilisation: texts as public logs of Vivado have them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tilewright.errors import VivadoError
from tilewright.vivado.build import run_logged
from tilewright.vivado.log import ERRORS_SHOWN, PHASES, WARNINGS_SHOWN, phase_of, reasons
from tilewright.vivado.results import utilisation

END = """ERROR: [Vivado 12-13638] Failed runs(s) : 'impl_1'
ERROR: [Common 17-39] 'wait_on_runs' failed due to earlier errors.
ERROR: [Common 17-70] Application Exception: Failed to launch run 'impl_1' due to failures in the following run(s):
ERROR: Implementation and bitstream generation step failed.
INFO: [Common 17-206] Exiting Vivado at Mon Nov 30 12:00:00 2026...
make: *** [Makefile:23: tilewright_soc_board_0.1.0.bit] Error 1
ERROR: Failed to build ::tilewright_soc_board:0.1.0 : 'make' exited with an error: 2
"""
LOGS = {
    "the licence for this part is missing": "ERROR: [Common 17-345] A valid license was not found for feature "
    "'Synthesis' and/or device 'xczu7ev'.",
    "the board file is missing": "ERROR: [Tilewright] this Vivado has no board file of KV260 (xilinx.com:kv260_som)",
    "the disk is full": "ERROR: [Common 17-49] Internal Data Exception: writeMessage failed: No space left on device",
    "the computer ran out of memory": "/opt/Xilinx/Vivado/2024.2/bin/rdiArgs.sh: line 421:  3222 Killed "
    '                 "$RDI_PROG" "$@"',
    "this Vivado lacks the devices": "ERROR: [Coretcl 2-106] Specified part could not be found.",
    "timing is missed": "ERROR: [Tilewright] timing is missed (setup -0.3 ns, hold 0.1 ns): no bitstream is written.",
    "the processing system makes another clock": "ERROR: [Tilewright] PL clock 0: Vivado computed ..., where the "
    "board's data say ...: its processing system is set up for another board",
}
FULL = """
+-------------------+--------+-------+------------+-----------+-------+
|     Site Type     |  Used  | Fixed | Prohibited | Available | Util% |
+-------------------+--------+-------+------------+-----------+-------+
| CLB LUTs*         | 146578 |     0 |          0 |    230400 | 63.62 |
|   LUT as Logic    | 141704 |     0 |          0 |    230400 | 61.50 |
| CLB Registers     | 121495 |     2 |          0 |    460800 | 26.37 |
| Block RAM Tile    |  322.5 |     0 |          0 |       312 | 99.00 |
| URAM              |     64 |     0 |          0 |        96 | 66.67 |
| DSPs              |   1585 |     0 |          0 |      1728 | 91.72 |
+-------------------+--------+-------+------------+-----------+-------+
| Ref Name | Used | Functional Category |
| DSPs     |    1 | no table of sites   |
"""


@pytest.mark.parametrize("meaning", LOGS)
def test_a_reason_that_is_known_is_said_first(meaning: str) -> None:
    found = reasons([*"Command: synth_design\nINFO: x\n".splitlines(), LOGS[meaning], *END.splitlines()])
    assert found[0].startswith(meaning) and found[1:] == [LOGS[meaning]]


def test_errors_and_critical_warnings_are_said_once_and_counted() -> None:
    errors = [f"ERROR: [Synth 8-{number}] x" for number in range(ERRORS_SHOWN + 3)]
    critical = [f"CRITICAL WARNING: [DRC {number}] y" for number in range(WARNINGS_SHOWN + 1)]
    found = reasons([*errors, *errors, *critical, *END.splitlines()])
    shown = [*errors[:ERRORS_SHOWN], "... and 3 more", *critical[:WARNINGS_SHOWN], "... and 1 more"]
    assert found == shown


def test_without_an_error_the_last_lines_or_tcls_message() -> None:
    text = 'Command: x\nno files matched glob pattern "*"\n    while executing\n"glob *"\n' + END
    assert 'no files matched glob pattern "*"' in reasons(text.splitlines())
    assert reasons(["a", "b", "make: *** [x] Error 1"]) == ["a", "b"]
    assert reasons([]) == []


def test_phases_of_vivados_lines() -> None:
    lines = {
        "INFO: Preparing tilewright:ip:axil:0.1.0": "Project (FuseSoC)",
        "Tilewright: IP packaging": "IP packaging",
        "Tilewright: block design": "Block design",
        "[Fri Dec 25 13:51:25 2015] Launched synth_1...": "Synthesis",
        "Command: synth_design -top tilewright_wrapper -part xc7z020clg400-1": "Synthesis",
        "Command: opt_design": "Implementation: optimisation",
        "Command: place_design": "Implementation: placement",
        "Command: route_design -directive Explore": "Implementation: routing",
        "Command: write_bitstream -force tilewright_wrapper.bit": "Bitstream",
    }
    assert {line: phase_of(line) for line in lines} == lines and set(lines.values()) == set(PHASES)
    assert phase_of("synth_design: Time (s): cpu = 00:00:09") is None
    assert phase_of("# puts {Command: place_design was here}") is None


def test_utilisation_of_vivados_report() -> None:
    assert utilisation(FULL) == {
        "lut": {"used": 146578, "available": 230400},
        "ff": {"used": 121495, "available": 460800},
        "bram": {"used": 322.5, "available": 312},
        "uram": {"used": 64, "available": 96},
        "dsp": {"used": 1585, "available": 1728},
    }
    # Before 2020.2 there is a column less
    older = FULL.replace(" Prohibited |", "").replace("|          0 |", "|")
    assert utilisation(older) == utilisation(FULL)
    series_7 = FULL.replace("CLB LUTs*", "Slice LUTs").replace("CLB Registers", "Slice Registers")
    assert utilisation(series_7)["lut"] == {"used": 146578, "available": 230400}
    with pytest.raises(VivadoError, match="no row for lut, ff"):
        utilisation(FULL.replace("CLB", "XLB"))


def test_a_full_disk_is_said_whatever_the_log_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage(tmp_path))(100, 100, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(VivadoError, match=f"the disk of {tmp_path} is full\nsomething"):
        run_logged(["sh", "-c", "echo something; exit 3"], tmp_path, tmp_path / "log", lambda text: None)


def test_what_a_command_says_is_in_the_log_as_it_comes(tmp_path: Path) -> None:
    seen: list[str] = []
    log = tmp_path / "log"
    script = "echo Command: synth_design; echo Command: synth_design; echo Command: route_design >&2; cat"
    run_logged(["sh", "-c", script], tmp_path, log, lambda text: seen.append(f"{text}: {len(log.read_text())}"))
    assert seen == ["Synthesis: 22", "Implementation: routing: 66"]
