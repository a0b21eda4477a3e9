"""CIFAR-10 and other images."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright_model.data.cifar10 import Images
    from tilewright_model.data.image_file import save_images

__all__ = ["Images", "save_images"]
__getattr__ = late_names(__name__, {"Images": "cifar10", "save_images": "image_file"})
