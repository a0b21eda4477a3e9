"""The register map has one source: the files made from it are up to date, and the RTL that repeats it agrees."""

import functools
import operator
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tilewright.hardware import registers

ROOT = Path(__file__).resolve().parents[2]
GENERATED = (
    "cores/registers/rtl/accelerator_registers.vh",
    "host/tilewright/hardware/registers.py",
    "docs/registers.md",
)


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "cores" / "registers" / "generate.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("cores/registers/accelerator.rdl", "cores/registers/generate.py", *GENERATED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_generated_files_are_up_to_date() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_source_is_found(checkout: Path) -> None:
    source = checkout / "cores" / "registers" / "accelerator.rdl"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("BEATS_OUT @ 0x138", "BEATS_OUT @ 0x148"), encoding="utf-8")
    done = check(checkout)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(GENERATED)


@pytest.mark.parametrize("name", GENERATED)
def test_an_edited_file_is_found(checkout: Path, name: str) -> None:
    (checkout / name).write_text((checkout / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = check(checkout)
    assert done.returncode == 1
    assert done.stdout.startswith(name)


def test_decoder_states_are_those_of_the_rtl() -> None:
    decoder = (ROOT / "cores" / "controller" / "rtl" / "decoder.v").read_text(encoding="utf-8")
    for state in registers.DecoderState:
        own = rf"localparam \[3:0\] {state.name}\s*=\s*(4'd{state.value}|DECODER_{state.name});"
        assert re.search(own, decoder) or f"DECODER_{state.name}" in decoder, state.name


def test_fields_of_a_register_do_not_overlap() -> None:
    names = [name for name in vars(registers) if name.startswith("REG_") and not name.endswith("_RESET")]
    assert len(names) == 32
    for register in names:
        prefix = register.removeprefix("REG_") + "_"
        others = tuple(f"{name.removeprefix('REG_')}_" for name in names if name.startswith(f"REG_{prefix}"))
        named = {k: v for k, v in vars(registers).items() if k.startswith(prefix) and not k.startswith(others)}
        fields = [v for v in named.values() if isinstance(v, registers.Field)]
        union = functools.reduce(operator.or_, (field.mask for field in fields), 0)
        assert sum(field.mask for field in fields) == union, register


def test_field_places_and_extracts() -> None:
    field = registers.STATUS_ENGINE_STATE
    assert field.extract(field.place(registers.EngineState.RUNS) | 0xFFFF0FFF) == registers.EngineState.RUNS
    with pytest.raises(ValueError, match="16 does not fit a field of 4 bits"):
        field.place(16)
