"""The parameters of a user's module: what the .hwh says, what the user says, and what the module has."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import Any

from tilewright.progress import print_line
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.sources import Module, Parameter

NAME = re.compile(r"[A-Za-z_][\w$]*", re.ASCII)
BINARY = re.compile(r"[01_]+")
VERILOG_NUMBER = re.compile(r"\d*'[sS]?([bodhBODH])([0-9a-fA-F_]+)")
BASES = {"b": 2, "o": 8, "d": 10, "h": 16}
TRUTH = {"true": 1, "false": 0}


def check_parameters(values: Any) -> None:
    """Raises TypeError for what are no parameters: values by name."""
    if not isinstance(values, dict):
        raise TypeError(f"parameters is {reprlib.repr(values)}, not an object")
    for name, value in values.items():
        if not NAME.fullmatch(name) or type(value) not in (int, float, str):
            raise TypeError(f"parameter {reprlib.repr(name)} is {reprlib.repr(value)}")


def settle(module: Module, of_hwh: Mapping[str, str], given: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return the values that differ from a module's defaults; what the .hwh changes is said on standard error.

    Args:
        module: with its defaults.
        of_hwh: parameters of the IP, of which those count that the module has, in any case.
        given: by the user, which win.

    Raises:
        ThirdPartyError: the module has no such parameter, or a value is not of its kind.
    """
    for name, value in given.items():
        if name not in module.parameters:
            known = ", ".join(module.parameters) or "none"
            raise ThirdPartyError(f"module '{module.name}' has no parameter {name}; it has {known}")
        if isinstance(value, str) != module.parameters[name].is_text:
            kind = "text" if module.parameters[name].is_text else "a number"
            raise ThirdPartyError(f"module '{module.name}': parameter {name} is {kind}, not {value!r}")
    values = dict(given)
    by_lower = {name.lower(): value for name, value in of_hwh.items()}
    for name, parameter in module.parameters.items():
        text = of_hwh.get(name, by_lower.get(name.lower()))
        if text is None or name in given:
            continue
        value = _value(text, parameter, module.name)
        if value != parameter.value:
            values[name] = value
            print_line(f"{module.name}: {name} is {value} as in the .hwh; the module's default is {parameter.value}")
    return values


def _value(text: str, parameter: Parameter, module: str) -> ParameterValue:
    bare = text.strip().strip('"')
    if parameter.is_text:
        return bare
    try:
        if isinstance(parameter.value, float):
            return float(bare)
        return _integer(bare, parameter.width, quoted=text.strip().startswith('"'))
    except ValueError:
        raise ThirdPartyError(
            f"module '{module}': parameter {parameter.name} is a number, and the .hwh says {text!r}: give its value "
            f"with --parameter {parameter.name}=VALUE"
        ) from None


def _integer(text: str, width: int, *, quoted: bool) -> int:
    """Return a number as Vivado writes it: decimal, 0x, of Verilog, true or false, or all bits of a vector."""
    if text.lower() in TRUTH:
        return TRUTH[text.lower()]
    found = VERILOG_NUMBER.fullmatch(text)
    if found:
        return int(found[2].replace("_", ""), BASES[found[1].lower()])
    is_vector = quoted or (len(text) > 1 and text[0] == "0") or (len(text) == width > 1 and text[0] == "1")
    return int(text, 2) if is_vector and BINARY.fullmatch(text) else int(text, 0)
