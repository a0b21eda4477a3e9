"""The cache of built hardware."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tilewright.sim import SimulatorBuildError, SocParameters, build, hardware


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


def test_build_hash_fits_the_register(cores: Path) -> None:
    assert 0 <= hardware.build_hash(cores) < 1 << 28
    assert f"{hardware.build_hash(cores):07x}" == hardware.sources_hash(cores)[:7]


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
    with pytest.raises(SimulatorBuildError, match=r"Debian packages make g\+\+ perl"):
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
