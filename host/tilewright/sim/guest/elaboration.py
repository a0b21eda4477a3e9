"""Users' Verilog as slang sees it: all files one compilation unit, as they are for Verilator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.sim.guest.errors import ThirdPartyError

# The simulator's own macro, so that both see the same text
DEFINES = ["VERILATOR=1"]
UNDEFINES = ["__slang__"]

OLD_KEYWORDS = '`begin_keywords "1364-2005" '
NEW_KEYWORDS = "\n`end_keywords\n"

ParameterValue = int | float | str
LARGEST_UNSIZED = (1 << 31) - 1


@dataclass(frozen=True)
class Include:
    """A file that another one includes.

    Attributes:
        path: the file's.
        buffer: slang's number of this inclusion.
        including: number of the buffer that holds the directive.
        offset: of the directive there, in bytes.
    """

    path: Path
    buffer: int
    including: int
    offset: int


class Elaboration:
    """Users' files, read and parsed.

    Args:
        files: in the order in which they are compiled.
        folders: where included files are looked for, after the folder of the file that includes them.

    Attributes:
        manager: slang's, of the files' texts.
        old: files in which words are names that SystemVerilog has taken since, such as ``do``.

    Raises:
        ThirdPartyError: slang is not installed, or a file cannot be read.
    """

    def __init__(self, files: Sequence[str], folders: Sequence[str]) -> None:
        try:
            from pyslang import Bag, SourceManager
            from pyslang.parsing import PreprocessorOptions
            from pyslang.syntax import SyntaxTree
        except ImportError as error:
            raise ThirdPartyError("pyslang is missing: Python 3.11 or 3.12, pip install 'tilewright[sim]'") from error
        self._folders = folders
        options = PreprocessorOptions()
        options.predefines, options.undefines = DEFINES, UNDEFINES
        options.additionalIncludePaths = list(folders)

        def parse(old: Sequence[str]) -> tuple[Any, Any]:
            manager = SourceManager()
            manager.setDisableProximatePaths(True)
            buffers = [manager.assignText("")]
            for file in files:
                buffers.append(manager.assignText(OLD_KEYWORDS if file in old else ""))
                buffers.append(manager.readSource(file))
                buffers.append(manager.assignText(NEW_KEYWORDS if file in old else ""))
            return manager, SyntaxTree.fromBuffers(buffers, manager, Bag([options]))

        try:
            self.old: set[Path] = set()
            self.manager, self._tree = parse(())
            if _faulty(self._tree):
                old = [file for file in files if Path(file).suffix.lower() == ".v"]
                manager, tree = parse(old)
                if not _faulty(tree):
                    self.old = {Path(file).resolve() for file in old}
                    self.manager, self._tree = manager, tree
        except (RuntimeError, OSError, UnicodeError) as error:
            raise ThirdPartyError(f"{', '.join(map(str, files))}: cannot be read: {error}") from error

    def compile(self, tops: Iterable[str] = (), parameters: Mapping[str, ParameterValue] | None = None) -> Any:
        """Return slang's root symbol.

        Args:
            tops: modules to elaborate; none takes those that no other instantiates.
            parameters: of these modules, other than their defaults.

        Raises:
            ThirdPartyError: the Verilog is faulty, or has no such module; says where.
        """
        from pyslang import Bag, DiagnosticEngine
        from pyslang.ast import Compilation, CompilationFlags, CompilationOptions

        options = CompilationOptions()
        options.topModules = set(tops)
        options.paramOverrides = [f"{name}={verilog(value)}" for name, value in (parameters or {}).items()]
        options.flags |= CompilationFlags.AllowUseBeforeDeclare | CompilationFlags.RelaxEnumConversions
        compilation = Compilation(Bag([options]))
        compilation.addSyntaxTree(self._tree)
        errors = [diagnostic for diagnostic in compilation.getAllDiagnostics() if diagnostic.isError()]
        if errors:
            text = DiagnosticEngine.reportAll(self.manager, errors)
            if any("CouldNotOpenIncludeFile" in str(error.code) for error in errors):
                text += f"\nlooked for beside the file that includes it, and in {', '.join(self._folders)}: name its "
                text += "folder with --include"
            if any("UnknownModule" in str(error.code) for error in errors):
                text += "\nVivado's own modules are not here: name Verilog of them with --rtl"
            raise ThirdPartyError(text)
        return compilation.getRoot()

    @property
    def modules(self) -> list[str]:
        """The names of the modules that the files hold."""
        from pyslang.syntax import SyntaxKind

        root = self._tree.root
        members = root.members if root.kind == SyntaxKind.CompilationUnit else [root]
        return [str(each.header.name.valueText) for each in members if each.kind == SyntaxKind.ModuleDeclaration]

    @property
    def buffers(self) -> dict[int, Path]:
        """The files by slang's number, also included ones, one for each inclusion."""
        return {
            buffer.id: Path(self.manager.getFullPath(buffer))
            for buffer in self.manager.getAllBuffers()
            if Path(self.manager.getFullPath(buffer)).is_file()
        }

    @property
    def includes(self) -> list[Include]:
        """Files that others include, one for each inclusion.

        Raises:
            ThirdPartyError: a macro holds the directive.
        """
        found = []
        paths = self.buffers
        for buffer in self.manager.getAllBuffers():
            place = self.manager.getIncludedFrom(buffer)
            if buffer.id not in paths or not place.buffer.id:
                continue
            if place.buffer.id not in paths:
                raise ThirdPartyError(f"{paths[buffer.id]}: a macro that holds an `include is not supported")
            found.append(Include(paths[buffer.id], buffer.id, place.buffer.id, place.offset))
        return found

    @property
    def delays(self) -> list[tuple[Path, int]]:
        """File and line of each delay; HLS writes ``#0`` before all that it initialises, which delays nothing."""
        from pyslang.syntax import SyntaxKind

        found = []
        kinds = (SyntaxKind.DelayControl, SyntaxKind.Delay3)

        def visit(node: Any) -> None:
            if getattr(node, "kind", None) in kinds and str(node).split("#")[-1].strip() != "0":
                found.append(self.place(node.sourceRange.start))

        self._tree.root.visit(visit)
        return found

    def place(self, location: Any) -> tuple[Path, int]:
        """Return the file, and the line from 1, of a location; of a macro's text, where it is used."""
        place = self.manager.getFullyExpandedLoc(location)
        return Path(self.manager.getFullPath(place.buffer)), int(self.manager.getLineNumber(place))


def _faulty(tree: Any) -> bool:
    return any(diagnostic.isError() for diagnostic in tree.diagnostics)


def verilog(value: ParameterValue) -> str:
    """Return a parameter's value as Verilog."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if value <= LARGEST_UNSIZED else f"{max(value.bit_length(), 32)}'d{value}"
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\{ord(char):03o}" for char in text) + '"'
