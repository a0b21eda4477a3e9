"""Layers and quantisers."""
