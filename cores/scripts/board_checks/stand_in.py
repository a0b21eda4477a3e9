"""A stand-in for Vivado: it knows the IPs and the commands that boards' scripts give; any other is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from board_checks.block_design_commands import BlockDesignCommands
from board_checks.packaging_commands import PackagingCommands
from board_checks.rtl import generated, module_of, packaged
from board_checks.tcl_process import TclError, run_tcl, tcl_list, words_of
from board_checks.vendor import Ip, VendorIps

# Options that take no value
FLAGS = {"-force", "-quiet", "-all", "-norecurse", "-import_files", "-top", "-return_string", "-setup", "-hold"}
IP = "tilewright:ip:accelerator:0.2"


@dataclass
class Project:
    """A project: its part, its files, its other properties."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    utilities: list[Path] = field(default_factory=list)


class Vivado:
    """A Vivado of which only boards' scripts may ask.

    Attributes:
        folder: that scripts run in.
        projects: by name, those that are open.
        packaging: what was packaged.
        design: the block design.
        run_properties: of the runs, by run and name.
        board_parts: for which there are board files.
        printed: what the scripts said.
    """

    def __init__(
        self,
        folder: Path,
        board_parts: tuple[str, ...] = (),
        version: str = "2024.1",
        say: Callable[[str], object] = lambda line: None,
    ) -> None:
        """Args: the folder and boards; what `version` answers; gets each line that scripts print."""
        self.folder = folder
        self.version = version
        self.say = say
        self.vendor = VendorIps()
        self.projects: dict[str, Project] = {}
        self.closed: dict[str, Project] = {}
        self._order: list[str] = []
        self.packaging = PackagingCommands()
        self.design = BlockDesignCommands(self.vendor, self._packaged)
        self.run_properties: dict[tuple[str, str], str] = {}
        self.board_parts = board_parts
        self.repository = ""
        self.printed = ""
        self.reports: dict[str, str] = {}

    def source(self, script: Path) -> str:
        """Run a script. Returns the message of the error that ended it, "" where none did."""
        printed, message = run_tcl(script, self.folder, self.answer, self.say)
        self.printed += printed
        return message

    def answer(self, words: list[str]) -> str:
        """The result of a command. Raises TclError for one that is unknown here, or that Vivado would refuse."""
        name = words[0].replace("::", "_")
        options: dict[str, str] = {}
        rest: list[str] = []
        left = iter(words[1:])
        for word in left:
            if word in FLAGS:
                options[word] = ""
            elif re.fullmatch(r"-[a-z_]+", word):
                options[word] = next(left, "")
            else:
                rest.append(word)
        method = getattr(self, f"do_{name}", None)
        if method is None:
            method = getattr(self.packaging, name.removeprefix("ipx_"), None) if name.startswith("ipx_") else None
            method = method or (getattr(self.design, name, None) if not name.startswith("_") else None)
        if method is None:
            raise TclError(f"invalid command name {words[0]!r}")
        try:
            return str(method(options, rest))
        except (KeyError, IndexError, ValueError) as error:
            raise TclError(f"{' '.join(words)}: {error}") from error

    @property
    def project(self) -> Project:
        """The current project."""
        if not self._order:
            raise TclError("there is no project")
        return self.projects[self._order[-1]]

    # ---- projects and files
    def do_create_project(self, options: Mapping[str, str], words: list[str]) -> str:
        """A project, which becomes the current one."""
        self.projects[words[0]] = Project(words[0], {"part": options.get("-part", ""), "source_mgmt_mode": "All"})
        self._order.append(words[0])
        return words[0]

    def do_close_project(self, *_: Any) -> str:
        """Close the current one."""
        name = self._order.pop()
        self.closed[name] = self.projects.pop(name)
        return ""

    def do_current_project(self, _: Mapping[str, str], words: list[str]) -> str:
        """Which it is, or which it shall be."""
        if words:
            if words[0] not in self.projects:
                raise TclError(f"no project {words[0]}")
            self._order = [*(name for name in self._order if name != words[0]), words[0]]
        return self.project.name

    def do_read_verilog(self, _: Mapping[str, str], words: list[str]) -> str:
        """Add a source."""
        return self.do_add_files({}, words)

    def do_read_xdc(self, _: Mapping[str, str], words: list[str]) -> str:
        """Add constraints."""
        return self.do_add_files({}, words)

    def do_add_files(self, options: Mapping[str, str], words: list[str]) -> str:
        """Add files that exist."""
        for name in (name for word in words for name in words_of(word)):
            path = (self.folder / name).resolve()
            if not path.is_file() and path.name != "tilewright_wrapper.v":
                raise TclError(f"no file {name}")
            target = self.project.utilities if options.get("-fileset") == "utils_1" else self.project.files
            target.append(path)
        return ""

    def do_remove_files(self, _: Mapping[str, str], words: list[str]) -> str:
        """Take files out."""
        gone = {Path(name) for word in words for name in words_of(word)}
        if missing := gone - set(self.project.files):
            raise TclError(f"not in the project: {', '.join(map(str, missing))}")
        self.project.files = [path for path in self.project.files if path not in gone]
        return ""

    def do_get_files(self, options: Mapping[str, str], words: list[str]) -> str:
        """Files by pattern."""
        if words == ["tilewright.bd"]:
            return "bd:tilewright.bd"
        patterns = [name for word in words for name in words_of(word)] or ["*"]
        return tcl_list(
            [str(path) for path in self.project.files if any(fnmatch(str(path), each) for each in patterns)]
        )

    def do_get_filesets(self, _: Mapping[str, str], words: list[str]) -> str:
        """A fileset of the current project."""
        return f"fileset:{words[0]}"

    def do_current_fileset(self, *_: Any) -> str:
        """The fileset of sources."""
        return "fileset:sources_1"

    def do_update_ip_catalog(self, *_: Any) -> str:
        """From now on the packaged IP can be used."""
        self.repository = self.project.properties.get("ip_repo_paths", "")
        return ""

    def do_get_board_parts(self, _: Mapping[str, str], words: list[str]) -> str:
        """Those that there are files for."""
        return tcl_list([name for name in self.board_parts if name == words[0]])

    def do_get_runs(self, _: Mapping[str, str], words: list[str]) -> str:
        """A run."""
        return f"run:{words[0]}"

    # ---- properties
    def do_set_property(self, options: Mapping[str, str], words: list[str]) -> str:
        """Set a property of whatever it is."""
        if "-dict" in options:
            values = words_of(options["-dict"])
            pairs = dict(zip(values[::2], values[1::2], strict=True))
            self.design.set_parameters(words[0], {name.removeprefix("CONFIG."): each for name, each in pairs.items()})
            return ""
        name, value, target = words
        if target.startswith("run:"):
            self.run_properties[target[4:], name] = value
        elif target in self.projects or target.startswith("fileset:"):
            self.project.properties[name] = value
            if name == "board_part":
                self.design.board_part = value
        elif target == "ip" or target.startswith("port:") or target.partition("/")[0] in self.packaging.interfaces:
            self.packaging.set_property(name, value, target)
        return value

    def do_get_property(self, options: Mapping[str, str], words: list[str]) -> str:
        """A property of whatever it is."""
        name, target = words
        if name.startswith("CONFIG."):
            return self.design.parameter(target, name.removeprefix("CONFIG."))
        if target.startswith("packaged:"):
            return target.removeprefix("packaged:")
        if name == "SLACK":
            return self.reports[target]
        if name == "PERIOD":
            return target.removeprefix("clock:")
        if target == "design:":
            return self.reports[name]
        return self.project.properties.get(name, "") if target in self.projects or ":" in target else ""

    # ---- packaging
    def do_ipx_package_project(self, options: Mapping[str, str], _: list[str]) -> str:
        """Package the current project."""
        project = self.project
        verilog = [path for path in project.files if path.suffix == ".v"]
        folders = sorted({path.parent for path in project.files if path.suffix == ".vh"})
        needed = generated(tuple(verilog), tuple(folders))
        kept = [path for path in project.files if path.suffix == ".vh" or path in needed]
        mode = project.properties["source_mgmt_mode"]
        return self.packaging.package(options, list(project.files), kept, mode, project.name)

    def do_ipx_current_core(self, *_: Any) -> str:
        """The IP."""
        return "ip"

    def do_ipx_save_core(self, *_: Any) -> str:
        """Save it."""
        self.packaging.saved = True
        return ""

    def do_ipx_create_xgui_files(self, *_: Any) -> str:
        """Of no interest here."""
        return ""

    do_ipx_update_checksums = do_ipx_create_xgui_files

    def _packaged(self, values: Mapping[str, str]) -> Ip | None:
        """The packaged IP with parameters, None where the catalogue has none."""
        identity = self.packaging.identity
        name = ":".join(identity.get(key, "") for key in ("vendor", "library", "name", "version"))
        if name != IP or not self.packaging.saved or not self.packaging.folder.startswith(self.repository or "\0"):
            return None
        verilog = [path for path in self.packaging.files if path.suffix == ".v"]
        folders = sorted({path.parent for path in self.packaging.files if path.suffix == ".vh"})
        known = module_of(tuple(verilog), tuple(folders)).parameters
        if unknown := values.keys() - known.keys():
            raise TclError(f"accelerator has no parameter {', '.join(sorted(unknown))}")
        found = packaged(verilog, folders, values, self.packaging.interfaces)
        return replace(found, defaults=known)

    # ---- the end of the block design
    def do_validate_bd_design(self, *_: Any) -> str:
        """Noted."""
        return self.design.finish("validated")

    def do_save_bd_design(self, *_: Any) -> str:
        """Noted."""
        return self.design.finish("saved")

    def do_generate_target(self, *_: Any) -> str:
        """Noted."""
        return self.design.finish("generated")

    def do_make_wrapper(self, *_: Any) -> str:
        """Noted."""
        self.design.finish("wrapped")
        return "tilewright_wrapper.v"

    # ---- timing
    def do_get_timing_paths(self, options: Mapping[str, str], _: list[str]) -> str:
        """The worst path."""
        return "setup" if "-setup" in options else "hold"

    def do_report_timing_summary(self, *_: Any) -> str:
        """The report."""
        return self.reports["summary"]

    def do_report_utilization(self, *_: Any) -> str:
        """A report."""
        return ""

    def do_version(self, *_: Any) -> str:
        """That it was told to have."""
        return self.version

    def do_get_clocks(self, *_: Any) -> str:
        """The clocks, by their periods."""
        return tcl_list([f"clock:{period}" for period in self.reports["periods"].split()])

    def do_current_design(self, *_: Any) -> str:
        """The open design."""
        return "design:"
