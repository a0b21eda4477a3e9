"""The commands of ``python -m tilewright_model``."""
