"""What a device says of itself and of its last program: read once a run has ended, for the run's record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tilewright.driver import Driver
from tilewright.driver.accelerator import LogEntry
from tilewright.errors import ParameterMismatchError
from tilewright.estimate.measured import hardware_of
from tilewright.hardware.parameters import HardwareParameters


@dataclass(frozen=True)
class DeviceFacts:
    """A device after a run.

    Attributes:
        name: pynq's.
        simulated: whether it is the simulated one of this computer.
        seed: of its stalls; None on a board.
        stall_probability: of its memory; 0 on a board, where none is known.
        hardware: its sizes.
        accelerator: version of the accelerator.
        program_format: version of the program format.
        build_hash: first 32 bits of the hash of its sources.
        bitstream_sha256: of the .bit that was loaded; None on the simulated device.
        log: that it kept of the last program; None where the program had more commands than it holds.
    """

    name: str
    simulated: bool
    seed: int | None
    stall_probability: float
    hardware: HardwareParameters
    accelerator: str
    program_format: int
    build_hash: int
    bitstream_sha256: str | None
    log: Sequence[LogEntry] | None = field(repr=False)


def device_facts(driver: Driver) -> DeviceFacts:
    """Reads them: some registers, and six for each CONV command of the last program.

    Args:
        driver: whose run has ended.
    """
    info, simulated, bitstream = driver.accelerator.info(), driver.simulated, driver.bitstream
    try:
        log = tuple(driver.accelerator.layer_log())
    except ParameterMismatchError:
        log = None
    digest = None
    if simulated is None and bitstream.is_file():
        digest = hashlib.sha256(bitstream.read_bytes()).hexdigest()
    return DeviceFacts(
        name=driver.device.name,
        simulated=simulated is not None,
        seed=driver.seed,
        stall_probability=0.0 if simulated is None else simulated.stall_probability,
        hardware=hardware_of(info),
        accelerator=".".join(map(str, info.version)),
        program_format=info.program_format,
        build_hash=info.build_hash,
        bitstream_sha256=digest,
        log=log,
    )
