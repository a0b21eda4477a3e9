"""Checks of boards' projects without Vivado: their Tcl runs in tclsh against stand-ins that know the IPs."""
