"""The accelerator and its DMA through pynq."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.driver.driver import Driver

__all__ = ["Driver"]
__getattr__ = late_names(__name__, {"Driver": "driver"})
