"""The .hwh of every board: field by field as Vivado-made ones, and what the block design says.

The table of fields (cores/scripts/board_checks/hwh_fields.json) has its sources; mistakes planted in a file are found.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from board_checks.hwh_fields import LEFT_OUT, PYNQ_READS, TABLE, findings, kind_of
from tilewright.boards.board import all_boards, board_of
from tilewright.boards.design import block_design
from tilewright.boards.hwh import DMA_DEFAULTS, VERSIONS, clock_parameters, hwh
from tilewright.boards.parameters import build_parameters

ROOT = Path(__file__).resolve().parents[2]
VENDOR = json.loads((ROOT / "cores" / "scripts" / "board_checks" / "vendor_ips.json").read_text(encoding="utf-8"))
# Another array, stream and clock than a board's own
OTHER = {"pynq_z1": {"N": 32, "STREAM_W": 128, "CLOCK": 83.5}, "pynq_z2": {"N": 64, "CLOCK": 50}}


def text_of(board: str, **given: float) -> str:
    """A board's .hwh."""
    return hwh(block_design(board_of(board), build_parameters(board_of(board), given), 0x89ABCDEF))


def parameters_of(text: str, instance: str) -> dict[str, str]:
    (module,) = (m for m in ElementTree.fromstring(text).iter("MODULE") if m.get("INSTANCE") == instance)
    return {each.get("NAME", ""): each.get("VALUE", "") for each in module.findall("PARAMETERS/PARAMETER")}


@pytest.mark.parametrize("board", list(all_boards()))
def test_fields_are_those_of_vivado_made_files(board: str) -> None:
    assert findings(text_of(board)) == []
    assert findings(text_of(board, **OTHER.get(board, {"N": 8, "CLOCK": 125}))) == []


