"""What the board is and runs: versions, kernel, memory for buffers, temperature. Files of Linux; a board's only."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tilewright import __version__
from tilewright.check.design import SYSTEMS, Design
from tilewright.check.findings import Finding, State, judged

# Of pynq, that CI runs parts of the tests with
TESTED = ("3.1.2", "4.0.0")
PACKAGES = ("pynq", "numpy", "pynqmetadata", "pytest")
# VGG16's program for 16 images on 32x32 has 8.2 MB; twice that for what comes next, results, and room
LEAST_CMA = 32 << 20
ROOT = Path("/")


def versions() -> dict[str, str | None]:
    """Versions by name; None of what is not there."""
    found: dict[str, str | None] = {
        "tilewright": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def board_name(root: Path = ROOT) -> str | None:
    """The board by its device tree; None where Linux does not say."""
    for place in ("proc/device-tree/chosen/pynq_board", "proc/device-tree/model"):
        text = _text(root / place)
        if text:
            return text
    return None


def memory(root: Path = ROOT) -> dict[str, int]:
    """Bytes of memory that Linux has, and of those for contiguous buffers (CMA), by their names in /proc/meminfo."""
    lines = re.findall(r"^(MemTotal|MemAvailable|CmaTotal|CmaFree):\s+(\d+) kB", _text(root / "proc/meminfo"), re.M)
    return {name: int(kib) << 10 for name, kib in lines}


def temperatures(root: Path = ROOT) -> dict[str, float]:
    """Degrees Celsius by sensor: those of hwmon, and of the chip's own monitor behind iio; empty where none is read."""
    found = {}
    for file in sorted(root.glob("sys/class/hwmon/hwmon*/temp*_input")):
        name = _text(file.parent / "name") or file.parent.name
        if (millidegrees := _number(file)) is not None:
            found[f"{name} {file.name.removesuffix('_input')}"] = millidegrees / 1e3
    for file in sorted(root.glob("sys/bus/iio/devices/iio:device*/in_temp*_raw")):
        stem = file.name.removesuffix("_raw")
        scale, offset = (_number(file.with_name(f"{stem}_{each}")) for each in ("scale", "offset"))
        if (raw := _number(file)) is not None and scale is not None:
            found[stem] = (raw + (offset or 0.0)) * scale / 1e3
    return found


def check_system(design: Design, simulated: bool, root: Path = ROOT) -> list[Finding]:
    """What it is and runs, pynq's version on this family, and memory for buffers.

    Args:
        design: the bitstream's own words.
        simulated: whether the device is; its buffers are no CMA memory.
        root: of the file system.
    """
    texts = ", ".join(f"{name} {text}" for name, text in versions().items() if text is not None)
    board = board_name(root) or "a board that Linux does not name"
    return [
        Finding("system", "versions", State.PASSED, "", f"{board}: {texts}"),
        _pynq(design),
        _cma(memory(root), simulated),
    ]


def _pynq(design: Design) -> Finding:
    found = versions()["pynq"] or "none"
    dropped = design.system == SYSTEMS[0] and found.startswith("4.") and platform.machine() == "armv7l"
    if dropped:
        advice = "pynq 4.0 dropped Zynq-7000: use the image of PYNQ 3.1, or 3.0.1"
        return Finding("system", "pynq", State.FAILED, "3.x on a Zynq-7000", found, advice)
    tested = " or ".join(TESTED)
    if found in TESTED:
        return Finding("system", "pynq", State.PASSED, tested, found)
    return Finding("system", "pynq", State.NOT_KNOWN, tested, f"{found}, which the tests have not run with ({tested})")


def _cma(found: dict[str, int], simulated: bool) -> Finding:
    name = "memory for buffers"
    if simulated:
        return Finding("system", name, State.NOT_KNOWN, "", "of the simulated device: its buffers are no CMA memory")
    if "CmaFree" not in found:
        return Finding("system", name, State.NOT_KNOWN, "", "Linux names no CMA memory in /proc/meminfo")
    return judged(
        "system",
        name,
        found["CmaFree"] >= LEAST_CMA,
        f"{LEAST_CMA >> 20} MiB of free CMA memory",
        f"{found['CmaFree'] >> 20} MiB free of {found.get('CmaTotal', 0) >> 20}",
        "close other notebooks and programs that hold buffers, or start the kernel with cma=128M",
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _number(file: Path) -> float | None:
    try:
        return float(_text(file))
    except ValueError:
        return None


def as_dict(root: Path = ROOT) -> dict[str, Any]:
    """Versions, board, memory in bytes and temperatures in degrees Celsius, as JSON types."""
    return {
        "versions": versions(),
        "board": board_name(root),
        "memory_bytes": memory(root),
        "temperatures_c": temperatures(root),
    }
