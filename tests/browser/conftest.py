"""A headless Chromium, and the pages that it looks at."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from headless import CHROMIUM, DRIVER, Headless
from networks import small_network

from tilewright.driver import Driver
from tilewright.network.network import Network
from tilewright.pytorch.images import Images
from tilewright.report.device_facts import device_facts
from tilewright.report.page import write_comparison, write_run
from tilewright.report.record import run_record
from tilewright.report.saved import checked_record
from tilewright.runs.network import run_compared, runner_of
from tilewright.runs.references import NumpyReference
from tilewright.sim import open_overlay


@pytest.fixture(scope="session")
def headless() -> Iterator[Headless]:
    missing = [str(file) for file in (CHROMIUM, DRIVER) if not file.exists()]
    if missing:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"no {', '.join(missing)}: `.ci/packages --tests` installs Debian's chromium and chromium-driver")
    with Headless() as browser:
        yield browser


class Wrong(NumpyReference):
    """A reference with three wrong integers, in two layers."""

    def chunk(self, index: int) -> dict[str, Any]:
        arrays = super().chunk(index)
        codes = [array for name, array in arrays.items() if name.endswith(".codes")]
        codes[1][0, 3, 1, 2] ^= 1
        codes[2][:, 5, 0, 0] ^= 2
        return arrays


def record_of(network: Network, batch: int, reference: type[NumpyReference], seed: int) -> dict[str, Any]:
    """A run on the simulated device, with labels of which half are right."""
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 256, (6, *network.image)).astype(np.uint8)
    driver = Driver(open_overlay(array=8, seed=seed))
    images = Images(pixels, np.arange(6) % len(network.classes or "1234567"), "random pixels")
    runner = runner_of(driver, network, len(pixels), batch, [layer.name for layer in network.layers], None)
    run = run_compared(runner, images, reference(network, images, runner.batch))
    run.reference = "numpy"
    return run_record(run, images, device_facts(driver))


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the reports of an equal run, of one with a planted mismatch, and of both side by side."""
    folder = tmp_path_factory.mktemp("reports")
    network = small_network(0)
    equal = record_of(network, 3, NumpyReference, 1)
    wrong = record_of(network, 6, Wrong, 2)
    assert (equal["equal"], wrong["equal"]) == (True, False)
    (folder / "differs.fst").write_bytes(b"a waveform")
    wrong |= {"waveform": str(folder / "differs.fst"), "waveform_shows": "the failing output tile"}
    # One image of the second run has another class
    wrong["predictions"][2] = (wrong["predictions"][2] + 1) % 7
    first, second = (checked_record(record, name, folder) for record, name in ((equal, "equal"), (wrong, "differs")))
    write_run(first, folder / "equal.html")
    write_run(second, folder / "differs.html")
    write_comparison(first, second, folder / "comparison.html")
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site_address(site: Path) -> Iterator[str]:
    """Where the documentation site is served, on this computer alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
