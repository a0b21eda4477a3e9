"""A third party's overlay on the simulated device, in a line of Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pynq

from tilewright.environment import cache_folder
from tilewright.sim.device import SimDevice, activate
from tilewright.sim.guest import ThirdParty
from tilewright.sim.guest.block_design import processing_system, read_block_design
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.metadata import write_files
from tilewright.sim.processing_system import LOW_DDR_BASE


def simulate(
    hwh: Path | str,
    rtl: Iterable[Path | str] = (),
    top: str | Mapping[str, str] | None = None,
    parameters: dict[str, ParameterValue] | None = None,
    latency: int = 40,
    stall_probability: float = 0.05,
    seed: int | None = None,
    traced: bool = False,
    include: Iterable[Path | str] = (),
) -> pynq.Overlay:
    """Return a third party's overlay on a new simulated device, which becomes ``pynq.Device.active_device``.

    Args:
        hwh: the block design that Vivado wrote.
        rtl: Verilog or SystemVerilog files of the IPs that are not Vivado's.
        top: the module of the only such IP, or those of several by the IPs' names; None takes those that are called as
            the IPs, of a single IP also the one module that no other instantiates.
        parameters: of the modules, in place of those of the .hwh: by name, or of several IPs by IP.NAME.
        latency, stall_probability, seed, traced: as :func:`tilewright.sim.open_overlay`.
        include: folders of files that the Verilog includes or reads into memories, besides its own.

    Raises:
        ThirdPartyError: the design or the Verilog cannot be simulated.
        SimulatorBuildError: the hardware cannot be built.
    """
    design = Path(hwh)
    hardware = ThirdParty.from_hwh(design, tuple(map(Path, rtl)), top, parameters, tuple(map(Path, include)))
    bit = write_simulated(design, hardware)
    device = SimDevice(latency, stall_probability, seed, traced, ddr_base=LOW_DDR_BASE)
    activate(device)
    return pynq.Overlay(str(bit), device=device)


def write_simulated(hwh: str | Path, hardware: ThirdParty, bit: str | Path | None = None) -> Path:
    """Write a .bit that stands for a third party's hardware, its .hwh beside it; return its path.

    Args:
        hwh: the block design.
        hardware: what it holds.
        bit: file to write; None takes one in the cache, with the .hwh's name.

    Raises:
        ThirdPartyError: the block design's processing system is not simulated.
    """
    hwh = Path(hwh)
    bit = None if bit is None else Path(bit)
    contents = hwh.read_bytes()
    if bit is None:
        digest = hashlib.sha256(contents + json.dumps(hardware.as_json()).encode()).hexdigest()
        bit = cache_folder() / "overlays" / digest[:16] / f"{hwh.stem}.bit"
    system = processing_system(read_block_design(hwh), hwh)
    return write_files(bit, contents, {"third_party": hardware.as_json()}, system)
