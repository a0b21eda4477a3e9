"""What of a block design is not simulated is named before anything is built, all of it at once."""

import re
from pathlib import Path

import numpy as np
import pynq
import pynqmetadata
import pytest
from vivado_hwh import AXI_READ, VivadoDesign

from tilewright.sim import ThirdPartyError, simulate
from tilewright.sim.guest import ThirdParty

RTL = Path(__file__).parent / "rtl"
PUBLIC = Path(pynqmetadata.__file__).parent / "tests" / "hwhs"
where_present = pytest.mark.skipif(not PUBLIC.is_dir(), reason="this pynqmetadata comes without .hwh files")


def refusal(folder: Path, design: VivadoDesign, *rtl: Path, **arguments: object) -> str:
    hwh = folder / "design.hwh"
    hwh.write_text(design.hwh())
    with pytest.raises(ThirdPartyError) as caught:
        ThirdParty.from_hwh(hwh, rtl, **arguments)  # type: ignore[arg-type]
    return str(caught.value)


def two_counters() -> VivadoDesign:
    design = VivadoDesign()
    for index in range(2):
        design.ip(f"counter_{index}", "user.org:user:counter:1.0", STEP=1)
        design.clocked(f"counter_{index}", "s00_axi_aclk", "s00_axi_aresetn")
        design.registers(f"counter_{index}", "S00_AXI", 0x43C0_0000 + 0x1_0000 * index)
    return design


def test_ips_of_vivados_that_are_not_simulated(tmp_path: Path) -> None:
    """By instance, also in a hierarchy, also one with unusual settings, and the IP without Verilog."""
    design = VivadoDesign()
    design.ip("video_axi_vdma", "xilinx.com:ip:axi_vdma:6.3", path="video/axi_vdma")
    design.ip("switch", "xilinx.com:ip:axis_switch:1.1")
    design.ip("mine", "user.org:user:mine:1.0")
    design.dma("axi_dma_0", 0x4040_0000, c_enable_multi_channel=1)
    text = refusal(tmp_path, design)
    for line in (
        "video/axi_vdma (xilinx.com:ip:axi_vdma:6.3) is not simulated: of Vivado's IPs",
        "switch (xilinx.com:ip:axis_switch:1.1) is not simulated",
        "mine (user.org:user:mine:1.0) is not simulated: the Verilog has no module mine; give its file with --rtl, or "
        "name it with --top mine=MODULE",
        "axi_dma_0 (xilinx.com:ip:axi_dma:7.1): its multichannel mode is not simulated",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("counter", "2 IPs of yours (counter_0, counter_1): say of which, with --top INSTANCE=MODULE"),
        ({"counter_7": "counter"}, "no IP counter_7 of yours in the block design; it has counter_0, counter_1"),
        ({"counter_1": "none"}, "'none' is not a valid top-level module"),
    ],
)
def test_modules_of_several_ips(tmp_path: Path, top: object, message: str) -> None:
    assert message in refusal(tmp_path, two_counters(), RTL / "counter.v", RTL / "lite_words.v", top=top)


def test_parameters_of_several_ips(tmp_path: Path) -> None:
    hwh = tmp_path / "design.hwh"
    hwh.write_text(two_counters().hwh())
    rtl = (RTL / "counter.v", RTL / "lite_words.v")
    hardware = ThirdParty.from_hwh(hwh, rtl, parameters={"counter_1.STEP": 4}, top={"counter_0": "counter"})
    assert hardware.parameters == {"counter_0": {}, "counter_1": {"STEP": 4}}
    assert "say of which" in refusal(tmp_path, two_counters(), *rtl, parameters={"STEP": 4})


def test_pins_that_are_driven_by_what_is_not_simulated(tmp_path: Path) -> None:
    """The processing system's own outputs; and what the .hwh connects and the module has not."""
    design = two_counters()
    design.pin("ps", "GPIO_O", "O")
    design.pin("counter_0", "enable", "I")
    design.wire("ps", "GPIO_O", "counter_0", "enable")
    rtl = (RTL / "counter.v", RTL / "lite_words.v")
    assert "counter_0/enable is driven by ps/GPIO_O, which is not simulated" in refusal(tmp_path, design, *rtl)
    design.pin("counter_1", "done", "O", "INTERRUPT")
    design.interrupts(0x4180_0000, ("counter_1", "done"))
    missing = "counter_1 (user.org:user:counter:1.0): module 'counter' has no output done, where the .hwh has an"
    assert f"{missing} interrupt" in refusal(tmp_path, design, *rtl)


