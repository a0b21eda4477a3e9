"""The files made from accelerator.rdl: Verilog header, Python module and page of the register map."""

from collections.abc import Iterator

from systemrdl.node import AddrmapNode, FieldNode, RegNode
from systemrdl.rdltypes import OnWriteType, UserEnum

from rdl_source import (
    class_name,
    description,
    enum_title,
    enumerations,
    field_reset,
    fields,
    notice,
    python_enumeration,
    registers,
    verilog_enumeration,
)

SOURCE = "accelerator.rdl"


def is_counter(register: RegNode) -> bool:
    """Tell whether the register is a 64-bit counter."""
    return register.get_property("regwidth") == 64


def reset_value(register: RegNode) -> int | None:
    """Return the value of a register whose fields are all constants, else None."""
    value = 0
    for field in fields(register):
        reset = field_reset(field)
        if reset is None or field.is_hw_writable or field.is_sw_writable:
            return None
        value |= reset << field.low
    return value


def enum_width(encode: type[UserEnum]) -> int:
    """Return the bits that an enumeration's RTL constants take: 8 for error codes, else as few as possible."""
    return 8 if encode.type_name == "error_code" else max(int(member.value) for member in encode).bit_length()


def verilog(top: AddrmapNode) -> str:
    """Return the Verilog header: localparams only, to be included inside a module."""
    lines = [f"// {notice(SOURCE)}", "", "// A module that includes this file uses only some of its constants."]
    lines += ["// verilator lint_off UNUSEDPARAM", "", "// Offsets of the registers; of a counter, its low word"]
    for register in registers(top):
        lines.append(f"localparam [11:0] REG_{register.inst_name} = 12'h{register.absolute_address:03X};")
    lines += ["", "// Values of the constant registers"]
    for register in registers(top):
        value = reset_value(register)
        if value is not None:
            lines.append(f"localparam [31:0] REG_{register.inst_name}_RESET = 32'h{value:08X};")
    for encode in enumerations(registers(top)):
        lines += verilog_enumeration(encode, enum_width(encode))
    lines += ["", "// verilator lint_on UNUSEDPARAM", ""]
    return "\n".join(lines)


PYTHON_HEAD = '''"""Register map of the accelerator.

{notice}
"""

from enum import IntEnum
from typing import Final

from tilewright.hardware.fields import Field

'''


def python_enumerations(top: AddrmapNode) -> Iterator[str]:
    """Yield the lines of the IntEnum classes and of the texts of the error codes."""
    encodes = enumerations(registers(top))
    for encode in encodes:
        yield from python_enumeration(encode)
    for encode in encodes:
        yield f"\n{encode.type_name.upper()}_DESCRIPTIONS: Final[dict[{class_name(encode)}, str]] = {{"
        yield from (f'    {class_name(encode)}.{member.name}: "{member.rdl_desc}",' for member in encode)
        yield "}"


def python(top: AddrmapNode) -> str:
    """Return the Python module: offsets, constant values, bit fields, enumerations, counters."""
    lines = [*python_enumerations(top), "", "# Offsets in bytes; of a counter, its low word"]
    lines += [f"REG_{register.inst_name}: Final = 0x{register.absolute_address:03X}" for register in registers(top)]
    lines += ["", "# Values of the constant registers"]
    for register in registers(top):
        value = reset_value(register)
        if value is not None:
            lines.append(f"REG_{register.inst_name}_RESET: Final = 0x{value:08X}")
    lines += ["", "# Bit fields, named REGISTER_FIELD"]
    for register in registers(top):
        if not is_counter(register):
            lines += [
                f"{register.inst_name}_{field.inst_name}: Final = Field(low={field.low}, width={field.width})"
                for field in fields(register)
            ]
    lines += ["", "# 64-bit counters by name: read the low word first, it keeps the high word (offset + 4)"]
    lines.append("COUNTERS: Final[dict[str, int]] = {")
    lines += [
        f'    "{register.inst_name}": REG_{register.inst_name},' for register in registers(top) if is_counter(register)
    ]
    lines += ["}", ""]
    return PYTHON_HEAD.format(notice=notice(SOURCE)) + "\n".join(lines)


def access(field: FieldNode) -> str:
    """Return a field's software access in the words of the page."""
    if field.get_property("onwrite") == OnWriteType.woclr:
        return "read, write 1 to clear"
    if field.get_property("singlepulse"):
        return "write 1, reads 0"
    return "read, write" if field.is_sw_writable else "read"


def page_register(register: RegNode) -> Iterator[str]:
    """Yield the lines of one register's section, fields included."""
    yield from (
        "",
        f"### {register.inst_name} (0x{register.absolute_address:03X})",
        "",
        description(register),
        "",
    )
    yield from ("| Bits | Field | Access | Reset | Meaning |", "|---|---|---|---|---|")
    for field in fields(register):
        bits = f"{field.high}:{field.low}" if field.width > 1 else str(field.low)
        reset = field_reset(field)
        encode = field.get_property("encode")
        meaning = description(field)
        if encode is not None:
            title = enum_title(encode)
            meaning += f" See [{title}](#{title.lower().replace(' ', '-')})."
        shown = "" if reset is None else f"0x{reset:X}"
        yield f"| {bits} | {field.inst_name} | {access(field)} | {shown} | {meaning} |"


def page(top: AddrmapNode) -> str:
    """Return the documentation page in Markdown."""
    lines = [f"<!-- {notice(SOURCE)} -->", "", "# Register map", "", description(top), ""]
    lines += ["| Offset | Register | Meaning |", "|---|---|---|"]
    for register in registers(top):
        anchor = (
            "counters" if is_counter(register) else f"{register.inst_name.lower()}-0x{register.absolute_address:03x}"
        )
        lines.append(
            f"| 0x{register.absolute_address:03X} | [{register.inst_name}](#{anchor}) | {description(register)} |"
        )
    lines += ["", "## Registers"]
    for register in registers(top):
        if not is_counter(register):
            lines += page_register(register)
    lines += [
        "",
        "## Counters",
        "",
        "64 bits each, low word at the offset above, high word 4 bytes after it. Reading the low word",
    ]
    lines += ["keeps the high word for the next read. BEGIN sets all to zero; they stop after the trailer."]
    for encode in enumerations(registers(top)):
        lines += [
            "",
            f"## {enum_title(encode)}",
            "",
            "| Value | Name | Meaning |",
            "|---|---|---|",
        ]
        lines += [f"| {int(member.value)} | {member.name} | {member.rdl_desc} |" for member in encode]
    return "\n".join(lines) + "\n"
