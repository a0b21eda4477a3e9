"""What a simulated bitstream stands for: hardware that can be built."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.hardware.rtl_hash import build_hash
from tilewright.sim.own_ports import OWN_PORTS
from tilewright.sim.parameters import SocParameters
from tilewright.sim.ports import SocPorts

OWN_CORE = "tilewright:soc:sim:0.1.0"
SYSTEM_CORES = ("axi_dma", "axi_intc", "axil", "protocol", "soc", "sram", "stream", "tech")
GUEST_CORES = ("axi_dma", "axi_gpio", "axi_intc", "axil", "axis", "sram", "stream", "tech")
ACCELERATOR_CORES = ("accelerator", "controller", "mac_array", "postproc", "registers")
HARNESS = ("soc/*.core", "soc/cpp/*.cpp", "soc/cpp/*.h")
OWN_SOURCES = (*HARNESS, "soc/ports/*.h", *(f"{core}/rtl/*.v*" for core in (*SYSTEM_CORES, *ACCELERATOR_CORES)))
# Of block designs of others
GUEST_SOURCES = (*HARNESS, *(f"{core}/rtl/*.v*" for core in GUEST_CORES))
# Nothing of ours stands still for long: the accelerator's watchdog ends a program after 1024 cycles
OWN_QUIET_CYCLES = 4096


@dataclass(frozen=True)
class Core:
    """What FuseSoC builds.

    Attributes:
        roots: its core roots.
        name: the core's.
        parameters: for its command line.
        verilator: further options of Verilator's.
        originals: a user's files by the names of their copies.
        remarks: what the user is told once it is built.
    """

    roots: list[str]
    name: str
    parameters: list[str]
    verilator: list[str] = field(default_factory=list)
    originals: Mapping[str, Path] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Hardware(ABC):
    """Hardware that a simulated device can load.

    Attributes:
        title: names it, in messages and in its folder.
        quiet_cycles: without movement on any bus, after which none will come without a write.
        ports: of its module ``soc``.
    """

    title: str
    quiet_cycles: int
    ports: SocPorts

    @abstractmethod
    def facts(self, cores: Path) -> dict[str, Any]:
        """Return, as JSON types, all that decides about what is built from the sources below cores."""

    @abstractmethod
    def core(self, cores: Path, folder: Path) -> Core:
        """Return what FuseSoC builds.

        Args:
            cores: the folder of our cores.
            folder: to write generated sources to.

        Raises:
            SimulatorBuildError: the sources cannot be used.
        """


@dataclass(frozen=True)
class OwnHardware(Hardware):
    """The accelerator behind the DMA: cores/soc.

    Args:
        parameters: of the module ``soc``.
    """

    parameters: SocParameters
    quiet_cycles = OWN_QUIET_CYCLES
    ports = OWN_PORTS

    @property
    def title(self) -> str:  # type: ignore[override]
        """N x N."""
        return f"{self.parameters.n}x{self.parameters.n}"

    def facts(self, cores: Path) -> dict[str, Any]:
        """Sources, parameters, and the hash that a register shows, which is of more sources."""
        return {
            "sources": sources_hash(cores),
            "parameters": self.parameters.verilog,
            "build_hash": build_hash(cores),
        }

    def core(self, cores: Path, folder: Path) -> Core:
        """The core of cores/soc."""
        del folder
        values = {**self.parameters.verilog, "BUILD_HASH": build_hash(cores)}
        return Core([str(cores)], OWN_CORE, [f"--{name}={value}" for name, value in values.items()])


def own_modules(cores: Path) -> set[str]:
    """Return the names of our modules that a build around a user's hardware holds."""
    files = {path for pattern in GUEST_SOURCES if pattern.endswith(".v*") for path in cores.glob(pattern)}
    found = {name for path in files for name in re.findall(r"^module (\w+)", path.read_text(), re.MULTILINE)}
    return found | {"soc"}


def sources_hash(cores: Path, patterns: Iterable[str] = OWN_SOURCES) -> str:
    """Return the SHA-256 (hex) over names and contents of RTL and C++ sources below cores."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in cores.glob(pattern)}):
        contents = path.read_bytes()
        digest.update(f"{path.relative_to(cores).as_posix()}\0{len(contents)}\0".encode())
        digest.update(contents)
    return digest.hexdigest()
