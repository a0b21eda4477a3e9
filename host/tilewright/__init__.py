"""Tilewright's host library: from integer layers to programs, through pynq to the accelerator, and back."""

from tilewright.compare import Mismatch, Report, compare
from tilewright.compiler import Run, compile_layer, compile_raw_and_relu, compile_runs, expected_results
from tilewright.errors import TilewrightError
from tilewright.layer import ConvLayer
from tilewright.program import ArrayParameters, Program, decode_program
from tilewright.reference import convolve, layer_outputs

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
