"""The manifest of a user's own bitstream: from the manifest beside it, or from what .bit and .hwh say."""

from __future__ import annotations

from pathlib import Path

from tilewright.bitstreams.bit_file import read_header
from tilewright.bitstreams.hwh_file import read_hwh_file
from tilewright.bitstreams.manifest import SCHEMA_VERSION, Manifest, changed_files, manifest_entry
from tilewright.bitstreams.pair import accelerator_of, clock_of
from tilewright.boards.board import board_of
from tilewright.errors import BitstreamError


def users_manifest(bit: str | Path, board_name: str | None, name: str | None) -> Manifest:
    """What is known of a bitstream that somebody else built.

    Args:
        bit: the .bit, its .hwh beside it.
        board_name: that it is for; None takes that of the manifest beside it.
        name: that it shall have; None takes the manifest's, or BOARD_NxN.

    Raises:
        BitstreamError: a file is missing or none of its kind, the manifest beside is of other files, or nothing says
            which board it is for.
        ParameterError: there is no such board.
        OSError: a file cannot be read.
    """
    bit = Path(bit)
    for file in (bit, bit.with_suffix(".hwh")):
        if not file.is_file():
            raise BitstreamError(f"no file {file}: a bitstream is a .bit and the .hwh of the same build beside it")
    manifest = manifest_entry(bit)
    if manifest is None:
        if board_name is None:
            raise BitstreamError(f"no manifest beside {bit} says which board it is for: name it with --board")
        manifest = _of_files(bit, board_name)
    elif found := [] if "bit_sha256" not in manifest else changed_files(bit, manifest):
        raise BitstreamError("\n".join(found))
    elif board_name not in (None, manifest.get("board")):
        raise BitstreamError(f"the manifest beside {bit} says board {manifest.get('board')}, not {board_name}")
    return {**manifest, "name": name or manifest.get("name")}


def _of_files(bit: Path, board_name: str) -> Manifest:
    """What a .bit and its .hwh say; what they do not say is null."""
    board = board_of(board_name)
    hwh, header = read_hwh_file(bit.with_suffix(".hwh")), read_header(bit)
    accelerator = accelerator_of(hwh)
    numbers = {name: accelerator.number(name) for name in (*board.accelerator, "BUILD_HASH")}
    if missing := [name for name, number in numbers.items() if number is None]:
        raise BitstreamError(f"the .hwh gives {accelerator.instance} no number for {', '.join(missing)}")
    build_hash = numbers.pop("BUILD_HASH")
    clock = clock_of(hwh, board)
    if clock is None:
        raise BitstreamError(f"the .hwh says no clock of the processing system of {board.title} ({board.kind.ip})")
    return {
        "tilewright_manifest": SCHEMA_VERSION,
        "name": f"{board.name}_{numbers['N']}x{numbers['N']}",
        "board": board.name,
        "part": board.part,
        "design": hwh.design,
        "rtl_sha256": None,
        "build_hash": f"0x{build_hash:08x}",
        "version": None,
        "program_format": None,
        "parameters": numbers,
        "clock_asked_mhz": None,
        "clock_mhz": clock,
        "timing": None,
        "utilisation": None,
        "tool": f"Vivado {header.tool_version or 'of an unknown version'}",
        "built": header.date.replace("/", "-"),
        "ran_on_hardware": False,
    }
