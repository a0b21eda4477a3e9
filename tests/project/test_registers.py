"""Register map and program format have one source each: what is made from them is up to date, and the RTL uses it."""

import functools
import operator
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilewright.hardware import program_format, registers
from tilewright.hardware.fields import BeatField, Field, Layout

ROOT = Path(__file__).resolve().parents[2]
REGISTER_FILES = (
    "cores/registers/rtl/accelerator_registers.vh",
    "host/tilewright/hardware/registers.py",
    "docs/registers.md",
)
FORMAT_FILES = (
    "cores/registers/rtl/program_format.vh",
    "host/tilewright/hardware/program_format.py",
    "docs/program_format.md",
)
GENERATED = REGISTER_FILES + FORMAT_FILES


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "cores" / "registers" / "generate.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def plant(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "cores" / "registers", tmp_path / "cores" / "registers")
    for name in GENERATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_generated_files_are_up_to_date() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "old", "new", "files"),
    [
        ("accelerator.rdl", "BEATS_OUT @ 0x138", "BEATS_OUT @ 0x148", REGISTER_FILES),
        ("program.rdl", "KERNEL_H[51:48]", "KERNEL_H[50:48]", FORMAT_FILES),
        ("program.rdl", "32'd3", "32'd4", FORMAT_FILES),
    ],
)
def test_a_changed_source_is_found(checkout: Path, source: str, old: str, new: str, files: tuple[str, ...]) -> None:
    plant(checkout / "cores" / "registers" / source, old, new)
    done = check(checkout)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(files)
    assert done.stdout.count(f"differs from {source}: run `make registers`") == len(files)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("cores/registers/rtl/accelerator_registers.vh", "12'h138", "12'h148"),
        ("host/tilewright/hardware/registers.py", "REG_BEATS_OUT: Final = 0x138", "REG_BEATS_OUT: Final = 0x148"),
        ("docs/registers.md", "| 0x138 |", "| 0x148 |"),
        ("cores/registers/rtl/program_format.vh", "CONV_POOL_HIGH = 18", "CONV_POOL_HIGH = 19"),
        ("host/tilewright/hardware/program_format.py", "0x52505754", "0x52505755"),
        ("docs/program_format.md", "| [21] | hold |", "| [20] | hold |"),
    ],
)
def test_an_edited_file_is_found(checkout: Path, name: str, old: str, new: str) -> None:
    plant(checkout / name, old, new)
    done = check(checkout)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [name]


def test_a_page_without_one_of_its_tables_is_refused(checkout: Path) -> None:
    plant(checkout / "docs" / "program_format.md", "<!-- program.rdl: LOAD -->\n", "")
    done = check(checkout)
    assert done.returncode == 1
    assert "program_format.md has the tables" in done.stderr


def test_decoder_states_are_those_of_the_rtl() -> None:
    decoder = (ROOT / "cores" / "controller" / "rtl" / "decoder.v").read_text(encoding="utf-8")
    for state in registers.DecoderState:
        own = rf"localparam \[3:0\] {state.name}\s*=\s*(4'd{state.value}|DECODER_{state.name});"
        assert re.search(own, decoder) or f"DECODER_{state.name}" in decoder, state.name


def test_fields_of_a_register_do_not_overlap() -> None:
    names = [name for name in vars(registers) if name.startswith("REG_") and not name.endswith("_RESET")]
    assert len(names) == 33
    for register in names:
        prefix = register.removeprefix("REG_") + "_"
        others = tuple(f"{name.removeprefix('REG_')}_" for name in names if name.startswith(f"REG_{prefix}"))
        named = {k: v for k, v in vars(registers).items() if k.startswith(prefix) and not k.startswith(others)}
        fields = [v for v in named.values() if isinstance(v, Field)]
        union = functools.reduce(operator.or_, (field.mask for field in fields), 0)
        assert sum(field.mask for field in fields) == union, register


def test_field_places_and_extracts() -> None:
    field = registers.STATUS_ENGINE_STATE
    assert field.extract(field.place(registers.EngineState.RUNS) | 0xFFFF0FFF) == registers.EngineState.RUNS
    with pytest.raises(ValueError, match="16 does not fit a field of 4 bits"):
        field.place(16)


def layouts() -> Iterator[Layout]:
    return (value for value in vars(program_format).values() if isinstance(value, Layout))


def test_fields_of_a_layout_do_not_overlap_and_lie_in_its_beats() -> None:
    assert len(list(layouts())) == 8
    for layout in layouts():
        used = [0] * layout.beats
        for name, place in layout.fields.items():
            assert not used[place.beat] & place.bits.mask, f"{layout.name}: {name}"
            used[place.beat] |= place.bits.mask
        assert all(0 < word < 1 << 64 for word in used), layout.name


def test_layouts_encode_and_decode() -> None:
    for layout in layouts():
        for extreme in (False, True):
            values = {name: extreme_value(place, extreme) for name, place in layout.fields.items()}
            beats = layout.encode(values)
            assert layout.decode(beats) == values
            assert layout.unnamed(beats) is None


def extreme_value(place: BeatField, most: bool) -> int:
    if not most:
        return 0 if not place.signed else -(place.bits.most + 1) // 2
    return place.bits.most // 2 if place.signed else place.bits.most


@pytest.mark.parametrize(("name", "value"), [("in_h", -1), ("in_h", 65536), ("origin_y", 32768), ("origin_y", -32769)])
def test_a_value_that_does_not_fit_names_its_field(name: str, value: int) -> None:
    values = dict.fromkeys(program_format.CONV.fields, 0) | {name: value}
    with pytest.raises(ValueError, match=f"CONV: {name} {value} does not fit a .*field of 16 bits"):
        program_format.CONV.encode(values)


def test_bits_without_a_name_are_found() -> None:
    beats = [0] * program_format.CONV.beats
    beats[6] = 1 << 26
    assert program_format.CONV.unnamed(beats) == 6


def test_the_rtl_takes_the_format_from_the_header() -> None:
    by_hand = re.compile(
        r"\bs_data\[\d|localparam[^;]*\b(OPCODE|MODE|FLAG)_\w+ *=|localparam[^;]*(MAGIC|FORMAT_VERSION) *="
    )
    for name in ("controller/rtl/decoder", "controller/rtl/sequencer", "accelerator/rtl/result_stream"):
        text = (ROOT / "cores" / f"{name}.v").read_text(encoding="utf-8")
        assert '`include "program_format.vh"' in text, name
    for source in sorted(ROOT.glob("cores/*/rtl/*.v")):
        assert not by_hand.search(source.read_text(encoding="utf-8")), source
