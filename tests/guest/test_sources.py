"""A user's own files: whatever they are called and read, the hardware is theirs, and what is odd is said once."""

import json
import logging
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pynq
import pytest
from command_line import tilewright
from pynq import Device

from tilewright.errors import DeviceTimeoutError
from tilewright.sim import SimulatorBuildError, ThirdPartyError, open_overlay, simulate
from tilewright.sim.build import _check_taken
from tilewright.sim.build_log import failure, remarks
from tilewright.sim.guest import ThirdParty
from tilewright.sim.guest.elaboration import ParameterValue
from tilewright.sim.guest.module_parameters import settle
from tilewright.sim.guest.sources import UserSources
from tilewright.sim.hardware import Core
from tilewright.sim.library import Soc

logging.getLogger("pynq").setLevel(logging.ERROR)

FOLDER = 'it\'s "mine" #1 $HOME: ü (1)'
HEAD = """\
`timescale 1ns / 1ps
`include "steps.vh"
module plus #(parameter STEP = 5, parameter TABLE = "none.hex", parameter [7:0] MASK = 8'h0F) (
    ap_clk, ap_rst_n, busy_led,
    in_r_TDATA, in_r_TVALID, in_r_TREADY, in_r_TKEEP, in_r_TSTRB, in_r_TUSER, in_r_TLAST, in_r_TID, in_r_TDEST,
    out_r_TDATA, out_r_TVALID, out_r_TREADY, out_r_TKEEP, out_r_TSTRB, out_r_TUSER, out_r_TLAST, out_r_TID, out_r_TDEST
);
input ap_clk, ap_rst_n;
output busy_led;
input [31:0] in_r_TDATA; input in_r_TVALID; output in_r_TREADY; input [3:0] in_r_TKEEP, in_r_TSTRB;
input [0:0] in_r_TUSER, in_r_TLAST, in_r_TID; input [5:0] in_r_TDEST;
output [31:0] out_r_TDATA; output out_r_TVALID; input out_r_TREADY; output [3:0] out_r_TKEEP, out_r_TSTRB;
output [0:0] out_r_TUSER, out_r_TLAST, out_r_TID; output [5:0] out_r_TDEST;
"""
# Sums: STEP of the .hwh 9, steps.vh 1000, table 10000, an 8-bit 1; 1 << 20 where a side band is not as it should be
BODY = """\
reg [31:0] table_of [0:1];
initial if (TABLE != "") $readmemh(TABLE, table_of);
reg [7:0] one = 8'd1;
reg seen;
always @(posedge ap_clk) seen <= #1 in_r_TVALID;
assign busy_led = seen;
wire [31:0] sum;
wire odd = in_r_TSTRB != in_r_TKEEP || in_r_TUSER != 0 || in_r_TID != 0 || in_r_TDEST != 0;
stream_narrow adder (.a(in_r_TDATA), .b(STEP), .y(sum));
assign out_r_TDATA = sum + `OFFSET + one + table_of[1] + (odd << 20);
assign out_r_TVALID = in_r_TVALID; assign in_r_TREADY = out_r_TREADY;
assign out_r_TKEEP = in_r_TKEEP; assign out_r_TSTRB = in_r_TSTRB; assign out_r_TUSER = in_r_TUSER;
assign out_r_TLAST = in_r_TLAST; assign out_r_TID = in_r_TID; assign out_r_TDEST = in_r_TDEST;
endmodule
"""
# A name of a module of ours, which stands beside it in the same build
ADDER = """\
module stream_narrow (input logic [31:0] a, input logic [31:0] b, output logic [31:0] y);
    always_comb y = a + b;
endmodule
"""
SCRIPT = """\
import json, sys
import numpy as np
from pynq import Device, Overlay, allocate
devices = len(Device.devices), Device.devices[0] is Device.active_device
dma = Overlay(sys.argv[1], device=Device.devices[0]).axi_dma_0
sent, received = allocate((8,), np.int32), allocate((8,), np.int32)
sent[:] = range(8)
dma.recvchannel.transfer(received)
dma.sendchannel.transfer(sent)
dma.sendchannel.wait()
dma.recvchannel.wait()
values = received.tolist()
dma.recvchannel.transfer(received)
try:
    dma.recvchannel.wait()
except Exception as error:
    print(json.dumps([devices, values, type(error).__name__, str(error)]))
"""


