"""The layers of a network as the integer network runs them, and one clear error for what it cannot run."""

from torch import nn

from tilewright_model.networks.build import Builder
from tilewright_model.networks.stage import Classifier, Graph, Layer, Norm, Stage, refusal
from tilewright_model.networks.trace import trace

__all__ = ["Classifier", "Graph", "Layer", "Norm", "Stage", "build_graph", "refusal"]


def build_graph(model: nn.Module, image: tuple[int, int, int] | None = None) -> Graph:
    """The graph of a network.

    Args:
        model: a module whose forward takes normalised images and calls this library's quantised layers; or one that
            has a ``graph``, as what a network file describes.
        image: channels, height and width of the images; None: as the model says, if it does.

    Raises:
        NetworkError: the network file does not cover it; names the module and the reason.
    """
    graph = getattr(model, "graph", None)
    if isinstance(graph, Graph):
        return graph
    size = image or getattr(model, "image_size", None)
    return Builder(model, None if size is None else (size[1], size[2])).build(trace(model))