def test_pins_of_vivados_ips_that_ours_do_not_have(tmp_path: Path) -> None:
    """A FIFO's count is none of ours; a DMA's reset output is, and reaches what it goes to."""
    design = two_counters()
    design.ip("fifo", "xilinx.com:ip:axis_data_fifo:2.0", TDATA_NUM_BYTES=4)
    design.dma("axi_dma_0", 0x4040_0000)
    for ip, pin, width in (("fifo", "axis_wr_data_count", 32), ("axi_dma_0", "mm2s_prmry_reset_out_n", 1)):
        design.pin(ip, pin, "O", width=width)
    design.pin("counter_0", "level", "I", width=4)
    design.pin("counter_1", "enable", "I")
    rtl = (RTL / "counter.v", RTL / "lite_words.v")
    design.wire("axi_dma_0", "mm2s_prmry_reset_out_n", "counter_1", "enable")
    hwh = tmp_path / "design.hwh"
    hwh.write_text(design.hwh())
    top = ThirdParty.from_hwh(hwh, rtl).top
    assert not top.remarks
    (wire,) = re.findall(r"\.mm2s_prmry_reset_out_n\((\w+)\)", top.verilog)
    assert f".enable({wire})" in top.verilog
    design.wire("fifo", "axis_wr_data_count", "counter_0", "level")
    assert "counter_0/level is driven by fifo/axis_wr_data_count" in refusal(tmp_path, design, *rtl)


def test_verilog_for_no_ip(tmp_path: Path) -> None:
    design = VivadoDesign()
    design.dma("axi_dma_0", 0x4040_0000)
    assert "the block design has no IP that this could be" in refusal(tmp_path, design, RTL / "times.v")


def test_a_single_ip_of_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is taken to be the only module that could be meant, which is said."""
    design = VivadoDesign()
    design.ip("ip_0", "user.org:user:ip:1.0", FACTOR=4)
    hwh = tmp_path / "design.hwh"
    hwh.write_text(design.hwh())
    hardware = ThirdParty.from_hwh(hwh, (RTL / "times.v",))
    assert (hardware.modules, hardware.parameters) == ({"ip_0": "times"}, {"ip_0": {"FACTOR": 4}})
    assert "ip_0 is taken to be module 'times'" in capsys.readouterr().err


@pytest.mark.parametrize(("has", "passes"), [(1, True), (0, False)])
def test_a_fifo_without_tlast_passes_none(tmp_path: Path, has: int, passes: bool) -> None:
    """A DMA behind it would wait for ever, as on a board."""
    design = VivadoDesign()
    design.dma("axi_dma_0", 0x4040_0000)
    design.ip("fifo", "xilinx.com:ip:axis_data_fifo:2.0", TDATA_NUM_BYTES=4, HAS_TLAST=has)
    design.stream("fifo", "S_AXIS", "TARGET")
    design.stream("fifo", "M_AXIS", "INITIATOR")
    design.join("axi_dma_0", "M_AXIS_MM2S", "fifo", "S_AXIS")
    design.join("fifo", "M_AXIS", "axi_dma_0", "S_AXIS_S2MM")
    hwh = tmp_path / "design.hwh"
    hwh.write_text(design.hwh())
    assert (".s_axis_tlast(1'd0)" not in ThirdParty.from_hwh(hwh).top.verilog) == passes


def test_a_master_that_reaches_no_ddr(tmp_path: Path) -> None:
    design = VivadoDesign()
    design.ip("idma0", "xilinx_finn:finn:StreamingDataflowPartition_0:1.0")
    design.clocked("idma0", "ap_clk", "ap_rst_n")
    design.ip("axi_bram_ctrl_0", "user.org:user:counter:1.0")
    design.ddr("idma0", "m_axi_gmem0", "m_axi_gmem0_", AXI_READ, target="axi_bram_ctrl_0")
    rtl = (RTL / "finn.v", RTL / "counter.v", RTL / "lite_words.v")
    assert "idma0/m_axi_gmem0 reaches axi_bram_ctrl_0, and a master is simulated that reaches the DDR" in (
        refusal(tmp_path, design, *rtl)
    )


def test_streams_that_do_not_fit(tmp_path: Path) -> None:
    """The module's parameters are not those of the design."""
    design = VivadoDesign()
    for index in range(2):
        design.ip(f"times_{index}", "user.org:hls:times:1.0", WIDTH=32 << index)
        design.clocked(f"times_{index}", "ap_clk", "ap_rst_n")
        design.stream(f"times_{index}", "in_r", "TARGET", upper=True)
        design.stream(f"times_{index}", "out_r", "INITIATOR", upper=True)
    design.join("times_0", "out_r", "times_1", "in_r")
    text = refusal(tmp_path, design, RTL / "times.v")
    assert "times_0/out_r to times_1/in_r: beats of 32 and of 64 bits" in text


