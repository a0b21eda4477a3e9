"""Networks, and their layers as stages of the hardware."""
