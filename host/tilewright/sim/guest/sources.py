"""The files that hold a user's hardware: found, elaborated, hashed, and copied to where they are built."""

from __future__ import annotations

import hashlib
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.sim.guest.elaboration import NEW_KEYWORDS, OLD_KEYWORDS, Elaboration, Include, ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.memory_files import SOURCE as MEMORIES_SOURCE
from tilewright.sim.guest.memory_files import memory_files, write_memory_files

HEADERS = (".vh", ".svh", ".h", ".inc")
SYSTEM_VERILOG = (".sv", ".svh")
VHDL = (".vhd", ".vhdl")
NETLISTS = (".dcp", ".edf", ".edif", ".edn", ".ngc", ".xci", ".xo", ".zip")
MEMORIES = (".hex", ".mem", ".mif", ".coe", ".dat", ".bin", ".txt")
# Copies' names, which no file of ours has
COPY = "user_"
LIBRARIES = f"library user */{COPY}*.v, */{COPY}*.sv;\n"
OPTIONS = ("-Wno-fatal", "-Werror-MODDUP", "--no-timing", "--timescale", "1ns/1ps")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
INCLUDE = re.compile(rb'`include\s*("[^"\n]*"|<[^>\n]*>|`\w+)')

# Modules, each with its parameters
Tops = Iterable[tuple[str, Mapping[str, ParameterValue]]]


@dataclass(frozen=True)
class Port:
    """One port: name, direction and width in bits."""

    name: str
    is_input: bool
    width: int


