"""All that starts model/"s processes: exports, images, PyTorch"s own integers."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.pytorch.golden import golden_set
    from tilewright.pytorch.images import load_images

__all__ = ["golden_set", "load_images"]
__getattr__ = late_names(__name__, {"golden_set": "golden", "load_images": "images"})
