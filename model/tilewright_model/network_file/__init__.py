"""Network files: written from modules, read as modules."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright_model.network_file.read import load_network_file
    from tilewright_model.network_file.write import save_network

__all__ = ["load_network_file", "save_network"]
__getattr__ = late_names(__name__, {"load_network_file": "read", "save_network": "write"})
