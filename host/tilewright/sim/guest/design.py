"""A third party's hardware: what a .hwh says of its DMA and interrupts, and the Verilog of its IP."""

from __future__ import annotations

import reprlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright.sim.address_map import kind_of
from tilewright.sim.errors import SimulatorBuildError
from tilewright.sim.guest.block_design import read_block_design
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.module_parameters import check_parameters, hwh_parameters, settle
from tilewright.sim.guest.ports import find_interfaces
from tilewright.sim.guest.sources import UserSources, verilator_options
from tilewright.sim.guest.unit import unit_verilog
from tilewright.sim.hardware import SYSTEM_SOURCES, Core, Hardware, own_modules, sources_hash
from tilewright.sim.processing_system import PROCESSING_SYSTEMS

SOC_CORE = "tilewright:soc:sim:0.1.0"
# A later version than that of cores/soc/unit.core, so that FuseSoC takes it
UNIT_CORE = "tilewright:soc:unit:1000.0.0"
# An IP may compute for long without moving a beat
QUIET_CYCLES = 1_000_000
MOST_INTERRUPTS = 32
LINES = {"mm2s_introut": "IRQ_MM2S", "s2mm_introut": "IRQ_S2MM"}


@dataclass(frozen=True)
class ThirdParty(Hardware):
    """A DMA, an IP of a third party's behind it, and an interrupt controller.

    Args:
        top: the IP's module.
        sources: its Verilog.
        length_bits: of the DMA's length registers.
        scatter_gather: the DMA's mode.
        interrupts: input of the interrupt controller by parameter of soc.v.
        interrupt: the IP's output for interrupts.
        parameters: of the module.
    """

    top: str
    sources: UserSources
    length_bits: int
    scatter_gather: bool
    interrupts: dict[str, int] = field(default_factory=dict)
    interrupt: str | None = None
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    quiet_cycles = QUIET_CYCLES

    @classmethod
    def from_hwh(
        cls,
        hwh: Path,
        rtl: tuple[Path, ...],
        top: str | None = None,
        parameters: dict[str, ParameterValue] | None = None,
        includes: tuple[Path, ...] = (),
    ) -> ThirdParty:
        """Return the hardware of a block design.

        Args:
            hwh: the block design, as Vivado wrote it.
            rtl: Verilog files of the IP.
            top: the IP's module; None takes the one that no other instantiates.
            parameters: of the module, in place of those of the .hwh.
            includes: folders of further files that the Verilog reads.

        Raises:
            ThirdPartyError: the design or the Verilog cannot be simulated.
        """
        parser = read_block_design(hwh)
        dma = _the_dma(parser, hwh)
        name, pins = _the_ip(parser, hwh)
        interrupts, interrupt = _interrupts(parser, dma["fullpath"], name, pins)
        settings = dma["parameters"]
        sources = UserSources.of(rtl, includes)
        top = top or _the_top(sources)
        hardware = cls(
            top=top,
            sources=sources,
            length_bits=int(settings.get("c_sg_length_width", 14)),
            scatter_gather=str(settings.get("c_include_sg", "1")) == "1",
            interrupts=interrupts,
            interrupt=interrupt,
            parameters=settle(sources.module(top), hwh_parameters(hwh, top), parameters or {}),
        )
        sources.memory_files(hardware._tops)
        hardware.unit()
        return hardware

    @classmethod
    def from_json(cls, contents: dict[str, Any]) -> ThirdParty:
        """Return what :meth:`as_json` was made of. Raises TypeError for anything else."""
        hardware = cls(**{**contents, "sources": UserSources.from_json(contents["sources"])})
        integers = {
            "length_bits": hardware.length_bits,
            **_integers("interrupts", hardware.interrupts),
        }
        check_parameters(hardware.parameters)
        texts = {"top": hardware.top}
        if hardware.interrupt is not None:
            texts["interrupt"] = hardware.interrupt
        for kind, values in ((int, integers), (str, texts), (bool, {"scatter_gather": hardware.scatter_gather})):
            for name, value in values.items():
                if type(value) is not kind:
                    raise TypeError(f"{name} is {reprlib.repr(value)}, not {kind.__name__}")
        return hardware

    def as_json(self) -> dict[str, Any]:
        """All arguments as JSON types."""
        return asdict(self)

    @property
    def title(self) -> str:  # type: ignore[override]
        """The IP's module."""
        return self.top

    @property
    def _tops(self) -> list[tuple[str, dict[str, ParameterValue]]]:
        return [(self.top, self.parameters)]

    def unit(self) -> str:
        """Return the Verilog around the IP. Raises ThirdPartyError where it cannot be simulated."""
        interfaces = find_interfaces(self.sources.module(self.top, self.parameters).ports, self.top)
        if self.interrupt is not None and self.interrupt not in interfaces.outputs:
            raise ThirdPartyError(
                f"module '{self.top}' has no output {self.interrupt}, where the .hwh has an interrupt"
            )
        return unit_verilog(self.top, interfaces, self.interrupt, self.parameters)

    def facts(self, cores: Path) -> dict[str, Any]:
        """Our sources, the IP's sources, and all arguments."""
        try:
            files = self.sources.facts(self._tops)
        except ThirdPartyError as error:
            raise SimulatorBuildError(f"the Verilog of '{self.top}' cannot be built: {error}") from error
        arguments = {name: value for name, value in self.as_json().items() if name != "sources"}
        return {**arguments, "sources": sources_hash(cores, SYSTEM_SOURCES), "files": files, "unit": self.unit()}

    def core(self, cores: Path, folder: Path) -> Core:
        """The core of cores/soc with another unit, which is written to the folder."""
        if self.top in own_modules(cores):
            raise SimulatorBuildError(
                f"module '{self.top}' has the name of one around it: put it into a module of yours"
            )
        (folder / "unit.v").write_text(self.unit())
        staged = self.sources.stage(folder, self._tops)
        core = {
            "name": UNIT_CORE,
            "filesets": {
                "rtl": {
                    "files": [
                        *staged.verilog,
                        *({name: {"is_include_file": True}} for name in staged.headers),
                        *({name: {"file_type": "cppSource"}} for name in staged.cpp),
                        "unit.v",
                    ],
                    "file_type": "verilogSource",
                    "depend": [">=tilewright:ip:stream:0.1.0"],
                }
            },
            "targets": {"default": {"filesets": ["rtl"]}},
        }
        (folder / "unit.core").write_text("CAPI=2:\n" + yaml.safe_dump(core))
        values = {
            "SCATTER_GATHER": int(self.scatter_gather),
            "LENGTH_W": self.length_bits,
            "INTERRUPTS": MOST_INTERRUPTS,
            **self.interrupts,
        }
        parameters = [f"--{name}={value}" for name, value in values.items()]
        return Core(
            [str(cores), str(folder)], SOC_CORE, parameters, verilator_options(folder), staged.originals, staged.remarks
        )


