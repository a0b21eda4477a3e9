# Block design for the TUL PYNQ-Z2 (Zynq xc7z020): PS7, AXI DMA (Xilinx's own, PG021, direct register mode), accelerator, and
# the interrupt controller that pynq needs. All but the ports of 128 bits runs on FCLK0, at an assumed 100 MHz. The PS's DDR and MIO are set up by the boot
# loader of the PYNQ image, not by this design.
# Not run on hardware: not yet run in Vivado.
#
# Address map: DMA 0x40400000, interrupt controller 0x41800000, accelerator 0x43C00000, 64 KiB each.

# The environment variables N and STREAM_W choose the array and the bits of its streams (128: N of 16 and more). An HP port has 64 bits:
# with 128, MM2S has HP0 and S2MM HP1, both at an assumed 150 MHz, behind interconnects that narrow and cross the clocks.

foreach {name default} {N 8 STREAM_W 64} { set $name [expr {[info exists ::env($name)] ? $::env($name) : $default}] }
set wide [expr {$STREAM_W > 64}]
# Interconnects to the memory: the DMA's masters of each, the port, its clock
if {$wide} {
    set memory {memory_interconnect MM2S HP0 FCLK_CLK1 result_interconnect S2MM HP1 FCLK_CLK1}
} else {
    set memory {memory_interconnect {MM2S S2MM} HP0 FCLK_CLK0}
}

create_bd_design tilewright

proc cell {name vlnv {config {}}} {
    set cell [create_bd_cell -type ip -vlnv $vlnv $name]
    if {[llength $config]} { set_property -dict $config $cell }
    return $cell
}

cell processing_system7_0 xilinx.com:ip:processing_system7:5.5 [concat {
    CONFIG.PCW_USE_M_AXI_GP0 1
    CONFIG.PCW_USE_S_AXI_HP0 1
    CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64
    CONFIG.PCW_USE_FABRIC_INTERRUPT 1
    CONFIG.PCW_IRQ_F2P_INTR 1
    CONFIG.PCW_EN_CLK0_PORT 1
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100
} [expr {$wide ? {
    CONFIG.PCW_USE_S_AXI_HP1 1
    CONFIG.PCW_S_AXI_HP1_DATA_WIDTH 64
    CONFIG.PCW_EN_CLK1_PORT 1
    CONFIG.PCW_FPGA1_PERIPHERAL_FREQMHZ 150
} : {}}]]
cell proc_sys_reset_0 xilinx.com:ip:proc_sys_reset:5.0
cell axi_dma_0 xilinx.com:ip:axi_dma:7.1 [list \
    CONFIG.c_include_sg 0 \
    CONFIG.c_sg_length_width 26 \
    CONFIG.c_m_axi_mm2s_data_width $STREAM_W \
    CONFIG.c_m_axis_mm2s_tdata_width $STREAM_W \
    CONFIG.c_m_axi_s2mm_data_width $STREAM_W \
    CONFIG.c_s_axis_s2mm_tdata_width $STREAM_W \
    CONFIG.c_mm2s_burst_size 16 \
    CONFIG.c_s2mm_burst_size 16]
# build_hash is set by build_hash.tcl, which build_hash.py writes
cell accelerator_0 tilewright:ip:accelerator:0.2 \
    [list CONFIG.N $N CONFIG.STREAM_W $STREAM_W CONFIG.BUILD_HASH $build_hash]
cell control_interconnect xilinx.com:ip:axi_interconnect:2.1 {CONFIG.NUM_SI 1 CONFIG.NUM_MI 3}
cell axi_intc_0 xilinx.com:ip:axi_intc:4.1 {CONFIG.C_IRQ_CONNECTION 1}
cell interrupts xilinx.com:ip:xlconcat:2.1 {CONFIG.NUM_PORTS 3}

apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
    -config {make_external "FIXED_IO, DDR" apply_board_preset 0} [get_bd_cells processing_system7_0]

# ---- clock and resets
set clock [get_bd_pins processing_system7_0/FCLK_CLK0]
foreach pin {
    processing_system7_0/M_AXI_GP0_ACLK proc_sys_reset_0/slowest_sync_clk
    axi_dma_0/s_axi_lite_aclk axi_dma_0/m_axi_mm2s_aclk axi_dma_0/m_axi_s2mm_aclk accelerator_0/aclk axi_intc_0/s_axi_aclk
    control_interconnect/ACLK control_interconnect/S00_ACLK
    control_interconnect/M00_ACLK control_interconnect/M01_ACLK control_interconnect/M02_ACLK
} { connect_bd_net $clock [get_bd_pins $pin] }

