"""Mistakes planted in a board's project: the file, what is replaced by what, and what the checks must say of it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A mistake."""

    board: str
    file: str
    old: str
    new: str
    said: str


DESIGN, PACKAGE, BUILD, PROJECT, TIMING = (
    "block_design.tcl",
    "package_ip.tcl",
    "build.tcl",
    "project.tcl",
    "check_timing.tcl",
)
HAND_OFF = "simulated.hwh"
FAULTS = {
    "a clock left open": Fault(
        "pynq_z2", DESIGN, "    axi_dma_0/m_axi_s2mm_aclk\n", "", "m_axi_s2mm_aclk: clk without"
    ),
    "a clock of an interconnect left open": Fault(
        "pynq_z2", DESIGN, "    memory_interconnect/S01_ACLK\n", "", "S01_ACLK: clk without"
    ),
    "a port's clock left open": Fault(
        "kv260", DESIGN, "    zynq_ultra_ps_e_0/saxihp0_fpd_aclk\n", "", "saxihp0_fpd_aclk"
    ),
    "a reset left open": Fault("pynq_z2", DESIGN, "    axi_intc_0/s_axi_aresetn\n", "", "s_axi_aresetn: rst without"),
    "the results' reset left open": Fault(
        "kv260", DESIGN, "    accelerator_0/m_axis_aresetn\n", "", "m_axis_aresetn: rst without"
    ),
    "a reset of the other polarity": Fault(
        "pynq_z2",
        DESIGN,
        "net proc_sys_reset_0/peripheral_aresetn",
        "net proc_sys_reset_0/peripheral_reset",
        "active low",
    ),
    "a reset that no clock knows": Fault(
        "kv260",
        DESIGN,
        "net proc_sys_reset_0/peripheral_aresetn",
        "net zynq_ultra_ps_e_0/pl_resetn0",
        "a reset of no clock",
    ),
    "a reset from a clock": Fault(
        "kv260", DESIGN, "net zynq_ultra_ps_e_0/pl_resetn0", "net zynq_ultra_ps_e_0/pl_clk0", "driven by"
    ),
    "two drivers": Fault(
        "pynq_z2", DESIGN, "    xlconcat_0/In0\n", "    xlconcat_0/In0\n    axi_dma_0/s2mm_introut\n", "two drivers"
    ),
    "an interrupt left open": Fault("pynq_z2", DESIGN, "    xlconcat_0/In2\n", "", "xlconcat_0/In2: data without"),
    "an interrupt too few": Fault("kv260", DESIGN, "CONFIG.NUM_PORTS 3", "CONFIG.NUM_PORTS 2", "no pin xlconcat_0/In2"),
    "the controller's output as a bus": Fault(
        "kv260", DESIGN, "CONFIG.C_IRQ_CONNECTION 1", "CONFIG.C_IRQ_CONNECTION 0", "its irq is a bus"
    ),
    "the processing system's interrupt off": Fault(
        "kv260", DESIGN, "CONFIG.PSU__USE__IRQ0 1", "CONFIG.PSU__USE__IRQ0 0", "no pin zynq_ultra_ps_e_0/pl_ps_irq0"
    ),
    "registers on each other": Fault(
        "pynq_z2", DESIGN, "reg0 -offset 0x43c00000", "reg0 -offset 0x40400000", "overlap"
    ),
    "registers between two windows": Fault(
        "pynq_z2", DESIGN, "reg0 -offset 0x43c00000", "reg0 -offset 0x43c08000", "not aligned"
    ),
    "registers outside the port's window": Fault(
        "kv260", DESIGN, "reg0 -offset 0xa0010000", "reg0 -offset 0x80010000", "in no window"
    ),
    "a segment not mapped": Fault(
        "kv260",
        DESIGN,
        "map axi_dma_0/Data_S2MM zynq_ultra_ps_e_0/SAXIGP2/HP0_DDR_HIGH\n",
        "",
        "HP0_DDR_HIGH is neither mapped nor excluded",
    ),
    "a segment neither mapped nor excluded": Fault(
        "kv260", DESIGN, "exclude axi_dma_0/Data_MM2S zynq_ultra_ps_e_0/SAXIGP2/HP0_QSPI\n", "", "neither mapped nor"
    ),
    "addresses too narrow for the memory": Fault(
        "kv260", DESIGN, "CONFIG.c_addr_width 40", "CONFIG.c_addr_width 32", "beyond 32 bits"
    ),
    "streams of unlike widths": Fault("kv260", DESIGN, "CONFIG.STREAM_W 128", "CONFIG.STREAM_W 64", "bits of data"),
    "a stream wider than the memory side": Fault(
        "kv260",
        DESIGN,
        "CONFIG.c_m_axi_mm2s_data_width 128",
        "CONFIG.c_m_axi_mm2s_data_width 64",
        "M_AXIS_MM2S has 128",
    ),
    "a port of a width that there is none of": Fault(
        "pynq_z2", DESIGN, "CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64", "CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 128", "legal are"
    ),
    "an unknown parameter": Fault(
        "kv260", DESIGN, "CONFIG.c_addr_width", "CONFIG.c_adr_width", "no parameter c_adr_width"
    ),
    "an unknown setting": Fault(
        "pynq_z2", DESIGN, "CONFIG.PCW_USB0_USB0_IO", "CONFIG.PCW_USB0_USBO_IO", "no parameter PCW_USB0_USBO_IO"
    ),
    "a depth that the hardware cannot have": Fault(
        "pynq_z2", DESIGN, "CONFIG.STREAM_W 64", "CONFIG.STREAM_W 96", "ERROR_accelerator_STREAM_W"
    ),
    "a depth not set": Fault("pynq_z2", DESIGN, "    CONFIG.ACT_DEPTH 16384\n", "", "ACT_DEPTH is not set"),
    "a port on without a bus": Fault(
        "kv260", DESIGN, "CONFIG.PSU__USE__M_AXI_GP1 0", "CONFIG.PSU__USE__M_AXI_GP1 1", "M_AXI_HPM1_FPD: not connected"
    ),
    "a port that is off": Fault(
        "pynq_z2",
        DESIGN,
        "CONFIG.PCW_USE_S_AXI_HP0 1",
        "CONFIG.PCW_USE_S_AXI_HP0 0",
        "no pin processing_system7_0/S_AXI",
    ),
    "another crystal": Fault(
        "pynq_z2",
        DESIGN,
        "CONFIG.PCW_CRYSTAL_PERIPHERAL_FREQMHZ 50",
        "CONFIG.PCW_CRYSTAL_PERIPHERAL_FREQMHZ 33.333333",
        "PL clock 0: Vivado computed",
    ),
    "another clock": Fault(
        "kv260",
        DESIGN,
        "PL0_REF_CTRL__FREQMHZ 99.999",
        "PL0_REF_CTRL__FREQMHZ 150",
        "PL clock 0: Vivado computed",
    ),
    "another PLL": Fault(
        "kv260", DESIGN, "PL0_REF_CTRL__SRCSEL IOPLL", "PL0_REF_CTRL__SRCSEL RPLL", "PL clock 0: Vivado computed"
    ),
    "buses crossed": Fault(
        "pynq_z2",
        DESIGN,
        "bus accelerator_0/m_axis axi_dma_0/S_AXIS_S2MM",
        "bus accelerator_0/s_axis axi_dma_0/S_AXIS_S2MM",
        "connected already",
    ),
    "masters of the memory swapped": Fault(
        "pynq_z2",
        DESIGN,
        "bus axi_dma_0/M_AXI_MM2S memory_interconnect/S00_AXI\nbus axi_dma_0/M_AXI_S2MM memory_interconnect/S01_AXI",
        "bus axi_dma_0/M_AXI_MM2S memory_interconnect/S01_AXI\nbus axi_dma_0/M_AXI_S2MM memory_interconnect/S00_AXI",
        "differs from the source",
    ),
    "another build hash": Fault(
        "kv260", DESIGN, "CONFIG.BUILD_HASH 0x", "CONFIG.BUILD_HASH 0x1", "accelerator_0 differs"
    ),
    "no external pins": Fault("pynq_z2", DESIGN, "FIXED_IO, DDR", "FIXED_IO", "external:"),
    "an IP that there is none of": Fault(
        "kv260", DESIGN, "xilinx.com:ip:xlconcat", "xilinx.com:inline_hdl:ilconcat", "this Vivado has no IP"
    ),
    "only what default parameters generate": Fault(
        "kv260", PACKAGE, "set_property source_mgmt_mode DisplayOnly [current_project]", "", "was not packaged"
    ),
    "an interrupt without SENSITIVITY": Fault(
        "kv260", PACKAGE, "bus_parameter $ip irq SENSITIVITY LEVEL_HIGH\n", "", "no interrupt with SENSITIVITY"
    ),
    "a bus that no clock names": Fault("pynq_z2", PACKAGE, "s_axil:s_axis:m_axis", "s_axil:s_axis", "ASSOCIATED_BUSIF"),
    "a reset that no clock names": Fault(
        "pynq_z2", PACKAGE, "aresetn:m_axis_aresetn", "aresetn", "ASSOCIATED_RESET of its clock does not name it"
    ),
    "a reset without a polarity": Fault(
        "pynq_z2", PACKAGE, "bus_parameter $ip m_axis_aresetn POLARITY ACTIVE_LOW\n", "", "active unknown"
    ),
    "modules that are sources, too": Fault(
        "kv260", PACKAGE, "remove_files $sources\n", "", "sources of the build, too"
    ),
    "packaged in the build's project": Fault("kv260", PACKAGE, "close_project\n", "", "project of its own"),
    "another name of the IP": Fault(
        "pynq_z2", PACKAGE, "set_property version 0.2", "set_property version 0.3", "no IP"
    ),
    "nothing looks at timing": Fault("kv260", BUILD, "set_property STEPS.WRITE", "# ", "nothing looks at timing"),
    "missed timing is no error": Fault("pynq_z2", TIMING, "!$met && 1", "!$met && 0", "the bitstream is written"),
    "only setup counts": Fault("pynq_z2", TIMING, "$wns >= 0 && $whs >= 0 && $said >= 0", "$wns >= 0", "hold -0.1"),
    "another array than FuseSoC's": Fault("pynq_z2", PROJECT, "    N 16\n", "    N 8\n", "FuseSoC was asked for N=16"),
    "generics left to the wrapper": Fault("pynq_z2", PROJECT, "set_property generic {}", "# ", "has no generics"),
    "a board file for another part": Fault(
        "kv260", PROJECT, 'ne "xck26-sfvc784-2LV-c"', 'ne "xck26-sfvc784-2LV-i"', "part0:1.2 is for xck26-sfvc784-2LV-c"
    ),
    "no board file": Fault(
        "kv260", PROJECT, "xilinx.com:kv260_som:part0:1.2\n", "xilinx.com:kv260_som:part0:1.9\n", "xhub"
    ),
    "another divisor in the .hwh": Fault(
        "pynq_z2",
        HAND_OFF,
        'PCW_FCLK0_PERIPHERAL_DIVISOR1" VALUE="2"',
        'PCW_FCLK0_PERIPHERAL_DIVISOR1" VALUE="4"',
        "divisor of PL clock 0 is 20, Vivado computed 10",
    ),
    "another PLL in the .hwh": Fault(
        "kv260",
        HAND_OFF,
        'IOPLL_CTRL__FBDIV" VALUE="60"',
        'IOPLL_CTRL__FBDIV" VALUE="90"',
        "multiplier of PL clock 0 is 45, Vivado computed 30",
    ),
    "another address in the .hwh": Fault(
        "pynq_z2", HAND_OFF, 'BASEVALUE="0x43C00000"', 'BASEVALUE="0x43D00000"', "is not that of the source"
    ),
    "a field of no Vivado in the .hwh": Fault("kv260", HAND_OFF, 'IS_PL="FALSE"', 'IS_PL="NO"', "IS_PL is 'NO'"),
}
