"""What is known of vendor IPs: their pins, interfaces, parameters and segments, with sources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Pin:
    """A pin.

    Attributes:
        name: of it.
        dir: I or O.
        kind: clk, rst, intr, data.
        width: bits, a parameter's name, or "net", as wide as what is connected.
        active: high or low, of a reset.
        clock: the clock pin that a reset is synchronous to.
        optional: whether it may be open.
        sensitivity: of an interrupt.
    """

    name: str
    dir: str
    kind: str
    width: str = "1"
    active: str = ""
    clock: str | None = None
    optional: bool = False
    sensitivity: str = ""


@dataclass(frozen=True)
class Interface:
    """An interface; data is bits, "any" or a parameter's name, clock its clock pin."""

    name: str
    mode: str
    type: str
    clock: str
    data: str
    optional: bool = False


@dataclass(frozen=True)
class Segment:
    """A segment behind an interface; base is None where any address will do."""

    name: str
    interface: str
    base: int | None
    bytes: int


@dataclass(frozen=True)
class Space:
    """An address space of a master; windows are the addresses that reach it, all where there are none."""

    name: str
    interface: str
    width: str
    windows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Ip:
    """An IP as an instance with certain parameters has it."""

    pins: dict[str, Pin]
    interfaces: dict[str, Interface]
    segments: dict[str, Segment]
    spaces: tuple[Space, ...]
    defaults: dict[str, str] = field(default_factory=dict)

    def value(self, text: str, parameters: Mapping[str, str]) -> str:
        """A width: itself, or what the parameter of its name has."""
        return parameters.get(text, self.defaults.get(text, text))


class VendorIps:
    """The table of vendor IPs, vendor_ips.json."""

    def __init__(self) -> None:
        self.table: dict[str, Any] = json.loads((FOLDER / "vendor_ips.json").read_text(encoding="utf-8"))
        names = json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
        self._settings = {kind: set(" ".join(names[kind]).split()) for kind in ("ps7", "psu")}

    def version(self, ip: str) -> str | None:
        """The version of an IP (its name alone), None of an unknown one."""
        found: str | None = self.table["ips"].get(ip, {}).get("version")
        return found

    def preset(self, board_part: str) -> dict[str, Any] | None:
        """What a board file sets, None for a board without one here."""
        found: dict[str, Any] | None = self.table["presets"].get(":".join(board_part.split(":")[:2]))
        return found

    def wrong_parameter(self, ip: str, name: str, value: str) -> str:
        """What is wrong with a parameter, "" where nothing is."""
        entry = self.table["ips"][ip]
        if name in entry["parameters"]:
            legal = entry["parameters"][name]["legal"]
            return "" if _is_legal(value, legal) else f"{name} is {value!r}, legal are {legal}"
        if name in self._settings.get(entry.get("settings", ""), ()):
            return ""
        return f"{ip} has no parameter {name}"

    def defaults(self, ip: str) -> dict[str, str]:
        """Defaults of parameters."""
        return {name: each["default"] for name, each in self.table["ips"][ip]["parameters"].items()}

    def instance(self, ip: str, parameters: Mapping[str, str]) -> Ip:
        """What an instance of an IP has."""
        entry = self.table["ips"][ip]
        values = {**self.defaults(ip), **parameters}
        pins = [Pin(**_only(each, Pin)) for each in _expand(entry["pins"], values)]
        interfaces = [Interface(**_only(each, Interface)) for each in _expand(entry["interfaces"], values)]
        segments = [Segment(**_only(each, Segment)) for each in _expand(entry["segments"], values)]
        spaces = []
        for each in _expand(entry["spaces"], values):
            if each["interface"] not in {interface.name for interface in interfaces}:
                continue
            windows = each.get("windows", [])
            if "index" in each:
                windows = [windows[each["index"]]]
            spaces.append(Space(each["name"], each["interface"], each["width"], tuple((a, b) for a, b in windows)))
        return Ip(_named(pins), _named(interfaces), _named(segments), tuple(spaces), self.defaults(ip))


def _named(entries: list[Any]) -> dict[str, Any]:
    return {each.name: each for each in entries}


def _only(entry: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name in kind.__dataclass_fields__}


def _expand(entries: list[dict[str, Any]], values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Entries with a count become so many, with their number in their texts; those whose condition fails go."""
    for entry in entries:
        count = entry.get("count")
        if count is None:
            found = [entry]
        else:
            most = count if isinstance(count, int) else int(values[count])
            found = [_numbered(entry, index) for index in range(entry.get("first", 0), most)]
        for each in found:
            if all(values.get(name) == value for name, value in each.get("when", {}).items()):
                yield each


def _numbered(value: Any, index: int) -> Any:
    if isinstance(value, str):
        return value.format(index, index) if "{" in value else value
    if isinstance(value, dict):
        return {
            **{_numbered(key, index): _numbered(each, index) for key, each in value.items()},
            **({"index": index} if "windows" in value else {}),
        }
    return value


def _is_legal(value: str, legal: Any) -> bool:
    if legal == "any":
        return True
    if isinstance(legal, list):
        return value in map(str, legal)
    least, most = legal.split("..")
    try:
        return float(least) <= float(value) <= float(most)
    except ValueError:
        return False
