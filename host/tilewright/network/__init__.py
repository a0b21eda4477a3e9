"""A network as integers: its file, its layers, what numpy computes with them."""

from tilewright.network.file import load_network
from tilewright.network.file_writer import save_network
from tilewright.network.inference import infer
from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.tail import scores_of

__all__ = [
    "Layer",
    "Network",
    "TailStep",
    "infer",
    "load_network",
    "save_network",
    "scores_of",
]
