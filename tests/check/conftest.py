"""Overlays of the simulated device whose .hwh, manifest or memory is not what the hardware is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fake_bitstreams
import pynq
import pytest

from tilewright.bitstreams.manifest import MANIFEST
from tilewright.check.design import read_design
from tilewright.check.findings import Finding, State
from tilewright.check.first_hour import run_checks
from tilewright.sim import ZYNQ_ULTRASCALE, ProcessingSystem, SimDevice, SocParameters, write_overlay
from tilewright.sim.device import activate
from tilewright.sim.hardware import OwnHardware


@dataclass
class Checked:
    """A run of the checks.

    Attributes:
        overlay, bitstream: what ran.
        findings: what was found.
        lines: that were written.
    """

    overlay: Any
    bitstream: Path
    findings: list[Finding]
    lines: list[str] = field(default_factory=list)

    def named(self, group: str, name: str) -> Finding:
        """The finding of a group with this name."""
        (finding,) = (each for each in self.findings if (each.group, each.name) == (group, name))
        return finding

    @property
    def wrong(self) -> set[tuple[str, str]]:
        """Group and name of those that failed."""
        return {(each.group, each.name) for each in self.findings if each.state is State.FAILED}


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., tuple[Any, Path]]:
    """`opened(edit, manifest)`: an 8x8 accelerator whose .hwh went through `edit`, with this manifest entry."""

    def open_edited(
        edit: Callable[[str], str] = lambda text: text,
        manifest: dict[str, Any] | None = None,
        system: ProcessingSystem = ZYNQ_ULTRASCALE,
    ) -> tuple[Any, Path]:
        bit = write_overlay(SocParameters(n=8), tmp_path / "overlay", system)
        hwh = bit.with_suffix(".hwh")
        before = hwh.read_text(encoding="utf-8")
        hwh.write_text(edit(before), encoding="utf-8")
        if manifest is not None:
            true = fake_bitstreams.manifest_of_simulated(bit)
            changed = {**true, **manifest, "parameters": {**true["parameters"], **manifest.get("parameters", {})}}
            bit.with_name(MANIFEST).write_text(json.dumps(changed), encoding="utf-8")
        device = SimDevice(seed=1, system=system)
        device.substitute(hwh, OwnHardware(SocParameters(n=8)))
        activate(device)
        return pynq.Overlay(str(bit), device=device), bit

    return open_edited


@pytest.fixture
def checked(opened: Callable[..., tuple[Any, Path]]) -> Callable[..., Checked]:
    """`checked(edit, manifest, keep_going)`: all checks on such an overlay."""

    def check(*arguments: Any, keep_going: bool = False, **keywords: Any) -> Checked:
        overlay, bit = opened(*arguments, **keywords)
        lines: list[str] = []
        return Checked(overlay, bit, run_checks(overlay, read_design(bit), keep_going, lines.append), lines)

    return check


@pytest.fixture
def other_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden vectors with one integer that is not the accelerator's."""
    from tilewright.check import interruption, soak
    from tilewright.selftest.vectors import load_vectors

    def altered(array: Any) -> Any:
        vectors = load_vectors(array)
        vectors["features.27"].expected[0][0, 3, 1, 2] += 1
        return vectors

    for module in (interruption, soak):
        monkeypatch.setattr(module, "load_vectors", altered)
