"""What is common to the files made from a SystemRDL source: reading it, enumerations, the page's tables."""

from collections.abc import Iterator
from pathlib import Path

from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, Node, RegfileNode, RegNode
from systemrdl.rdltypes import UserEnum

HERE = Path(__file__).resolve().parent


def notice(source: str) -> str:
    """Return what every generated file says at its top."""
    return f"Generated from cores/registers/{source} by cores/registers/generate.py (`make registers`): do not edit."


def compile_source(name: str) -> AddrmapNode:
    """Compile and elaborate a source of this folder. Raises systemrdl.RDLCompileError on a mistake in it."""
    compiler = RDLCompiler()
    compiler.compile_file(str(HERE / name))
    return compiler.elaborate().top


def registers(top: AddrmapNode | RegfileNode) -> list[RegNode]:
    """Return the registers in the order of their addresses."""
    return list(top.registers())


def fields(register: RegNode) -> list[FieldNode]:
    """Return the fields of a register from bit 0 up."""
    return list(register.fields())


def enumerations(registers: list[RegNode]) -> list[type[UserEnum]]:
    """Return the enumerations that fields of registers use, each once, in the order of their first use."""
    found: dict[str, type[UserEnum]] = {}
    for register in registers:
        for field in fields(register):
            encode = field.get_property("encode")
            if encode is not None:
                found.setdefault(encode.type_name, encode)
    return list(found.values())


def field_reset(field: FieldNode) -> int | None:
    """Return the reset value of a field that has a constant one."""
    reset = field.get_property("reset")
    return reset if isinstance(reset, int) else None


def description(node: Node) -> str:
    """Return the text that a source must have for the component. Raises ValueError when it has none."""
    text: str | None = node.get_property("desc")
    if not text:
        raise ValueError(f"{node.get_path()} has no desc")
    return text


def enum_title(encode: type[UserEnum]) -> str:
    """Return an enumeration's heading: its name in the plural."""
    return f"{encode.type_name.replace('_', ' ').capitalize()}s"


def class_name(encode: type[UserEnum]) -> str:
    """Return the name of an enumeration's Python class."""
    return "".join(word.capitalize() for word in encode.type_name.split("_"))


def verilog_enumeration(encode: type[UserEnum], width: int) -> Iterator[str]:
    """Yield the lines of an enumeration's constants, named by the first word of its name."""
    prefix = encode.type_name.split("_")[0].upper()
    yield from ("", f"// {enum_title(encode)}")
    yield from (f"localparam [{width - 1}:0] {prefix}_{m.name} = {width}'d{int(m.value)};" for m in encode)


def python_enumeration(encode: type[UserEnum], base: int = 10) -> Iterator[str]:
    """Yield the lines of an enumeration's IntEnum class, its values in decimal, or as bytes in base 16."""
    yield f"\nclass {class_name(encode)}(IntEnum):"
    yield f'    """{enum_title(encode)}."""\n'
    yield from (f"    {m.name} = {int(m.value) if base == 10 else f'0x{int(m.value):02X}'}" for m in encode)
    yield ""
