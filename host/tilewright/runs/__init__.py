"""Layers and networks run on the accelerator, and compared."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.runs.compare_layer import Mismatch, Report, compare
    from tilewright.runs.compare_network import NetworkComparison
    from tilewright.runs.layer import verify_layer
    from tilewright.runs.retrace import Failure, trace_failure
    from tilewright.runs.runner import NetworkRunner
    from tilewright.runs.signals import accumulator_signals, pe_signals, read_waveform

__all__ = [
    "Failure",
    "Mismatch",
    "NetworkComparison",
    "NetworkRunner",
    "Report",
    "accumulator_signals",
    "compare",
    "pe_signals",
    "read_waveform",
    "trace_failure",
    "verify_layer",
]
__getattr__ = late_names(
    __name__,
    {
        "Failure": "retrace",
        "Mismatch": "compare_layer",
        "NetworkComparison": "compare_network",
        "NetworkRunner": "runner",
        "Report": "compare_layer",
        "accumulator_signals": "signals",
        "compare": "compare_layer",
        "pe_signals": "signals",
        "read_waveform": "signals",
        "trace_failure": "retrace",
        "verify_layer": "layer",
    },
)
