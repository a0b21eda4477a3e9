"""From a board's project to a bitstream, with Vivado through FuseSoC and Edalize. Not yet run in Vivado."""
