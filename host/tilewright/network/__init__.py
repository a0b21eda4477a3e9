"""A network as integers: its file, its layers, what numpy computes with them."""

from tilewright.network.convolution import convolve, layer_outputs
from tilewright.network.file import load_network
from tilewright.network.file_writer import save_network
from tilewright.network.inference import infer
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.tail import scores_of

__all__ = [
    "ConvLayer",
    "Layer",
    "Network",
    "TailStep",
    "convolve",
    "infer",
    "layer_outputs",
    "load_network",
    "save_network",
    "scores_of",
]
