"""Vivado's commands that package an IP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from board_checks.tcl_process import TclError, tcl_list

INFERRED = ("s_axil", "s_axis", "m_axis", "aclk", "aresetn", "m_axis_aresetn")


class PackagingCommands:
    """An IP in the making.

    Attributes:
        identity: vendor, library, name, version, as they were set.
        files: that came along.
        interfaces: with their parameters.
        ports: properties of ports.
        saved: whether it was saved.
        mode: source_mgmt_mode of the project that it was packaged in.
        folder: where it lies.
        project: the project that it was packaged in.
    """

    def __init__(self) -> None:
        self.identity: dict[str, str] = {}
        self.files: list[Path] = []
        self.interfaces: dict[str, dict[str, str]] = {}
        self.ports: dict[str, dict[str, str]] = {}
        self.saved = False
        self.mode = ""
        self.folder = ""
        self.project = ""

    def package(
        self, options: Mapping[str, str], files: list[Path], needed: list[Path], mode: str, project: str
    ) -> str:
        """Package a project's files.

        Args:
            options: of the command.
            files: of the project.
            needed: those that default parameters generate: without DisplayOnly no others come along (AR 70646).
            mode: the project's source_mgmt_mode.
            project: its name.
        """
        self.identity = {name: options[f"-{name}"] for name in ("vendor", "library")}
        self.files = files if mode == "DisplayOnly" else needed
        self.mode, self.folder, self.project = mode, options["-root_dir"], project
        self.interfaces = {name: {} for name in INFERRED}
        return "ip"

    def get_bus_interfaces(self, options: Mapping[str, str], words: list[str]) -> str:
        """An interface of the IP."""
        return words[0] if words[0] in self.interfaces else ""

    def infer_bus_interface(self, _: Mapping[str, str], words: list[str]) -> str:
        """One more interface."""
        self.interfaces[words[0]] = {}
        return words[0]

    def get_bus_parameters(self, options: Mapping[str, str], words: list[str]) -> str:
        """A parameter of an interface."""
        return f"{options['-of_objects']}/{words[0]}" if words[0] in self.interfaces[options["-of_objects"]] else ""

    def add_bus_parameter(self, _: Mapping[str, str], words: list[str]) -> str:
        """One more parameter of an interface."""
        self.interfaces[words[1]][words[0]] = ""
        return f"{words[1]}/{words[0]}"

    def get_ports(self, _: Mapping[str, str], words: list[str]) -> str:
        """A port of the IP."""
        return f"port:{words[0]}"

    def get_file_groups(self, _: Mapping[str, str], words: list[str]) -> str:
        """The group of files for synthesis."""
        return words[0]

    def get_files(self, _: Mapping[str, str], words: list[str]) -> str:
        """The files that came along, as the IP names them."""
        return tcl_list([f"packaged:src/{path.name}" for path in self.files])

    def set_property(self, name: str, value: str, target: str) -> None:
        """Set a property of the IP, of a port or of a parameter of an interface."""
        if target == "ip":
            self.identity[name] = value
        elif target.startswith("port:"):
            self.ports.setdefault(target[5:], {})[name] = value
        else:
            interface, _, parameter = target.partition("/")
            if name != "value" or parameter not in self.interfaces.get(interface, {}):
                raise TclError(f"no property {name} of {target}")
            self.interfaces[interface][parameter] = value
