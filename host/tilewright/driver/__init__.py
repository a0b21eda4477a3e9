"""The accelerator and its DMA through pynq."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.driver.driver import Driver

__all__ = ["Driver"]


def __getattr__(name: str) -> Any:
    """`Driver`, once it is asked for: pynq takes seconds, and most modules of this folder do without."""
    if name != "Driver":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tilewright.driver.driver import Driver

    return Driver
