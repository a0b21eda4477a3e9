"""Whole networks on the accelerator: read, compile, run, compare."""

from typing import TYPE_CHECKING, Any

from tilewright.network.compare import LayerComparison, MapMismatch, NetworkComparison
from tilewright.network.compile import CompiledNetwork, compile_network
from tilewright.network.file import load_network
from tilewright.network.graph import Layer, Network, TailStep
from tilewright.network.inference import infer
from tilewright.network.tail import scores_of

if TYPE_CHECKING:
    from tilewright.network.runner import BatchResult, NetworkRunner

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


def __getattr__(name: str) -> Any:
    """What runs programs comes when it is asked for: it imports pynq, which takes seconds."""
    if name in ("BatchResult", "NetworkRunner"):
        from tilewright.network import runner

        return getattr(runner, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
