"""Cycles, stalls, beats and memory of a network, without a device."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.estimate.estimate import estimate_compiled, estimate_network
    from tilewright.estimate.measured import hardware_of, measured_layers

__all__ = ["estimate_compiled", "estimate_network", "hardware_of", "measured_layers"]
__getattr__ = late_names(
    __name__,
    {
        "estimate_compiled": "estimate",
        "estimate_network": "estimate",
        "hardware_of": "measured",
        "measured_layers": "measured",
    },
)