def design_around(parameters: dict[str, str]) -> str:
    """The example's block design with an IP without registers or interrupts in its place."""
    root = ElementTree.parse(Path(__file__).resolve().parents[2] / "cores" / "example" / "stream_scale.hwh").getroot()
    modules = root.find("MODULES")
    assert modules is not None
    for module in list(modules):
        if module.get("MODTYPE") not in ("processing_system7", "axi_dma"):
            modules.remove(module)
        for ports in module.findall("PORTS"):
            module.remove(ports)
    for ranges in modules.iter("MEMORYMAP"):
        for each in [each for each in ranges if each.get("INSTANCE") != "axi_dma_0"]:
            ranges.remove(each)
    names = {"FULLNAME": "/ip_0", "INSTANCE": "ip_0", "IS_PL": "TRUE", "MODTYPE": "plus"}
    holder = ElementTree.SubElement(
        ElementTree.SubElement(modules, "MODULE", {**names, "VLNV": "user.org:user:plus:1.0"}), "PARAMETERS"
    )
    for name, value in parameters.items():
        ElementTree.SubElement(holder, "PARAMETER", NAME=name, VALUE=value)
    return ElementTree.tostring(root, encoding="unicode")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with odd names in a folder with an odd name, and all that ordinary Verilog does."""
    folder = tmp_path_factory.mktemp("user") / FOLDER
    (folder / "tab les").mkdir(parents=True)
    said = {"STEP": "9", "table": "röm 2.hex", "MASK": "00001111", "C_BASEADDR": "0x40000000"}
    (folder / "blöck design.hwh").write_text(design_around(said))
    (folder / "plus one (1) #$.v").write_text(HEAD + BODY)
    (folder / "Übung.sv").write_text(ADDER)
    (folder / "steps.vh").write_text("`define OFFSET 32'd1000\n")
    (folder / "tab les" / "röm 2.hex").write_text("0\n00002710\n")
    (folder / "script.py").write_text(SCRIPT)
    return folder


@pytest.fixture
def files(folder: Path) -> tuple[Path, list[Path], list[Path]]:
    return folder / "blöck design.hwh", [folder / "plus one (1) #$.v", folder / "Übung.sv"], [folder / "tab les"]


def test_everything_that_ordinary_verilog_does(folder: Path, files: tuple[Path, list[Path], list[Path]]) -> None:
    """Timescale, delay, widths, open outputs, side bands, a header, a memory, SystemVerilog, parameters, odd names."""
    hwh, rtl, includes = files
    arguments = ["--hwh", hwh, "--rtl", rtl[0], "--rtl", rtl[1], "--include", includes[0], "--seed", "1"]
    done = tilewright("simulate", *arguments, "--", folder / "script.py", hwh.with_suffix(".bit"))
    assert done.returncode == 0, done.stderr
    devices, received, kind, hang = json.loads(done.stdout)
    assert devices == [1, True]
    assert received == [9 + 1000 + 1 + 10000 + value for value in range(8)]
    assert kind == "DeviceTimeoutError"
    assert hang.endswith("; 4 beats sent (TLAST seen), 0 received (TLAST not seen)")
    assert "plus: STEP is 9 as in the .hwh; the module's default is 5" in done.stderr
    assert "MASK" not in done.stderr and "BASEADDR" not in done.stderr
    lines = (HEAD + BODY).splitlines()
    if "building" in done.stderr:
        delay = next(number for number, line in enumerate(lines, 1) if "#1" in line)
        width = next(number for number, line in enumerate(lines, 1) if "+ one" in line)
        assert done.stderr.count(f"{rtl[0]}:{delay}: a delay: the simulation") == 1
        assert done.stderr.count(f"{rtl[0]}:{width}: Operator") == 1
        assert "user_0" not in done.stderr and "DMA" not in done.stderr


def test_the_simulated_board_is_in_the_list_of_devices(files: tuple[Path, list[Path], list[Path]]) -> None:
    """Also of the second one, and of the product's own overlay, which takes the first one's place."""
    hwh, rtl, include = files
    for opened in (lambda: simulate(hwh, rtl, include=include, seed=1), lambda: open_overlay(8, seed=1)):
        overlay = opened()
        assert Device.devices[0] is overlay.device is Device.active_device
        assert sum(device.name == "tilewright-sim" for device in Device.devices) == 1


def test_what_a_file_reads_is_part_of_the_hardware(
    files: tuple[Path, list[Path], list[Path]], folder: Path, tmp_path: Path
) -> None:
    """A memory or a header that changes makes other hardware; so does a parameter; its place does not."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    cores = Path(__file__).resolve().parents[2] / "cores"

    def facts(at: Path, **parameters: ParameterValue) -> Any:
        rtl = tuple(at / path.name for path in files[1])
        return ThirdParty.from_hwh(at / files[0].name, rtl, None, parameters, (at / "tab les",)).facts(cores)

    first = facts(folder)
    assert facts(copy) == first
    assert facts(copy, STEP=7) != first
    (copy / "tab les" / "röm 2.hex").write_text("0\n00002711\n")
    assert facts(copy) != first
    shutil.copy(folder / "tab les" / "röm 2.hex", copy / "tab les" / "röm 2.hex")
    (copy / "steps.vh").write_text("`define OFFSET 32'd1001\n")
    assert facts(copy) != first