connect_bd_net [get_bd_pins processing_system7_0/FCLK_RESET0_N] [get_bd_pins proc_sys_reset_0/ext_reset_in]
set interconnect_reset [get_bd_pins proc_sys_reset_0/interconnect_aresetn]
connect_bd_net $interconnect_reset [get_bd_pins control_interconnect/ARESETN]
set reset [get_bd_pins proc_sys_reset_0/peripheral_aresetn]
foreach pin {
    axi_dma_0/axi_resetn accelerator_0/aresetn axi_intc_0/s_axi_aresetn
    control_interconnect/S00_ARESETN
    control_interconnect/M00_ARESETN control_interconnect/M01_ARESETN control_interconnect/M02_ARESETN
} { connect_bd_net $reset [get_bd_pins $pin] }
if {$wide} {
    cell proc_sys_reset_1 xilinx.com:ip:proc_sys_reset:5.0
    connect_bd_net [get_bd_pins processing_system7_0/FCLK_CLK1] [get_bd_pins proc_sys_reset_1/slowest_sync_clk]
    connect_bd_net [get_bd_pins processing_system7_0/FCLK_RESET0_N] [get_bd_pins proc_sys_reset_1/ext_reset_in]
}

# A soft reset of the accelerator keeps a result that waits; the DMA's reset clears it together with S2MM
connect_bd_net [get_bd_pins axi_dma_0/s2mm_prmry_reset_out_n] [get_bd_pins accelerator_0/m_axis_aresetn]

# ---- buses: registers, memory, program in, results out
foreach {from to} {
    processing_system7_0/M_AXI_GP0  control_interconnect/S00_AXI
    control_interconnect/M00_AXI    axi_dma_0/S_AXI_LITE
    control_interconnect/M01_AXI    accelerator_0/s_axil
    control_interconnect/M02_AXI    axi_intc_0/s_axi
    axi_dma_0/M_AXIS_MM2S           accelerator_0/s_axis
    accelerator_0/m_axis            axi_dma_0/S_AXIS_S2MM
} { connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to] }

foreach {name masters port port_clock} $memory {
    cell $name xilinx.com:ip:axi_interconnect:2.1 [list CONFIG.NUM_SI [llength $masters] CONFIG.NUM_MI 1]
    connect_bd_net $clock [get_bd_pins $name/ACLK]
    connect_bd_net $interconnect_reset [get_bd_pins $name/ARESETN]
    foreach master $masters si {S00 S01} {
        if {$master eq ""} { break }
        connect_bd_net $clock [get_bd_pins $name/${si}_ACLK]
        connect_bd_net $reset [get_bd_pins $name/${si}_ARESETN]
        connect_bd_intf_net [get_bd_intf_pins axi_dma_0/M_AXI_$master] [get_bd_intf_pins $name/${si}_AXI]
    }
    set port_pin [get_bd_pins processing_system7_0/$port_clock]
    connect_bd_net $port_pin [get_bd_pins $name/M00_ACLK]
    connect_bd_net $port_pin [get_bd_pins processing_system7_0/S_AXI_${port}_ACLK]
    connect_bd_net [get_bd_pins proc_sys_reset_$wide/peripheral_aresetn] [get_bd_pins $name/M00_ARESETN]
    connect_bd_intf_net [get_bd_intf_pins $name/M00_AXI] [get_bd_intf_pins processing_system7_0/S_AXI_$port]
}

# ---- interrupts
foreach {from to} {
    axi_dma_0/mm2s_introut  interrupts/In0
    axi_dma_0/s2mm_introut  interrupts/In1
    accelerator_0/irq       interrupts/In2
    interrupts/dout         axi_intc_0/intr
    axi_intc_0/irq          processing_system7_0/IRQ_F2P
} { connect_bd_net [get_bd_pins $from] [get_bd_pins $to] }

# ---- address map
proc map {offset segment} {
    assign_bd_address -offset $offset -range 64K -target_address_space [get_bd_addr_spaces processing_system7_0/Data] \
        [get_bd_addr_segs $segment] -force
}
map 0x40400000 axi_dma_0/S_AXI_LITE/Reg
map 0x41800000 axi_intc_0/S_AXI/Reg
map 0x43C00000 accelerator_0/s_axil/reg0
foreach {name masters port port_clock} $memory {
    foreach master $masters {
        assign_bd_address -target_address_space [get_bd_addr_spaces axi_dma_0/Data_$master] \
            [get_bd_addr_segs processing_system7_0/S_AXI_$port/${port}_DDR_LOWOCM] -force
    }
}

validate_bd_design
save_bd_design
set design [get_files tilewright.bd]
set_property synth_checkpoint_mode None $design
generate_target all $design
add_files -norecurse [make_wrapper -files $design -top]