FAULTS = {
    "an attribute left out": (' SIGIS="clk" ', " ", "PORT None"),
    "a clock without its frequency": (r' CLKFREQUENCY="\d+"', "", "FCLK_CLK0 is O clk, in Vivado-made"),
    "an address in decimal": ('BASEVALUE="0x40400000"', 'BASEVALUE="1077936128"', "BASEVALUE is '1077936128'"),
    "a direction of no port": ('DIR="I" NAME="axi_resetn"', 'DIR="IN" NAME="axi_resetn"', "DIR is 'IN'"),
    "another direction": ('DIR="I" NAME="axi_resetn"', 'DIR="O" NAME="axi_resetn"', "axi_resetn is O rst, in"),
    "an attribute of no Vivado": ('DIR="I" NAME="axi_resetn"', 'DIR="I" BITS="1" NAME="axi_resetn"', "BITS, which no"),
    "a stream as a memory bus": ('TYPE="INITIATOR"', 'TYPE="MASTER"', "M_AXIS_MM2S is MASTER"),
    "a parameter of no interface": ('NAME="TDATA_NUM_BYTES"', 'NAME="TDATA_BYTES"', "no Vivado-made file has such an"),
    "a VLNV without version": ('VLNV="xilinx.com:ip:axi_dma:7.1"', 'VLNV="xilinx.com:ip:axi_dma"', "VLNV is 'xilinx"),
    "another version": ('HWVERSION="7.1"', 'HWVERSION="9.9"', "axi_dma: version 9.9"),
    "a divisor left out": (
        r'<PARAMETER NAME="PCW_FCLK2_PERIPHERAL_DIVISOR0" VALUE="\d+" />',
        "",
        "no parameter PCW_FCLK2_PERIPHERAL_DIVISOR0, which pynq",
    ),
    "a frequency left out": (
        r'<PARAMETER NAME="PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ" VALUE="[\d.]+" />',
        "",
        "no parameter PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ",
    ),
    "a divisor that is no number": ('DIVISOR0" VALUE="5"', 'DIVISOR0" VALUE="5.0"', "is '5.0', in Vivado-made files"),
    "a parameter misspelt": ('NAME="c_include_s2mm_dre"', 'NAME="c_s2mm_include_dre"', "c_s2mm_include_dre, which no"),
    "an end that the other does not know": (
        '<CONNECTION INSTANCE="axi_intc_0" PORT="intr" />',
        '<CONNECTION INSTANCE="axi_intc_0" PORT="irq" />',
        "is connected to axi_intc_0/irq, which does not know it",
    ),
    "an interface that is not there": (
        'SLAVEBUSINTERFACE="s_axi"',
        'SLAVEBUSINTERFACE="S_AXI"',
        "has no interface S_AXI",
    ),
    "a container left out": (r"<DOCUMENTS />", "", "no DOCUMENTS, which every"),
    "a register without its offset": (r'<PROPERTY NAME="ADDRESS_OFFSET" VALUE="0x\w+" />', "", "no REGISTER.PROPERTY"),
    "an element of no Vivado": ("<DOCUMENTS />", "<DOCUMENTS /><CLOCKS />", "no Vivado-made file has such an element"),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_planted_faults_are_found(fault: str) -> None:
    old, new, said = FAULTS[fault]
    text, count = re.subn(old, new, text_of("pynq_z2"), count=1)
    assert count == 1
    found = findings(text)
    assert [each for each in found if said in each], found


def test_what_is_left_out_is_in_no_file() -> None:
    """An exception that is not needed hides a mistake."""
    texts = [text_of(board) for board in all_boards()]
    for name in LEFT_OUT:
        if "@" in name:
            tag, attribute = name.split("@")
            elements = [each for text in texts for each in ElementTree.fromstring(text).iter(tag)]
            assert not [each for each in elements if attribute in each.attrib], name


def test_the_table_is_that_of_a_vivado_made_file() -> None:
    """One that comes with pynqmetadata: nothing in it is new to the table."""
    spec = find_spec("pynqmetadata")
    file = Path(spec.origin).parent / "tests" / "hwhs" / "resizer.hwh" if spec and spec.origin else Path()
    if not file.is_file():
        pytest.skip("pynqmetadata is not installed, or without its tests")
    assert findings(file.read_text(encoding="utf-8")) == []


def test_the_table_says_where_it_is_from() -> None:
    sources = json.loads(TABLE.read_text(encoding="utf-8"))["sources"]
    assert {entry["vivado"] for entry in sources.values()} >= {"2019.2", "2022.1", "2024.1"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", e["sha256"]) for e in sources.values() if e["read"] == "whole")
    assert all("@" in name and "shows" in entry for name, entry in sources.items() if entry["read"] != "whole")


def test_kinds_of_values() -> None:
    values = ("", "12", "0x1F", "1.5", "TRUE", "xilinx.com:ip:axi_dma:7.1", "/a/b", "M_AXI", "IO PLL", "{a}")
    assert [kind_of(value) for value in values] == [
        *("empty", "int", "hex", "float", "bool", "vlnv", "path", "word", "words", "text"),
    ]


def test_pynq_reads_no_more_than_the_table_wants() -> None:
    spec = find_spec("pynq")
    if spec is None or spec.origin is None:
        pytest.skip("pynq is not installed")
    text = (Path(spec.origin).parent / "lib" / "dma.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(c_[a-z0-9_]+)"', text))
    assert len(read) > 5 and read <= set(PYNQ_READS["axi_dma"])


def test_versions_and_defaults_are_those_of_the_table_of_ips() -> None:
    ips = VENDOR["ips"]
    assert {name: ips[name]["version"] for name in VERSIONS if name in ips} == {
        name: version for name, version in VERSIONS.items() if name in ips
    }
    assert VERSIONS.keys() - ips.keys() == {"accelerator"}
    known = ips["axi_dma"]["parameters"]
    assert {name: known[name]["default"] for name in DMA_DEFAULTS if name in known} == {
        name: value for name, value in DMA_DEFAULTS.items() if name in known
    }


@pytest.mark.parametrize("board", list(all_boards()))
def test_clocks_are_those_that_the_tcl_checks(board: str) -> None:
    """PLL, divisors and frequency of the .hwh are the numbers of block_design.tcl's check_clock."""
    from tilewright.boards.block_design_tcl import block_design_tcl

    design = block_design(board_of(board), build_parameters(board_of(board)), 0)
    values = clock_parameters(design.board, design.clocks)
    (line,) = re.findall(r"^check_clock \S+ \{PL clock 0\} (\S+) (\d+) (\S+) \{(.*)\}$", block_design_tcl(design), re.M)
    multiplier, divisor, mhz, words = line
    read = dict(zip(words.split()[::2], words.split()[1::2], strict=True))
    halved = int(values[read["halved"]]) if "halved" in read else 0
    assert float(multiplier) == int(values[read["multiplier"]]) / (2 if halved else 1)
    assert int(divisor) == int(values[read["divisor0"]]) * int(values[read["divisor1"]])
    assert float(mhz) == pytest.approx(float(values[read["mhz"]]))


def test_parameters_are_those_that_are_built() -> None:
    text = text_of("pynq_z1", N=32, STREAM_W=128)
    accelerator, dma = parameters_of(text, "accelerator_0"), parameters_of(text, "axi_dma_0")
    assert (accelerator["N"], accelerator["STREAM_W"], accelerator["BUILD_HASH"]) == ("32", "128", "0x89abcdef")
    assert dma["c_m_axi_mm2s_data_width"] == dma["c_m_axis_mm2s_tdata_width"] == "128"
    ranges = [each.attrib for each in ElementTree.fromstring(text).iter("MEMRANGE") if each.get("MEMTYPE") == "MEMORY"]
    assert [(each["MASTERBUSINTERFACE"], each["SLAVEBUSINTERFACE"], each["ADDRESSBLOCK"]) for each in ranges] == [
        ("M_AXI_MM2S", "S_AXI_HP0", "HP0_DDR_LOWOCM"),
        ("M_AXI_S2MM", "S_AXI_HP1", "HP1_DDR_LOWOCM"),
    ]
