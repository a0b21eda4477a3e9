"""FuseSoC writes the Vivado project of a board without Vivado, and its Tcl is complete and consistent.

Vivado is not here: Yosys's Tcl interpreter runs the scripts with every Vivado command recorded.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tilewright.hardware.rtl_hash import build_hash

ROOT = Path(__file__).resolve().parents[2]
# Records unknown commands, one a line, words separated by tabs; a command's result is its last word.
RECORDER = """
proc unknown {args} { puts "CALL\\t[join $args \\t]"; return [lindex $args end] }
foreach script [lrange $argv 0 end] { source $script }
"""
IP_CORES = ("accelerator", "axil", "controller", "image", "mac_array", "postproc", "sram", "stream")


@pytest.fixture(scope="module")
def work_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    command = [str(Path(sys.executable).parent / "fusesoc"), "run", "--target", "pynq_z2", "--setup"]
    command += ["--work-root", str(folder), "tilewright:soc:board"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def recorded(work_root: Path, **variables: str) -> list[list[str]]:
    """Return the Vivado commands that the scripts give, each as its words."""
    scripts = [next(work_root.glob(f"src/*/{name}.tcl")) for name in ("build_hash", "package_ip", "pynq_z2")]
    text = RECORDER.replace("[lrange $argv 0 end]", "{" + " ".join(str(script) for script in scripts) + "}")
    (work_root / "record.tcl").write_text(text, encoding="utf-8")
    yosys = shutil.which("yosys")
    assert yosys is not None
    command, environment = [yosys, "-q", "-c", "record.tcl"], {**os.environ, **variables}
    done = subprocess.run(command, cwd=work_root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split("\t")[1:] for line in done.stdout.splitlines() if line.startswith("CALL\t")]


@pytest.fixture(scope="module", params=[64, 128])
def calls(work_root: Path, request: pytest.FixtureRequest) -> list[list[str]]:
    """Those of a stream of 64 bits, and of one of 128."""
    return recorded(work_root, **({"N": "16", "STREAM_W": "128"} if request.param == 128 else {}))


def arguments(calls: list[list[str]], command: str) -> list[list[str]]:
    return [call[1:] for call in calls if call[0] == command]


def test_project_names_part_and_every_source(work_root: Path) -> None:
    (project,) = (path for path in work_root.glob("*.tcl") if path.name.endswith("0.1.0.tcl"))
    text = project.read_text(encoding="utf-8")
    assert "set_property part xc7z020clg400-1 [current_project]" in text
    assert "set_property top tilewright_wrapper" in text
    read = [Path(name) for name in re.findall(r"^read_verilog \{(.*)\}$", text, re.MULTILINE)]
    assert all((work_root / name).is_file() for name in read)
    folders = [ROOT / "cores" / core / "rtl" for core in IP_CORES] + [ROOT / "cores" / "tech" / "xc7"]
    assert sorted(name.name for name in read) == sorted(path.name for folder in folders for path in folder.glob("*.v"))
    assert {name.parent.name for name in read if name.name.startswith("tech_")} == {"xc7"}
    assert [Path(name).name for name in re.findall(r"^source \{(.*)\}$", text, re.MULTILINE)] == [
        "build_hash.tcl",
        "package_ip.tcl",
        "pynq_z2.tcl",
    ]


def test_accelerator_is_packaged_under_the_name_that_the_driver_binds(calls: list[list[str]]) -> None:
    (package,) = arguments(calls, "ipx::package_project")
    assert package[package.index("-vendor") + 1] == "tilewright"
    assert package[package.index("-library") + 1] == "ip"
    properties = {words[0]: words[1] for words in arguments(calls, "set_property")}
    assert (properties["name"], properties["version"]) == ("accelerator", "0.2")
    lists = [word for words in arguments(calls, "add_files") for word in words if word.endswith(".vh")]
    headers = [Path(name).name for names in lists for name in names.split()]
    assert sorted(headers) == ["accelerator_registers.vh", "column_delay.vh", "program_format.vh"]


def test_block_design_connects_cells_that_exist(calls: list[list[str]]) -> None:
    cells = {words[-1]: words[words.index("-vlnv") + 1] for words in arguments(calls, "create_bd_cell")}
    assert cells["accelerator_0"] == "tilewright:ip:accelerator:0.2"
    assert cells["axi_dma_0"] == "xilinx.com:ip:axi_dma:7.1"
    nets = arguments(calls, "connect_bd_net") + arguments(calls, "connect_bd_intf_net")
    assert len(nets) > 40
    assert {pin.split("/")[0] for net in nets for pin in net} == set(cells)


def test_the_accelerator_bears_the_hash_of_its_rtl(calls: list[list[str]]) -> None:
    settings = " ".join(word for words in arguments(calls, "set_property") for word in words)
    assert f"CONFIG.BUILD_HASH 0x{build_hash(ROOT / 'cores'):08x}" in settings


def test_every_port_of_the_accelerator_is_connected(calls: list[list[str]]) -> None:
    source = (ROOT / "cores" / "accelerator" / "rtl" / "accelerator.v").read_text(encoding="utf-8")
    ports = re.findall(r"^    (?:input|output) +(?:wire|reg) +(?:\[.*?\] +)?(\w+),?$", source, re.MULTILINE)
    assert len(ports) > 25
    resets = {port for port in ports if port.endswith("aresetn")}
    interfaces = {re.sub(r"^(s_axil|s_axis|m_axis)_.*$", r"\1", port) for port in ports if port not in resets} | resets
    assert interfaces == {"aclk", "aresetn", "m_axis_aresetn", "irq", "s_axil", "s_axis", "m_axis"}
    nets = arguments(calls, "connect_bd_net") + arguments(calls, "connect_bd_intf_net")
    connected = {pin.split("/")[1] for net in nets for pin in net if pin.startswith("accelerator_0/")}
    assert connected == interfaces


def test_results_are_reset_with_what_takes_them(calls: list[list[str]]) -> None:
    """By the DMA's S2MM; where a design leaves the port open, it is 1."""
    nets = arguments(calls, "connect_bd_net")
    assert ["axi_dma_0/s2mm_prmry_reset_out_n", "accelerator_0/m_axis_aresetn"] in nets
    (association,) = (words for words in arguments(calls, "ipx::associate_bus_interfaces") if "m_axis" in words)
    assert association[association.index("-reset") + 1] == "m_axis_aresetn"
    assert ["driver_value", "1", "m_axis_aresetn"] in [words[:3] for words in arguments(calls, "set_property")]


