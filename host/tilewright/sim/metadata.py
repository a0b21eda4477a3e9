"""The overlay files of the simulated hardware: a .hwh as Vivado writes it, and a .bit with the header of a real one.

In place of a bitstream the .bit carries what :class:`tilewright.sim.device.SimDevice` builds when it "loads" it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pynq.pl_server.embedded_device import parse_bit_header

from tilewright.errors import ParameterError
from tilewright.files import written
from tilewright.sim.design import simulated_hwh
from tilewright.sim.errors import OverlayFileError
from tilewright.sim.guest import ThirdParty
from tilewright.sim.hardware import Hardware, OwnHardware
from tilewright.sim.parameters import SocParameters
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE, ProcessingSystem

SIGNATURE = "tilewright-simulated-hardware"
# Of a .bit that stands for hardware; those for real FPGAs are larger
MOST_BYTES = 1 << 20
MOST_REASON = 300


def write_overlay(parameters: SocParameters, folder: Path, system: ProcessingSystem = ZYNQ_ULTRASCALE) -> Path:
    """Write NAME.bit and NAME.hwh of the accelerator with these parameters, and return the path of the .bit."""
    bit = folder / f"tilewright_sim_{parameters.n}x{parameters.n}.bit"
    contents = {"parameters": asdict(parameters), "board": system.board.name}
    return write_files(bit, simulated_hwh(parameters, system), contents, system)


def write_files(bit: Path, hwh: bytes, contents: dict[str, Any], system: ProcessingSystem) -> Path:
    """Write a .bit with these contents, and the .hwh beside it; return the .bit's path."""
    _write(bit.with_suffix(".hwh"), hwh)
    _write(bit, _bit_file(contents, hwh, system))
    return bit


def read_overlay(bit: Path) -> Hardware:
    """Return the hardware that a .bit from :func:`write_files` stands for.

    Args:
        bit: the file, its .hwh beside it.

    Raises:
        OverlayFileError: it is another file, its parameters cannot be built, or the .hwh is not the one that was
            written with it.
    """
    contents = overlay_contents(bit)
    hardware = hardware_of(contents, bit)
    _check_pair(bit, contents, hardware)
    return hardware


def overlay_contents(bit: Path) -> dict[str, Any]:
    """Return what a .bit from :func:`write_files` holds. Raises OverlayFileError for others."""
    try:
        nbytes = bit.stat().st_size
        if nbytes > MOST_BYTES:
            raise _foreign(bit, f"{nbytes} bytes")
        payload = bytes(parse_bit_header(bit.read_bytes())["data"])
    except OverlayFileError:
        raise
    except Exception as error:  # pynq's parser raises whatever a file that is no .bit leads it to
        raise _foreign(bit, repr(error)) from error
    return payload_contents(payload, bit)


def payload_contents(payload: bytes, source: Path | str) -> dict[str, Any]:
    """Return the JSON object in a .bit's data.

    Args:
        payload: what follows the header.
        source: the file, for the message.

    Raises:
        OverlayFileError: the data are not from :func:`write_files`.
    """
    if len(payload) > MOST_BYTES:
        raise _foreign(source, f"{len(payload)} bytes")
    try:
        contents = json.loads(payload.rstrip(b"\0"))
    except (ValueError, RecursionError) as error:
        raise _foreign(source, repr(error)) from error
    if not isinstance(contents, dict) or contents.get("signature") != SIGNATURE:
        raise _foreign(source, "another signature")
    return contents


def hardware_of(contents: dict[str, Any], source: Path | str) -> Hardware:
    """Return the hardware that is described in a .bit's data.

    Args:
        contents: of :func:`payload_contents`.
        source: the file, for the message.

    Raises:
        OverlayFileError: it is not described, or cannot be built.
    """
    try:
        if "third_party" in contents:
            return ThirdParty.from_json(contents["third_party"], Path(source).with_suffix(".hwh"))
        return OwnHardware(SocParameters(**contents["parameters"]))
    except ParameterError as error:
        raise OverlayFileError(f"{source}: its parameters are none that can be built: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise _foreign(source, repr(error)) from error


def _check_pair(bit: Path, contents: dict[str, Any], hardware: Hardware) -> None:
    hwh = bit.with_suffix(".hwh")
    if hwh.is_file() and hashlib.sha256(hwh.read_bytes()).hexdigest() != contents.get("hwh_sha256"):
        raise OverlayFileError(
            f"{bit.name} and {hwh.name} in {bit.parent} do not belong together: the .bit stands for {hardware.title} "
            "and was written with another .hwh, or this one was changed since. Write or copy both anew"
        )


def _foreign(bit: Path | str, reason: str) -> OverlayFileError:
    return OverlayFileError(
        f"{bit} is no simulated bitstream ({reason[:MOST_REASON]}); the simulated device loads only files from "
        "tilewright.sim.open_overlay and `tilewright simulate`"
    )


def _write(path: Path, contents: bytes) -> None:
    """Replace a file in one step, unless it has these contents already."""
    if path.is_file() and path.read_bytes() == contents:
        return
    with written(path) as partial:
        partial.write_bytes(contents)


def _bit_file(contents: dict[str, Any], hwh: bytes, system: ProcessingSystem) -> bytes:
    """Header as Xilinx tools write it: magic, then key, length and text for design, part, date and time, then data.

    The hash of the .hwh makes .bit files differ where .hwh files do: PYNQ.remote caches metadata by the .bit's hash.
    """
    whole = {"signature": SIGNATURE, "hwh_sha256": hashlib.sha256(hwh).hexdigest(), **contents}
    payload = json.dumps(whole, sort_keys=True).encode()
    payload += bytes(-len(payload) % 4)
    header = struct.pack(">h", 9) + bytes.fromhex("0ff00ff00ff00ff000") + struct.pack(">h", 1)
    part = system.board.part.encode()
    for key, text in ((b"a", b"tilewright_sim"), (b"b", part), (b"c", b"2026/01/01"), (b"d", b"00:00:00")):
        header += key + struct.pack(">h", len(text) + 1) + text + b"\0"
    return header + b"e" + struct.pack(">i", len(payload)) + payload
