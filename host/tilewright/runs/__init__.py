"""Layers and networks run on the accelerator, and compared."""
