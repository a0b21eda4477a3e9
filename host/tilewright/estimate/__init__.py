"""Cycles, stalls, beats and memory of a network, without a device."""
