"""A Python that stands for a board's, with the simulated device behind pynq; its bitstream; an sshd in front of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_names import HOSTILE

from tilewright.board.wheel import build_wheel
from tilewright.environment import cache_folder
from tilewright.sim import SocParameters
from tilewright.sim.build import build_library
from tilewright.sim.hardware import OwnHardware

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "tests" / "support" / "simulated_board"
SSHD = "/usr/sbin/sshd"
# Packages of the extras that a board's Python does not have
BOARD_LACKS = "cocotb edalize fusesoc matplotlib rich safetensors skimage torch torchvision typer"


@pytest.fixture(scope="session")
def bitstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .bit of an 8x8 accelerator, its .hwh beside it."""
    from tilewright.sim import SocParameters
    from tilewright.sim.metadata import write_overlay

    return write_overlay(SocParameters(n=8), tmp_path_factory.mktemp("bitstream"))


@pytest.fixture(scope="session")
def board_environment() -> dict[str, str]:
    """Environment of a Python that stands for a board's."""
    path = os.pathsep.join([str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "TILEWRIGHT_SIMULATED_BOARD": "1", "PYTHONPATH": path}


@pytest.fixture(scope="session")
def bare_board_environment(board_environment: dict[str, str]) -> dict[str, str]:
    """The same without the packages that only a host has."""
    return {**board_environment, "BOARD_LACKS": BOARD_LACKS}


@dataclass(frozen=True)
class SshServer:
    """A local sshd that takes one key, and how to reach it.

    Attributes:
        port: of 127.0.0.1.
        key: the private key that it takes; ``stranger``: one that it refuses.
        config: OpenSSH's configuration of a client that knows its host key.
        folder: for what a test puts behind it.
    """

    port: int
    key: Path
    stranger: Path
    config: Path
    folder: Path


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture
def free_port() -> int:
    """A port where nothing listens."""
    return unused_port()


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """OpenSSH's sshd as this user on a free port of this computer."""
    if not Path(SSHD).is_file():
        pytest.skip(f"no {SSHD}: install the Debian package openssh-server (.ci/packages --tests does)")
    folder = tmp_path_factory.mktemp("sshd")
    port = unused_port()
    host_key, key, stranger = (make_key(folder / name) for name in ("host_key", "key", "stranger"))
    (folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key.with_suffix('.pub').read_text()}")
    server_config = folder / "sshd_config"
    server_config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host_key}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
    config = folder / "ssh_config"
    config.write_text(f"Host *\nUserKnownHostsFile {folder}/known_hosts\nIdentityAgent none\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it; a system that starts sshd makes it
    log = (folder / "log").open("w")
    with log, subprocess.Popen([SSHD, "-D", "-e", "-f", str(server_config)], stderr=log) as server:
        try:
            wait_for(port, server, folder / "log")
            yield SshServer(port, key, stranger, config, folder)
        finally:
            server.terminate()


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"sshd does not listen:\n{log.read_text()}")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def board(ssh_server: Any, bare_board_environment: dict[str, str], tmp_path: Path) -> Path:
    """A folder of the board: a Python with numpy, pynq, pytest and a device, and the sources that the device needs."""
    hook = bare_board_environment["PYTHONPATH"].split(":")[0]
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        f'export TILEWRIGHT_SIMULATED_BOARD=1 BOARD_LACKS="{bare_board_environment["BOARD_LACKS"]}"\n'
        f'export PYTHONPATH="{hook}:$PYTHONPATH" TILEWRIGHT_CACHE="{cache_folder()}"\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    (tmp_path / HOSTILE).mkdir()
    (tmp_path / HOSTILE / "cores").symlink_to(ROOT / "cores")
    build_library(OwnHardware(SocParameters()))  # here, where make can build
    return tmp_path
