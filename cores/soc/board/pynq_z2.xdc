# PYNQ-Z2, xc7z020clg400-1. The design has no pins of its own in the fabric, and the PS's pins and clocks bring their own
# constraints. Not run on hardware.
set_property CFGBVS VCCO [current_design]
set_property CONFIG_VOLTAGE 3.3 [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
