"""Checkpoints: packed, float, and those of others."""
