"""Boards as data: the schema, what refuses a file, clocks, a seventh board, what is written of them."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from board_checks.vendor import VendorIps
from pynq_designs import FILE, digest
from tilewright.boards.board import BOARDS, SCHEMA, all_boards, board_of, load_board
from tilewright.boards.clocks import asked_mhz, pl_clock, split
from tilewright.boards.design import block_design
from tilewright.boards.families import FAMILIES, ZYNQ_7000, ZYNQ_ULTRASCALE
from tilewright.boards.page import page
from tilewright.boards.parameters import build_parameters
from tilewright.boards.project import SCRIPTS, facts_of, project_files
from tilewright.boards.speeds import read_rates
from tilewright.boards.words import word
from tilewright.errors import ParameterError
from tilewright.hardware.parameters import ARRAY_SIZES
from tilewright.silicon.parts import all_parts

ROOT = Path(__file__).resolve().parents[2]
SIX = ["aup_zu3", "kv260", "pynq_z1", "pynq_z2", "ultra96v2", "zcu104"]


def read(name: str) -> Any:
    return json.loads((BOARDS / f"{name}.json").read_text(encoding="utf-8"))


def test_the_six_boards_are_there() -> None:
    assert list(all_boards()) == SIX
    assert {board.device for board in all_boards().values()} <= all_parts().keys()


@pytest.mark.parametrize("name", SIX)
def test_files_fit_the_schema(name: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(name), schema)
    assert schema["required"] == list(read(name)), "the keys in their order"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("part",), None, "part: None is no str"),
        (("clock", "mhz"), "100", "clock, mhz: '100' is no float"),
        (("clock", "plls", "IO PLL", "halved"), 1, "halved: 1 is no bool"),
        (("memory", "segments"), {}, "segments: {} is no list"),
        (("accelerator", "N"), True, "N: True is no int"),
        (("extra",), 1, "extra missing or unknown"),
        (("family",), "zynq", "family 'zynq' is none of"),
        (("clock", "pll"), "RPLL", "clock/pll 'RPLL' is none of IO PLL"),
        (("control", "port"), "M_AXI_GP7", "'M_AXI_GP7' is none of"),
        (("name",), "pynq_z3", "name 'pynq_z3' is none of pynq_z2"),
        (("pynq",), [], "is no object"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, path: tuple[str, ...], value: Any, message: str) -> None:
    entry = read("pynq_z2")
    place = entry
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (tmp_path / "pynq_z2.json").write_text(json.dumps(entry), encoding="utf-8")
    with pytest.raises(ParameterError, match=message.replace("[", r"\[").replace("{", r"\{")):
        load_board(tmp_path / "pynq_z2.json")


def test_no_file_and_no_board_are_said(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"x\.json"):
        load_board(tmp_path / "x.json")
    with pytest.raises(ParameterError, match="no board 'zybo'; there are aup_zu3, kv260"):
        board_of("zybo")


@pytest.mark.parametrize(
    ("name", "mhz", "divisors", "actual"),
    [
        # Frequencies that Vivado-made designs of these boards have (research: boards' sources)
        ("pynq_z1", 100, (5, 2), 100.0),
        ("pynq_z2", 142.9, (7, 1), 142.857143),
        ("pynq_z2", 200, (5, 1), 200.0),
        ("aup_zu3", 100, (15, 1), 99.99999),
        ("kv260", 100, (10, 1), 99.999),
        ("zcu104", 100, (15, 1), 99.999),
        ("zcu104", 300, (5, 1), 299.997),
        ("ultra96v2", 100, (15, 1), 99.999999),
        ("ultra96v2", 25, (60, 1), 25.0),
        ("pynq_z2", 110, (5, 2), 100.0),
        ("pynq_z2", 13, (11, 7), 12.987013),
    ],
)
def test_clocks(name: str, mhz: float, divisors: tuple[int, int], actual: float) -> None:
    clock = pl_clock(board_of(name), mhz)
    assert (clock.divisor0, clock.divisor1) == divisors
    assert clock.mhz == pytest.approx(actual, abs=2e-6)
    # What Vivado is asked for is no less, and nearer than any other that it could make
    assert 0 <= float(asked_mhz(clock)) - clock.mhz < 1.1e-3


@pytest.mark.parametrize("mhz", [0, 0.2, 251, -100])
def test_a_clock_that_cannot_be_is_refused(mhz: float) -> None:
    with pytest.raises(ParameterError, match="PYNQ-Z2: no clock of"):
        pl_clock(board_of("pynq_z2"), mhz)


def test_divisors() -> None:
    for family in FAMILIES.values():
        for divisor in range(1, 200):
            pair = split(family, divisor)
            assert pair is None or (pair[0] * pair[1] == divisor and max(pair) <= 63)
    assert split(ZYNQ_7000, 67) is None and split(ZYNQ_7000, 16) == (4, 4) and split(ZYNQ_ULTRASCALE, 60) == (60, 1)


def test_parameters_follow_the_array() -> None:
    board = board_of("pynq_z2")
    assert build_parameters(board).verilog == board.accelerator
    small = build_parameters(board, {"N": 8}).verilog
    assert (small["ACT_DEPTH"], small["OUT_DEPTH"], small["DSP_COLUMNS"], small["STREAM_W"]) == (32768, 1024, 8, 64)
    large = build_parameters(board, {"N": 32, "DSP_COLUMNS": 12, "CLOCK": 80})
    assert (large.verilog["ACT_DEPTH"], large.verilog["DSP_COLUMNS"], large.clock_mhz) == (8192, 12, 80)
    few = replace(board, accelerator={**board.accelerator, "N": 32, "DSP_COLUMNS": 2})
    assert build_parameters(few, {"N": 64}).verilog["DSP_COLUMNS"] == 0, "columns of DSPs come in pairs"
    for wrong in ({"N": 12}, {"STYLE": 1}, {"N": 8, "STREAM_W": 128}, {"N": 16.5}, {"IMAGE_LINE": 9000}):
        with pytest.raises(ParameterError):
            build_parameters(board, wrong)


@pytest.mark.parametrize("name", SIX)
def test_default_arrays_leave_room(name: str) -> None:
    board = board_of(name)
    dsps = board.accelerator["N"] * board.accelerator["DSP_COLUMNS"] // 2
    assert dsps <= all_parts()[board.device].dsp * 10 // 11


def test_a_seventh_board_is_one_file(tmp_path: Path) -> None:
    """Its project, its FuseSoC target, its page."""
    entry = {**read("zcu104"), "name": "zcu999", "title": "ZCU999", "part": "xczu9eg-ffvb1156-2-e"}
    for file in BOARDS.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "zcu999.json").write_text(json.dumps(entry), encoding="utf-8")
    boards = all_boards(tmp_path)
    board = boards["zcu999"]
    files = project_files(block_design(board, build_parameters(board), 1))
    assert set(SCRIPTS) < files.keys() and "ZCU999" in files["block_design.tcl"]
    sys.path.insert(0, str(ROOT / "cores" / "soc" / "board"))
    try:
        from write_core import texts
    finally:
        sys.path.pop(0)
    written = {path.name: text for path, text in texts(boards).items()}
    assert "  zcu999:\n" in written["board.core"] and "part: xczu9eg-ffvb1156-2-e" in written["board.core"]
    assert written["zcu999.md"].startswith("# ZCU999") and "zcu999.md" in written["README.md"]
    assert not [path.name for path, text in texts(all_boards()).items() if path.read_text(encoding="utf-8") != text], (
        "make boards"
    )


RATES = read_rates(ROOT / "docs" / "results")


@pytest.mark.parametrize("name", SIX)
def test_guides_lead_from_the_clone_to_a_report(name: str) -> None:
    """What has not run comes first; commands in order; every figure of the table with its kind."""
    board = board_of(name)
    text = page(board, RATES)
    assert text.startswith(f"# {board.title}: ") and text.index("Not run on hardware") < text.index("\n## ")
    steps = ("make setup", f"board build {name}", "ssh-copy-id", "board check HOST", "board deploy HOST")
    places = [text.index(step) for step in (*steps, "--network network.safetensors", "board report HOST")]
    assert places == sorted(places)
    for part in (board.pynq.power, board.pynq.images, "When timing fails", "energy.md", "results/hardware", "Source"):
        assert part in text
    rows = re.findall(r"^\| (?:\*\*)?(\d+)x\1(?:\*\*)? \| (.*) \|$", text, re.MULTILINE)
    assert [int(n) for n, _ in rows] == list(ARRAY_SIZES)
    for n, row in rows:
        cells = row.split(" | ")
        assert all(re.fullmatch(r"\d+% [ex]", cell) for cell in cells[2:6]), row
        assert cells[7] == "-" or int(cells[7]) == round(RATES[int(n)].images_per_second(pl_clock(board, 100).mhz))
    assert f"**{board.accelerator['N']}x" in text


def test_guides_give_the_shares_of_the_table_of_boards() -> None:
    """Of the largest array of each part, by the same models."""
    results = json.loads((ROOT / "docs" / "results" / "boards.json").read_text(encoding="utf-8"))["result"]["boards"]
    (ours,) = (board for board in results if board["part"] == board_of("zcu104").device)
    row = next(line for line in page(board_of("zcu104"), RATES).splitlines() if line.startswith("| 64x64"))
    shares = [f"{ours['resources'][name]['share']:.0%}" for name in ("lut", "ff", "dsp", "block_ram")]
    assert [cell.split()[0] for cell in row.split(" | ")[3:7]] == shares
    speed = RATES[64].images_per_second(pl_clock(board_of("zcu104"), 100).mhz)
    assert row.endswith(f"| {ours['best_batch']['batch']} | {speed:.0f} | counted in simulation |")


def test_rates_of_damaged_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="boards"):
        read_rates(tmp_path)
    (tmp_path / "boards.json").write_text('{"result": {"boards": []}}')
    assert read_rates(tmp_path) == {}
    (tmp_path / "vgg16_8x8.json").write_text('{"result": {"array": 8}}')
    with pytest.raises(ParameterError, match="program_cycles"):
        read_rates(tmp_path)


def test_generators_read_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    sys.path.insert(0, str(ROOT / "cores" / "soc" / "board"))
    try:
        from board_generator import asked_for
    finally:
        sys.path.pop(0)
    words = ["fusesoc", "run", "--setup", "tilewright:soc:board", "--N", "8", "--CLOCK=12.5", "--N=16", "--X", "3"]
    assert asked_for(words, ["N", "CLOCK"]) == {"N": 16, "CLOCK": 12.5}
    with pytest.raises(SystemExit, match="--N : a number"):
        asked_for(["--N"], ["N"])


def test_words_of_tcl() -> None:
    assert (word("a"), word("LVCMOS 3.3V"), word("")) == ("a", "{LVCMOS 3.3V}", "{}")
    with pytest.raises(ValueError, match="without braces"):
        word("a}")


def test_facts_say_that_nothing_ran() -> None:
    for board in all_boards().values():
        facts = facts_of(block_design(board, build_parameters(board), 0))
        assert facts["run_on_hardware"] is False
        files = project_files(block_design(board, build_parameters(board), 0))
        assert all("Not run on hardware, not yet run in Vivado." in files[name] for name in SCRIPTS)


# Where ours differ from PYNQ's base designs on purpose: ports, clocks and interrupts of the PL are this design's own
OWN = re.compile(
    r"PCW_(USE_[MS]_AXI|S_AXI_HP\d_DATA_WIDTH|EN_CLK\d_PORT|FPGA\d_PERIPHERAL_FREQMHZ|FCLK\d_PERIPHERAL_CLKSRC)"
    r"|PSU__(USE__[MS]_AXI_GP\d|[MS]AXIGP\d__DATA_WIDTH|FPGA_PL\d_ENABLE|CRL_APB__PL\d_REF_CTRL__FREQMHZ)"
)


@pytest.mark.parametrize("name", ["pynq_z1", "pynq_z2", "zcu104"])
def test_boards_are_as_pynqs_own_designs_have_them(name: str) -> None:
    """Processing system, part and IPs of base.tcl; PLL and divisors of base.hwh, which Vivado 2024.1 made."""
    theirs = json.loads(FILE.read_text(encoding="utf-8"))["boards"][name]
    board = board_of(name)
    design = block_design(board, build_parameters(board), 0)
    known = set(theirs["settings"].split())
    unlike = {key: value for key, value in design.cells[0].parameters.items() if digest(key, value) not in known}
    assert all(OWN.match(key) for key in unlike), unlike
    assert not {key for key in board.processing_system.settings if OWN.match(key)}
    assert theirs["part"] == board.part
    info = theirs["system_info"]
    assert all(info[key.upper()] == value for key, value in vars(board.system_info).items())
    families = {vlnv.rpartition(":")[0] for vlnv in theirs["ips"]}
    used = {cell.ip for cell in design.cells if cell.ip.startswith("xilinx")}
    assert used - families <= {"xilinx.com:ip:smartconnect", "xilinx.com:ip:axi_dma"}
    versions = {vlnv for vlnv in theirs["ips"] if vlnv.rpartition(":")[0] in used}
    vendor = VendorIps()
    assert all(vendor.version(vlnv.split(":")[2]) == vlnv.split(":")[3] for vlnv in versions)
    clock, computed = pl_clock(board, 100), theirs["clock"]
    readings = {what: computed[setting] for what, setting in board.kind.clock_readings(0, board.clock.pll).items()}
    assert int(readings["multiplier"]) == clock.multiplier and int(readings.get("halved", 0)) == clock.halved
    assert (int(readings["divisor0"]), int(readings["divisor1"])) == (clock.divisor0, clock.divisor1)
    assert float(readings["mhz"]) == pytest.approx(clock.mhz, rel=1e-7)


def test_a_setting_that_pynq_has_otherwise_is_noticed() -> None:
    assert digest("PCW_APU_PERIPHERAL_FREQMHZ", "650") in settings_in("pynq_z2")
    assert digest("PCW_APU_PERIPHERAL_FREQMHZ", "667") not in settings_in("pynq_z2")


def settings_in(name: str) -> set[str]:
    return set(json.loads(FILE.read_text(encoding="utf-8"))["boards"][name]["settings"].split())
