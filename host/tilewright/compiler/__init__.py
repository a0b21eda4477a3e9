"""From layers and networks to programs."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, compile_runs, expected_results

__all__ = ["Run", "compile_layer", "compile_raw_and_relu", "compile_runs", "expected_results"]
__getattr__ = late_names(
    __name__,
    {
        "Run": "layer",
        "compile_layer": "layer",
        "compile_raw_and_relu": "layer",
        "compile_runs": "layer",
        "expected_results": "layer",
    },
)
