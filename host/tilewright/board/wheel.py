"""Builds the wheel that goes to a board."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tilewright.errors import BoardError

# Of pyproject.toml's build requirements
SETUPTOOLS = range(77, 81)


def build_wheel(folder: Path) -> Path:
    """Builds the wheel of the checkout that this package belongs to, and leaves the checkout as it is.

    Args:
        folder: where the wheel is written; it should be empty.

    Returns:
        The wheel.

    Raises:
        BoardError: there is no checkout, or pip failed; holds what it printed.
    """
    checkout = Path(__file__).resolve().parents[3]
    if not (checkout / "pyproject.toml").is_file():
        raise BoardError(f"{checkout} is no checkout of Tilewright to build a wheel from: give one with --wheel")
    (folder / "egg").mkdir(parents=True)
    settings = folder / "setup.cfg"
    settings.write_text(f"[build]\nbuild_base = {folder / 'build'}\n[egg_info]\negg_base = {folder / 'egg'}\n")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if _has_setuptools():
        command.append("--no-build-isolation")
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(checkout)],
        env={**os.environ, "DIST_EXTRA_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise BoardError(f"the wheel could not be built:\n{done.stderr.strip() or done.stdout.strip()}")
    return wheels[0]


def _has_setuptools() -> bool:
    """Whether this environment can build without fetching anything."""
    try:
        return int(version("setuptools").partition(".")[0]) in SETUPTOOLS
    except PackageNotFoundError:
        return False
