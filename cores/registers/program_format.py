"""The files made from program.rdl: Verilog header, Python module and the tables in the page of the program format."""

import re
from collections.abc import Iterator

from systemrdl.node import AddrmapNode, FieldNode, RegfileNode, RegNode
from systemrdl.rdltypes import UserEnum

from rdl_source import (
    description,
    enumerations,
    field_reset,
    fields,
    notice,
    python_enumeration,
    registers,
    verilog_enumeration,
)

SOURCE = "program.rdl"
WORD = (1 << 64) - 1
# A table of the page: what it shows stands in the marker before it.
TABLE = re.compile(r"(?P<begin><!-- program\.rdl: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->\n)", re.DOTALL)


def layouts(top: AddrmapNode) -> list[RegfileNode]:
    """Return what headers, payloads and the trailer are made of."""
    return [child for child in top.children() if isinstance(child, RegfileNode)]


def placed_fields(layout: RegfileNode) -> Iterator[tuple[int, FieldNode]]:
    """Yield a layout's fields with their beats, in order."""
    for beat, register in enumerate(registers(layout)):
        yield from ((beat, field) for field in fields(register))


def all_enumerations(top: AddrmapNode) -> list[type[UserEnum]]:
    """Return the enumerations of all layouts."""
    return enumerations([register for layout in layouts(top) for register in registers(layout)])


def enum_width(top: AddrmapNode, encode: type[UserEnum]) -> int:
    """Return the bits of the field that an enumeration's values stand in."""
    places = (field for layout in layouts(top) for _, field in placed_fields(layout))
    return next(field.width for field in places if field.get_property("encode") is encode)


def reserved(register: RegNode) -> int:
    """Return the bits of a beat that no field names."""
    return WORD & ~sum(((1 << field.width) - 1) << field.low for field in fields(register))


def verilog(top: AddrmapNode) -> str:
    """Return the Verilog header: localparams only, to be included inside a module."""
    lines = [f"// {notice(SOURCE)}", "", "// A module that includes this file uses only some of its constants."]
    lines += ["// verilator lint_off UNUSEDPARAM"]
    for encode in all_enumerations(top):
        lines += verilog_enumeration(encode, enum_width(top, encode))
    for layout in layouts(top):
        name = layout.inst_name
        lines += [
            "",
            f"// {name}: beats, reserved bits of beats, values of constant fields, positions of fields",
        ]
        lines.append(f"localparam {name}_BEATS = {len(registers(layout))};")
        for beat, register in enumerate(registers(layout)):
            if reserved(register):
                lines.append(f"localparam [63:0] {name}_{beat}_RESERVED = 64'h{reserved(register):016X};")
        for _, field in placed_fields(layout):
            value = field_reset(field)
            if value is not None:
                lines.append(f"localparam [{field.width - 1}:0] {name}_{field.inst_name} = {field.width}'h{value:X};")
        for beat, field in placed_fields(layout):
            place = f"{name}_{field.inst_name}"
            lines.append(f"localparam {place}_BEAT = {beat}, {place}_HIGH = {field.high}, {place}_LOW = {field.low};")
    lines += ["", "// verilator lint_on UNUSEDPARAM", ""]
    return "\n".join(lines)


PYTHON_HEAD = '''"""The program format: opcodes, modes, and where the fields of commands and of the trailer lie.

{notice}
"""

from enum import IntEnum
from typing import Final

from tilewright.hardware.fields import BeatField, Field, Layout

'''


def python_layout(layout: RegfileNode) -> Iterator[str]:
    """Yield the lines of a layout: its constant values, then its fields."""
    name = layout.inst_name
    yield ""
    for _, field in placed_fields(layout):
        value = field_reset(field)
        if value is not None:
            yield f"{name}_{field.inst_name}: Final = 0x{value:X}"
    yield f"{name}: Final = Layout("
    yield f'    "{name}",'
    yield f"    beats={len(registers(layout))},"
    yield "    fields={"
    for beat, field in placed_fields(layout):
        more = ", signed=True" if field.get_property("twos_complement", default=False) else ""
        if field_reset(field) is not None:
            more += f", constant={name}_{field.inst_name}"
        bits = f"Field(low={field.low}, width={field.width})"
        yield f'        "{field.inst_name.lower()}": BeatField({beat}, {bits}{more}),'
    yield "    },"
    yield ")"


def python(top: AddrmapNode) -> str:
    """Return the Python module: enumerations and layouts."""
    lines = [line for encode in all_enumerations(top) for line in python_enumeration(encode, base=16)]
    for layout in layouts(top):
        lines += python_layout(layout)
    return PYTHON_HEAD.format(notice=notice(SOURCE)) + "\n".join(lines) + "\n"


def bit_range(field: FieldNode) -> str:
    """Return a field's bits as the page writes them."""
    return f"[{field.high}:{field.low}]" if field.width > 1 else f"[{field.low}]"


def field_table(layout: RegfileNode) -> Iterator[str]:
    """Yield the lines of a table with a row for each field."""
    yield from ("| beat | bits | name | meaning |", "|---|---|---|---|")
    last = None
    for beat, field in placed_fields(layout):
        value = field_reset(field)
        constant = "" if value is None else f"0x{value:X}: " if value > 9 else f"{value}: "
        shown = "" if beat == last else str(beat)
        yield f"| {shown} | {bit_range(field)} | {field.inst_name.lower()} | {constant}{description(field)} |"
        last = beat


def beat_table(layout: RegfileNode) -> Iterator[str]:
    """Yield the lines of a table with a row for each beat and a column for each range of bits that has a field."""
    ranges = dict.fromkeys(bit_range(field) for _, field in placed_fields(layout))
    yield f"| beat | {' | '.join(ranges)} |"
    yield "|---" * (len(ranges) + 1) + "|"
    for beat, register in enumerate(registers(layout)):
        named = {bit_range(field): field.inst_name.lower() for field in fields(register)}
        yield f"| {beat} | {' | '.join(named.get(bits, '0') for bits in ranges)} |"


def enum_table(top: AddrmapNode, encode: type[UserEnum]) -> Iterator[str]:
    """Yield the lines of a table of an enumeration's values."""
    digits = enum_width(top, encode) // 4
    yield from (f"| {encode.type_name} | name | meaning |", "|---|---|---|")
    for member in encode:
        value = f"0x{int(member.value):0{digits}X}" if digits else f"{int(member.value)}"
        yield f"| {value} | {member.name} | {member.rdl_desc} |"


def page(top: AddrmapNode, text: str) -> str:
    """Return the page with its tables made anew.

    Args:
        top: the program format.
        text: the page as it is.

    Raises:
        ValueError: the page lacks a table, or has one of something that does not exist.
    """
    tables = {encode.type_name: list(enum_table(top, encode)) for encode in all_enumerations(top)}
    for layout in layouts(top):
        described = all(field.get_property("desc") for _, field in placed_fields(layout))
        tables[layout.inst_name] = list(field_table(layout) if described else beat_table(layout))
    found = [match["name"] for match in TABLE.finditer(text)]
    if sorted(found) != sorted(tables):
        raise ValueError(f"program_format.md has the tables {sorted(found)}, program.rdl describes {sorted(tables)}")
    return TABLE.sub(lambda match: match["begin"] + "\n".join([*tables[match["name"]], match["end"]]), text)
