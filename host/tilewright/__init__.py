"""Tilewright's host library: from integer layers to programs, through pynq to the accelerator, and back."""

from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, compile_runs, expected_results
from tilewright.errors import TilewrightError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program, decode_program
from tilewright.network.convolution import convolve, layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import Mismatch, Report, compare

__version__ = "0.1.0"

__all__ = [
    "ArrayParameters",
    "ConvLayer",
    "Mismatch",
    "Program",
    "Report",
    "Run",
    "TilewrightError",
    "__version__",
    "compare",
    "compile_layer",
    "compile_raw_and_relu",
    "compile_runs",
    "convolve",
    "decode_program",
    "expected_results",
    "layer_outputs",
]