def sources(folder: Path, include: str | None = None, **contents: str) -> UserSources:
    """Files by name, with a dot for each double underscore and a folder for each triple one; those in .v are named."""
    named = []
    for name, text in contents.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        if path.suffix in (".v", ".sv"):
            named.append(path)
    return UserSources.of(named, [folder / include] if include else [])


READS = 'module m #(parameter F = "rom.hex") (input wire clk); reg [7:0] a [0:1]; {} endmodule\n'
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "memory": ({"m__v": READS.format("initial\n $readmemb(F, a);")}, r"m\.v:2: \$readmemb reads 'rom\.hex'.*--include"),
    "memory elsewhere": (
        {"m__v": READS.format('initial $readmemh("C:/proj/rom.hex", a);')},
        r"'C:/proj/rom\.hex', and there is no such file here: write its name alone",
    ),
    "not constant": (
        {"m__v": READS.format("reg [31:0] n; initial begin n = 1; $readmemh(n, a); end")},
        r"m\.v:1: \$readmemh: the name of its file is not constant",
    ),
    "two files": (
        {
            "a___m__v": READS.format("n i (clk); initial $readmemh(F, a);"),
            "b___n__v": READS.format('initial $readmemh("rom.hex", a);').replace("module m", "module n"),
            "a___rom__hex": "1",
            "b___rom__hex": "2",
        },
        r"'rom\.hex' is .*b/rom\.hex for one module and .*a/rom\.hex for another",
    ),
    "another's module": (
        {"m__v": "module m(input clk); BUFG b(.I(clk)); endmodule"},
        r"(?s)m\.v:1:22: error: unknown module 'BUFG'.*Vivado's own modules are not here",
    ),
    "header": ({"m__v": '`include "gone.vh"\nmodule m; endmodule\n'}, r"(?s)m\.v:1:10: error: 'gone\.vh'.*--include"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_missing_are_named(tmp_path: Path, name: str) -> None:
    contents, message = REFUSED[name]
    with pytest.raises(ThirdPartyError, match=message):
        user = sources(tmp_path, **contents)
        user.tops()
        user.memory_files([("m", {})])


def test_names_that_systemverilog_has_taken_since(tmp_path: Path) -> None:
    """Xilinx's own templates call a port ``do``; beside it SystemVerilog stays what it is."""
    old = "\ufeffmodule r(input wire clk, input wire [7:0] di, output reg [7:0] do);\n"
    old += "always @(posedge clk) do <= di; endmodule"
    new = "module top(input logic clk); logic [7:0] d; r r_i(.clk(clk), .di(d), .do()); endmodule"
    user = sources(tmp_path, r__v=old)
    assert [port.name for port in user.module("r").ports] == ["clk", "di", "do"]
    staged = user.stage(tmp_path, [])
    assert (tmp_path / staged.verilog[0]).read_text() == (f'`begin_keywords "1364-2005" {old[1:]}\n`end_keywords\n')
    assert sources(tmp_path, r__v=old, top__sv=new.replace(".do()", ".\\do ()")).tops() == ["top"]


def test_delays_are_said_once(tmp_path: Path) -> None:
    """Not that ``#0`` which HLS writes before what it initialises."""
    text = "module m(input wire c);\nreg a, b;\ninitial #0 b = 0;\nwire #3 x = a;\n"
    text += "always @(posedge c) begin a <= #1 b; #2 b <= a; end\nendmodule"
    (remark,) = sources(tmp_path, m__v=text).stage(tmp_path, []).remarks
    assert remark == f"{tmp_path}/m.v:4: a delay, and 2 more: the simulation counts clock cycles and ignores delays"


def test_names_of_memories_are_evaluated(tmp_path: Path) -> None:
    """Of parameters, of each instance, and only where the call is made."""
    leaf = READS.format('initial if (F != "") $readmemh({F, ".hex"}, a); else $readmemh("never.hex", a);')
    top = "module top(input wire clk); genvar i; generate for (i = 0; i < 2; i = i + 1) begin : g\n"
    top += 'm #(.F({"r", 8\'(i + 48)})) m_i (clk); end endgenerate endmodule\n'
    leaf = leaf.replace('else $readmemh("never.hex", a);', "")
    found = sources(tmp_path, "more", leaf__v=leaf, top__sv=top, r0__hex="0", more___r1__hex="1").memory_files(
        [("top", {})]
    )
    assert found == {"r0.hex": tmp_path / "r0.hex", "r1.hex": tmp_path / "more" / "r1.hex"}
    assert sources(tmp_path, leaf__v=leaf).memory_files([("m", {"F": ""})]) == {}


def test_two_headers_of_one_name_stay_two(tmp_path: Path) -> None:
    user = sources(
        tmp_path,
        a___a__v='// ü\n`include "defs.vh" // mine\nmodule a; wire [`W-1:0] w; endmodule\n',
        b___b__v='`define NAME "defs.vh"\n`include `NAME\nmodule b; wire [`W-1:0] w; endmodule\n',
        a___defs__vh="`define W 4\n",
        b___defs__vh='`undef W\n`include "more.vh"\n',
        b___more__vh="`define W 5\n",
    )
    out = tmp_path / "out"
    out.mkdir()
    staged = user.stage(out, [])
    assert {path.relative_to(tmp_path).as_posix() for path in staged.originals.values()} == {
        *("a/a.v", "b/b.v", "a/defs.vh", "b/defs.vh", "b/more.vh"),
    }
    by_path = {path.relative_to(tmp_path).as_posix(): name for name, path in staged.originals.items()}
    for source, header in (("a/a.v", "a/defs.vh"), ("b/b.v", "b/defs.vh"), ("b/defs.vh", "b/more.vh")):
        assert f'`include "{by_path[header]}"' in (out / by_path[source]).read_text()
    assert (out / by_path["a/a.v"]).read_text().startswith("// ü\n`include")
    assert all(re.fullmatch(r"user_\d+\.s?vh?", name) for name in staged.originals)


def test_a_link_stands_for_a_file_where_it_lies(tmp_path: Path) -> None:
    """Build systems link sources into a folder of their own; what they read lies at either place."""
    text = '`include "a.vh"\n`include "b.vh"\n' + READS.format("wire [`A:`B] w; initial $readmemh(F, a);")
    files = {"there___a__vh": "`define A 1\n", "here___b__vh": "`define B 0\n", "here___rom__hex": "1"}
    sources(tmp_path, there___m__v=text, **files)
    link = tmp_path / "here" / "link.v"
    link.symlink_to(tmp_path / "there" / "m.v")
    user = UserSources.of([link])
    assert user.memory_files([("m", {})]) == {"rom.hex": tmp_path / "here" / "rom.hex"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ip.vhd", "VHDL is not simulated.*ghdl synth --out=verilog"),
        ("IP.VHDL", "VHDL is not simulated"),
        ("ip.dcp", "netlists and packed IPs are not simulated"),
        ("rom.mem", r"no Verilog; what \$readmemh reads"),
        ("none.v", "no Verilog file .*none.v"),
    ],
)
def test_files_that_are_no_verilog(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ThirdPartyError, match=message):
        UserSources.of([tmp_path / name])


