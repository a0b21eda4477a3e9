"""Write the Verilog header, the Python module and the documentation page of the register map from accelerator.rdl.

python cores/registers/generate.py           writes the three files
python cores/registers/generate.py --check   names those that differ from what would be written; exit status 1 if any
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, RegNode
from systemrdl.rdltypes import OnWriteType, UserEnum

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCE = HERE / "accelerator.rdl"
NOTICE = (
    "Generated from cores/registers/accelerator.rdl by cores/registers/generate.py (`make registers`): do not edit."
)


def compile_map() -> AddrmapNode:
    """Compile and elaborate accelerator.rdl. Raises systemrdl.RDLCompileError on a mistake in it."""
    compiler = RDLCompiler()
    compiler.compile_file(str(SOURCE))
    return compiler.elaborate().top


def registers(top: AddrmapNode) -> list[RegNode]:
    """Return the registers in the order of their addresses."""
    return list(top.registers())


def fields(register: RegNode) -> list[FieldNode]:
    """Return the fields of a register from bit 0 up."""
    return list(register.fields())


def is_counter(register: RegNode) -> bool:
    """Tell whether the register is a 64-bit counter."""
    return register.get_property("regwidth") == 64


def enumerations(top: AddrmapNode) -> list[type[UserEnum]]:
    """Return the enumerations that fields use, each once, in the order of their first use."""
    found: dict[str, type[UserEnum]] = {}
    for register in registers(top):
        for field in fields(register):
            encode = field.get_property("encode")
            if encode is not None:
                found.setdefault(encode.type_name, encode)
    return list(found.values())


def field_reset(field: FieldNode) -> int | None:
    """Return the reset value of a field that has a constant one."""
    reset = field.get_property("reset")
    return reset if isinstance(reset, int) else None


def description(node: AddrmapNode | RegNode | FieldNode) -> str:
    """Return the text that the map must have for the component. Raises ValueError when it has none."""
    text = node.get_property("desc")
    if not text:
        raise ValueError(f"accelerator.rdl: {node.get_path()} has no desc")
    return text


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
    lines = [f"// {NOTICE}", "", "// A module that includes this file uses only some of its constants."]
    lines += ["// verilator lint_off UNUSEDPARAM", "", "// Offsets of the registers; of a counter, its low word"]
    for register in registers(top):
        lines.append(f"localparam [11:0] REG_{register.inst_name} = 12'h{register.absolute_address:03X};")
    lines += ["", "// Values of the constant registers"]
    for register in registers(top):
        value = reset_value(register)
        if value is not None:
            lines.append(f"localparam [31:0] REG_{register.inst_name}_RESET = 32'h{value:08X};")
    for encode in enumerations(top):
        prefix, width = encode.type_name.split("_")[0].upper(), enum_width(encode)
        lines += ["", f"// {encode.type_name.replace('_', ' ').capitalize()}s"]
        lines += [f"localparam [{width - 1}:0] {prefix}_{m.name} = {width}'d{int(m.value)};" for m in encode]
    lines += ["", "// verilator lint_on UNUSEDPARAM", ""]
    return "\n".join(lines)


PYTHON_HEAD = '''"""Register map of the accelerator.

{notice}
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Field(NamedTuple):
    """A bit field of a register: position of its lowest bit and number of bits."""

    low: int
    width: int

    @property
    def mask(self) -> int:
        """Return the field's bits in the register's word."""
        return ((1 << self.width) - 1) << self.low

    def extract(self, word: int) -> int:
        """Return the field's value in a register's word."""
        return (word & self.mask) >> self.low

    def place(self, value: int) -> int:
        """Return a word with the field set to value, else zero. Raises ValueError when value does not fit."""
        if not 0 <= value < 1 << self.width:
            raise ValueError(f"{{value}} does not fit a field of {{self.width}} bits")
        return value << self.low

'''


def python_enumerations(top: AddrmapNode) -> Iterator[str]:
    """Yield the lines of the IntEnum classes and of the texts of the error codes."""
    for encode in enumerations(top):
        class_name = "".join(word.capitalize() for word in encode.type_name.split("_"))
        yield f"\nclass {class_name}(IntEnum):"
        yield f'    """{encode.type_name.replace("_", " ").capitalize()}s."""\n'
        yield from (f"    {member.name} = {int(member.value)}" for member in encode)
        yield ""
    for encode in enumerations(top):
        class_name = "".join(word.capitalize() for word in encode.type_name.split("_"))
        table = f"{encode.type_name.upper()}_DESCRIPTIONS"
        yield f"\n{table}: Final[dict[{class_name}, str]] = {{"
        yield from (f'    {class_name}.{member.name}: "{member.rdl_desc}",' for member in encode)
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
    return PYTHON_HEAD.format(notice=NOTICE) + "\n".join(lines)


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
            title = encode.type_name.replace("_", " ").capitalize() + "s"
            meaning += f" See [{title}](#{title.lower().replace(' ', '-')})."
        shown = "" if reset is None else f"0x{reset:X}"
        yield f"| {bits} | {field.inst_name} | {access(field)} | {shown} | {meaning} |"


def page(top: AddrmapNode) -> str:
    """Return the documentation page in Markdown."""
    lines = [f"<!-- {NOTICE} -->", "", "# Register map", "", description(top), ""]
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
    for encode in enumerations(top):
        lines += [
            "",
            f"## {encode.type_name.replace('_', ' ').capitalize()}s",
            "",
            "| Value | Name | Meaning |",
            "|---|---|---|",
        ]
        lines += [f"| {int(member.value)} | {member.name} | {member.rdl_desc} |" for member in encode]
    return "\n".join(lines) + "\n"


def outputs() -> dict[Path, str]:
    """Return the path and text of every generated file."""
    top = compile_map()
    return {
        HERE / "rtl" / "accelerator_registers.vh": verilog(top),
        ROOT / "host" / "tilewright" / "hardware" / "registers.py": python(top),
        ROOT / "docs" / "registers.md": page(top),
    }


def main() -> int:
    """Write the files, or with --check name those that differ."""
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print(__doc__, file=sys.stderr)
        return 2
    differing = [
        (path, text)
        for path, text in outputs().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in differing:
        print(
            f"{path.relative_to(ROOT)} {'differs from accelerator.rdl: run `make registers`' if check else 'written'}"
        )
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
