"""The files that a user's Verilog reads with $readmemh and $readmemb: found by their evaluated names, and built in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from tilewright.sim.guest.elaboration import Elaboration
from tilewright.sim.guest.errors import ThirdPartyError

READS = ("$readmemh", "$readmemb")
# In place of the C library's fopen within the simulated hardware: no folder matters as it runs.
SOURCE = """\
// Generated: the files that the user's Verilog reads with $readmemh and $readmemb, by the names that it calls them.
#include <cstdio>
#include <cstring>

#define FILE_CONTENTS(symbol, path) \\
    __asm__(".pushsection .rodata\\n" #symbol ":\\n.incbin \\"" path "\\"\\n" \\
            #symbol "_end:\\n.byte 0\\n.popsection\\n"); \\
    extern "C" __attribute__((visibility("hidden"))) const char symbol[], symbol##_end[];

{contents}

static const struct {{ const char *name, *begin, *end; }} FILES[] = {{
{table}
}};

extern "C" FILE *fopen(const char *name, const char *mode) {{
    for (const auto &file : FILES) {{
        if (*mode == 'r' && std::strcmp(name, file.name) == 0) {{
            return fmemopen(const_cast<char *>(file.begin), static_cast<size_t>(file.end - file.begin), "r");
        }}
    }}
    return fopen64(name, mode);
}}
"""


def memory_files(elaboration: Elaboration, root: Any, folders: Sequence[str]) -> dict[str, Path]:
    """Return the files that modules read into memories, by the names that they call them.

    Args:
        elaboration: of the sources.
        root: slang's, with the modules as top instances.
        folders: where files are looked for, after the folder of the file that reads them.

    Raises:
        ThirdPartyError: a file is missing, its name is not constant, or one name means two files; says where.
    """
    from pyslang.ast import CallExpression, ConditionalStatement, EvalContext, VisitAction

    found: dict[str, Path] = {}

    def visit(node: Any) -> Any:
        if isinstance(node, ConditionalStatement):
            values = [condition.expr.eval(EvalContext(root)) for condition in node.conditions]
            if all(value.value is not None for value in values):
                taken = node.ifTrue if all(value.isTrue() for value in values) else node.ifFalse
                if taken is not None:
                    taken.visit(visit)
                return VisitAction.Skip
        if isinstance(node, CallExpression) and node.isSystemCall and node.subroutineName in READS:
            name = node.arguments[0].eval(EvalContext(root))
            _add(found, elaboration, node, None if name.value is None else _text(name), folders)
        return VisitAction.Advance

    for instance in root.topInstances:
        instance.visit(visit)
    return found


def _text(value: Any) -> str:
    return value.value if isinstance(value.value, str) else str(value.convertToStr().value)


def _add(found: dict[str, Path], elaboration: Elaboration, call: Any, name: str | None, folders: Sequence[str]) -> None:
    source, line = elaboration.place(call.sourceRange.start)
    where = f"{source}:{line}: {call.subroutineName}"
    if name is None:
        raise ThirdPartyError(f"{where}: the name of its file is not constant, which is not simulated")
    places = list(dict.fromkeys([str(source.parent), *folders]))
    path = next((path for place in places if (path := Path(place) / name).is_file()), None)
    if path is None:
        reason = f"there is no such file in {', '.join(places)}: name its folder with --include"
        if PureWindowsPath(name).is_absolute() or Path(name).is_absolute():
            reason = "there is no such file here: write its name alone, or give the parameter that holds it"
        raise ThirdPartyError(f"{where} reads '{name}', and {reason}")
    if found.setdefault(name, path.resolve()) != path.resolve():
        raise ThirdPartyError(f"{where}: '{name}' is {found[name]} for one module and {path} for another: rename one")


def write_memory_files(files: Mapping[str, Path], folder: Path) -> str:
    """Write C++ that holds the files' contents; return its name.

    Args:
        files: by the names that the Verilog calls them.
        folder: to write to, absolute; its path is for compilers.
    """
    contents, table = [], []
    for index, (name, path) in enumerate(files.items()):
        copy = folder / f"memory_{index}.data"
        copy.write_bytes(path.read_bytes())
        symbol = f"tilewright_memory_{index}"
        contents.append(f'FILE_CONTENTS({symbol}, "{copy}")')
        octal = "".join(f"\\{byte:03o}" for byte in name.encode())
        table.append(f'    {{"{octal}", {symbol}, {symbol}_end}},')
    (folder / "memory_files.cpp").write_text(SOURCE.format(contents="\n".join(contents), table="\n".join(table)))
    return "memory_files.cpp"