def test_address_map(calls: list[list[str]]) -> None:
    mapped = {
        words[-2].split("/")[0]: (words[words.index("-offset") + 1], words[words.index("-range") + 1])
        for words in arguments(calls, "assign_bd_address")
        if "-offset" in words
    }
    assert mapped == {
        "axi_dma_0": ("0x40400000", "64K"),
        "axi_intc_0": ("0x41800000", "64K"),
        "accelerator_0": ("0x43C00000", "64K"),
    }


def settings(calls: list[list[str]]) -> dict[str, str]:
    """All settings of cells."""
    words = [word for call in arguments(calls, "set_property") if call[0] == "-dict" for word in call[1].split()]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_streams_of_128_bits_have_two_ports_at_a_clock_of_their_own(work_root: Path) -> None:
    for variables, width, ports in (({}, "64", {"HP0"}), ({"N": "16", "STREAM_W": "128"}, "128", {"HP0", "HP1"})):
        calls = recorded(work_root, **variables)
        chosen = settings(calls)
        assert chosen["CONFIG.STREAM_W"] == chosen["CONFIG.c_m_axi_mm2s_data_width"] == width
        assert {chosen[name] for name in chosen if "_tdata_width" in name or "2mm_data_width" in name} == {width}
        buses = dict(arguments(calls, "connect_bd_intf_net"))
        assert {pin.split("_")[-1] for pin in buses.values() if "S_AXI_HP" in pin} == ports
        clocks = {net[1]: net[0].split("/")[1] for net in arguments(calls, "connect_bd_net") if "FCLK_CLK" in net[0]}
        memory = {pin: clocks[pin] for pin in clocks if "S_AXI_HP" in pin or "memory_interconnect/M00" in pin}
        assert set(memory.values()) == {"FCLK_CLK1" if len(ports) == 2 else "FCLK_CLK0"}
        segments = {
            words[-2].split("/")[1] for words in arguments(calls, "assign_bd_address") if "-offset" not in words
        }
        assert segments == {f"S_AXI_{port}" for port in ports}
