"""Tilewright's model side: 4-bit quantisation-aware training of VGG16, and the integers the hardware computes with."""

from tilewright import __version__

__all__ = ["__version__"]
