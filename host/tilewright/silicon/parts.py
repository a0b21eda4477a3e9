"""Parts: what a device has. The data are in parts.json, whose schema is :class:`Part`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any

from tilewright.errors import ParameterError


class Family(str, Enum):
    """Parts of one fabric: the same LUTs, DSPs, speed."""

    SERIES_7 = "7-series"
    ULTRASCALE_PLUS = "UltraScale+"


@dataclass(frozen=True)
class Part:
    """A device.

    Attributes:
        name: as in a part number, without package and speed grade.
        family: its fabric.
        boards: boards that have it.
        lut: LUTs of six inputs.
        ff: flip-flops.
        dsp: DSP48E1 or DSP48E2.
        block_ram: of 36 Kb.
        ultra_ram: of 288 Kb.
        source: the document that the numbers are from.
    """

    name: str
    family: Family
    boards: tuple[str, ...]
    lut: int
    ff: int
    dsp: int
    block_ram: int
    ultra_ram: int
    source: str

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Part:
        """Reads an entry of parts.json.

        Raises:
            ParameterError: a key is missing or unknown, or a value is of another kind.
        """
        name = str(entry.get("name", "a part without a name"))
        known = {field.name: str(field.type) for field in fields(cls)}
        if wrong := known.keys() ^ entry.keys():
            raise ParameterError(f"parts.json, {name}: {', '.join(sorted(wrong))} missing or unknown")
        for key, value in entry.items():
            right = {"int": _is_count, "str": _is_text, "Family": _is_family}.get(known[key], _are_names)
            if not right(value):
                raise ParameterError(f"parts.json, {name}: {key} {value!r} is no {known[key]}")
        return cls(**{**entry, "family": Family(entry["family"]), "boards": tuple(entry["boards"])})


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_family(value: object) -> bool:
    return value in [family.value for family in Family]


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


@cache
def all_parts() -> dict[str, Part]:
    """Every part by its name, in the order of the file."""
    text = files("tilewright.silicon").joinpath("parts.json").read_text(encoding="utf-8")
    return {part.name: part for part in map(Part.from_dict, json.loads(text)["parts"])}


def part_of(name: str) -> Part:
    """The part of a name.

    Raises:
        ParameterError: there is none; names those that there are.
    """
    if name not in all_parts():
        raise ParameterError(f"no part {name!r}; there are {', '.join(all_parts())}")
    return all_parts()[name]
