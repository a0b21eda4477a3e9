"""A tiny network and images for farms; a scheduler of dask with workers, processes as users start them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from distributed import Client
from networks import conv, network

from tilewright.network.network import Network

NETWORK, IMAGES = "network.safetensors", "images.npz"
COUNT = 22
SUPPORT = Path(__file__).parent
LYING, DYING = "lying_device.py", "dying_device.py"


def tiny_network() -> Network:
    """Three layers on images of 8x8, as a network file holds them."""
    rng = np.random.default_rng(3)
    layers = [
        conv(rng, "features.0", 3, 8, image=True),
        conv(rng, "features.1", 8, 12, pool=2),
        conv(rng, "features.2", 12, 7, (1, 1), 1, 0, last=True),
    ]
    rising = [replace(one, falling=None if one.falling is None else np.zeros_like(one.falling)) for one in layers]
    return network(rng, "tiny", (8, 8), rising)


@dataclass(frozen=True)
class DaskCluster:
    """Processes of dask: the scheduler's address, and the workers by name."""

    address: str
    workers: dict[str, subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(workers: Mapping[str, str | None]) -> Iterator[DaskCluster]:
    """A scheduler and workers, each a process, once all are there.

    Args:
        workers: by name what a worker preloads, of this folder; None for an honest one.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    address, processes = f"tcp://127.0.0.1:{port}", {}
    with ExitStack() as stack:
        stack.enter_context(_process("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"))
        for name, preload in workers.items():
            options = ["--nthreads", "1", "--resources", "device=1", "--no-nanny", "--no-dashboard"]
            options += [] if preload is None else ["--preload", str(SUPPORT / preload)]
            processes[name] = stack.enter_context(_process("worker", address, "--name", name, *options))
        with Client(address, timeout=60) as client:
            client.wait_for_workers(len(workers), 60)
        yield DaskCluster(address, processes)


@contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dask", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()
