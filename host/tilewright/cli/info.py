"""The command ``tilewright info``."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import typer
from rich.table import Table

from tilewright import __version__
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import choose_target, output
from tilewright.cli.options import Array, AsJson, Bitstream, Device, Host
from tilewright.target import DeviceKind


def info(
    array: Array = 8,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    as_json: AsJson = False,
) -> None:
    """Device, parameters of the accelerator, versions."""
    with failures_named():
        target = choose_target(array, None, device, bitstream, host)
        driver = target.open()
        accelerator = asdict(driver.accelerator.info())
    facts: dict[str, Any] = {
        "device": driver.device.name,
        "simulated": target.kind is DeviceKind.SIM,
        **{name: value for name, value in accelerator.items() if name != "array"},
        **accelerator["array"],
        "tilewright": __version__,
        "pynq": version("pynq"),
        "numpy": version("numpy"),
    }
    facts["version"] = ".".join(str(part) for part in facts["version"])
    facts["build_hash"] = f"{facts['build_hash']:#010x}"
    expected = driver.manifest_build_hash
    facts["build_hash_in_manifest"] = None if expected is None else f"{expected:#010x}"
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name, str(value))
    output.print(table)
