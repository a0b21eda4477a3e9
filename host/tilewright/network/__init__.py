"""Whole networks on the accelerator: read, compile, run, compare."""

from tilewright.network.compare import LayerComparison, MapMismatch, NetworkComparison
from tilewright.network.compile import CompiledNetwork, compile_network
from tilewright.network.file import load_network
from tilewright.network.graph import Layer, Network, TailStep
from tilewright.network.inference import infer
from tilewright.network.runner import BatchResult, NetworkRunner
from tilewright.network.tail import scores_of

__all__ = [
    "BatchResult",
    "CompiledNetwork",
    "Layer",
    "LayerComparison",
    "MapMismatch",
    "Network",
    "NetworkComparison",
    "NetworkRunner",
    "TailStep",
    "compile_network",
    "infer",
    "load_network",
    "scores_of",
]
