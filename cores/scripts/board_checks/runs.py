"""Vivado's runs as the stand-in has them: they say what Vivado says and leave files of its names, and build nothing.

What a log says is after public logs of Vivado 2015.4 to 2024.2.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from board_checks.overlay_files import bit_bytes, hwh_bytes
from board_checks.stand_in import Project, Vivado
from board_checks.tcl_process import TclError
from tilewright.boards.board import Board

MET = "All user specified timing constraints are met."
LICENCE = (
    "WARNING: [Common 17-348] Failed to get the license for feature 'Synthesis' and/or device '{device}'",
    "ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' and/or device '{device}'. Please run "
    "the Vivado License Manager for assistance in determining which features and devices are licensed for your system.",
    "0 Infos, 1 Warnings, 0 Critical Warnings and 1 Errors encountered.",
    "synth_design failed",
)
STEPS = ("opt_design", "place_design", "phys_opt_design", "route_design")
UTILISATION = """
1. CLB Logic
------------

+-------------------------+-------+-------+------------+-----------+-------+
|        Site Type        |  Used | Fixed | Prohibited | Available | Util% |
+-------------------------+-------+-------+------------+-----------+-------+
| {kind} LUTs              | 12345 |     0 |          0 |     53200 | 23.20 |
|   LUT as Logic          | 12000 |     0 |          0 |     53200 | 22.56 |
| {kind} Registers         | 23456 |     0 |          0 |    106400 | 22.05 |
+-------------------------+-------+-------+------------+-----------+-------+
| Block RAM Tile    | 45.5 |     0 |          0 |       140 | 32.50 |
| DSPs           |   67 |     0 |          0 |       220 | 30.45 |
"""


@dataclass(frozen=True)
class Orders:
    """What a test wants of the stand-in.

    Attributes:
        version: that it says it has.
        board_parts: for which it has board files; None for those of the board that is built.
        wns, whs: slacks in ns.
        fault: "" or what shall go wrong: licence, divisors, no_bit, no_report, slow_clock, other_part, hangs, full.
    """

    version: str = "2024.1_stand_in"
    board_parts: tuple[str, ...] | None = None
    wns: float = 0.321
    whs: float = 0.012
    fault: str = ""


class VivadoRuns(Vivado):
    """A stand-in that builds: synthesis, implementation and bitstream are words in a log."""

    def __init__(self, folder: Path, board: Board, orders: Orders) -> None:
        """Args: the project's folder; the board it is for; what a test wants."""
        own = tuple(board.board_parts[-1:]) if board.processing_system.preset else ()
        super().__init__(folder, own if orders.board_parts is None else orders.board_parts, orders.version, say)
        self.board, self.orders = board, orders
        self.progress = {"synth_1": 0, "impl_1": 0}
        self.steps: dict[str, str] = {}
        self.cells: list[tuple[str, str, dict[str, str]]] = []

    # ---- the project on disk
    def save(self) -> None:
        """Write the project, as Vivado does at its end, and the .hwh, as generate_target does."""
        name, project = self.project.name, self.project
        recorded = self.design.recorded
        self.cells = [(cell.name, cell.vlnv, self._parameters(cell.name)) for cell in recorded.cells.values()]
        state = {
            "properties": project.properties,
            "runs": [[*key, value] for key, value in self.run_properties.items()],
        }
        (self.folder / f"{name}.xpr").write_text(json.dumps({**state, "cells": self.cells}), encoding="utf-8")
        handoff = self.folder / f"{name}.gen" / "sources_1" / "bd" / "tilewright" / "hw_handoff"
        handoff.mkdir(parents=True)
        text = hwh_bytes("tilewright", project.properties["part"], self.cells)
        (handoff / "tilewright.hwh").write_bytes(text)

    def _parameters(self, cell: str) -> dict[str, str]:
        parameters = {**self.design.recorded.cells[cell].ip.defaults, **self.design.recorded.cells[cell].parameters}
        if cell == self.board.kind.instance:
            readings = self.board.kind.clock_readings(0, self.board.clock.pll)
            parameters |= {setting: self.design.parameter(cell, setting) for setting in readings.values()}
        return parameters

    def open(self, xpr: Path) -> None:
        """Go on with a project that was saved."""
        state = json.loads(xpr.read_text(encoding="utf-8"))
        self.projects[xpr.stem] = Project(xpr.stem, state["properties"])
        self._order.append(xpr.stem)
        self.run_properties = {(run, name): value for run, name, value in state["runs"]}
        self.cells = [(name, vlnv, parameters) for name, vlnv, parameters in state["cells"]]

    # ---- faults of what is computed
    def do_get_property(self, options: Mapping[str, str], words: list[str]) -> str:
        """A property: of runs besides those of the project."""
        name, target = words
        if target.startswith("run:"):
            run = target[4:]
            known = {"PROGRESS": f"{self.progress[run]}%", "NEEDS_REFRESH": "0", "DIRECTORY": str(self.run_folder(run))}
            return known[name]
        found = super().do_get_property(options, words)
        if self.orders.fault == "divisors" and name.endswith("DIVISOR0"):
            return str(int(found) + 1)
        return found

    # ---- runs
    def run_folder(self, run: str) -> Path:
        """Where a run's files lie."""
        return self.folder / f"{self.project.name}.runs" / run

    def do_list_property(self, _: Mapping[str, str], words: list[str]) -> str:
        """A property that a run has."""
        return words[1]

    def do_current_run(self, *_: Any) -> str:
        """The run that implements."""
        return "run:impl_1"

    def do_reset_runs(self, *_: Any) -> str:
        """Nothing is to be forgotten."""
        return ""

    def do_launch_runs(self, options: Mapping[str, str], words: list[str]) -> str:
        """Begin a run."""
        if words[0] == "impl_1" and self.progress["synth_1"] != 100:
            say(
                "ERROR: [Common 17-70] Application Exception: Failed to launch run 'impl_1' due to failures in the "
                "following run(s):\nsynth_1"
            )
            raise TclError("Failed to launch run 'impl_1'")
        self.steps[words[0]] = options.get("-to_step", "")
        say(f"[Mon Nov 30 12:00:00 2026] Launched {words[0]}...")
        return ""

    def do_wait_on_run(self, _: Mapping[str, str], words: list[str]) -> str:
        """Do what the run does."""
        say(f"[Mon Nov 30 12:00:00 2026] Waiting for {words[0]} to finish...")
        self.run_folder(words[0]).mkdir(parents=True)
        done = self._synthesis() if words[0] == "synth_1" else self._implementation()
        self.progress[words[0]] = 100 if done else 0
        say(f"[Mon Nov 30 12:00:00 2026] {words[0]} {'finished' if done else 'failed'}")
        if not done and not self.version.startswith("2022"):
            say(f"ERROR: [Vivado 12-13638] Failed runs(s) : '{words[0]}'")
            raise TclError("ERROR: [Common 17-39] 'wait_on_runs' failed due to earlier errors.")
        return ""

    def _synthesis(self) -> bool:
        part = self.project.properties["part"]
        say(f"Command: synth_design -top tilewright_wrapper -part {part}")
        if self.orders.fault == "licence":
            for line in LICENCE:
                say(line.format(device=part.partition("-")[0]))
            return False
        if self.orders.fault == "hangs":
            time.sleep(600)
        if self.orders.fault == "full":
            say(
                "ERROR: [Common 17-49] Internal Data Exception: HDDMProto::writeMessage failed: No space left on device"
            )
            return False
        say("synth_design completed successfully")
        return True

    def _implementation(self) -> bool:
        for step in STEPS:
            say(f"Command: {step}")
            say(f"{step} completed successfully")
        if not self.met:
            say("CRITICAL WARNING: [Timing 38-282] The design failed to meet the timing requirements.")
        folder, home = self.run_folder("impl_1"), self.folder
        self.reports = {
            "setup": str(self.orders.wns),
            "hold": str(self.orders.whs),
            "summary": MET if self.met else "",
            "periods": self._periods(),
            "PART": "xc7z010clg400-1" if self.orders.fault == "other_part" else self.project.properties["part"],
        }
        self.folder = folder
        message = self.source(Path(self.run_properties["impl_1", "STEPS.WRITE_BITSTREAM.TCL.PRE"]))
        self.folder = home
        if self.orders.fault == "no_report":
            (folder / "tilewright_report.txt").unlink()
        if message:
            say(message + "\n    while executing\n...")
            return False
        say("Command: write_bitstream -force tilewright_wrapper.bit")
        if self.orders.fault != "no_bit":
            text = bit_bytes("tilewright_wrapper", self.project.properties["part"], self.orders.version)
            (folder / "tilewright_wrapper.bit").write_bytes(text)
        say("write_bitstream completed successfully")
        return True

    @property
    def met(self) -> bool:
        """Whether the design meets timing."""
        return self.orders.wns >= 0 and self.orders.whs >= 0

    def _periods(self) -> str:
        """Periods of the PL's clocks, in Vivado's three digits."""
        (ps,) = (parameters for name, _, parameters in self.cells if name == self.board.kind.instance)
        mhz = float(ps[self.board.kind.clock_readings(0, self.board.clock.pll)["mhz"]])
        return f"{1000 / mhz * (2 if self.orders.fault == 'slow_clock' else 1):.3f}"

    def do_report_utilization(self, options: Mapping[str, str], _: list[str]) -> str:
        """Vivado's report, with figures that are none."""
        kind = "Slice" if self.project.properties["part"].startswith("xc7") else "CLB"
        (self.folder / options["-file"]).write_text(UTILISATION.replace("{kind}", kind), encoding="utf-8")
        return ""


def say(text: str) -> None:
    """Print a line at once, as Vivado does."""
    print(text.removesuffix("\n"), flush=True)


def orders_of(text: str) -> Orders:
    """What a test wants, from JSON."""
    found = json.loads(text)
    parts = found.get("board_parts")
    return Orders(**{**found, "board_parts": None if parts is None else tuple(parts)})


def text_of(orders: Orders) -> str:
    """JSON for :func:`orders_of`."""
    return json.dumps(asdict(orders))
