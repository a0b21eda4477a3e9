# Package the accelerator, whose sources the project has read by now, as IP tilewright:ip:accelerator:0.2: the driver binds
# by this name, and a module reference could not carry it.
# Not run on hardware: written against UG1118, not yet run in Vivado.

set headers [glob -directory [file join [pwd] src] */rtl/*.vh]
add_files -norecurse $headers
set_property file_type "Verilog Header" [get_files $headers]
set_property include_dirs [lsort -unique [lmap header $headers {file dirname $header}]] [get_filesets sources_1]
set_property top accelerator [get_filesets sources_1]
update_compile_order -fileset sources_1

set ip_folder [file join [pwd] ip_repo accelerator]
ipx::package_project -root_dir $ip_folder -vendor tilewright -library ip -taxonomy /UserIP -import_files -force
set ip [ipx::current_core]
set_property name accelerator $ip
set_property version 0.2 $ip
set_property display_name "Tilewright accelerator" $ip
ipx::associate_bus_interfaces -busif s_axil -clock aclk $ip
ipx::associate_bus_interfaces -busif s_axis -clock aclk $ip
ipx::associate_bus_interfaces -busif m_axis -clock aclk -reset m_axis_aresetn $ip
# Vivado infers the reset, active low, from the port's name. A design may leave it open
set_property driver_value 1 [ipx::get_ports -of_objects $ip m_axis_aresetn]
ipx::infer_bus_interface irq xilinx.com:signal:interrupt_rtl:1.0 $ip
ipx::create_xgui_files $ip
ipx::update_checksums $ip
ipx::save_core $ip

set_property ip_repo_paths [file join [pwd] ip_repo] [current_project]
update_ip_catalog
