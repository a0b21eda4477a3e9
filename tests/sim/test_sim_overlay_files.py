""".bit and .hwh of the simulated device, read by the installed pynq."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pynq.pl_server.embedded_device import parse_bit_header

from tilewright.cli.simulate import _is_simulated
from tilewright.errors import ParameterError
from tilewright.hardware import registers
from tilewright.sim import OverlayFileError, SimDevice, SocParameters, ThirdPartyError
from tilewright.sim.guest.block_design import read_block_design
from tilewright.sim.hardware import OwnHardware
from tilewright.sim.metadata import SIGNATURE, hardware_of, payload_contents, read_overlay, write_overlay
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE

PARAMETERS = SocParameters(n=16, acc_depth=512)


@pytest.fixture
def bit(tmp_path: Path) -> Path:
    return write_overlay(PARAMETERS, tmp_path)


def test_parameters_come_back(bit: Path) -> None:
    assert read_overlay(bit) == OwnHardware(PARAMETERS)
    assert parse_bit_header(bit.read_bytes())["design"].startswith("tilewright_sim")


def test_ip_dict(bit: Path) -> None:
    parser = SimDevice(seed=1).get_bitfile_metadata(str(bit))
    assert set(parser.ip_dict) >= {"axi_dma_0", "accelerator_0"}
    dma, accelerator = parser.ip_dict["axi_dma_0"], parser.ip_dict["accelerator_0"]
    assert (dma["type"], dma["phys_addr"]) == ("xilinx.com:ip:axi_dma:7.1", ZYNQ_ULTRASCALE.dma_base)
    assert (accelerator["type"], accelerator["phys_addr"]) == (
        "tilewright:ip:accelerator:0.2",
        ZYNQ_ULTRASCALE.accelerator_base,
    )
    assert dma["parameters"]["c_sg_length_width"] == "26"
    assert dma["parameters"]["c_m_axi_mm2s_data_width"] == dma["parameters"]["c_m_axi_s2mm_data_width"] == "64"
    assert accelerator["parameters"]["N"] == "16" and accelerator["parameters"]["ACC_DEPTH"] == "512"


def test_registers_are_those_of_the_register_map(bit: Path) -> None:
    described = SimDevice(seed=1).get_bitfile_metadata(str(bit)).ip_dict["accelerator_0"]["registers"]
    offsets = {
        name.removeprefix("REG_"): value
        for name, value in vars(registers).items()
        if name.startswith("REG_") and not name.endswith("_RESET")
    }
    assert {name: entry["address_offset"] for name, entry in described.items()} == offsets
    assert {name for name, entry in described.items() if entry["size"] == 64} == set(registers.COUNTERS)
    status = described["STATUS"]["fields"]["DECODER_STATE"]
    assert (status["bit_offset"], status["bit_width"]) == (8, 4)
    assert set(described["ERROR"]["fields"]) == {"CODE", "SEQUENCE"}
    assert sum(len(entry["fields"]) for entry in described.values()) == sum(
        isinstance(value, registers.Field) for value in vars(registers).values()
    )


def test_writing_twice_changes_nothing(bit: Path, tmp_path: Path) -> None:
    before = bit.stat().st_mtime_ns
    assert write_overlay(PARAMETERS, tmp_path) == bit
    assert bit.stat().st_mtime_ns == before


@pytest.mark.parametrize("contents", [b"", b"not a bitstream", b"\0" * 200])
def test_foreign_bit_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "foreign.bit"
    path.write_bytes(contents)
    with pytest.raises(OverlayFileError, match=r"foreign\.bit is no simulated bitstream"):
        read_overlay(path)


def test_truncated_bit_is_refused(bit: Path) -> None:
    bit.write_bytes(bit.read_bytes()[:-40])
    with pytest.raises(OverlayFileError, match="is no simulated bitstream"):
        read_overlay(bit)


def test_missing_hwh_is_named(bit: Path) -> None:
    bit.with_suffix(".hwh").unlink()
    with pytest.raises(Exception, match=r"tilewright_sim_16x16\.hwh is missing"):
        SimDevice(seed=1).get_bitfile_metadata(str(bit))


def test_array_sizes_that_do_not_exist() -> None:
    with pytest.raises(ParameterError, match="array size 12: the hardware exists for 8, 16, 32, 64"):
        SocParameters(n=12)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n", "8", "array size '8': an integer, no str"),
        ("n", 8.0, "array size 8.0: an integer, no float"),
        ("n", True, "array size True: an integer, no bool"),
        ("n", -8, "array size -8: the hardware exists for 8, 16, 32, 64"),
        ("dsp_columns", 3, "dsp_columns 3: an even number, 0 to 16"),
        ("dsp_columns", 18, "dsp_columns 18: an even number, 0 to 16"),
        ("dsp_columns", -2, "dsp_columns -2: an even number, 0 to 16"),
        ("dsp_columns", 2.0, "dsp_columns 2.0: an integer, no float"),
        ("acc_w", 27, "acc_w 27: 28 to 32"),
        ("acc_depth", 1 << 40, "acc_depth 1099511627776: 2 to 65536"),
        ("act_depth", -1, "act_depth -1: 2 to 1048576"),
        ("act_depth", 1003, "act_depth 1003: a multiple of 2, the words in 128 bits"),
        ("act_depth", "9" * 100_000, "act_depth '9999"),
        ("wgt_depth", 100, "wgt_depth 100: a power of two, 8 to 32768"),
        ("log_depth", None, "log_depth None: an integer, no NoneType"),
        ("sram_latency", 3, "sram_latency 3: 1 to 2"),
        ("scatter_gather", "no", "scatter_gather 'no': true or false"),
        ("speed", 9, "is no simulated bitstream .*unexpected keyword argument 'speed'"),
    ],
)
def test_parameters_that_cannot_be_built(name: str, value: Any, message: str) -> None:
    """Named before anything is built, by file and parameter."""
    contents = {"signature": SIGNATURE, "parameters": {**asdict(PARAMETERS), name: value}}
    with pytest.raises(OverlayFileError, match=rf"^x\.bit.*{message}") as caught:
        hardware_of(payload_contents(json.dumps(contents).encode(), "x.bit"), "x.bit")
    assert len(str(caught.value)) < 500


THIRD_PARTY = {
    "sources": {"files": ["x.v"], "includes": []},
    "modules": {"ip_0": "x"},
    "parameters": {"ip_0": {"A": 1}},
}


@pytest.mark.parametrize(
    "changed",
    [
        {"sources": {"files": [3], "includes": []}},
        {"sources": {"files": ["x.v"], "includes": "x"}},
        {"sources": 3},
        {"modules": 3},
        {"modules": {"ip_0": 3}},
        {"modules": {"ip_0": "x", "ip_1": "x"}},
        {"parameters": [1]},
        {"parameters": {"ip_0": {"A); evil": "1"}}},
        {"parameters": {"ip_0": {"A": [1]}}},
        {"other": 1},
    ],
)
def test_third_party_hardware_of_other_types(changed: dict[str, Any]) -> None:
    assert hardware_of({"third_party": THIRD_PARTY}, "x.bit").title == "x"
    with pytest.raises(OverlayFileError, match=r"x\.bit is no simulated bitstream"):
        hardware_of({"third_party": {**THIRD_PARTY, **changed}}, "x.bit")


@pytest.mark.parametrize("contents", [b"[" * 100_000, b'{"a":' * 50_000, b"[]", b'"text"', b"{}", b" " * (2 << 20)])
def test_data_that_describe_nothing(contents: bytes) -> None:
    with pytest.raises(OverlayFileError, match=r"x\.bit is no simulated bitstream"):
        payload_contents(contents, "x.bit")


def test_a_bit_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.bit"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OverlayFileError, match=r"large\.bit is no simulated bitstream \(1099511627776 bytes\)"):
        read_overlay(path)


def test_bit_and_hwh_of_two_designs(bit: Path, tmp_path: Path) -> None:
    other = write_overlay(SocParameters(n=8), tmp_path / "other")
    other.with_suffix(".hwh").write_bytes(bit.with_suffix(".hwh").read_bytes())
    with pytest.raises(
        OverlayFileError,
        match=r"_8x8\.bit and tilewright_sim_8x8\.hwh in .* do not belong together: the .bit stands for 8x8",
    ):
        read_overlay(other)
    # It is still one of ours, which `tilewright simulate` may write anew
    assert _is_simulated(other)


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><EDKSYSTEM>&z;</EDKSYSTEM>"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], r"is cut off or no .hwh: .*line \d+, column"),
        (lambda text: "", "is cut off or no .hwh: no element found"),
        (lambda text: "no XML", "is cut off or no .hwh"),
        (lambda text: BOMB % '<!ENTITY z "&a;&a;&a;">', "defines a document type, 'x', which no .hwh"),
        # The base moved up and the end did not, down, and both to no multiple of the range
        (lambda text: text.replace('BASEVALUE="0xA0010000"', 'BASEVALUE="0xA0020000"'), "0xa0020000 to 0xa001ffff"),
        (lambda text: text.replace('BASEVALUE="0xA0010000"', 'BASEVALUE="0x43C00000"'), "0x43c00000 to 0xa001ffff"),
        (lambda text: text.replace('"0xA0010000"', '"0xA0018000"').replace("0xA001FFFF", "0xA0027FFF"), "power of two"),
        (lambda text: text.replace('HIGHVALUE="0xA001FFFF"', 'HIGHVALUE="0x1"'), "accelerator_0 has its registers"),
        (lambda text: text + " " * (17 << 20), "has .* bytes, and at most 16777216 are read"),
    ],
)
def test_hwh_that_is_damaged(bit: Path, change: Any, message: str) -> None:
    """By the simulated device, and where a third party's design is read."""
    hwh = bit.with_suffix(".hwh")
    hwh.write_text(change(hwh.read_text()))
    with pytest.raises(OverlayFileError, match=message):
        SimDevice(seed=1).get_bitfile_metadata(str(bit))
    with pytest.raises(ThirdPartyError, match=message):
        read_block_design(hwh)
