"""Write what RTL and Python agree on from its sources: register map, accelerator.rdl; program format, program.rdl.

python cores/registers/generate.py           writes Verilog headers, Python modules and pages
python cores/registers/generate.py --check   names those that differ from what would be written; exit status 1 if any
"""

import sys
from pathlib import Path
from typing import NamedTuple

import program_format
import register_map
from rdl_source import HERE, compile_source

ROOT = HERE.parent.parent
HOST = ROOT / "host" / "tilewright" / "hardware"
DOCS = ROOT / "docs"


class Output(NamedTuple):
    """A generated file: its source, its path, its text."""

    source: str
    path: Path
    text: str


def outputs() -> list[Output]:
    """Return every generated file."""
    registers, program = compile_source(register_map.SOURCE), compile_source(program_format.SOURCE)
    page = DOCS / "program_format.md"
    return [
        Output(register_map.SOURCE, HERE / "rtl" / "accelerator_registers.vh", register_map.verilog(registers)),
        Output(register_map.SOURCE, HOST / "registers.py", register_map.python(registers)),
        Output(register_map.SOURCE, DOCS / "registers.md", register_map.page(registers)),
        Output(program_format.SOURCE, HERE / "rtl" / "program_format.vh", program_format.verilog(program)),
        Output(program_format.SOURCE, HOST / "program_format.py", program_format.python(program)),
        Output(program_format.SOURCE, page, program_format.page(program, page.read_text(encoding="utf-8"))),
    ]


def main() -> int:
    """Write the files, or with --check name those that differ."""
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print(__doc__, file=sys.stderr)
        return 2
    differing = [
        output
        for output in outputs()
        if not output.path.exists() or output.path.read_text(encoding="utf-8") != output.text
    ]
    for source, path, text in differing:
        print(f"{path.relative_to(ROOT)} {f'differs from {source}: run `make registers`' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
