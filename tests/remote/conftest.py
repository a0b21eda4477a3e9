"""Fixtures of PYNQ.remote: a server in a process of its own, and what tests run over it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pynq.pl_server import embedded_device, global_state, remote_device
from remote_server import Served, serving

from tilewright.network.layer import ConvLayer


@pytest.fixture(scope="session", autouse=True)
def pynq_state_of_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """pynq keeps what it knows of a bitstream in its own folder, where processes meet."""
    folder = tmp_path_factory.mktemp("pynq")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(global_state, "STATE_DIR", str(folder))
        for module in (embedded_device, remote_device):
            patch.setattr(module, "__file__", str(folder / "module.py"))
        yield


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving("--port", "0") as server:
        yield server
    assert server.process.returncode == 0, "SIGTERM is a normal end"


@pytest.fixture
def layer() -> ConvLayer:
    rng = np.random.default_rng(8)
    return ConvLayer(
        name="remote",
        weight_codes=rng.integers(-7, 8, (16, 24, 3, 3), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (2, 24, 6, 5), dtype=np.uint8),
        padding=1,
    )


@pytest.fixture(scope="session")
def overlay(served: Served) -> Any:
    """What :func:`tilewright.target.open_overlay` opens."""
    from tilewright.target import open_overlay

    return open_overlay("remote", host=served.host, bitstream=served.bitstream)
