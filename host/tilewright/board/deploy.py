"""Copies wheel, bitstream and other files to a board, installs, and runs the self-test. Not run on hardware."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from shlex import quote
from typing import Any

from tilewright.bitstreams.manifest import MANIFEST, manifest_entry
from tilewright.board.junit import Report, parse_report
from tilewright.board.ssh import Ssh
from tilewright.board.wheel import build_wheel
from tilewright.errors import BoardError

# Where PYNQ's images have their Python
PYNQ_PYTHON = "/usr/local/share/pynq-venv/bin/python3"
REPORT = "selftest.xml"
NEEDED = ("pip", "pytest", "numpy", "pynq")

_PROBE = """
command -v {python} >/dev/null || {{ echo null; exit 0; }}
root=true
[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || root=false
{python} - $root <<'END'
import importlib.metadata, json, platform, sys
versions = {{"python": platform.python_version()}}
for name in {needed!r}:
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        versions[name] = None
print(json.dumps({{"root": sys.argv[1] == "true", "versions": versions}}))
END
"""
# Read by the user that will read them, whose rights may be fewer than those of the one who has copied
_CHECK = """
for file in {files}; do sha256sum < "$file" || exit; done
"""
_INSTALL = """
set -e
cd -- {folder}
rm -rf site {report} {stale}
{python} -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-compile --target site {wheel}
"""
# The variables that PYNQ's images set at login, XRT's among them, which sudo takes away
ENVIRONMENT = """
set -a
[ ! -r /etc/environment ] || . /etc/environment
for file in /etc/profile.d/*.sh; do [ ! -r "$file" ] || . "$file"; done
set +a
export PYTHONPATH="$PWD/site" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
export TILEWRIGHT_DEVICE=board TILEWRIGHT_BITSTREAM="$PWD"/{bitstream}
"""
_TEST = """
exec {python} -m pytest -p no:cacheprovider --tb=short --junitxml={report} --pyargs tilewright.selftest
"""


@dataclass(frozen=True)
class Deployment:
    """What to bring to a board, and how to run it there.

    Attributes:
        bitstream: the .bit, its .hwh beside it.
        wheel: None builds it.
        python: the board's Python that has pynq.
        folder: on the board, absolute or relative to the user's home, which ``~`` stands for.
        sudo: whether the self-test runs through sudo where the user is not root: pynq needs root on a board.
    """

    bitstream: Path
    wheel: Path | None = None
    python: str = PYNQ_PYTHON
    folder: str = "tilewright"
    sudo: bool = True


@dataclass(frozen=True)
class Installed:
    """What a board has been brought.

    Attributes:
        what: the deployment, ``~`` expanded.
        target: ``user@host``.
        wheel: its file name.
        bitstream_sha256: of the .bit.
        versions: of the board's Python and its packages.
    """

    what: Deployment
    target: str
    wheel: str
    bitstream_sha256: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        target: ``user@host``.
        wheel: its file name.
        bitstream: its file name.
        bitstream_sha256: of the .bit.
        versions: of the board's Python and its packages.
        report: of the self-test; None where it was left out.
        network: a network's comparison with its golden file, as JSON types; None without one.
    """

    target: str
    wheel: str
    bitstream: str
    bitstream_sha256: str
    versions: dict[str, str]
    report: Report | None
    network: dict[str, Any] | None = None

    @property
    def passed(self) -> bool:
        """Whether what ran has passed, and something ran."""
        parts = [self.report.passed] if self.report is not None else []
        parts += [self.network["passed"]] if self.network is not None else []
        return bool(parts) and all(parts)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types."""
        return {**asdict(self), "passed": self.passed}

    @classmethod
    def of(cls, installed: Installed, report: Report | None, network: dict[str, Any] | None = None) -> Outcome:
        """The outcome of what ran on a board that was brought all."""
        name = installed.what.bitstream.name
        return cls(
            installed.target, installed.wheel, name, installed.bitstream_sha256, installed.versions, report, network
        )


def install(
    board: Ssh, what: Deployment, more: Sequence[Path] = (), step: Callable[[str], None] = lambda text: None
) -> Installed:
    """Copies wheel, bitstream and other files, and installs the wheel.

    Args:
        board: the board.
        what: to bring there.
        more: files that go beside the bitstream.
        step: called with the name of each step as it begins.

    Returns:
        What is there now.

    Raises:
        BoardError: a file is missing, the board cannot be reached, lacks something, or a step failed.
    """
    # A manifest of another bitstream, from an earlier time, would be the one beside it there
    manifest = [what.bitstream.with_name(MANIFEST)] if manifest_entry(what.bitstream) is not None else []
    stale = "" if manifest else MANIFEST
    files = [what.bitstream, what.bitstream.with_suffix(".hwh"), *manifest, *more, *filter(None, [what.wheel])]
    for file in files:
        if not file.is_file():
            raise BoardError(f"no file {file}")
    _check_names([what.folder, what.python, *(file.name for file in files)])
    step(f"Looking at {board.target}")
    what = _without_tilde(board, what)
    versions = _probe(board, what)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        if what.wheel is None:
            step("Building the wheel")
            files.append(build_wheel(Path(scratch)))
        step("Copying")
        board.copy(files, what.folder)
        digest = _check_copies(board, what, files)[0]
    wheel = files[-1].name
    step("Installing")
    board.run(
        _INSTALL.format(
            folder=quote(what.folder),
            report=REPORT,
            stale=stale,
            python=quote(what.python),
            wheel=quote(f"./{wheel}"),
        )
    )
    return Installed(what, board.target, wheel, digest, versions)


def selftest(board: Ssh, installed: Installed, write: Callable[[str], None] = lambda line: None) -> Report:
    """Runs the self-test of what was installed.

    Args:
        board: the board.
        installed: of :func:`install`.
        write: gets its output, line by line.

    Returns:
        Its report; tests that fail are in it.

    Raises:
        BoardError: it could not run.
    """
    what = installed.what
    script = ENVIRONMENT + _TEST.format(python=quote(what.python), report=REPORT)
    code = run_as_root(board, what, script, write)
    if code not in (0, 1):  # pytest's: all passed, some failed
        raise BoardError(f"{board.target}: the self-test could not run (exit code {code}); its output is above")
    return parse_report(board.run(f"cat -- {quote(what.folder)}/{REPORT}"))


def run_as_root(board: Ssh, what: Deployment, script: str, write: Callable[[str], None]) -> int:
    """Runs a script in the board's folder, with the rights that pynq needs.

    Args:
        board: the board.
        what: the deployment, ``~`` expanded.
        script: for bash; what stands as ``{bitstream}`` in :data:`ENVIRONMENT` is filled in.
        write: gets its output, line by line.

    Returns:
        Its exit code.

    Raises:
        BoardError: the connection failed.
    """
    script = script.replace("{bitstream}", quote(what.bitstream.name))
    return board.stream(f"cd -- {quote(what.folder)} && exec {_root(what)} bash -c {quote(script)} </dev/null\n", write)


def _probe(board: Ssh, what: Deployment) -> dict[str, str]:
    """Versions of what the board has. Raises BoardError where it lacks something."""
    printed = board.run(_PROBE.format(python=quote(what.python), needed=NEEDED))
    try:
        found = json.loads(printed.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise BoardError(f"{board.target}: its shell answers with {printed!r}, not with what it was asked") from error
    if found is None:
        raise BoardError(f"{board.target} has no {what.python}: name its Python that has pynq with --python")
    missing = [name for name, version in found["versions"].items() if version is None]
    if missing:
        raise BoardError(
            f"{board.target}: {what.python} lacks {', '.join(missing)}: "
            f"sudo {what.python} -m pip install {' '.join(missing)}"
        )
    if what.sudo and not found["root"]:
        raise BoardError(
            f"{board.target}: pynq needs root, and sudo asks for a password; allow {board.user} to do without, on the "
            f"board: echo '{board.user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/{board.user}"
        )
    versions: dict[str, str] = found["versions"]
    return versions


def _check_names(names: Iterable[str]) -> None:
    """Raises BoardError for names that no command line takes as they are."""
    for name in names:
        if not name.isprintable():
            raise BoardError(f"{name!r} holds a line break or another character that is none to print: rename it")


def _without_tilde(board: Ssh, what: Deployment) -> Deployment:
    """The deployment with the user's home on the board in place of ``~``."""
    folder, python = _expanded(board, what.folder), _expanded(board, what.python)
    if ":" in folder:
        raise BoardError(f"{folder}: Python's search path has no folders with a colon; choose another --workdir")
    # So that neither - nor $CDPATH means another one
    return replace(what, python=python, folder=folder if folder.startswith("/") else f"./{folder}")


def _expanded(board: Ssh, path: str) -> str:
    start, slash, rest = path.partition("/")
    if start == "~":
        return board.run('printf %s "$HOME"') + slash + rest
    if start.startswith("~"):
        raise BoardError(f"{path}: only ~ alone stands for a home, that of {board.user}; give the whole path")
    return path


def _check_copies(board: Ssh, what: Deployment, files: Sequence[Path]) -> list[str]:
    """SHA-256 of the files, once the user that will read them has. Raises BoardError where one is not as it was."""
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    script = _CHECK.format(files=" ".join(quote(f"./{file.name}") for file in files))
    printed = board.run(f"cd -- {quote(what.folder)} && exec {_root(what)} bash -c {quote(script)} </dev/null\n")
    for file, expected, found in zip_longest(files, digests, printed.split()[::2]):
        if expected != found:
            raise BoardError(
                f"{board.target}: {what.folder}/{file.name} is not what was copied there: is its disk full?"
            )
    return digests


def _root(what: Deployment) -> str:
    """What a command line begins with that root runs."""
    return '$([ "$(id -u)" = 0 ] || echo sudo -n)' if what.sudo else ""
