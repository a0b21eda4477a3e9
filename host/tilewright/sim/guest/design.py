"""A third party's hardware: a block design as its .hwh says, and the Verilog of its IPs."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tilewright.sim.build import cores_folder
from tilewright.sim.errors import SimulatorBuildError
from tilewright.sim.guest.block_design import processing_system, read_block_design
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.hwh_graph import BlockDesign
from tilewright.sim.guest.module_parameters import check_parameters, settle
from tilewright.sim.guest.modules import Tops, assign_modules
from tilewright.sim.guest.netlist import is_user, read_netlist, refuse, unusual_settings
from tilewright.sim.guest.sources import UserSources, verilator_options
from tilewright.sim.guest.top_verilog import Top, write_top
from tilewright.sim.hardware import GUEST_SOURCES, Core, Hardware, own_modules, sources_hash
from tilewright.sim.ports import SocPorts, ports_header

CORE = "tilewright:guest:sim:0.1.0"
HARNESS_CORE = "tilewright:soc:harness:0.1.0"
# An IP may compute for long without moving a beat
QUIET_CYCLES = 1_000_000

Parameters = Mapping[str, ParameterValue]


@dataclass(frozen=True)
class ThirdParty(Hardware):
    """A block design with a third party's IPs.

    Args:
        hwh: the block design, as Vivado wrote it; as long as the hardware is not built.
        sources: the Verilog of the IPs.
        modules: of the IPs, by INSTANCE.
        parameters: of the IPs' modules, by INSTANCE.
    """

    hwh: Path
    sources: UserSources
    modules: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, ParameterValue]] = field(default_factory=dict)
    quiet_cycles = QUIET_CYCLES

    @classmethod
    def from_hwh(
        cls,
        hwh: Path,
        rtl: tuple[Path, ...] = (),
        top: Tops = None,
        parameters: Parameters | None = None,
        includes: tuple[Path, ...] = (),
    ) -> ThirdParty:
        """Return the hardware of a block design.

        Args:
            hwh: the block design, as Vivado wrote it.
            rtl: Verilog files of the IPs.
            top: the module of the only IP that is not Vivado's, or the modules of several by INSTANCE; None takes those
                that are called as the IPs, of a single IP also the one module that no other instantiates.
            parameters: of the modules, in place of those of the .hwh: by name, or by INSTANCE.NAME.
            includes: folders of further files that the Verilog reads.

        Raises:
            ThirdPartyError: the design or the Verilog cannot be simulated; says what of it.
        """
        processing_system(read_block_design(hwh), hwh)
        design = BlockDesign(hwh)
        sources = UserSources.of(rtl, includes)
        users = [instance for instance in design.instances.values() if is_user(instance)]
        modules, refusals = assign_modules(users, sources, top)
        refuse([*refusals, *unusual_settings(design)])
        given = _given(parameters or {}, modules, design)
        settled = {
            name: settle(sources.module(module), design.instances[name].parameters, given.get(name, {}))
            for name, module in modules.items()
        }
        hardware = cls(hwh, sources, modules, settled)
        sources.memory_files(hardware._tops)
        hardware.top  # noqa: B018 - says what cannot be simulated
        return hardware

    @classmethod
    def from_json(cls, contents: dict[str, Any], hwh: Path) -> ThirdParty:
        """Return what :meth:`as_json` was made of. Raises TypeError for anything else.

        Args:
            contents: the arguments.
            hwh: the block design.
        """
        modules, parameters = contents["modules"], contents["parameters"]
        for name, values in (("modules", modules), ("parameters", parameters)):
            if not isinstance(values, dict):
                raise TypeError(f"{name} is {reprlib.repr(values)}, not an object")
        for name, module in modules.items():
            if type(module) is not str:
                raise TypeError(f"modules.{name} is {reprlib.repr(module)}, not str")
            check_parameters(parameters.get(name, {}))
        if set(contents) != {"sources", "modules", "parameters"} or set(parameters) != set(modules):
            raise TypeError(f"third_party has {', '.join(contents)}")
        return cls(hwh, UserSources.from_json(contents["sources"]), modules, parameters)

    def as_json(self) -> dict[str, Any]:
        """All arguments but the block design as JSON types."""
        return {"sources": asdict(self.sources), "modules": self.modules, "parameters": self.parameters}

    @property
    def title(self) -> str:  # type: ignore[override]
        """The IPs' modules, or the block design's name."""
        return "-".join(dict.fromkeys(self.modules.values())) or self.hwh.stem

    @property
    def ports(self) -> SocPorts:  # type: ignore[override]
        """Of the block design."""
        return self.top.ports

    @property
    def _tops(self) -> list[tuple[str, dict[str, ParameterValue]]]:
        return [(module, self.parameters[name]) for name, module in self.modules.items()]

    @cached_property
    def top(self) -> Top:
        """The module around the IPs. Raises ThirdPartyError where something cannot be simulated."""
        modules = {name: self.sources.module(module, self.parameters[name]) for name, module in self.modules.items()}
        return write_top(read_netlist(BlockDesign(self.hwh), modules, self.parameters, cores_folder()))

    def facts(self, cores: Path) -> dict[str, Any]:
        """Our sources, the IPs' sources, and what is written around them."""
        try:
            files = self.sources.facts(self._tops)
            top = self.top
        except ThirdPartyError as error:
            raise SimulatorBuildError(f"the Verilog of '{self.title}' cannot be built: {error}") from error
        return {
            "sources": sources_hash(cores, GUEST_SOURCES),
            "files": files,
            "top": top.verilog,
            "ports": ports_header(top.ports),
        }

    def core(self, cores: Path, folder: Path) -> Core:
        """A core of its own, which is written to the folder."""
        for module in self.modules.values():
            if module in own_modules(cores):
                raise SimulatorBuildError(
                    f"module '{module}' has the name of one around it: put it into a module of yours"
                )
        (folder / "soc.v").write_text(self.top.verilog)
        (folder / "soc_ports.h").write_text(ports_header(self.top.ports))
        staged = self.sources.stage(folder, self._tops)
        own = yaml.safe_load((cores / "soc" / "soc.core").read_text())["targets"]["sim"]
        core = {
            "name": CORE,
            "filesets": {
                "rtl": {
                    "files": [
                        *staged.verilog,
                        *({name: {"is_include_file": True}} for name in staged.headers),
                        *({name: {"file_type": "cppSource"}} for name in staged.cpp),
                        "soc.v",
                        {"soc_ports.h": {"is_include_file": True, "file_type": "cppSource"}},
                    ],
                    "file_type": "verilogSource",
                    "depend": [f">={name}" for name in (HARNESS_CORE, *self.top.cores)],
                }
            },
            "targets": {
                "default": {"filesets": ["rtl"]},
                "sim": {key: own[key] for key in ("flow", "flow_options", "toplevel")} | {"filesets": ["rtl"]},
            },
        }
        (folder / "guest.core").write_text("CAPI=2:\n" + yaml.safe_dump(core, sort_keys=False))
        remarks = (*self.top.remarks, *staged.remarks)
        return Core([str(cores), str(folder)], CORE, [], verilator_options(folder), staged.originals, remarks)


def _given(parameters: Parameters, modules: Mapping[str, str], design: BlockDesign) -> dict[str, dict[str, Any]]:
    """The user's parameters by INSTANCE."""
    names = {key: name for name in modules for key in (name, design.instances[name].path)}
    found: dict[str, dict[str, Any]] = {}
    for key, value in parameters.items():
        instance, _, name = key.rpartition(".")
        if instance in names:
            found.setdefault(names[instance], {})[name] = value
        elif not instance and len(modules) == 1:
            found.setdefault(next(iter(modules)), {})[name] = value
        else:
            raise ThirdPartyError(
                f"--parameter {key}: the IPs with a module of yours are {', '.join(names) or 'none'}: say of which, "
                "with --parameter INSTANCE.NAME=VALUE"
            )
    return found
