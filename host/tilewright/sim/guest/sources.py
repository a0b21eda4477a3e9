"""The files that hold a user's hardware: found, elaborated, hashed, and copied to where they are built."""

from __future__ import annotations

import hashlib
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.sim.guest.elaboration import Elaboration, Include, ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError

HEADERS = (".vh", ".svh", ".h", ".inc")
SYSTEM_VERILOG = (".sv", ".svh")
VHDL = (".vhd", ".vhdl")
NETLISTS = (".dcp", ".edf", ".edif", ".edn", ".ngc", ".xci", ".xo", ".zip")
INCLUDE = re.compile(rb'`include\s*("[^"\n]*"|<[^>\n]*>|`\w+)')


@dataclass(frozen=True)
class Port:
    """One port: name, direction and width in bits."""

    name: str
    is_input: bool
    width: int


@dataclass(frozen=True)
class Parameter:
    """One parameter of a module: its value as slang writes it, and whether it is text."""

    name: str
    value: str
    is_text: bool


@dataclass(frozen=True)
class Module:
    """What a module shows outside."""

    name: str
    ports: tuple[Port, ...]
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True)
class Staged:
    """Copies of a user's files, under names that no tool stumbles at.

    Attributes:
        verilog, headers: names in the folder, headers being included by others.
        originals: the user's own file by the copy's name.
    """

    verilog: tuple[str, ...]
    headers: tuple[str, ...]
    originals: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class UserSources:
    """A user's Verilog or SystemVerilog. :meth:`of` checks what users name.

    Args:
        files: absolute paths, in the order in which they are compiled.
        includes: folders, absolute, of further files that the Verilog reads.
    """

    files: tuple[str, ...]
    includes: tuple[str, ...] = ()

    @classmethod
    def of(cls, files: Iterable[Path], includes: Iterable[Path] = ()) -> UserSources:
        """Return the sources that a user names: headers come before the others.

        Raises:
            ThirdPartyError: a file or a folder is missing, or in no language that is simulated.
        """
        paths = [Path(file) for file in files]
        for path in paths:
            _check_language(path)
        ordered = sorted(paths, key=lambda path: path.suffix.lower() not in HEADERS)
        folders = [Path(folder) for folder in includes]
        sources = cls(tuple(str(p.resolve()) for p in ordered), tuple(str(p.resolve()) for p in folders))
        sources.check()
        return sources

    @classmethod
    def from_json(cls, contents: Any) -> UserSources:
        """Return what ``dataclasses.asdict`` made of sources. Raises TypeError for anything else."""
        for name in ("files", "includes"):
            paths = contents[name] if isinstance(contents, dict) else None
            if not isinstance(paths, list | tuple) or not all(type(path) is str for path in paths):
                raise TypeError(f"sources.{name} is {reprlib.repr(paths)}, not a list of paths")
        return cls(tuple(contents["files"]), tuple(contents["includes"]))

    def check(self) -> None:
        """Raises ThirdPartyError where a file or a folder is missing."""
        for name in self.files:
            if not Path(name).is_file():
                raise ThirdPartyError(f"no Verilog file {name}")
        for name in self.includes:
            if not Path(name).is_dir():
                raise ThirdPartyError(f"no folder {name}, where included files are looked for")

    @property
    def folders(self) -> list[str]:
        """Where files are looked for that the Verilog reads, after the folder of the file that names them."""
        return list(dict.fromkeys([*self.includes, *(str(Path(name).parent) for name in self.files)]))

    def tops(self) -> list[str]:
        """Return the names of the modules that no other one instantiates. Raises ThirdPartyError for faulty files."""
        return [instance.name for instance in self.elaborate().compile().topInstances]

    def module(self, name: str, parameters: Mapping[str, ParameterValue] | None = None) -> Module:
        """Return ports and parameters of a module.

        Args:
            name: the module's.
            parameters: other than its defaults.

        Raises:
            ThirdPartyError: the files are faulty, or have no such module.
        """
        from pyslang.ast import ArgumentDirection, SymbolKind

        instances = {each.name: each for each in self.elaborate().compile((name,), parameters).topInstances}
        body = instances[name].body
        for port in body.portList:
            if port.kind != SymbolKind.Port:
                raise ThirdPartyError(
                    f"module '{name}', {port.name}: ports of SystemVerilog interfaces are not simulated"
                )
        ports = tuple(
            Port(port.name, port.direction == ArgumentDirection.In, int(port.type.bitWidth)) for port in body.portList
        )
        values = (each for each in body.parameters if each.kind == SymbolKind.Parameter and not each.isLocalParam)
        return Module(name, ports, {each.name: _parameter(each) for each in values})

    def facts(self) -> list[tuple[str, str]]:
        """Return suffix and SHA-256 (hex) of every file, included ones too, in the order in which they are read.

        Raises:
            ThirdPartyError: a file is gone.
        """
        self.check()
        return [(path.suffix, _sha256(path)) for path in self.elaborate().buffers.values()]

    def stage(self, folder: Path) -> Staged:
        """Copy the files to a folder, each inclusion its own copy, so that no name means two files.

        Raises:
            ThirdPartyError: a file is gone, or an include directive is none that can be copied.
        """
        self.check()
        elaboration = self.elaborate()
        includes = elaboration.includes
        included = {each.buffer for each in includes}
        names = {
            buffer: f"user_{index}{_suffix(path, header=buffer in included)}"
            for index, (buffer, path) in enumerate(elaboration.buffers.items())
        }
        for buffer, path in elaboration.buffers.items():
            own = [each for each in includes if each.including == buffer]
            (folder / names[buffer]).write_bytes(_redirected(path, own, names))
        return Staged(
            tuple(name for buffer, name in names.items() if buffer not in included),
            tuple(name for buffer, name in names.items() if buffer in included),
            {names[buffer]: path for buffer, path in elaboration.buffers.items()},
        )

    def elaborate(self) -> Elaboration:
        """Read and parse the files. Raises ThirdPartyError where one is missing or cannot be read."""
        self.check()
        return Elaboration(self.files, self.folders)


def _check_language(path: Path) -> None:
    if path.suffix.lower() in VHDL:
        raise ThirdPartyError(
            f"{path}: VHDL is not simulated; convert it to Verilog, for example with `ghdl synth --out=verilog` "
            "(GHDL), and name the result"
        )
    if path.suffix.lower() in NETLISTS:
        raise ThirdPartyError(f"{path}: netlists and packed IPs are not simulated; name the IP's Verilog files")


def _parameter(symbol: Any) -> Parameter:
    return Parameter(symbol.name, str(symbol.value), is_text="string" in str(symbol.type) or _is_text(symbol))


def _is_text(symbol: Any) -> bool:
    """Whether a parameter without a type has text as its default."""
    default = symbol.syntax.initializer
    return default is not None and str(default.expr).strip().startswith('"')


def _suffix(path: Path, *, header: bool) -> str:
    language = "sv" if path.suffix.lower() in SYSTEM_VERILOG else "v"
    return f".{language}h" if header else f".{language}"


def _redirected(path: Path, includes: list[Include], names: Mapping[int, str]) -> bytes:
    """Return a file's text with the copies' names in its include directives; no line moves."""
    text = path.read_bytes()
    for include in sorted(includes, key=lambda each: each.offset, reverse=True):
        found = INCLUDE.match(text, include.offset)
        if found is None:
            raise ThirdPartyError(f"{path}: an `include of {include.path} is none that can be copied")
        text = text[: include.offset] + f'`include "{names[include.buffer]}"'.encode() + text[found.end() :]
    return text


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