@dataclass(frozen=True)
class Parameter:
    """One parameter of a module: name, value, and width in bits where it is a number."""

    name: str
    value: ParameterValue
    width: int

    @property
    def is_text(self) -> bool:
        """Whether it is no number."""
        return isinstance(self.value, str)


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
        verilog, headers, cpp: names in the folder; headers are included by others.
        originals: the user's own file by the copy's name.
        remarks: what the simulation does not do as the files say.
    """

    verilog: tuple[str, ...]
    headers: tuple[str, ...]
    cpp: tuple[str, ...]
    originals: Mapping[str, Path] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


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
        sources = cls(tuple(str(p.absolute()) for p in ordered), tuple(str(p.absolute()) for p in folders))
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
        files = [Path(name) for name in self.files]
        places = [*(path.parent for path in files), *(path.resolve().parent for path in files)]
        return list(dict.fromkeys([*self.includes, *map(str, places)]))

    def tops(self) -> list[str]:
        """Return the names of the modules that no other one instantiates. Raises ThirdPartyError for faulty files."""
        return [instance.name for instance in self.elaborate().compile().topInstances]

    def modules(self) -> list[str]:
        """Return the names of all modules. Raises ThirdPartyError for files that cannot be read."""
        return self.elaborate().modules if self.files else []

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

    def memory_files(self, tops: Tops) -> dict[str, Path]:
        """Return the files that the modules read with $readmemh and $readmemb, by the names that they call them.

        Args:
            tops: modules, each with its parameters.

        Raises:
            ThirdPartyError: the files are faulty, a file is missing, or its name is not constant.
        """
        elaboration = self.elaborate()
        if not any(b"$readmem" in path.read_bytes() for path in elaboration.buffers.values()):
            return {}
        found: dict[str, Path] = {}
        for name, parameters in tops:
            root = elaboration.compile((name,), parameters)
            for each, path in memory_files(elaboration, root, self.folders).items():
                if found.setdefault(each, path) != path:
                    raise ThirdPartyError(
                        f"'{each}' is {found[each]} for one module and {path} for another: rename one"
                    )
        return found

    def facts(self, tops: Tops) -> list[tuple[str, str]]:
        """Return names and SHA-256 (hex) of every file in the order in which they are read.

        Also of those that others include, of memories' contents, and of how all are built. Of Verilog the suffix is
        the name.

        Args:
            tops: modules that are built, each with its parameters.

        Raises:
            ThirdPartyError: a file is gone, or faulty.
        """
        how = repr((OPTIONS, LIBRARIES, MEMORIES_SOURCE, OLD_KEYWORDS)).encode()
        verilog = [(path.suffix, _sha256(path)) for path in self.elaborate().buffers.values()]
        verilog.append(("options", hashlib.sha256(how).hexdigest()))
        return verilog + [(name, _sha256(path)) for name, path in self.memory_files(tops).items()]

    def stage(self, folder: Path, tops: Tops) -> Staged:
        """Copy the files to a folder, each inclusion its own copy, so that no name means two files.

        Args:
            folder: absolute, of a path for compilers.
            tops: modules that are built, each with its parameters.

        Raises:
            ThirdPartyError: a file is gone, or an include directive is none that can be copied.
        """
        elaboration = self.elaborate()
        includes = elaboration.includes
        included = {each.buffer for each in includes}
        names = {
            buffer: f"{COPY}{index}{_suffix(path, header=buffer in included)}"
            for index, (buffer, path) in enumerate(elaboration.buffers.items())
        }
        for buffer, path in elaboration.buffers.items():
            own = [each for each in includes if each.including == buffer]
            text = _redirected(path, own, names).removeprefix(BYTE_ORDER_MARK)
            if buffer not in included and path.resolve() in elaboration.old:
                text = OLD_KEYWORDS.encode() + text + NEW_KEYWORDS.encode()
            (folder / names[buffer]).write_bytes(text)
        memories = self.memory_files(tops)
        return Staged(
            tuple(name for buffer, name in names.items() if buffer not in included),
            tuple(name for buffer, name in names.items() if buffer in included),
            (write_memory_files(memories, folder),) if memories else (),
            {names[buffer]: path for buffer, path in elaboration.buffers.items()},
            _delays(elaboration),
        )

    def elaborate(self) -> Elaboration:
        """Read and parse the files. Raises ThirdPartyError where one is missing or cannot be read."""
        self.check()
        return Elaboration(self.files, self.folders)


def verilator_options(folder: Path) -> list[str]:
    """Return Verilator's options for copies of users' files.

    Their warnings end nothing, delays mean nothing, and their modules are a library of their own, in which a name can
    be one of ours.

    Args:
        folder: to write to, of a path without blanks.
    """
    libraries = folder / "user.map"
    libraries.write_text(LIBRARIES)
    return [*OPTIONS, "--libmap", str(libraries)]


def _check_language(path: Path) -> None:
    if path.suffix.lower() in VHDL:
        raise ThirdPartyError(
            f"{path}: VHDL is not simulated; convert it to Verilog, for example with `ghdl synth --out=verilog` "
            "(GHDL), and name the result"
        )
    if path.suffix.lower() in NETLISTS:
        raise ThirdPartyError(f"{path}: netlists and packed IPs are not simulated; name the IP's Verilog files")
    if path.suffix.lower() in MEMORIES:
        raise ThirdPartyError(f"{path} is no Verilog; what $readmemh reads is found in the folders of --include")


def _parameter(symbol: Any) -> Parameter:
    value, kind = symbol.value, str(symbol.type)
    if "string" in kind or _has_text(symbol):
        return Parameter(symbol.name, str(value.convertToStr().value), 0)
    if "real" in kind:
        return Parameter(symbol.name, float(value.value), 0)
    try:
        return Parameter(symbol.name, int(value.convertToInt().value), int(symbol.type.bitWidth))
    except (TypeError, ValueError):  # structures, and numbers with unknown bits, as slang writes them
        return Parameter(symbol.name, str(value), 0)


def _has_text(symbol: Any) -> bool:
    """Whether a parameter without a type has text as its default."""
    default = symbol.syntax.initializer
    return default is not None and str(default.expr).strip().startswith('"')


def _delays(elaboration: Elaboration) -> tuple[str, ...]:
    places = elaboration.delays
    if not places:
        return ()
    (path, line), *others = places
    more = f", and {len(others)} more" if others else ""
    return (f"{path}:{line}: a delay{more}: the simulation counts clock cycles and ignores delays",)


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
