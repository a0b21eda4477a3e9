"""The reference of a graph, stage by stage."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tilewright_model.networks.stage import IMAGE, Graph, Stage


@dataclass(frozen=True)
class Run:
    """What a graph makes of images.

    Attributes:
        image_codes: float64 integers (n, c, h, w).
        codes: by stage but the last, float64 integers (n, oc, h, w), after pooling.
        accumulators: of the last stage, float64 integers (n, oc, oh, ow).
        scores: float64 (n, classes).
    """

    image_codes: Tensor
    codes: dict[str, Tensor]
    accumulators: Tensor
    scores: Tensor


@torch.no_grad()
def run_graph(graph: Graph, images: Tensor) -> Run:
    """The reference.

    Args:
        graph: the graph.
        images: normalised, float (n, c, h, w), on its device.
    """
    maps = {IMAGE: graph.image_codes(images)}
    for stage in graph.stages[:-1]:
        maps[stage.name] = stage_codes(stage, [maps[source.name] for source in stage.sources])
    last = graph.stages[-1]
    accumulators = last.accumulators([maps[source.name] for source in last.sources])
    return Run(maps.pop(IMAGE), maps, accumulators, graph.scores(accumulators))


def stage_codes(stage: Stage, read: list[Tensor]) -> Tensor:
    """A stage's codes after pooling, of the maps that it reads: float64 integers (n, oc, h, w)."""
    if stage.copy is not None:
        return stage.copy.apply(read[0])
    z = stage.activations(stage.accumulators(read))
    if stage.pool:
        z = functional.max_pool2d(z, 2)
    assert stage.following is not None
    return stage.following.exact().codes(z)
