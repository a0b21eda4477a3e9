"""Counts the instructions of a batch: valgrind's Callgrind runs Python, numpy and BLAS at their baseline."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tilewright.errors import HostCostError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.host_cost.processors import Counted, Processor

_EVENTS = {
    "instructions": ("Ir",),
    "first_cache_misses": ("I1mr", "D1mr", "D1mw"),
    "second_cache_misses": ("ILmr", "DLmr", "DLmw"),
    "mispredictions": ("Bcm", "Bim"),
}
_SECONDS = 1800


def count(network: str | Path, array: ArrayParameters, batch: int, processor: Processor, batches: int) -> Counted:
    """What a batch costs, the mean of several once all is warm.

    Args:
        network: network file.
        array: parameters of the accelerator.
        batch: images a batch.
        processor: whose caches are simulated.
        batches: to count.

    Raises:
        HostCostError: valgrind is missing or of another processor than amd64, or the process that is counted failed.
    """
    valgrind = find_valgrind()
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        out = Path(folder) / "callgrind"
        options = ["--tool=callgrind", "--instr-atstart=no", "--cache-sim=yes", "--branch-sim=yes"]
        first, second = (",".join(map(str, (*cache, processor.line_bytes))) for cache in _caches(processor))
        options += [f"--I1={first}", f"--D1={first}", f"--LL={second}", f"--callgrind-out-file={out}"]
        workload = [sys.executable, "-W", "ignore", "-m", "tilewright.host_cost.workload"]
        arguments = [str(network), json.dumps(asdict(array)), str(batch), str(batches)]
        done = subprocess.run(
            [valgrind, *options, *workload, *arguments],
            env={**os.environ, **_baseline()},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            # Valgrind's own lines begin with ==
            said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("==")]
            reason = said[-1] if said else f"exit status {done.returncode}"
            raise HostCostError(f"{valgrind}: the process that is counted failed: {reason}")
        events = read_events(out.with_name("callgrind.1").read_text(encoding="utf-8"))
    totals = {name: sum(events[each] for each in names) / batches for name, names in _EVENTS.items()}
    return Counted(**totals, **json.loads(done.stdout.strip().splitlines()[-1]))


def find_valgrind() -> str:
    """The program valgrind.

    Raises:
        HostCostError: it is missing, or this computer is not of its kind.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        raise HostCostError(f"instructions are counted on amd64; this computer is {platform.machine()}")
    found = shutil.which("valgrind")
    if found is None:
        raise HostCostError("valgrind counts the instructions and is missing here: apt-get install valgrind")
    return found


def read_events(text: str) -> dict[str, int]:
    """The totals of a file of Callgrind's, by event.

    Raises:
        HostCostError: it has none, or nothing was counted.
    """
    found = [re.search(rf"^{name}: (.*)$", text, re.MULTILINE) for name in ("events", "totals")]
    names, totals = ([] if line is None else line[1].split() for line in found)
    events = dict(zip(names, map(int, totals), strict=False))
    if not events.get("Ir"):
        raise HostCostError("valgrind counted nothing: the request to begin did not reach it")
    return events


def _caches(processor: Processor) -> tuple[tuple[int, int], tuple[int, int]]:
    return processor.first_cache, processor.second_cache


def _baseline() -> dict[str, str]:
    """Numpy without what it chooses by the processor, OpenBLAS for the oldest amd64; one thread."""
    name = "numpy._core" if find_spec("numpy._core") else "numpy.core"
    features = import_module(f"{name}._multiarray_umath").__cpu_dispatch__
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(features),
        "OPENBLAS_CORETYPE": "Prescott",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
