"""A board's bitstream in one call: FuseSoC and Edalize run Vivado, and what it made goes into the collection."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tilewright.bitstreams.collection import add
from tilewright.boards.board import board_of
from tilewright.boards.design import block_design
from tilewright.boards.parameters import TIMING_MAY_FAIL, build_parameters
from tilewright.errors import BitstreamError, VivadoError
from tilewright.files import file_errors
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.vivado.log import phase_of, reasons
from tilewright.vivado.results import Build, results_of
from tilewright.vivado.tools import checkout_folder, fusesoc_program, vivado_version

CORE = "tilewright:soc:board"
# Seconds that Vivado has to end after it was told to
_PATIENCE = 10.0
# Bytes left of a disk that counts as full
_FULL = 64 << 20
# Lines of the log that are kept to look for reasons in: a log has some thousand
_KEPT = 200_000


def build_bitstream(
    name: str,
    given: Mapping[str, float],
    output: Path,
    slack_allowed: bool = False,
    any_version: bool = False,
    builds: Path | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> Path:
    """Build a board's bitstream with the Vivado on PATH.

    Args:
        name: of the board.
        given: Verilog parameters and CLOCK, where they are not the board's own.
        output: the collection that it goes to, as the folder BOARD_NxN; one of this name gives way.
        slack_allowed: whether a bitstream is written although timing is missed.
        any_version: whether a Vivado that the scripts are not written for will do.
        builds: folder to build in, and to leave project and log in; None takes ``build/board`` of the checkout.
        step: called with the name of each phase as it begins.

    Returns:
        The folder of .bit, .hwh and manifest.

    Raises:
        ParameterError: there is no such board, or the hardware cannot be built with a parameter.
        VivadoError: Vivado or FuseSoC is missing, another build is at work in the project's folder, or no bitstream
            came of it; with the reason and the log's path.
        BitstreamError: what Vivado made does not fit together.
        OSError: a file cannot be read or written.
    """
    board = board_of(name)
    checkout = checkout_folder()
    # As FuseSoC is told
    texts = {key: f"{value:g}" for key, value in given.items()}
    parameters = build_parameters(board, {key: float(text) for key, text in texts.items()})
    block_design(board, parameters, 0)  # refuses a clock that cannot be made, before Vivado is looked for
    build = Build(board, parameters, rtl_sha256(checkout / "cores"), slack_allowed)
    work = (builds or checkout / "build" / "board").absolute() / build.name
    _check_folders(output.absolute(), work)
    fusesoc = fusesoc_program()
    step(f"Vivado {vivado_version(name, any_version)}: {board.title}")
    options = [f"--{key}={text}" for key, text in texts.items()]
    if slack_allowed:
        options.append(f"--{TIMING_MAY_FAIL}=1")
    command = [str(fusesoc), "run", "--target", name, "--work-root", str(work), CORE, *options]
    with _alone(work):
        with file_errors(work):
            shutil.rmtree(work, ignore_errors=True)
        return run_and_add(command, checkout, work, build, output, step)


def run_and_add(
    command: Sequence[str], folder: Path, work: Path, build: Build, output: Path, step: Callable[[str], None]
) -> Path:
    """Run what builds, and put what it made into a collection.

    Args:
        command: the program and its arguments.
        folder: to run it in.
        work: the project's folder; the log lies beside it.
        build: what is asked for.
        output: the collection.
        step: called with each phase as it begins.

    Returns:
        The folder of .bit, .hwh and manifest.

    Raises:
        TilewrightError: as :func:`build_bitstream`.
    """
    log = work.with_name(f"{work.name}.log")
    step(f"Log: {log}")
    try:
        run_logged(command, folder, log, step)
        found = results_of(work, build)
        return add(output, found.bit, found.hwh, found.manifest, replace=True)
    except (VivadoError, BitstreamError) as error:
        raise type(error)(f"{error}\nlog: {log}") from error


def _check_folders(output: Path, work: Path) -> None:
    """Refuses folders that will not do, before an hour's work."""
    if len(str(work).split()) != 1:
        raise VivadoError(f"{work}: neither make nor Vivado takes a path with blanks; name a folder with --work-root")
    there = next(path for path in (output, *output.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise VivadoError(f"{output}: {there} is no folder that can be written")


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Keeps other builds out of a project's folder; a process that was killed keeps nobody out.

    Raises:
        VivadoError: one is at work in it; nothing of its project has been touched.
    """
    # Imported here: the commands that need no FuseSoC do without it
    from filelock import FileLock, Timeout

    lock = work.with_name(f"{work.name}.lock")
    with file_errors(lock):
        work.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise VivadoError(
            f"another build is at work in {work} (it holds {lock.name}): wait for its end, or name another folder with "
            "--work-root"
        ) from error


def run_logged(command: Sequence[str], folder: Path, log: Path, step: Callable[[str], None]) -> None:
    """Run a command that builds, its output in a log; it and all that it started end with this call.

    Args:
        command: the program and its arguments.
        folder: to run it in.
        log: gets every line.
        step: called with each phase as it begins.

    Raises:
        VivadoError: it failed; with the reasons that its log gives.
        OSError: the log cannot be written.
    """
    # FuseSoC calls python3 for the generator
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    lines: deque[str] = deque(maxlen=_KEPT)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        assert process.stdout
        with file_errors(log), log.open("w", encoding="utf-8") as file:
            phase = None
            for line in process.stdout:
                file.write(line)
                file.flush()
                lines.append(line)
                found = phase_of(line)
                if found not in (None, phase):
                    phase = found
                    step(str(phase))
        status = process.wait()
    finally:
        _end(process)
    if status:
        where = f"no bitstream, it ended in: {phase or 'nothing, it did not begin'}"
        raise VivadoError("\n".join([where, *_reasons(lines, log)]))


def _reasons(lines: Sequence[str], log: Path) -> list[str]:
    found = reasons(lines)
    free = shutil.disk_usage(log.parent).free
    return [f"the disk of {log.parent} is full", *found] if free < _FULL else found


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and all of its session that are left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            continue
    if process.stdout:
        process.stdout.close()
