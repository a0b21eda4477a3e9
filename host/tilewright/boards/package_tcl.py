"""The Tcl that packages the accelerator as IP."""

from __future__ import annotations

from tilewright.boards.block_design_tcl import NOT_RUN
from tilewright.boards.design import ACCELERATOR_IP, ACCELERATOR_VERSION


def package_tcl() -> str:
    """The Tcl that packages the accelerator, whose sources the project has read by now.

    The driver binds by the IP's name, and a module reference could not carry it.
    """
    vendor, library, name = ACCELERATOR_IP.split(":")
    return f"""# Package the accelerator as IP {ACCELERATOR_IP}:{ACCELERATOR_VERSION}, in a project of
# its own: in the build's, the same modules would be sources and IP. After UG1118 and AMD's answer record 70646.
{NOT_RUN}

puts "Tilewright: IP packaging"
set build_project [current_project]
set part [get_property part $build_project]
# As text: what Vivado returns belongs to the project
set sources [lmap file [get_files -of_objects [get_filesets sources_1] *.v] {{string trim $file}}]
set headers [glob -directory [file join [pwd] src] */rtl/*.vh]
if {{![llength $sources]}} {{ stop "the project has no Verilog to package" }}

create_project -force -part $part package_{name} [file join [pwd] package_{name}]
# Automatic update, manual compile order: else only what default parameters generate is packaged
set_property source_mgmt_mode DisplayOnly [current_project]
add_files -norecurse $sources
add_files -norecurse $headers
set_property file_type "Verilog Header" [get_files $headers]
set_property include_dirs [lsort -unique [lmap header $headers {{file dirname $header}}]] [get_filesets sources_1]
set_property top {name} [get_filesets sources_1]

set ip_folder [file join [pwd] ip_repo {name}]
ipx::package_project -root_dir $ip_folder -vendor {vendor} -library {library} -taxonomy /UserIP -import_files -force
set ip [ipx::current_core]
set_property name {name} $ip
set_property version {ACCELERATOR_VERSION} $ip
set_property display_name "Tilewright accelerator" $ip

# A parameter of an interface, whether it is there or not
proc bus_parameter {{ip interface name value}} {{
    set bus [ipx::get_bus_interfaces $interface -of_objects $ip]
    if {{![llength $bus]}} {{ stop "the packaged IP has no interface $interface" }}
    set parameter [ipx::get_bus_parameters -quiet $name -of_objects $bus]
    if {{![llength $parameter]}} {{ set parameter [ipx::add_bus_parameter $name $bus] }}
    set_property value $value $parameter
}}
if {{![llength [ipx::get_bus_interfaces -quiet irq -of_objects $ip]]}} {{
    ipx::infer_bus_interface irq xilinx.com:signal:interrupt_rtl:1.0 $ip
}}
bus_parameter $ip aclk ASSOCIATED_BUSIF s_axil:s_axis:m_axis
bus_parameter $ip aclk ASSOCIATED_RESET aresetn:m_axis_aresetn
bus_parameter $ip aresetn POLARITY ACTIVE_LOW
bus_parameter $ip m_axis_aresetn POLARITY ACTIVE_LOW
bus_parameter $ip irq SENSITIVITY LEVEL_HIGH
# A design may leave this reset open
set_property driver_value 1 [ipx::get_ports m_axis_aresetn -of_objects $ip]

# Every file must have come along, also those of branches that default parameters do not generate
set group [ipx::get_file_groups xilinx_anylanguagesynthesis -of_objects $ip]
set packaged [lmap file [ipx::get_files -of_objects $group] {{file tail [get_property name $file]}}]
foreach file [concat $sources $headers] {{
    if {{[file tail $file] ni $packaged}} {{ stop "[file tail $file] was not packaged" }}
}}
ipx::create_xgui_files $ip
ipx::update_checksums $ip
ipx::save_core $ip
close_project

current_project $build_project
remove_files $sources
set_property ip_repo_paths [file join [pwd] ip_repo] [current_project]
update_ip_catalog
"""
