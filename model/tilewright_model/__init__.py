"""Tilewright's model side: 4-bit quantisation-aware training of VGG16, and the integers the hardware computes with."""

__version__ = "0.1.0"
