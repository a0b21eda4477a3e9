"""`.ci/packages` on machines of stubs: which Python it takes and which packages it asks apt for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "packages"
# This Python as one of another version, which lacks packages until they are installed
INTERPRETER = """#!/bin/bash
exec {real} -I -S -c '
import ctypes, os, sys
version, lacking, installed, code = sys.argv[1], sys.argv[2].split(), open("installed").read().split(), sys.argv[4]
sys.version_info = (*map(int, version.split(".")), 0, "final", 0)
packages = dict(venv="python" + version + "-venv", libpython="libpython" + version)
lacking = [name for name in lacking if packages[name] not in installed]
if "venv" in lacking:
    sys.modules["ensurepip"] = None
def load(name):
    if "libpython" in lacking:
        raise OSError(name)
ctypes.CDLL = load
exec(code)
' {version} "{lacking}" "$@"
"""
APT = """#!/bin/bash
echo "$*" >> asked
[ "$1" = install ] || exit 0
for word in "${{@:2}}"; do
    [[ $word = -* ]] || [[ " {offered} " = *" $word "* ]] || exit 100
done
[ "$2" = --simulate ] || echo "${{@: -1}}" >> installed
"""


@dataclass
class Machine:
    """A PATH of stubs; what apt was asked for."""

    folder: Path

    def stub(self, name: str, text: str = "#!/bin/bash\n") -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def python(self, name: str, version: str, lacking: str = "") -> None:
        self.stub(name, INTERPRETER.format(real=sys.executable, version=version, lacking=lacking))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/bash", str(SCRIPT), *arguments]
        environment = {"PATH": str(self.folder / "bin")}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    @property
    def installed(self) -> list[str]:
        """Packages that were installed, those for Python."""
        return [name for name in (self.folder / "installed").read_text().split() if "python" in name]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with all tools, as root, and neither Python nor packages to be had."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "installed").touch()
    made = Machine(tmp_path)
    for name in ("g++", "iverilog", "perl", "tclsh", "yosys"):
        made.stub(name)
    made.stub("id", "#!/bin/bash\necho 0\n")
    (tmp_path / "bin" / "env").symlink_to("/usr/bin/env")
    (tmp_path / "bin" / "bash").symlink_to("/bin/bash")
    offer(made)
    return made


def offer(machine: Machine, *versions: str) -> None:
    """Let apt have whole Pythons of these versions, and the tools' headers."""
    names = [name.format(version) for version in versions for name in ("python{}", "python{}-venv", "libpython{}")]
    machine.stub("apt-get", APT.format(offered=" ".join([*names, "zlib1g-dev", "liblz4-dev"])))


@pytest.mark.parametrize(
    ("system", "own", "offered"),
    [
        ("Debian 12", "3.11", ["3.11"]),
        ("Ubuntu 22.04", "3.10", ["3.10", "3.11"]),
        ("Ubuntu 24.04", "3.12", ["3.12"]),
    ],
)
def test_the_systems_own_python_is_completed(machine: Machine, system: str, own: str, offered: list[str]) -> None:
    machine.python("python3", own, "venv libpython")
    offer(machine, *offered)
    done = machine.run()
    assert done.returncode == 0, system + done.stderr
    assert machine.installed == [f"python{own}-venv", f"libpython{own}"]
    assert machine.run("--python").stdout.strip() == str(machine.folder / "bin" / "python3")
    asked = len((machine.folder / "asked").read_text())
    if Path("/usr/include/zlib.h").is_file() and Path("/usr/include/lz4.h").is_file():
        assert machine.run().stdout == "" and len((machine.folder / "asked").read_text()) == asked


@pytest.mark.parametrize(
    ("offered", "taken"), [(["3.10", "3.12"], "3.12"), (["3.10"], "3.10"), (["3.10", "3.11", "3.12", "3.13"], "3.11")]
)
def test_a_python_beside_the_systems_own_is_installed(machine: Machine, offered: list[str], taken: str) -> None:
    machine.python("python3", "3.13")
    offer(machine, *offered)
    assert machine.run().returncode == 0
    assert machine.installed == [f"python{taken}", f"python{taken}-venv", f"libpython{taken}"]


def test_a_complete_python_is_preferred_to_one_that_apt_cannot_complete(machine: Machine) -> None:
    """Somebody's own Python 3.11 without a shared library, on Ubuntu 24.04."""
    machine.python("python3.11", "3.11", "libpython")
    machine.python("python3", "3.12", "venv")
    offer(machine, "3.12")
    assert machine.run().returncode == 0
    assert machine.installed == ["python3.12-venv"]
    assert machine.run("--python").stdout.strip() == str(machine.folder / "bin" / "python3")


def test_no_python_that_fits_is_said(machine: Machine) -> None:
    """Debian 13 has 3.13 only."""
    machine.python("python3", "3.13")
    offer(machine, "3.13")
    done = machine.run()
    assert done.returncode == 1 and not machine.installed
    assert "needs a Python of 3.10 to 3.12" in done.stderr and "apt offers none" in done.stderr
    asked = machine.run("--python")
    assert asked.returncode == 1 and "no Python of 3.10 to 3.12" in asked.stderr


def test_without_root_the_packages_are_named(machine: Machine) -> None:
    machine.stub("id", "#!/bin/bash\necho 1000\n")
    machine.python("python3", "3.12", "venv")
    offer(machine, "3.12")
    done = machine.run()
    assert done.returncode == 1 and not machine.installed
    assert "python3.12-venv" in done.stderr and "root" in done.stderr


def test_the_environments_python_counts_once_it_is_there(machine: Machine) -> None:
    machine.python("python3.11", "3.11")
    machine.python("python3.12", "3.12", "libpython")
    (machine.folder / ".venv" / "bin").mkdir(parents=True)
    os.link(machine.folder / "bin" / "python3.12", machine.folder / ".venv" / "bin" / "python")
    offer(machine, "3.11", "3.12")
    assert machine.run().returncode == 0
    assert machine.installed == ["libpython3.12"]