def test_a_bus_that_the_module_does_not_have(tmp_path: Path) -> None:
    design = VivadoDesign()
    design.ip("times_0", "user.org:hls:times:1.0")
    design.clocked("times_0", "ap_clk", "ap_rst_n")
    for name in ("in_r", "other"):
        design.stream("times_0", name, "TARGET", upper=True)
    design.dma("axi_dma_0", 0x4040_0000)
    design.join("axi_dma_0", "M_AXIS_MM2S", "times_0", "other")
    assert "times_0 (user.org:hls:times:1.0): module 'times' has no ports of other, which the .hwh connects" in (
        refusal(tmp_path, design, RTL / "times.v")
    )


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    """A reset of the other polarity, another width, another clock."""
    design = VivadoDesign()
    design.ip("adder_0", "xilinx.com:module_ref:adder:1.0")
    design.clocked("adder_0", "clock", "rst")
    design.pin("adder_0", "a_tdata", "I", width=64)
    design.pin("ps", "FCLK_CLK1", "O", "clk")
    design.pin("adder_0", "clk", "I", "clk")
    design.wire("ps", "FCLK_CLK1", "adder_0", "clk")
    hwh = tmp_path / "design.hwh"
    hwh.write_text(design.hwh())
    said = "\n".join(ThirdParty.from_hwh(hwh, (RTL / "adder.v",)).top.remarks)
    assert "adder_0/rst is driven by rst_ps/peripheral_aresetn, which is active low; its name says" in said
    assert "adder_0: module 'adder', a_tdata: 128 bits, of which the .hwh says 64" in said
    assert "ps/FCLK_CLK1: here PL clock 0 drives everything" in said
    assert "adder_0/sum: the .hwh connects it to nothing: no beat moves there" in said


@where_present
def test_a_public_design_with_much_that_is_not_simulated() -> None:
    """Vivado's own file, of the spectrum analyser of an RFSoC, which comes with pynq's parser."""
    with pytest.raises(ThirdPartyError) as caught:
        ThirdParty.from_hwh(PUBLIC / "rfsoc_sam.hwh")
    assert "\nradio/rfdc (xilinx.com:ip:usp_rf_data_converter:2.4) is not simulated" in str(caught.value)
    assert "\nradio/transmitter/channel_00/axis_combiner (xilinx.com:ip:axis_combiner:1.1)" in str(caught.value)


@where_present
def test_a_public_design() -> None:
    """PYNQ's resizer, Vivado's own file: width converters between 4 and 3 bytes around an IP of HLS."""
    overlay = simulate(PUBLIC / "resizer.hwh", [RTL / "resize_accel.v", RTL / "lite_words.v"], seed=1)
    overlay.resize_accel_0.write(0x10, 0x010203)
    for pixels in (1, 4, 301):
        sent = pynq.allocate((pixels, 3), np.uint8, target=overlay.device)
        received = pynq.allocate((pixels, 3), np.uint8, target=overlay.device)
        sent[:] = np.random.default_rng(pixels).integers(0, 256, sent.shape)
        overlay.axi_dma_0.recvchannel.transfer(received)
        overlay.axi_dma_0.sendchannel.transfer(sent)
        overlay.axi_dma_0.sendchannel.wait()
        overlay.axi_dma_0.recvchannel.wait()
        words = np.array(sent).astype(np.uint32) @ np.uint32([1, 1 << 8, 1 << 16])
        expected = (~words + np.uint32(0x010203)) & np.uint32(0xFFFFFF)
        assert np.array_equal(np.array(received).astype(np.uint32) @ np.uint32([1, 1 << 8, 1 << 16]), expected)
