"""The DMA's registers and descriptors stand once in Python, once in Verilog, and in four lines of C++: they agree.

pynq's DMA class, whose numbers are its own, drives the hardware in tests/sim: an error in all of them would show there.
"""

import re
from pathlib import Path

import pytest

from tilewright.hardware import pg021
from tilewright.hardware.fields import Field

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "cores" / "axi_dma" / "rtl"
HEADER = (RTL / "pg021.vh").read_text(encoding="utf-8")
SIMULATION = (ROOT / "cores" / "soc" / "cpp" / "soc_sim.cpp").read_text(encoding="utf-8")
REGISTERS = ("DMACR", "DMASR", "CURDESC", "CURDESC_MSB", "TAILDESC", "TAILDESC_MSB", "ADDRESS", "ADDRESS_MSB", "LENGTH")


def verilog_constants(text: str) -> dict[str, int]:
    """The header's localparams; every one is of a form that is known here."""
    constants = {}
    for line in text.splitlines():
        if line.startswith("localparam"):
            found = re.fullmatch(r"localparam (?:\[\d+:0\] )?(\w+) += (?:\d+'h(?P<hex>\w+)|(?P<decimal>\d+));", line)
            assert found, line
            constants[found[1]] = int(found["hex"], 16) if found["hex"] else int(found["decimal"])
    return constants


def python_constants() -> dict[str, int]:
    """The same from Python: registers in words, descriptors' words in bytes, fields as bits."""
    constants = {name: getattr(pg021, name) // 4 for name in REGISTERS} | {"CHANNEL_WORDS": pg021.S2MM // 4}
    constants |= {name: value for name, value in vars(pg021).items() if name.startswith("DESCRIPTOR_")}
    for register in ("DMACR", "DMASR", "CONTROL", "STATUS"):
        fields: dict[str, Field] = getattr(pg021, f"{register}_FIELDS")
        for name, field in fields.items():
            place = f"{register}_{name.upper()}"
            if field.width == 1:
                constants[place] = field.low
            else:
                constants |= {f"{place}_LOW": field.low, f"{place}_HIGH": field.low + field.width - 1}
    return constants


def differences(text: str) -> dict[str, tuple[int, int | None]]:
    """Constants of the header that Python has otherwise or not at all."""
    known = python_constants()
    pairs = {name: (value, known.get(name)) for name, value in verilog_constants(text).items()}
    return {name: (value, other) for name, (value, other) in pairs.items() if value != other}


def test_verilog_and_python_agree() -> None:
    assert len(verilog_constants(HEADER)) > 40
    assert differences(HEADER) == {}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("TAILDESC_MSB  = 4'h5", "TAILDESC_MSB  = 4'h6", "TAILDESC_MSB"),
        ("DMASR_IDLE                 = 1;", "DMASR_IDLE                 = 2;", "DMASR_IDLE"),
        ("STATUS_CMPLT     = 31", "STATUS_CMPLT     = 30", "STATUS_CMPLT"),
    ],
)
def test_a_planted_difference_is_named(old: str, new: str, name: str) -> None:
    assert old in HEADER
    assert list(differences(HEADER.replace(old, new))) == [name]


def test_the_rtl_takes_them_from_the_header() -> None:
    by_hand = re.compile(r"wr_data\[\d|localparam[^;]*\b(DMA[CS]R|(CUR|TAIL)DESC(_MSB)?|CHANNEL_WORDS|COMPLETE) *=")
    for source in sorted(RTL.glob("*.v")):
        assert not by_hand.search(source.read_text(encoding="utf-8")), source
    for name in ("registers", "sg_registers", "sg_port", "sg_channel"):
        assert '`include "pg021.vh"' in (RTL / f"axi_dma_{name}.v").read_text(encoding="utf-8"), name


def test_the_simulation_agrees() -> None:
    found = dict(re.findall(r"\b(DMA_CHANNEL|DMACR|TAILDESC|TAILDESC_MSB|LENGTH|DMACR_RESET) = (\w+)[,;]", SIMULATION))
    assert {name: int(value, 0) for name, value in found.items()} == {
        "DMA_CHANNEL": pg021.S2MM,
        "DMACR": pg021.DMACR,
        "TAILDESC": pg021.TAILDESC,
        "TAILDESC_MSB": pg021.TAILDESC_MSB,
        "LENGTH": pg021.LENGTH,
        "DMACR_RESET": pg021.DMACR_RESET,
    }