SETTINGS: list[tuple[str, ParameterValue | None]] = [
    ("9", 9),
    ("0x1F", 31),
    ("10000000", 128),
    ("00000011", 3),
    ('"00000011"', 3),
    ("8'hA0", 160),
    ("true", 1),
    ("5", None),
]


@pytest.mark.parametrize(("said", "value"), SETTINGS)
def test_numbers_as_vivado_writes_them(tmp_path: Path, said: str, value: int | None) -> None:
    module = sources(tmp_path, m__v="module m #(parameter [7:0] Q = 8'd5) (input wire clk); endmodule").module("m")
    assert settle(module, {"q": said}, {}) == ({} if value is None else {"Q": value})


def test_what_the_user_says_of_a_parameter_wins(tmp_path: Path) -> None:
    text = 'module m #(parameter A = 1, F = "x", parameter real R = 1.5, localparam L = 2) (input wire clk); endmodule'
    module = sources(tmp_path, m__v=text).module("m")
    said = {"A": "3", "F": "y", "R": "2.5", "L": "9", "C_BASEADDR": "1"}
    assert settle(module, said, {"A": 4}) == {"A": 4, "F": "y", "R": 2.5}
    for given, message in (({"B": 1}, "no parameter B; it has A, F, R"), ({"A": "q"}, "A is a number, not 'q'")):
        with pytest.raises(ThirdPartyError, match=message):
            settle(module, {}, given)
    with pytest.raises(ThirdPartyError, match=r"the \.hwh says 'high': give its value with --parameter A=VALUE"):
        settle(module, {"A": "high"}, {})


