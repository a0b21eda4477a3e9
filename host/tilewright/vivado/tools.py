"""The programs that a build needs: Vivado on PATH, of a version that the scripts are written for, and FuseSoC."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tilewright.errors import VivadoError

OLDEST, NEWEST = (2022, 1), (2024, 2)
VERSIONS = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"


def vivado_version(board: str, any_version: bool = False) -> str:
    """The version of the `vivado` on PATH, such as 2024.1.

    Args:
        board: that is built for, for the message.
        any_version: whether one that the scripts are not written for will do.

    Raises:
        VivadoError: there is none, it does not start, or it is of another version; says what to do.
    """
    program = shutil.which("vivado")
    if program is None:
        raise VivadoError(
            f"no `vivado` on PATH. Install Vivado {VERSIONS} (AMD's Vivado ML Standard) with the devices of the board, "
            "then `source .../Vivado/VERSION/settings64.sh`. Without Vivado, `fusesoc run --target "
            f"{board} --setup tilewright:soc:board` writes the project, for a computer that has it"
        )
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VivadoError(f"{program} -version: {error}") from error
    found = re.search(r"vivado v((\d{4})\.(\d+)\S*)", done.stdout, re.IGNORECASE)
    if done.returncode or not found:
        raise VivadoError(f"{program} -version says no version: {(done.stdout + done.stderr).strip()[-300:]!r}")
    if not OLDEST <= (int(found[2]), int(found[3])) <= NEWEST and not any_version:
        raise VivadoError(
            f"{program} is version {found[1]}; the scripts are written for {VERSIONS}. Source the settings64.sh of one "
            "of these, or try it with --any-version"
        )
    return found[1]


def fusesoc_program() -> Path:
    """FuseSoC of this Python's environment, else of PATH. Raises VivadoError where there is none."""
    beside = Path(sys.executable).with_name("fusesoc")
    found = str(beside) if beside.is_file() else shutil.which("fusesoc")
    if found is None:
        raise VivadoError("FuseSoC is missing: pip install 'tilewright[sim]'")
    return Path(found)


def checkout_folder() -> Path:
    """The checkout that this package belongs to, with the hardware's sources. Raises VivadoError without one."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "cores" / "soc" / "board" / "board.core").is_file():
        raise VivadoError(f"no hardware sources at {folder}: install with `pip install -e .` in a checkout")
    return folder
