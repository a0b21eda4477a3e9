"""Network files: written from modules, read as modules."""