def _integers(name: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise TypeError(f"{name} is {reprlib.repr(values)}, not an object")
    return {f"{name}.{key}": value for key, value in values.items()}


def _the_dma(parser: RuntimeMetadataParser, hwh: Path) -> dict[str, Any]:
    found = [{**ip, "fullpath": name} for name, ip in parser.ip_dict.items() if kind_of(ip) == "axi_dma"]
    if len(found) != 1:
        raise ThirdPartyError(f"{hwh} has {len(found)} axi_dma; one is simulated")
    return found[0]


def _the_ip(parser: RuntimeMetadataParser, hwh: Path) -> tuple[str | None, list[str]]:
    """Return name and interrupt pins of the one other IP with registers; no name where there is none."""
    ignored = ("axi_dma", "axi_intc", *PROCESSING_SYSTEMS)
    names = [name for name, ip in parser.ip_dict.items() if kind_of(ip) not in ignored]
    if len(names) > 1:
        raise ThirdPartyError(
            f"{hwh} has several IPs with registers ({', '.join(names)}); one is simulated beside the DMA"
        )
    name = names[0] if names else None
    return name, [pin for pin in parser.interrupt_pins if name is not None and pin.startswith(f"{name}/")]


def _interrupts(
    parser: RuntimeMetadataParser, dma: str, name: str | None, pins: list[str]
) -> tuple[dict[str, int], str | None]:
    """Return the interrupt controller's input of each line, and the IP's output for interrupts."""
    lines = {
        parameter: int(parser.interrupt_pins[f"{dma}/{pin}"]["index"])
        for pin, parameter in LINES.items()
        if f"{dma}/{pin}" in parser.interrupt_pins
    }
    if len(pins) > 1:
        raise ThirdPartyError(f"{name} has several interrupts ({', '.join(pins)}); one is simulated")
    if not pins:
        return lines, None
    return {**lines, "IRQ_UNIT": int(parser.interrupt_pins[pins[0]]["index"])}, pins[0].rpartition("/")[2]


def _the_top(sources: UserSources) -> str:
    tops = sources.tops()
    if len(tops) != 1:
        raise ThirdPartyError(
            f"{', '.join(sources.files)}: several top modules ({', '.join(tops)}); name one with --top"
        )
    return tops[0]
