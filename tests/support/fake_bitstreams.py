"""Pairs of .bit and .hwh with a true manifest, of no hardware: as the stand-in for Vivado writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from board_checks.overlay_files import bit_bytes, hwh_bytes
from tilewright.bitstreams.manifest import BIT, HWH, MANIFEST, SCHEMA_VERSION, sha256_of
from tilewright.boards.board import board_of
from tilewright.boards.design import BlockDesign, block_design
from tilewright.boards.parameters import build_parameters
from tilewright.hardware.rtl_hash import build_hash

RTL = "89abcdef" + "0" * 56
VERSION = "2024.1"


def design_of(board: str, **given: float) -> BlockDesign:
    """A board's block design with some parameters."""
    return block_design(board_of(board), build_parameters(board_of(board), given), int(RTL[:8], 16))


def cells_of(design: BlockDesign) -> list[tuple[str, str, dict[str, str]]]:
    """Cells as a .hwh has them; the processing system with the clock that Vivado computed."""
    board = design.board
    clock = {board.kind.clock_readings(0, board.clock.pll)["mhz"]: f"{design.clocks[0].mhz:.6f}"}
    return [
        (cell.name, f"{cell.ip}:1.0", {**cell.parameters, **(clock if cell.name == design.ps else {})})
        for cell in design.cells
    ]


def manifest_of_design(design: BlockDesign) -> dict[str, Any]:
    """What is true of it, without the files' hashes."""
    n = design.parameters.n
    resource = {"used": 1, "available": 2}
    return {
        "tilewright_manifest": SCHEMA_VERSION,
        "name": f"{design.board.name}_{n}x{n}",
        "board": design.board.name,
        "part": design.board.part,
        "design": "tilewright",
        "rtl_sha256": RTL,
        "build_hash": f"0x{RTL[:8]}",
        "version": "0.2.0",
        "program_format": 3,
        "parameters": dict(design.parameters.verilog),
        "clock_asked_mhz": design.parameters.clock_mhz,
        "clock_mhz": round(design.clocks[0].mhz, 6),
        "timing": {"wns_ns": 0.1, "whs_ns": 0.01, "met": True, "negative_slack_allowed": False},
        "utilisation": dict.fromkeys(("lut", "ff", "dsp", "bram"), resource),
        "tool": f"Vivado {VERSION}",
        "built": "2026-11-30",
        "ran_on_hardware": False,
    }


def write_pair(folder: Path, design: BlockDesign) -> Path:
    """Write .bit and .hwh of a design into a folder; return the .bit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BIT).write_bytes(bit_bytes("tilewright_wrapper", design.board.part, VERSION))
    (folder / HWH).write_bytes(hwh_bytes("tilewright", design.board.part, cells_of(design)))
    return folder / BIT


def manifest_of_simulated(bit: Path) -> dict[str, Any]:
    """What is true of a simulated device's files, as far as the driver looks at it.

    Args:
        bit: of an accelerator of 8x8 with the simulated device's own parameters.
    """
    from tilewright.sim import SocParameters, build

    own = board_of("pynq_z2").accelerator
    simulated = SocParameters().verilog
    return {
        "tilewright_manifest": SCHEMA_VERSION,
        **{f"{kind}_sha256": sha256_of(bit.with_suffix(f".{kind}")) for kind in ("bit", "hwh")},
        "build_hash": f"0x{build_hash(build.cores_folder()):08x}",
        "version": "0.2.0",
        "program_format": 3,
        "parameters": {name: simulated.get(name, own[name]) for name in own},
    }


def write_whole(folder: Path, board: str, **given: float) -> dict[str, Any]:
    """Write .bit, .hwh and manifest of a board into a folder; return the manifest."""
    design = design_of(board, **given)
    bit = write_pair(folder, design)
    hashes = {f"{kind}_sha256": sha256_of(bit.with_suffix(f".{kind}")) for kind in ("bit", "hwh")}
    manifest = {**manifest_of_design(design), **hashes}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return manifest