def test_a_build_without_the_users_files_is_none(tmp_path: Path) -> None:
    """FuseSoC passes over a core that it cannot read, and takes the accelerator: results of another's hardware."""
    for name in ("generated", "work"):
        (tmp_path / name).mkdir()
    for name in ("user_0.v", "unit.v", "unit.core"):
        (tmp_path / "generated" / name).touch()
    core = Core([], "", [], originals={"user_0.v": Path("/home/plus one (1).v")})
    description = tmp_path / "work" / "soc.eda.yml"
    description.write_text("files: [{name: src/a/user_0.v}, {name: src/b/unit.v}]")
    _check_taken(core, tmp_path)
    description.write_text("files: [{name: src/b/unit.v}]")
    with pytest.raises(SimulatorBuildError, match=r"has not taken /home/plus one \(1\)\.v"):
        _check_taken(core, tmp_path)


def test_a_module_with_the_name_of_one_around_it(hwh: Path, rtl: Path, tmp_path: Path) -> None:
    source = tmp_path / "soc.v"
    source.write_text(rtl.read_text().replace("module stream_scale", "module soc"))
    hardware = ThirdParty.from_hwh(hwh, (source,))
    with pytest.raises(SimulatorBuildError, match="'soc' has the name of one around it"):
        hardware.core(rtl.parents[2], tmp_path)


LOG = """\
%Warning-WIDTHEXPAND: src/x/user_0.v:12:3: Operator ADD expects 32 bits.
                    : ... note: In instance 'soc'
%Warning-WIDTHEXPAND: ../src/x/user_0.v:14:3: Operator SUB expects 32 bits.
%Warning-WIDTHEXPAND: ../src/x/user_0.v:14:3: Operator SUB expects 32 bits.
%Warning-STMTDLY: src/x/user_0.v:20:3: Ignoring delay
%Warning-UNUSED: src/y/axi_dma.v:1:1: ours
%Error: src/x/user_0.v:30:9: syntax error
"""


def test_a_log_speaks_of_the_users_files() -> None:
    originals = {"user_0.v": Path("/home/ü b.v")}
    assert remarks(LOG, originals) == [
        "/home/ü b.v:12: Operator ADD expects 32 bits (WIDTHEXPAND), and 1 more of this kind"
    ]
    assert failure(LOG, originals) == "%Error: /home/ü b.v:30:9: syntax error"
    assert failure("a\nb", {}) == "a\nb"


def test_a_hang_report_reads_no_register_of_the_ip(scale: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may clear on read; and what cannot be read is said, whatever it is."""
    read = Soc.read

    def watched(soc: Soc, slave: int, address: int) -> int:
        assert scale.device.hardware.ports.slaves[slave].kind == "axi_dma"
        if address == 0x58:
            raise ValueError("15 is not a valid state")
        return read(soc, slave, address)

    monkeypatch.setattr(Soc, "read", watched)
    receive = pynq.allocate((8,), "u4", target=scale.device)
    scale.axi_dma_0.recvchannel.transfer(receive)
    with pytest.raises(DeviceTimeoutError, match=r"S2MM LENGTH not readable \(15 is not.*0 beats sent") as caught:
        scale.axi_dma_0.recvchannel.wait()
    assert "accelerator" not in str(caught.value)
