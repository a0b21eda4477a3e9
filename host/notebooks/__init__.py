"""The notebooks with their pictures and small files, as ``pynq get-notebooks`` delivers them."""
