"""A board over OpenSSH's client: scripts, copies, and what a connection that fails means."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tilewright.errors import BoardError

CONNECT_SECONDS = 10
# ssh's own exit code; a command's may be the same
SSH_FAILED = 255
# Files follow it: bash reads a command from a pipe no further than its last line, tar to the end.
_RECEIVE = """\
{{ mkdir -p -- {folder} && cd -- {folder} && exec tar -xof -; exit; }}
"""
# Part of ssh's message -> what to do
_ADVICE = {
    "Permission denied": "it refuses the key: give it yours with `ssh-copy-id {target}`, or choose another with --key",
    "Host key verification failed": "its host key is new or has changed: run `ssh {target}` once and check it",
    "Could not resolve hostname": "there is no such name: give its address",
    "Connection refused": "nothing listens there: check --port, and that the board runs sshd",
    "timed out": "it does not answer: check that it is on and in this network",
    "No route to host": "it does not answer: check that it is on and in this network",
    "not responding": "it stopped answering",
}


@dataclass(frozen=True)
class Ssh:
    """One board. Keys, known hosts and options are those of the user's OpenSSH; nothing asks for a password.

    Attributes:
        host: name or address, or a Host of the configuration.
        user: on the board.
        port: None leaves it to OpenSSH.
        key: file of the private key; None leaves it to OpenSSH.
        config: configuration instead of ~/.ssh/config.
    """

    host: str
    user: str
    port: int | None = None
    key: Path | None = None
    config: Path | None = None

    @property
    def target(self) -> str:
        """``user@host``."""
        return f"{self.user}@{self.host}"

    def run(self, script: str) -> str:
        """Runs a script in bash on the board.

        Args:
            script: the script; it is sent through standard input.

        Returns:
            What it printed on standard output.

        Raises:
            BoardError: there is no connection, or the script failed; holds what it printed.
        """
        return self._run(script.encode(), "a command failed there")

    def stream(self, script: str, write: Callable[[str], None]) -> int:
        """Runs a script in bash on the board and passes its output on, line by line.

        Args:
            script: the script.
            write: gets each line, standard error included.

        Returns:
            Its exit code.

        Raises:
            BoardError: the connection failed, or broke.
        """
        pipe, last = subprocess.PIPE, ""
        with subprocess.Popen(
            self._ssh(), stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        ) as process:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(script)
            process.stdin.close()
            for line in process.stdout:
                last = line
                write(line)
        if process.returncode == SSH_FAILED:
            self._fail(SSH_FAILED, last, "the connection broke")
        return process.returncode

    def copy(self, files: Sequence[Path], folder: str) -> None:
        """Copies files into a folder of the board, which is made where it is missing.

        Through ssh's standard input: scp before OpenSSH 9 has the board's shell run what a folder's name holds, and
        sftp's batches have quoting and wildcards of their own.

        Args:
            files: to copy, under their names.
            folder: absolute, or relative to the user's home.

        Raises:
            BoardError: there is no connection, or they could not be written.
        """
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for file in files:
                member = tarfile.TarInfo(f"./{file.name}")
                member.size, member.mode, member.mtime = file.stat().st_size, 0o644, int(file.stat().st_mtime)
                with file.open("rb") as contents:
                    tar.addfile(member, contents)
        self._run(_RECEIVE.format(folder=quote(folder)).encode() + archive.getvalue(), "the copy failed")

    def _ssh(self) -> list[str]:
        """The command that runs a script from standard input."""
        return [_program("ssh"), *self._options(), "-T", "--", self.target, "bash -s"]

    def _run(self, stdin: bytes, otherwise: str) -> str:
        done = subprocess.run(self._ssh(), input=stdin, capture_output=True, check=False)
        if done.returncode:
            self._fail(done.returncode, done.stderr.decode(errors="replace"), otherwise)
        return done.stdout.decode(errors="replace")

    def _options(self) -> list[str]:
        # A board that is switched off must end the command, not hang it.
        alive = ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"]
        options = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}", *alive]
        if self.config is not None:
            options += ["-F", str(self.config)]
        if self.key is not None:
            options += ["-i", str(self.key), "-o", "IdentitiesOnly=yes"]
        if self.port is not None:
            options += ["-p", str(self.port)]
        return options

    def _fail(self, code: int, text: str, otherwise: str) -> None:
        for part, advice in _ADVICE.items():
            if code == SSH_FAILED and part in text:
                said = next(line for line in text.splitlines() if part in line)
                raise BoardError(f"{self.target}: {advice.format(target=self.target)} ({said.strip()})")
        raise BoardError(f"{self.target}: {otherwise} (exit code {code}):\n{text.strip()}")


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BoardError(f"{name} is missing here: install OpenSSH's client (Debian's package openssh-client)")
    return path
