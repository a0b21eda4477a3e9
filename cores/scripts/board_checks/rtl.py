"""The packaged accelerator: its pins and interfaces are the RTL's, as pyslang elaborates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from board_checks.tcl_process import TclError
from board_checks.vendor import Interface, Ip, Pin, Segment

TYPES = {"s_axil": ("SLAVE", "aximm"), "s_axis": ("SLAVE", "axis"), "m_axis": ("MASTER", "axis")}


@dataclass(frozen=True)
class Module:
    """The accelerator's ports (name, whether an input, bits) and the defaults of its parameters."""

    ports: tuple[tuple[str, bool, int], ...]
    parameters: dict[str, str]


@cache
def module_of(sources: tuple[Path, ...], folders: tuple[Path, ...], values: tuple[tuple[str, str], ...] = ()) -> Module:
    """Ports and parameters of the accelerator with parameters.

    Raises:
        TclError: it is not among the sources, or cannot be built with the parameters.
    """
    from pyslang.ast import ArgumentDirection, SymbolKind

    own = tuple(path for path in sources if path.stem == "accelerator")
    if not own:
        raise TclError("accelerator.v was not packaged")
    body, refused = _elaborated(own, folders, values)
    if refused:
        raise TclError(", ".join(sorted(refused)))
    ports = tuple((p.name, p.direction == ArgumentDirection.In, int(p.type.bitWidth)) for p in body.portList)
    known = [each for each in body.parameters if each.kind == SymbolKind.Parameter and not each.isLocalParam]
    return Module(ports, {each.name: str(each.value) for each in known})


@cache
def generated(sources: tuple[Path, ...], folders: tuple[Path, ...]) -> set[Path]:
    """The files whose modules an accelerator with default parameters has."""
    names = {"accelerator"}
    body, _ = _elaborated(sources, folders, ())

    def visit(each: Any) -> Any:
        if type(each).__name__ == "InstanceSymbol":
            names.add(each.definition.name)
        return _into(each)

    body.visit(visit)
    return {path for path in sources if path.stem in names}


def _elaborated(
    sources: tuple[Path, ...], folders: tuple[Path, ...], values: tuple[tuple[str, str], ...]
) -> tuple[Any, set[str]]:
    """slang's body of the accelerator, and the modules ERROR_* that a parameter out of range asks for.

    Vendors' primitives are no error.
    """
    from pyslang import Bag, SourceManager
    from pyslang.ast import Compilation, CompilationFlags, CompilationOptions
    from pyslang.parsing import PreprocessorOptions
    from pyslang.syntax import SyntaxTree

    manager, preprocessor, options = SourceManager(), PreprocessorOptions(), CompilationOptions()
    preprocessor.additionalIncludePaths = list(folders)
    tree = SyntaxTree.fromFiles([str(path) for path in sources], manager, Bag([preprocessor]))
    options.topModules = {"accelerator"}
    options.paramOverrides = [f"{name}={int(value, 0)}" for name, value in values]
    options.flags |= CompilationFlags.IgnoreUnknownModules | CompilationFlags.AllowUseBeforeDeclare
    compilation = Compilation(Bag([options]))
    compilation.addSyntaxTree(tree)
    body = next(each.body for each in compilation.getRoot().topInstances if each.name == "accelerator")
    refused: set[str] = set()

    def visit(each: Any) -> Any:
        name = str(getattr(each, "definitionName", ""))
        if name.startswith("ERROR_"):
            refused.add(name)
        return _into(each)

    body.visit(visit)
    return body, refused


def _into(symbol: Any) -> Any:
    """Whether to look into a symbol: not into a branch that is not generated."""
    from pyslang.ast import VisitAction

    return VisitAction.Skip if getattr(symbol, "isUninstantiated", False) else VisitAction.Advance


def packaged(
    sources: Sequence[Path],
    folders: Sequence[Path],
    values: Mapping[str, str],
    interfaces: Mapping[str, Mapping[str, str]],
) -> Ip:
    """The accelerator as Vivado would package it.

    Args:
        sources: Verilog that came along.
        folders: of what it includes.
        values: parameters of the instance.
        interfaces: of the package, with the parameters that the Tcl gave them.
    """
    module = module_of(tuple(sources), tuple(folders), tuple(sorted(values.items())))
    clock = interfaces.get("aclk", {})
    buses = clock.get("ASSOCIATED_BUSIF", "").split(":")
    resets = clock.get("ASSOCIATED_RESET", "").split(":")
    pins, found, rest = {}, {}, [name for name, _, _ in module.ports]
    for name, (mode, kind) in TYPES.items():
        own = {port: bits for port, _, bits in module.ports if port.startswith(f"{name}_") and "resetn" not in port}
        width = next(bits for port, bits in own.items() if port.endswith("data"))
        found[name] = Interface(name, mode, kind, "aclk" if name in buses else "", str(width))
        rest = [each for each in rest if each not in own]
    for name, is_input, bits in module.ports:
        if name in rest:
            pins[name] = _pin(name, "I" if is_input else "O", bits, resets, interfaces)
    return Ip(pins, found, {"s_axil/reg0": Segment("s_axil/reg0", "s_axil", None, 4096)}, ())


def _pin(name: str, direction: str, width: int, resets: list[str], interfaces: Mapping[str, Mapping[str, str]]) -> Pin:
    if name == "aclk":
        return Pin(name, direction, "clk")
    if name.endswith("resetn"):
        active = {"ACTIVE_LOW": "low", "ACTIVE_HIGH": "high"}.get(interfaces.get(name, {}).get("POLARITY", ""), "")
        return Pin(name, direction, "rst", active=active, clock="aclk" if name in resets else None)
    kind = "intr" if name in interfaces else "data"
    return Pin(name, direction, kind, str(width), sensitivity=interfaces.get(name, {}).get("SENSITIVITY", ""))
